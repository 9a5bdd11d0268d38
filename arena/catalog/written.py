"""Keep plain values as their file writes them: a prompt of 1984 is a text, and 1e5 stays 1e5."""

from __future__ import annotations


class WrittenFloat(float):
    """Number that remembers how its file writes it."""

    def __new__(cls, text: str) -> WrittenFloat:
        """Read the text as a float."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        """Return the text in the file."""
        return self.text


def as_text(value: object) -> str | None:
    """Return a text, or a number, true or false as it stands in the file; None for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    return None


def show(value: object) -> str:
    """Return a value for a message as its file writes it, cut short."""
    shown = repr(value) if not isinstance(value, bool) else str(value).lower()
    return shown if len(shown) <= 40 else f"{type(value).__name__} {shown[:30]}…"
