"""What researchers take home: boards and votes as files, each with what its numbers follow from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from analysis.export import to_csv, to_json
from arena.standings.boards import Standing, compute_standing, origin
from arena.standings.tallies import read_votes
from arena.voting.ledger import counting_votes, ledger_head
from arena.voting.models import Study


class NothingToExport(ValueError):
    """There is no board yet; the message says what it still needs."""


def export_board(study: Study, track: str, form: str) -> str:
    standing = compute_standing(read_votes(study=study, track=track), ledger_head(study))
    if standing.board is None:
        raise NothingToExport(f"Study '{study.slug}' has no board on {track} yet. {standing.missing}")
    if form == "json":
        return to_json(standing.board, origin(study, track, standing))
    return to_csv(standing.board, {"simulated": study.simulated, "ledger_head": standing.head})


def export_votes(study: Study, track: str, form: str) -> str:
    votes = [vote for vote in counting_votes(study) if vote["track"] == track]
    if form == "json":
        head = Standing(ledger_head(study), len(votes), None)
        return (
            json.dumps({"origin": origin(study, track, head), "votes": votes}, indent=2, sort_keys=True)
            + "\n"
        )
    columns = [name for name in votes[0] if name != "playback"] if votes else []
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(votes)
    return out.getvalue()


EXPORTS: dict[str, Callable[[Study, str, str], str]] = {"board": export_board, "votes": export_votes}
FORMATS = ("csv", "json")
