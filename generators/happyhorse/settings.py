"""Read the settings of HappyHorse as a contender, and name the generator in what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from generators.base import InvalidInput
from generators.choices import SettingsError
from generators.happyhorse.execution.options import WAYS, Way, read_ways


@contextmanager
def wrong_setting(generator: str) -> Iterator[None]:
    """Raise SettingsError, which names the generator, in place of InvalidInput.

    Raises:
        SettingsError: The block raised InvalidInput.
    """
    try:
        yield
    except InvalidInput as error:
        raise SettingsError(f"{generator}: {error}") from error


def read_size(generator: str, pixels: object) -> tuple[int, int] | None:
    """Read the setting `pixels`: width and height, or None for the request's own size.

    Raises:
        SettingsError: It is neither.
    """
    if pixels == "asked":
        return None
    sides = str(pixels).split("x")
    if len(sides) != 2 or not all(side.isdecimal() for side in sides):
        raise SettingsError(f"{generator}: 'pixels' must be 'asked' or like '448x256'; got {pixels!r}.")
    width, height = sides
    return int(width), int(height)


def read_loras(generator: str, loras: object) -> tuple[tuple[Path, float], ...]:
    """Read the setting `loras`: files and their strengths.

    Raises:
        SettingsError: It isn't a mapping of files to numbers.
    """
    if not isinstance(loras, Mapping) or not all(type(by) in (int, float) for by in loras.values()):
        raise SettingsError(f"{generator}: 'loras' must map files to strengths; got {loras!r}.")
    return tuple((Path(str(path)), float(by)) for path, by in loras.items())


def read_fast(generator: str, fast: object) -> tuple[Way, ...]:
    """Read the setting `fast`: faster ways to compute.

    Raises:
        SettingsError: It isn't a list of texts.
        InvalidInput: A way is unknown.
    """
    if not isinstance(fast, list | tuple) or not all(isinstance(way, str) for way in fast):
        raise SettingsError(f"{generator}: 'fast' must be a list of {', '.join(WAYS)}; got {fast!r}.")
    return read_ways(fast)
