"""Panels that pay raters: the ids in their links, what a rater takes back, and who is to be paid."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from arena.voting.admission.models import Admission
from arena.voting.admission.tickets import PANELS
from arena.voting.ballots import has_finished
from arena.voting.models import Exclusion, Rater, Study, Vote
from arena.voting.terms import Terms
from arena.voting.way.models import Step

FINISHED, UNFINISHED, SCREENED_OUT = "finished", "unfinished", "screened out"


class Completion(NamedTuple):
    """What a rater who has finished takes back to the panel; each is empty if the study has none."""

    code: str
    url: str


@dataclass(frozen=True)
class Participant:
    """One member of a panel in a study, for whoever approves and pays."""

    participant: str
    """Panel's id of the person."""
    study: str
    """Panel's id of the study, as its link said."""
    session: str
    """Panel's id of the session, as its link said."""
    rater: str
    """Our id of the rater, as in exports."""
    status: str
    started_at: str
    last_vote_at: str
    """Time of the last vote; empty without one."""
    minutes: str
    """Minutes from the beginning to the last vote."""
    votes: int
    counting: int
    """Number of votes that no rule excludes."""
    excluded_by: str
    """Rules that exclude some of the votes, with spaces between."""


class _Votes(NamedTuple):
    """Number of votes of a rater, and the time of the last one."""

    votes: int
    last: datetime | None


NO_VOTES = _Votes(0, None)
IDS = ("participant", "study", "session")


def completion_of(study: Study, rater: Rater) -> Completion:
    """Return the code and the return address for a rater who has finished, with their ids filled in."""
    terms = Terms.of(study.terms)
    if not terms.completion_url:
        return Completion(terms.completion_code, "")
    admission = Admission.objects.filter(study=study, rater=rater).first()
    ids = _ids(admission.external_id, admission.query) if admission else dict.fromkeys(IDS, "")
    url = terms.completion_url
    for name, value in {**ids, "code": terms.completion_code}.items():
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    return Completion(terms.completion_code, url)


def participants_of(study: Study) -> list[Participant]:
    """Return the members of the study's panel who began it, in the order in which they came."""
    admissions = Admission.objects.filter(study=study, group=Admission.Group.PANEL)
    found = list(admissions.select_related("rater").order_by("pk"))
    given = _count(Vote.objects.after_training().filter(ballot__study=study))
    counting = _count(Vote.objects.counting().filter(ballot__study=study))
    rules, failed = _excluding_rules(study), _screened_out(study)
    return [
        _participant(
            each,
            given=given.get(each.rater_id, NO_VOTES),
            counting=counting.get(each.rater_id, NO_VOTES).votes,
            excluded_by=rules[each.rater_id],
            status=_status(study, each.rater, given.get(each.rater_id, NO_VOTES).votes, failed),
        )
        for each in found
    ]


def payment_sheet(study: Study) -> str:
    """Return the participants of a study as CSV. Cells that a spreadsheet would compute get an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([field.name for field in fields(Participant)])
    for each in participants_of(study):
        writer.writerow([_harmless(str(value)) for value in asdict(each).values()])
    return out.getvalue()


def _ids(external_id: str, query: Mapping[str, str]) -> dict[str, str]:
    """Return the panel's three ids; links of different panels give study and session different names."""
    study = next((query[panel.study] for panel in PANELS.values() if panel.study in query), "")
    session = next((query[panel.session] for panel in PANELS.values() if panel.session in query), "")
    return {"participant": external_id, "study": study, "session": session}


def _participant(
    came: Admission, *, given: _Votes, counting: int, excluded_by: set[str], status: str
) -> Participant:
    minutes = "" if given.last is None else f"{(given.last - came.created_at).total_seconds() / 60:.1f}"
    return Participant(
        **_ids(came.external_id, came.query),
        rater=str(came.rater_id),
        status=status,
        started_at=came.created_at.isoformat(timespec="seconds"),
        last_vote_at="" if given.last is None else given.last.isoformat(timespec="seconds"),
        minutes=minutes,
        votes=given.votes,
        counting=counting,
        excluded_by=" ".join(sorted(excluded_by)),
    )


def _status(study: Study, rater: Rater, votes: int, failed: set[UUID]) -> str:
    if not votes:
        return SCREENED_OUT if rater.pk in failed else UNFINISHED
    quota = Terms.of(study.terms).quota
    return FINISHED if (quota and votes >= quota) or has_finished(study, rater) else UNFINISHED


def _count(votes: QuerySet[Vote]) -> dict[UUID, _Votes]:
    by_rater = votes.order_by().values_list("ballot__rater")
    found = by_rater.annotate(votes=Count("pk"), last=Max("created_at"))
    return {rater: _Votes(number, last) for rater, number, last in found}


def _excluding_rules(study: Study) -> defaultdict[UUID, set[str]]:
    rules: defaultdict[UUID, set[str]] = defaultdict(set)
    held = Exclusion.objects.holding().filter(vote__ballot__study=study)
    for rater, rule in held.values_list("vote__ballot__rater", "rule"):
        rules[rater].add(rule)
    return rules


def _screened_out(study: Study) -> set[UUID]:
    """Return the raters who failed the check that the study requires, and didn't pass it later."""
    if Terms.of(study.terms).sound_check != "require":
        return set()
    checks = Step.objects.filter(study=study, name=Step.Name.CHECK)
    passed = set(checks.filter(is_done=True).values_list("rater", flat=True))
    return set(checks.filter(is_done=False).values_list("rater", flat=True)) - passed


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: ids come from whoever wrote the link."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
