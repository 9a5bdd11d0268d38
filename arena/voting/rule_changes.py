"""Changes of a study's rules. Each makes a new numbered version, with an entry in the ledger."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from arena.voting.fit_settings import FitSettings
from arena.voting.ledger import hold_ledger
from arena.voting.models import Study, StudyChange
from arena.voting.openings import describe_lack, lacks_twins, record_change, rules_record
from arena.voting.terms import SECRET, InvalidTerms, Terms
from generators.base import Track


class NothingChanged(ValueError):
    """Rules that are asked for and are the present ones."""


@transaction.atomic
def change_rules(
    *, study: Study, reason: str, terms: Terms | None = None, fit: FitSettings | None = None
) -> StudyChange:
    """Change a study's terms or its ratings' settings; ballots keep the version they were issued under.

    Args:
        study: the study, in any state.
        reason: sentence for readers of the ledger.
        terms: new terms; None keeps the present ones.
        fit: new settings of the ratings; None keeps the present ones.

    Raises:
        InvalidTerms: a term is invalid, or there is no reason.
        InvalidFit: a setting of the ratings is invalid.
        NothingChanged: the study has these rules already.
    """
    if not reason.strip():
        raise InvalidTerms("reason must be a sentence for readers of the ledger; got none. Give --reason.")
    hold_ledger(study)
    study.refresh_from_db(fields=["terms", "fit", "rules_version"])
    present, before = (study.terms, study.fit), rules_record(study)
    if terms is not None:
        terms.check()
        terms.check_tracks(study.tracks)
        _refuse_other_geometry(study, terms)
        _refuse_pairs_without_twins(study, terms)
        study.terms = terms.stored
    if fit is not None:
        slugs = sorted(study.contenders.values_list("slug", flat=True))
        fit.check(slugs, [Track(track) for track in study.tracks])
        study.fit = json.loads(json.dumps(fit.stored))
    if (study.terms, study.fit) == present:
        raise NothingChanged(f"Study '{study.slug}' has these rules already. Nothing was changed.")
    return _record_version(study, StudyChange.Kind.RULES, reason, before)


@transaction.atomic
def record_revision(*, study: Study, reason: str) -> StudyChange:
    """Record that a study without votes got other contenders, prompts or clips, as a new version."""
    hold_ledger(study)
    return _record_version(study, StudyChange.Kind.REVISED, reason, {})


def _refuse_other_geometry(study: Study, terms: Terms) -> None:
    present = Terms.of(study.terms).geometry
    if study.clip_settings and terms.geometry != present:
        raise InvalidTerms(
            f"geometry must stay {present}, since the study's clips are made so; got '{terms.geometry}'. "
            "Take another study."
        )


def _refuse_pairs_without_twins(study: Study, terms: Terms) -> None:
    takes_more = terms.twins > Terms.of(study.terms).twins
    if study.is_open and takes_more and lacks_twins(study, terms):
        raise InvalidTerms(describe_lack(study, terms))


def terms_at(study: Study, version: int) -> Terms:
    """Return the terms of a version of a study's rules, less its codes where it is an old one.

    Raises:
        LookupError: the study has no such version.
    """
    if version == study.rules_version:
        return Terms.of(study.terms)
    for change in study.changes.exclude(details={}):
        for rules in (change.details["rules"], change.details.get("before", {}).get("rules", {})):
            if rules.get("version") == version:
                return Terms.of({**rules["terms"], **dict.fromkeys(SECRET, "")})
    raise LookupError(f"Study '{study.slug}' has no version {version} of its rules.")


def rule_differences(change: StudyChange) -> list[str]:
    """Return what a change of rules changed, such as `reveal: "vote" → "close"`."""
    before, after = change.details["before"]["rules"], change.details["rules"]
    old = {**Terms.of(before["terms"]).as_fields, **_named(FitSettings.of(before["fit"]))}
    new = {**Terms.of(after["terms"]).as_fields, **_named(FitSettings.of(after["fit"]))}
    return [
        f"{name}: {json.dumps(old[name])} → {json.dumps(new[name])}" for name in old if old[name] != new[name]
    ]


def _named(fit: FitSettings) -> dict[str, Any]:
    return {f"fit {name}": value for name, value in fit.as_fields.items()}


def _record_version(
    study: Study, kind: StudyChange.Kind, reason: str, before: dict[str, object]
) -> StudyChange:
    study.rules_version += 1
    study.save(update_fields=["terms", "fit", "rules_version"])
    details = {**rules_record(study), **({"before": before} if before else {})}
    return record_change(study=study, kind=kind, reason=reason, details=details)
