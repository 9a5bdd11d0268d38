"""HappyHorse as the arena's generator. Imports nothing heavy until it makes a clip."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generators.base import InvalidInput, Request, Result, Track, Unavailable, file_sha256
from generators.choices import SettingsError, read_choice, refuse_unknown
from generators.delivery import Made, deliver
from generators.happyhorse.hub import PARTS
from generators.happyhorse.network.config import SIZES
from generators.happyhorse.network.limits import MOST_STEPS
from generators.happyhorse.pipeline.request import (
    DECODERS,
    FIRST_STAGES,
    SILENCES,
    UPSCALES,
    ClipRequest,
    DecodedClip,
)

if TYPE_CHECKING:
    from generators.happyhorse.pipeline.parts import Parts

_DEFAULTS: Mapping[str, object] = {
    "weights": "released",
    "size": "15b",
    "kind": "distilled",
    "steps": None,
    "decoder": "turbo",
    "silence": "computed",
    "upscale": "none",
    "pixels": "asked",
    "device": "auto",
    "negative_prompt": None,
} | {f"{part}_folder": None for part in PARTS}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "weights": ("released", "random"),
    "size": tuple(SIZES),
    "kind": FIRST_STAGES,
    "decoder": DECODERS,
    "silence": SILENCES,
    "upscale": ("none", *UPSCALES),
}
_PATHS = ("negative_prompt", *(f"{part}_folder" for part in PARTS))


class HappyHorse:
    """Registry name `happyhorse`.

    Settings: `kind`, `size`, `steps`, `decoder`, `silence`, `upscale` and `negative_prompt`, as in `sample`;
    `device`, a name that PyTorch knows, or `auto`; `pixels`, the size to make clips at, as `448x256` or
    `asked`; a `…_folder` for each part that isn't in the hub's cache; `weights`, which may be `random`.
    """

    name = "happyhorse"
    version = "1"
    tracks: frozenset[Track] = frozenset(Track)
    libraries: tuple[str, ...] = (
        "av",
        "diffusers",
        "numpy",
        "pillow",
        "safetensors",
        "torch",
        "transformers",
    )
    """Distributions whose versions a clip's provenance names."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, _DEFAULTS)
        for name, allowed in _CHOICES.items():
            read_choice(self.name, settings, name, allowed, default=str(_DEFAULTS[name]))
        self._settings = {**_DEFAULTS, **settings}
        self._check_rest()

    @property
    def settings(self) -> Mapping[str, object]:
        return self._settings

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Makes one clip.

        Raises:
            InvalidInput: A side isn't a multiple of 32, the prompt is too long, the image is damaged, or
                memory is too small.
            Unavailable: Weights or packages aren't there; the message holds the command that gets them.
        """
        return deliver(self, request, out_dir, ".mp4", partial(self._write, request))

    def _write(self, request: Request, path: Path) -> Made:
        clip, components, origin = self._prepare(request)
        decoded = _make(components, clip)
        decoded.write(path)
        return Made(
            resolved={**origin, **self._resolved(request, decoded), **_machine(components)},
            cost_usd=0.0,
            libraries=self.libraries,
        )

    def _prepare(self, request: Request) -> tuple[ClipRequest, Parts, dict[str, object]]:
        """The request in the pipeline's terms, its components, and which weights they have."""
        _require_packages()
        from generators.happyhorse.pipeline.inputs import read_image

        width, height = self._size(request)
        clip = ClipRequest(
            prompt=request.prompt,
            duration_s=request.duration_s,
            width=width,
            height=height,
            seed=request.seed,
            mode=request.track,
            image=read_image(request.reference_image)
            if request.reference_image and request.track.from_image
            else None,
            silence=self._settings["silence"],  # type: ignore[arg-type]  # one of the choices
            upscale=None if self._settings["upscale"] == "none" else self._settings["upscale"],  # type: ignore[arg-type]
        )
        return clip, *self._components(clip)

    def _components(self, clip: ClipRequest) -> tuple[Parts, dict[str, object]]:
        from generators.happyhorse.pipeline.device import find_device
        from generators.happyhorse.weights.released import Release

        asked = self._settings
        device = find_device(None if asked["device"] == "auto" else str(asked["device"]))
        how = {name: asked[name] for name in ("kind", "size", "steps", "decoder")}
        if asked["weights"] == "random":
            from generators.happyhorse.weights.random import random_parts

            components = random_parts(
                str(asked["size"]),
                str(asked["kind"]),
                device=device,
                full_decoder=asked["decoder"] == "wan",
                steps=asked["steps"],  # type: ignore[arg-type]  # checked
            )
            return components, {"checkpoints": "random"}
        paths = {name: Path(str(asked[name])) for name in _PATHS if asked[name] is not None}
        folders = {
            name.removesuffix("_folder"): path for name, path in paths.items() if name != "negative_prompt"
        }
        negative = paths.get("negative_prompt")
        release = Release(**how, device=str(device), folders=folders, negative_prompt=negative)  # type: ignore[arg-type]  # checked
        upscales = () if clip.upscale is None else (clip.upscale,)
        return release.parts(upscales), release.origin(upscales)

    def _resolved(self, request: Request, decoded: DecodedClip) -> dict[str, object]:
        count, height, width = decoded.frames.shape[:3]
        made = {
            "width": width,
            "height": height,
            "fps": float(decoded.fps),
            "duration_s": count / decoded.fps,
        }
        image = request.reference_image
        return {
            **made,
            "reference_image_sha256": file_sha256(image) if image else None,
            "stage_s": dict(decoded.stage_s),
            "not_honoured": sorted(name for name, value in made.items() if value != getattr(request, name)),
        }

    def _size(self, request: Request) -> tuple[int, int]:
        if self._settings["pixels"] == "asked":
            return request.width, request.height
        width, height = str(self._settings["pixels"]).split("x")
        return int(width), int(height)

    def _check_rest(self) -> None:
        self._check_steps()
        pixels = self._settings["pixels"]
        sides = str(pixels).split("x")
        if pixels != "asked" and not (len(sides) == 2 and all(side.isdecimal() for side in sides)):
            raise SettingsError(f"{self.name}: 'pixels' must be 'asked' or like '448x256'; got {pixels!r}.")
        self._check_text("device")
        for name in _PATHS:
            if self._settings[name] is not None:
                self._check_text(name)

    def _check_steps(self) -> None:
        steps = self._settings["steps"]
        if steps is not None and not (type(steps) is int and 1 <= steps <= MOST_STEPS):
            raise SettingsError(
                f"{self.name}: 'steps' must be a whole number from 1 to {MOST_STEPS}; got {steps!r}."
            )

    def _check_text(self, name: str) -> None:
        value = self._settings[name]
        if not (isinstance(value, str) and value):
            raise SettingsError(f"{self.name}: {name!r} must be a non-empty text; got {value!r}.")


def _make(components: Parts, clip: ClipRequest) -> DecodedClip:
    import torch

    from generators.happyhorse.pipeline.pipeline import Pipeline

    try:
        return Pipeline(components).make(clip)
    except torch.OutOfMemoryError as error:
        raise InvalidInput(f"Memory ran out: {error}. Ask for a shorter or smaller clip.") from error


def _machine(components: Parts) -> dict[str, object]:
    """What the clip's last bits depend on, beside the versions of the libraries."""
    import torch

    cuda = components.device.type == "cuda"
    return {
        "device": str(components.device),
        "device_name": torch.cuda.get_device_name(components.device) if cuda else platform.machine(),
        "cpu_instructions": torch.backends.cpu.get_cpu_capability(),
        "onednn_max_cpu_isa": os.environ.get("ONEDNN_MAX_CPU_ISA"),
        "threads": components.threads or torch.get_num_threads(),
    }


def _require_packages() -> None:
    for name in ("torch", "diffusers", "transformers"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise Unavailable(
                f"HappyHorse needs {name}. Get it by: pip install '.[generators,codecs]'"
            ) from error
