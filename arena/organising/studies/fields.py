"""Fields of the forms of a study's rules, as their template draws them."""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """One value that a field can take."""

    value: str
    label: str
    is_chosen: bool


class Field(NamedTuple):
    """Field of the form, with its present value as it is typed."""

    name: str
    label: str
    kind: str
    """`choice`, `several`, `truth`, `number`, `line`, or one of the long texts, `consent` and `screening`."""
    value: str = ""
    options: tuple[Option, ...] = ()
    is_on: bool = False
