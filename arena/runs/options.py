"""Command-line options for the size, length and rate of every clip and rendition."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from arena.media.profile import Profile
from arena.runs.clip_settings import ClipSettings
from arena.runs.geometry import DEFAULT, HOSTED, Asked


def add_geometry(parser: ArgumentParser) -> None:
    """Add the options for the size, length and rate of every clip and rendition."""
    default = f"{DEFAULT.width}x{DEFAULT.height}, {DEFAULT.duration_s:g} s and {DEFAULT.fps:g} fps"
    group = parser.add_argument_group(
        "geometry",
        "What generators are asked for, and what every clip is shown as. By default clips that exist keep "
        f"their own size, length and rate, which must be equal; generators are asked for {default}; "
        f"with a provider among them, for {HOSTED}.",
    )
    group.add_argument("--size", metavar="WIDTHxHEIGHT", help="in pixels, such as 1280x720")
    group.add_argument("--duration", type=float, metavar="SECONDS")
    group.add_argument("--fps", type=float, help="frames in a second, such as 25 or 29.97")
    group.add_argument(
        "--native",
        action="store_true",
        help="show each clip as it is, with its own size, length, rate and loudness (a study's native terms)",
    )
    group.add_argument(
        "--allow-short", action="store_true", help="hold the last picture of clips that end early"
    )


def read_geometry(options: Mapping[str, Any]) -> Asked:
    """Return what was given by the options of `add_geometry`.

    Raises:
        ValueError: no clip can have such a size, length or rate.
    """
    duration_s, fps = options["duration"], options["fps"]
    size = None
    if options["size"] is not None:
        width, _, height = options["size"].partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise ValueError(f"--size '{options['size']}' must be WIDTHxHEIGHT in pixels, such as 512x512.")
        size = int(width), int(height)
    # Given options are checked one by one: an option that is 0 must not fall back on its default.
    ClipSettings(
        DEFAULT.duration_s if duration_s is None else duration_s,
        *(size or (DEFAULT.width, DEFAULT.height)),
        DEFAULT.fps if fps is None else fps,
    )
    rate = None if fps is None else float(Profile("ballot", 16, 16, fps).rate)
    return Asked(size, duration_s, rate, is_native=bool(options["native"]))
