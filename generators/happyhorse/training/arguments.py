"""Checks of what training is given; each error names the field, the requirement and the value."""

from __future__ import annotations

import math
from pathlib import Path

from generators.base import InvalidInput

MOST = 10**9
"""Largest count of anything, far beyond what a machine holds; more would only overflow later."""


def require_whole(name: str, value: int, least: int = 1, most: int = MOST) -> None:
    """Check a whole number.

    Raises:
        InvalidInput: The number lies outside the range from `least` to `most`.
    """
    if not least <= value <= most:
        raise InvalidInput(f"{name} must be a whole number from {least} to {most}; got {value}.")


def require_positive(name: str, value: float, *, finite: bool = True) -> None:
    """Check a number that must be above 0.

    Args:
        name: Name of the field, for the message.
        value: The number.
        finite: Whether infinity is refused; NaN always is.

    Raises:
        InvalidInput: The number is not positive, or not finite although it must be.
    """
    if not value > 0 or (finite and math.isinf(value)):
        raise InvalidInput(f"{name} must be a positive number; got {value}.")


def require_share(name: str, value: float) -> None:
    """Check a share or a probability.

    Raises:
        InvalidInput: The number lies outside the range from 0 to 1.
    """
    if not 0 <= value <= 1:
        raise InvalidInput(f"{name} must be from 0 to 1; got {value}.")


def require_writable(name: str, path: Path | None) -> None:
    """Check that a file can be written later, before hours of work; None stands for no file.

    Raises:
        InvalidInput: The path is a folder, or its folder doesn't exist.
    """
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise InvalidInput(
            f"{name} must be a file in a folder that exists; got {path}. Make the folder first."
        )


def make_folder(name: str, folder: Path) -> None:
    """Make a folder and its parents if they don't exist.

    Raises:
        InvalidInput: There is a file of that name, or no permission.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{name} must be a folder; got {folder}: {error.strerror}.") from error
