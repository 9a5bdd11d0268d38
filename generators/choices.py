"""Reads a generator's settings, and says which one is wrong and what it may be."""

from __future__ import annotations

from collections.abc import Collection, Mapping


class SettingsError(ValueError):
    """A setting is unknown, missing or has a value that is not allowed."""


def refuse_unknown(generator: str, settings: Mapping[str, object], known: Collection[str]) -> None:
    """Raises SettingsError when there is a setting that the generator doesn't have."""
    for name in settings:
        if name not in known:
            allowed = ", ".join(sorted(known))
            raise SettingsError(f"{generator} has no setting {name!r}. Its settings: {allowed}.")


def read_choice(
    generator: str, settings: Mapping[str, object], name: str, allowed: Collection[str], default: str
) -> str:
    """Reads a setting that must be one of a few words."""
    value = settings.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise SettingsError(f"{generator}: {name!r} can't be {value!r}. Allowed: {', '.join(allowed)}.")
    return value


def read_text(generator: str, settings: Mapping[str, object], name: str, default: str | None = None) -> str:
    """Reads a setting that must be a non-empty text; without a default it must be given."""
    value = settings.get(name, default)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{generator}: {name!r} must be a non-empty text; got {value!r}.")
    return value
