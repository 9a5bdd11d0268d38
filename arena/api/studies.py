"""Studies, their signed ledger heads, and their votes as their rules allow."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from arena.api import schemas
from arena.api.catalogue import about_contender
from arena.api.finding import find_study, studies
from arena.api.pages import Page, PageQuery, page_of
from arena.catalog.models import Prompt
from arena.standings.snapshots.blindness import is_blinded, public_names, public_rules, votes_are_public
from arena.standings.snapshots.content import vote_row
from arena.standings.vote_facts import facts_of_votes
from arena.voting.heads import signed_head
from arena.voting.models import Exclusion, LedgerEntry, Study, Vote
from arena.voting.rules import study_rules

router = Router(tags=["studies"])


class VotesQuery(Schema):
    """Which votes."""

    after: int = Field(0, ge=0, le=2**53 - 1, description="Number of the last vote of the page before")
    limit: int = Field(1000, ge=1, le=5000, description="Most votes to return")


@router.get("", response=Page[schemas.StudySummary], operation_id="list_studies", summary="List the studies")
def list_studies(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """Return one entry for each study, the newest first."""
    return page_of(studies(), page, _summary)


@router.get("/{study}", response=schemas.Study, operation_id="get_study", summary="Read a study")
def study(request: HttpRequest, study: str) -> dict[str, Any]:
    """Return a study with everything that its numbers depend on."""
    found = find_study(study)
    contenders = list(found.contenders.all())
    changes = found.changes.all()
    return {
        **_summary(found),
        "rules": public_rules(study_rules(found), public_names(contenders)),
        "contenders": sorted(map(about_contender, contenders), key=lambda one: str(one["contender"])),
        "suites": [f"{suite.name}@{suite.version}" for suite in found.suites.all()],
        "changes": [{"kind": one.kind, "at": one.created_at} for one in changes],
        "votes_are_public": votes_are_public(found),
    }


@router.get(
    "/{study}/head", response=schemas.Head, operation_id="get_head", summary="Read the signed ledger head"
)
def head(request: HttpRequest, study: str) -> dict[str, Any]:
    """Return the hash of the last entry of a study's ledger, signed by the site.

    Keep it: `manage.py verify_ledger STUDY --published FILE` tells later whether an earlier entry was
    changed.
    """
    return signed_head(find_study(study))


@router.get("/{study}/votes", response=schemas.Votes, operation_id="list_votes", summary="Read single votes")
def votes(request: HttpRequest, study: str, page: Query[VotesQuery]) -> dict[str, Any]:
    """Return votes in the ledger's order, with pseudonyms for raters and withheld contenders.

    While a study is open, single votes need a token with the scope `votes`. Simulated ones never do.
    """
    found = find_study(study)
    require_votes(request, found)
    entries = LedgerEntry.objects.filter(study=found, kind=LedgerEntry.Kind.VOTE, sequence__gt=page.after)
    batch = list(entries.order_by("sequence")[: page.limit + 1])
    shown = batch[: page.limit]
    more = len(batch) > len(shown)
    return {"items": _rows(found, shown), "next_after": shown[-1].sequence if more else None}


def require_votes(request: HttpRequest, study: Study) -> None:
    """Raise HttpError 401 or 403 unless whoever asks may read the single votes of a study."""
    asker = request.auth  # type: ignore[attr-defined]
    if votes_are_public(study) or "votes" in asker.scopes:
        return
    told = f"Single votes of study '{study.slug}' need a token with the scope 'votes' until it closes"
    if isinstance(asker.scopes, tuple):  # anybody's
        raise HttpError(401, f"{told}; got no token. Ask the organiser for one.")
    raise HttpError(403, f"{told}; got a token without it. Ask the organiser for another.")


def _rows(study: Study, entries: list[LedgerEntry]) -> list[dict[str, Any]]:
    records = [(entry.sequence, json.loads(entry.payload)) for entry in entries]
    ballots = [record["ballot"] for _, record in records]
    excluded = {
        str(ballot): rule
        for ballot, rule in Exclusion.objects.holding()
        .filter(vote__ballot__in=ballots)
        .values_list("vote__ballot", "rule")
    }
    names = public_names(study.contenders.all())
    facts = facts_of_votes(Vote.objects.filter(ballot__in=ballots), features=not is_blinded(study))
    prompts = {
        (prompt.suite.name, prompt.suite.version, prompt.key): prompt
        for prompt in Prompt.objects.filter(suite__studies=study).select_related("suite")
    }
    rows = []
    for number, record in records:
        prompt = prompts[record["suite"], record["suite_version"], record["prompt"]]
        row = vote_row(number, record, names, prompt, facts[record["ballot"]])
        rows.append({**row, "excluded_by": excluded.get(record["ballot"])})
    return rows


def _summary(study: Study) -> dict[str, Any]:
    return {
        "study": study.slug,
        "title": study.title,
        "question": study.question,
        "tracks": study.tracks,
        "simulated": study.simulated,
        "is_open": study.is_open,
        "created_at": study.created_at,
    }
