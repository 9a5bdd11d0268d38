"""Exports of boards and votes as CSV or JSON, with everything needed to recompute their numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from django.db.models import Count, Max, Min

from analysis.export import to_csv, to_json
from arena.standings.boards import current_standing, origin
from arena.standings.snapshots.blindness import is_blinded
from arena.standings.vote_facts import FACT_COLUMNS, facts_of_votes
from arena.voting.admission.models import Admission
from arena.voting.admission.tickets import OTHER_IDS
from arena.voting.consistent import consistent_read
from arena.voting.coverage import cover_study
from arena.voting.fit_settings import COVARIATES
from arena.voting.ledger import counting_votes, ledger_head
from arena.voting.models import Study, Vote
from arena.voting.modes import Mode
from arena.voting.playback import MEASURES, RANGES, playback_columns
from arena.voting.records import LEFT_OUT, VOTE_FIELDS
from arena.voting.terms import ASPECTS

RENDITIONS = ("rendition_a", "rendition_b")
"""Hashes of the files that raters are shown."""
ASPECT_COLUMNS = tuple(f"aspect_{name}" for name in ASPECTS)
VOTE_COLUMNS = sorted([*VOTE_FIELDS.keys() - {"playback", "aspects"}, "prompt_hash"]) + list(FACT_COLUMNS)
ALL_COLUMNS = (*VOTE_COLUMNS, *ASPECT_COLUMNS, *MEASURES, *RANGES)
OPTIONAL = (*LEFT_OUT, *RENDITIONS, *ASPECT_COLUMNS, *COVARIATES, *MEASURES, *RANGES)
"""Columns that a file has where some vote has them."""


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


def export_votes(study: Study, track: str, form: str, *, clip_facts: bool = False) -> str:
    """Return the records of the votes that count as text in a form of `FORMATS`.

    A table has a column for each measure of playback that a vote has; JSON keeps each vote's report. Hashes
    of renditions and their features are left out while people can be shown them: they would tell the clips
    that raters receive apart.

    Args:
        study: the study.
        track: one of its tracks.
        form: one of `FORMATS`.
        clip_facts: whether to write hashes and features all the same, for the organiser alone.
    """
    votes, head = _records_at_head(study, track, clip_facts=clip_facts or not is_blinded(study))
    if form == "json":
        document = {"origin": origin(study, track, head), "votes": votes}
        return json.dumps(document, indent=2, sort_keys=True) + "\n"
    rows = [_as_row(vote) for vote in votes]
    seen = {name for row in rows for name, value in row.items() if value is not None}
    columns = [name for name in ALL_COLUMNS if name not in OPTIONAL or name in seen]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _as_row(vote: dict[str, Any]) -> dict[str, Any]:
    simulated = "true" if vote["simulated"] else "false"
    aspects = {f"aspect_{name}": value for name, value in vote.get("aspects", {}).items()}
    return {**vote, **aspects, "simulated": simulated, **playback_columns(vote["playback"])}


@consistent_read()
def _records_at_head(study: Study, track: str, *, clip_facts: bool) -> tuple[list[dict[str, Any]], str]:
    hidden = () if clip_facts else RENDITIONS
    known = facts_of_votes(Vote.objects.filter(ballot__study=study, ballot__track=track), features=clip_facts)
    votes = [vote for vote in counting_votes(study) if vote["track"] == track]
    # Records leave the usual mode out; where there are others, readers need it of every vote.
    usual = {"mode": Mode.BOTH.value} if any("mode" in vote for vote in votes) else {}
    shown = [
        usual | {name: value for name, value in vote.items() if name not in hidden} | known[vote["ballot"]]
        for vote in votes
    ]
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


def export_raters(study: Study, track: str, form: str) -> str:
    """Return how each rater with votes on a track came, with their external id: for the organiser alone."""
    votes = Vote.objects.after_training().filter(ballot__study=study, ballot__track=track)
    counts = votes.values("ballot__rater").annotate(
        votes=Count("pk"), first=Min("created_at"), last=Max("created_at")
    )
    came = {one.rater_id: one for one in Admission.objects.filter(study=study)}
    rows = []
    for row in counts.order_by("ballot__rater"):
        admission = came.get(row["ballot__rater"])
        rows.append(
            {
                "rater": str(row["ballot__rater"]),
                "group": admission.group if admission else "public",
                "external_id": admission.external_id if admission else "",
                **(admission.query if admission else {}),
                "votes": row["votes"],
                "first_vote": row["first"].isoformat(),
                "last_vote": row["last"].isoformat(),
            }
        )
    if form == "json":
        return json.dumps({"study": study.slug, "track": track, "raters": rows}, indent=2) + "\n"
    columns = ["rater", "group", "external_id", *OTHER_IDS, "votes", "first_vote", "last_vote"]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


EXPORTS: dict[str, Callable[[Study, str, str], str]] = {
    "board": export_board,
    "votes": export_votes,
    "coverage": export_coverage,
    "raters": export_raters,
}
FORMATS = ("csv", "json")
