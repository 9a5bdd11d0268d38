"""Settings of a contender that runs an open-weight model, each with its allowed values and default."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.adapters.diffusers_models import LocalModel, find_local_model, read_local_models, read_size
from generators.choices import SettingsError, read_choice, read_text, refuse_unknown
from generators.schema import Setting, schema_of

NAME = "diffusers"
DTYPES = ("bfloat16", "float16", "float32")
OFFLOADS = ("none", "blocks", "leaves")
QUANTISATIONS = ("none", "float8")
LOCAL_TRAITS = ("duration", "ratio", "resolution", "fps")
DEFAULTS: Mapping[str, object] = {
    "folder": None,
    "dtype": "bfloat16",
    "device": "auto",
    "offload": "none",
    "quantisation": "none",
    "tiling": False,
    "pixels": "nearest",
    "steps": None,
    "guidance": None,
    "negative_prompt": "",
    "refuse": ["duration", "ratio"],
}
"""Default of each setting but `model`, which must be given."""


def local_schema() -> tuple[Setting, ...]:
    """Return the settings with their allowed values and defaults."""
    allowed = {
        "model": sorted(read_local_models()),
        "dtype": DTYPES,
        "offload": OFFLOADS,
        "quantisation": QUANTISATIONS,
        "refuse": LOCAL_TRAITS,
    }
    return schema_of({"model": None, **DEFAULTS}, allowed, required=["model"])


@dataclass(frozen=True)
class LocalTerms:
    """Settings of a contender, read and checked."""

    model: LocalModel
    folder: Path | None
    """Folder of the checkpoint in diffusers' layout; None for the hub's cache."""
    dtype: str
    device: str | None
    """Name that PyTorch knows; None for the accelerator if there is one, else the CPU."""
    offload: str
    quantisation: str
    tiling: bool
    size: tuple[int, int] | None
    """Width and height in pixels; None for the request's or, with `nearest_size`, the model's nearest."""
    nearest_size: bool
    steps: int
    guidance: float
    negative_prompt: str
    refused: Collection[str]

    @property
    def loading(self) -> tuple[object, ...]:
        """What decides how the weights are loaded: contenders that agree in it share them."""
        return (self.model.id, self.folder, self.dtype, self.device, self.offload, self.quantisation)


def read_terms(settings: Mapping[str, object]) -> LocalTerms:
    """Read a contender's settings.

    Raises:
        SettingsError: A setting is unknown, missing, or not one of the allowed values.
    """
    refuse_unknown(NAME, settings, ("model", *DEFAULTS))
    asked = {**DEFAULTS, **settings}
    model = find_local_model(read_text(NAME, asked, "model"))
    device = read_text(NAME, asked, "device")
    pixels = read_text(NAME, asked, "pixels")
    return LocalTerms(
        model=model,
        folder=None if asked["folder"] is None else Path(read_text(NAME, asked, "folder")),
        dtype=read_choice(NAME, asked, "dtype", DTYPES, default=""),
        device=None if device == "auto" else device,
        offload=read_choice(NAME, asked, "offload", OFFLOADS, default=""),
        quantisation=read_choice(NAME, asked, "quantisation", QUANTISATIONS, default=""),
        tiling=_read_switch(asked["tiling"]),
        size=_read_pixels(model, pixels),
        nearest_size=pixels == "nearest",
        steps=_read_steps(model, asked["steps"]),
        guidance=(guidance := _read_guidance(model, asked["guidance"])),
        negative_prompt=_read_negative_prompt(asked["negative_prompt"], guidance),
        refused=_read_refused(asked["refuse"]),
    )


def _read_switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{NAME}: 'tiling' must be true or false; got {value!r}.")
    return value


def _read_pixels(model: LocalModel, value: str) -> tuple[int, int] | None:
    if value in ("nearest", "asked"):
        return None
    try:
        width, height = read_size(value)
    except ValueError as error:
        raise SettingsError(
            f"{NAME}: 'pixels' must be 'nearest', 'asked' or a size like '832x480'; got {value!r}."
        ) from error
    if width % model.side_multiple or height % model.side_multiple:
        raise SettingsError(
            f"{NAME}: 'pixels' must be multiples of {model.side_multiple} for {model.id}; got {value!r}."
        )
    return width, height


def _read_steps(model: LocalModel, value: object) -> int:
    if value is None:
        return model.steps
    if type(value) is not int or not 1 <= value <= 1000:
        raise SettingsError(f"{NAME}: 'steps' must be a whole number from 1 to 1000; got {value!r}.")
    return value


def _read_guidance(model: LocalModel, value: Any) -> float:  # noqa: ANN401 - checked here
    if value is None:
        return model.guidance
    if type(value) not in (int, float) or not 1 <= value <= 100:
        raise SettingsError(f"{NAME}: 'guidance' must be a number from 1 to 100; got {value!r}.")
    return float(value)


def _read_negative_prompt(value: object, guidance: float) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{NAME}: 'negative_prompt' must be a text; got {value!r}.")
    if value and guidance <= 1:
        raise SettingsError(
            f"{NAME}: 'negative_prompt' must be left out at guidance 1, which uses none; got {value!r}."
        )
    return value


def _read_refused(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(each in LOCAL_TRAITS for each in value):
        allowed = ", ".join(LOCAL_TRAITS)
        raise SettingsError(f"{NAME}: 'refuse' must be a list of {allowed}; got {value!r}.")
    return tuple(value)
