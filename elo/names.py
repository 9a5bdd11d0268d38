"""Arguments that are names, checked."""

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


def shortened(value: object, longest: int = 60) -> str:
    """The value as Python writes it, cut to so many characters."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}..."


def require_known(argument: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse a name that is not known.

    Raises:
        ValueError: names it, and those that are.
    """
    for name in names:
        if name not in known:
            raise ValueError(f"Unknown {argument}={name!r}. Known: {', '.join(known)}.")
