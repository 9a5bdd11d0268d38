"""Arguments that take several names."""

from __future__ import annotations

from collections.abc import Sequence


def several(argument: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names as a tuple; a string, which is a sequence of letters, is one name short of its comma.

    Raises:
        ValueError: a string was given.
    """
    if isinstance(names, str):
        raise ValueError(f"{argument}={names!r} is one name, where several may stand: give ({names!r},).")
    return tuple(names)
