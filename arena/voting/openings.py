"""Rules over a study's state: open, pause, close and reopen it, each with an entry in its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.db import transaction
from django.utils import timezone

from arena.voting.clip_settings import Settings, adopt_clip_settings, choose_clip_settings
from arena.voting.controls.twins import twins_of
from arena.voting.ledger import STATES, append_entry, hold_ledger
from arena.voting.models import LedgerEntry, Study, StudyChange
from arena.voting.pairing import has_pair
from arena.voting.records import change_record
from arena.voting.rules import rules_details, rules_hash
from arena.voting.terms import Terms
from arena.webhooks.models import Event
from arena.webhooks.outbox import announce
from generators.base import Track


class NothingToShow(ValueError):
    """Study without a pair of clips to show, or without the twins that its terms take, which can't open."""


class StudyState(ValueError):
    """Study that is already in the state asked for."""


@transaction.atomic
def pause_study(*, study: Study, reason: str = "") -> None:
    """Pause an open study: it issues no more ballots, and pairs that are open in browsers can be answered.

    Raises:
        StudyState: the study is not open.
    """
    if not study.is_open:
        raise StudyState(f"Study '{study.slug}' is closed, and only an open one can pause.")
    _change_state(study, is_open=True, is_paused=True, kind=StudyChange.Kind.PAUSED, reason=reason)


@transaction.atomic
def close_study(*, study: Study, reason: str = "") -> None:
    """Close a study: it takes no more votes, not even on pairs that are open in browsers.

    Raises:
        StudyState: the study is closed already.
    """
    change = _change_state(study, is_open=False, is_paused=False, kind=StudyChange.Kind.CLOSED, reason=reason)
    last = LedgerEntry.objects.filter(study=study).latest("sequence")
    told = {
        "study": study.slug,
        "simulated": study.simulated,
        "change": change.number,
        "ledger": {"entries": last.sequence, "head": last.entry_hash},
    }
    announce(Event.STUDY_CLOSED, told)


@transaction.atomic
def reopen_study(*, study: Study, reason: str = "") -> None:
    """Open a paused or closed study again, or for the first time if it was created before its clips.

    Raises:
        StudyState: the study is open already.
        NothingToShow: the study has no pair to show, or too few twins for its gold and training pairs.
        UnclearSettings: the study has no clip settings yet, and there are several to choose from.
    """
    if not study.clip_settings:
        adopt_clip_settings(study, _only_clip_settings(study))
    if not has_pair(study):
        raise NothingToShow(
            f"Study '{study.slug}' can't open: no two of its contenders have clips of the same prompt, seed "
            "and settings. Make them first: manage.py run_suite"
        )
    if lacks_twins(study, Terms.of(study.terms)):
        raise NothingToShow(f"Study '{study.slug}' can't open: {describe_lack(study, Terms.of(study.terms))}")
    kind = StudyChange.Kind.OPENED if never_opened(study) else StudyChange.Kind.REOPENED
    details = rules_record(study) if kind == StudyChange.Kind.OPENED else {}
    _change_state(study, is_open=True, is_paused=False, kind=kind, reason=reason, details=details)


def _only_clip_settings(study: Study) -> list[Settings]:
    return choose_clip_settings(
        tracks=[Track(track) for track in study.tracks],
        suites=list(study.suites.all()),
        contenders=list(study.contenders.all()),
        runs=[],
        geometry=Terms.of(study.terms).geometry,
    )


def lacks_twins(study: Study, terms: Terms) -> bool:
    """Return whether terms ask for gold or training pairs that a study has too few twins for."""
    return terms.twins > 0 and twins_of(study).count() < terms.twins


def describe_lack(study: Study, terms: Terms) -> str:
    """Return which twins a study lacks for its terms, and the command that makes them."""
    return (
        f"degraded twins of its clips must be at least {terms.twins} for its training pairs and gold pairs, "
        f"each twin for one of them; got {twins_of(study).count()}. "
        f"Make some first: manage.py make_twins {study.slug}"
    )


def never_opened(study: Study) -> bool:
    """Return whether the study was created before its clips and is still waiting for them."""
    return not study.is_open and not study.changes.filter(kind__in=STATES).exists()


def rules_record(study: Study) -> dict[str, object]:
    """Return the details of a change that fixes a study's present rules: their hash, terms and fit."""
    return {"rules": rules_details(study), "rules_hash": rules_hash(study)}


def record_change(
    *,
    study: Study,
    kind: StudyChange.Kind,
    reason: str = "",
    details: Mapping[str, object] = MappingProxyType({}),
) -> StudyChange:
    """Record a change of a study with its ledger entry, in the transaction that makes the change."""
    hold_ledger(study)
    change = StudyChange.objects.create(
        study=study,
        number=study.changes.count() + 1,
        kind=kind,
        reason=reason,
        details=dict(details),
        created_at=timezone.now(),
    )
    append_entry(study=study, kind=LedgerEntry.Kind.CHANGE, record=change_record(change))
    return change


def _change_state(
    study: Study,
    *,
    is_open: bool,
    is_paused: bool,
    kind: StudyChange.Kind,
    reason: str,
    details: Mapping[str, object] = MappingProxyType({}),
) -> StudyChange:
    wanted = {"is_open": is_open, "is_paused": is_paused}
    changed = Study.objects.filter(pk=study.pk).exclude(**wanted).update(**wanted)
    if not changed:
        raise StudyState(f"Study '{study.slug}' is {STATES[kind]} already.")
    study.is_open, study.is_paused = is_open, is_paused
    return record_change(study=study, kind=kind, reason=reason, details=details)
