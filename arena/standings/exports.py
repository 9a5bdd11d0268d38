"""Exports of boards and votes as CSV or JSON, with everything needed to recompute their numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from analysis.export import to_csv, to_json
from arena.standings.boards import current_standing, origin
from arena.standings.snapshots.blindness import is_blinded
from arena.voting.consistent import consistent_read
from arena.voting.coverage import cover_study
from arena.voting.ledger import counting_votes, ledger_head
from arena.voting.models import Study
from arena.voting.records import VOTE_FIELDS, WHERE_KNOWN

RENDITIONS = ("rendition_a", "rendition_b")
"""Hashes of the files that raters are shown, left out while people can still be shown them."""
VOTE_COLUMNS = sorted([*VOTE_FIELDS.keys() - {"playback"}, "prompt_hash"])


class NothingToExport(ValueError):
    """Study without a board; the message says what is still missing."""


def export_board(study: Study, track: str, form: str) -> str:
    """Return the board as text in a form of `FORMATS`; raise NothingToExport if there is none."""
    standing = current_standing(study=study, track=track)
    if standing.board is None:
        why = f"{standing.missing} {standing.culprits}".strip()
        raise NothingToExport(f"Study '{study.slug}' has no board on {track} yet. {why}")
    if form == "json":
        return to_json(standing.board, origin(study, track, standing.head))
    return to_csv(standing.board, {"simulated": study.simulated, "ledger_head": standing.head})


def export_votes(study: Study, track: str, form: str) -> str:
    """Return the records of the votes that count as text in a form of `FORMATS`.

    Hashes of renditions are left out while a study shows them: they would name the clips that raters receive.
    """
    votes, head = _records_at_head(study, track)
    if form == "json":
        document = {"origin": origin(study, track, head), "votes": votes}
        return json.dumps(document, indent=2, sort_keys=True) + "\n"
    out = io.StringIO()
    optional = (*WHERE_KNOWN, *RENDITIONS)
    columns = [name for name in VOTE_COLUMNS if name not in optional or any(name in vote for vote in votes)]
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**vote, "simulated": "true" if vote["simulated"] else "false"} for vote in votes)
    return out.getvalue()


@consistent_read()
def _records_at_head(study: Study, track: str) -> tuple[list[dict[str, Any]], str]:
    hidden = RENDITIONS if is_blinded(study) else ()
    votes = [vote for vote in counting_votes(study) if vote["track"] == track]
    shown = [{name: value for name, value in vote.items() if name not in hidden} for vote in votes]
    return shown, ledger_head(study)


def export_coverage(study: Study, track: str, form: str) -> str:
    """Return each contender's clips, refusals and missing prompts as text in a form of `FORMATS`."""
    rows: list[dict[str, Any]] = [
        {
            "contender": each.contender.slug,
            "clips": each.clips,
            "refusals": each.refusals,
            "missing_prompts": each.missing,
        }
        for each in cover_study(study, track)
    ]
    if form == "json":
        document = {"study": study.slug, "track": track, "simulated": study.simulated, "coverage": rows}
        return json.dumps(document, indent=2, sort_keys=True) + "\n"
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "missing_prompts": " ".join(row["missing_prompts"])} for row in rows)
    return out.getvalue()


EXPORTS: dict[str, Callable[[Study, str, str], str]] = {
    "board": export_board,
    "votes": export_votes,
    "coverage": export_coverage,
}
FORMATS = ("csv", "json")
