"""Fits that a study has had, from the changes of its rules in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from arena.voting.fit_settings import FitSettings
from arena.voting.models import Study, StudyChange

WORDS = {"side": "side effect", "both_bad": "both bad"}
"""Names for people of settings that read badly as they are."""


class FitChange(NamedTuple):
    """Change of the settings by which a study's votes become ratings."""

    key: int
    at: datetime
    reason: str
    before: FitSettings
    after: FitSettings

    def differences(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """Return what changed, such as `ties: half → davidson`, with public names of contenders."""
        old, new = (_public(fit, names) for fit in (self.before, self.after))
        return tuple(
            f"{WORDS.get(name, name.replace('_', ' '))}: {in_words(old[name])} → {in_words(new[name])}"
            for name in old
            if old[name] != new[name]
        )


def in_words(value: object) -> str:
    """Return a setting for people: `none` for an empty one, and yes or no for a truth value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(str(item).replace("_", " ") for item in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def fit_changes(study: Study) -> list[FitChange]:
    """Return the changes of a study's fit, the oldest first, in one query."""
    found = []
    for change in study.changes.filter(kind=StudyChange.Kind.RULES).order_by("number"):
        before, after = (
            FitSettings.of(rules["fit"])
            for rules in (change.details["before"]["rules"], change.details["rules"])
        )
        if before != after:
            found.append(FitChange(change.pk, change.created_at, change.reason, before, after))
    return found


def fit_at(study: Study, changes: Sequence[FitChange], at: datetime) -> FitSettings:
    """Return the fit that a study had at a time."""
    later = [change for change in changes if change.at > at]
    return later[0].before if later else FitSettings.of(study.fit)


def _public(fit: FitSettings, names: Mapping[str, str]) -> dict[str, Any]:
    return {**fit.as_fields, "anchor": names.get(fit.anchor, "")}
