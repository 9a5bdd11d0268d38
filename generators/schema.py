"""What a generator can be set to, as data that a form can be made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["choice", "choices", "text", "truth", "value", "values", "mapping"]


@dataclass(frozen=True)
class Setting:
    """One setting of a generator."""

    name: str
    kind: Kind
    """`choice` of one word or `choices` of several; `text`; `truth`; `value`, a number, text or nothing;
    `values`, a list; `mapping`, of names to values."""
    default: object
    """Value if it is left out; None also where it must be given."""
    allowed: tuple[str, ...] = ()
    """Words of a choice, or of choices."""
    is_required: bool = False


def schema_of(
    defaults: Mapping[str, object],
    allowed: Mapping[str, Collection[str]] = MappingProxyType({}),
    required: Collection[str] = (),
) -> tuple[Setting, ...]:
    """Return the settings of a generator, in the order of their defaults.

    Args:
        defaults: value of each setting if it is left out; None for one that must be given.
        allowed: words that a setting can be, or that its list can hold.
        required: settings that must be given.
    """
    return tuple(
        Setting(
            name,
            _kind(default, has_choices=name in allowed),
            default,
            tuple(allowed.get(name, ())),
            is_required=name in required,
        )
        for name, default in defaults.items()
    )


def _kind(default: object, *, has_choices: bool) -> Kind:
    if isinstance(default, list):
        return "choices" if has_choices else "values"
    if has_choices:
        return "choice"
    if isinstance(default, bool):
        return "truth"
    if isinstance(default, Mapping):
        return "mapping"
    return "text" if isinstance(default, str) else "value"
