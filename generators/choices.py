"""Read a generator's settings; errors name the setting and its allowed values."""

from __future__ import annotations

from collections.abc import Collection, Mapping


class SettingsError(ValueError):
    """Setting that is unknown, missing or has a value that is not allowed."""


def refuse_unknown(generator: str, settings: Mapping[str, object], known: Collection[str]) -> None:
    """Raise SettingsError if there is a setting that the generator doesn't have."""
    for name in settings:
        if name not in known:
            allowed = ", ".join(sorted(known))
            raise SettingsError(f"{generator} has no setting {name!r}. Its settings: {allowed}.")


def read_choice(
    generator: str, settings: Mapping[str, object], name: str, allowed: Collection[str], default: str
) -> str:
    """Return a setting that must be one of a few words.

    Raises:
        SettingsError: It is another value.
    """
    value = settings.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise SettingsError(f"{generator}: {name!r} can't be {value!r}. Allowed: {', '.join(allowed)}.")
    return value


def read_text(generator: str, settings: Mapping[str, object], name: str, default: str | None = None) -> str:
    """Return a setting that must be a non-empty text; without a default it must be given.

    Raises:
        SettingsError: It is missing, empty or no text.
    """
    value = settings.get(name, default)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{generator}: {name!r} must be a non-empty text; got {value!r}.")
    return value
