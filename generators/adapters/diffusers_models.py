"""Rows of open-weight models: what each makes and needs, read from one dated YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from generators.adapters.models import Mode
from generators.base import Track
from generators.choices import SettingsError

PATH = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class FrameRule:
    """Numbers of frames that a model makes: offset + k · step, up to the longest."""

    step: int
    offset: int
    longest: int

    def at_least(self, wanted: int) -> int:
        """Return the smallest allowed number that holds the wanted frames; the longest if none does."""
        count = -(-max(wanted - self.offset, 0) // self.step)
        return min(self.offset + max(count, 1) * self.step, self.longest)


@dataclass(frozen=True)
class LocalModel:
    """One open-weight model."""

    id: str
    checked: date
    """Day on which the row was last compared with the model's own documentation."""
    family: str
    """Name in `diffusers_families.FAMILIES`."""
    repo: str
    """Repository on the Hugging Face hub, in diffusers' layout."""
    licence: str
    modes: tuple[Mode, ...]
    fps: float
    sizes: tuple[tuple[int, int], ...]
    """Widths and heights in pixels that the model was trained for."""
    side_multiple: int
    """Number of pixels that divides every width and height."""
    frames: FrameRule
    steps: int
    """Denoising steps; for a pyramid, those of each of its three stages."""
    guidance: float
    sound: bool
    parameters_b: Mapping[str, float]
    """Billions of parameters by component."""
    work_gib: float
    """Estimated GiB beside the weights for the longest clip of the largest size, without tiling."""
    call: Mapping[str, Any]
    """Further arguments of the pipeline's call."""

    @property
    def tracks(self) -> frozenset[Track]:
        """Tracks that the model makes clips for."""
        return frozenset(
            track
            for track in Track
            if (Mode.I2V if track.from_image else Mode.T2V) in self.modes
            and (self.sound or not track.with_sound)
        )


def find_local_model(model: str) -> LocalModel:
    """Return a model's row.

    Raises:
        SettingsError: There is no such model; the message lists those that there are.
    """
    rows = read_local_models()
    if model not in rows:
        raise SettingsError(
            f"diffusers: 'model' must be one of {', '.join(sorted(rows))}; got {model!r}. "
            "Choose one, or add a row to its data file."
        )
    return rows[model]


@cache
def read_local_models() -> dict[str, LocalModel]:
    """Return all rows by model id.

    Raises:
        SettingsError: A row lacks a field, or a field is wrong.
    """
    document = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    rows = {}
    for name, row in document["models"].items():
        try:
            rows[name] = _read_row(name, {**document["defaults"], **row})
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"{PATH.name}, model {name!r}: a field is missing or wrong: {error}."
            ) from error
    return rows


def read_size(text: str) -> tuple[int, int]:
    """Return width and height from a text such as `832x480`.

    Raises:
        ValueError: The text is no such size.
    """
    sides = text.split("x")
    if len(sides) != 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
        raise ValueError(f"a size such as 832x480 is needed; got {text!r}")
    width, height = sides
    return int(width), int(height)


def _read_row(name: str, row: Mapping[str, Any]) -> LocalModel:
    if not isinstance(row["checked"], date):
        raise TypeError(f"checked must be a date; got {row['checked']!r}")
    return LocalModel(
        id=name,
        checked=row["checked"],
        family=str(row["family"]),
        repo=str(row["repo"]),
        licence=str(row["licence"]),
        modes=tuple(map(Mode, row["modes"])),
        fps=float(row["fps"]),
        sizes=tuple(map(read_size, row["sizes"])),
        side_multiple=int(row["side_multiple"]),
        frames=FrameRule(**row["frames"]),
        steps=int(row["steps"]),
        guidance=float(row["guidance"]),
        sound=bool(row["sound"]),
        parameters_b={part: float(count) for part, count in row["parameters_b"].items()},
        work_gib=float(row["work_gib"]),
        call=dict(row["call"]),
    )
