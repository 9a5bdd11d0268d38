"""HappyHorse and its toy model as the arena's generators. Import nothing heavy until they make a clip."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.base import InvalidInput, Request, Result, Track, Unavailable, file_sha256
from generators.choices import SettingsError, read_choice, read_text, refuse_unknown
from generators.delivery import Made, deliver
from generators.happyhorse.execution.options import FITS
from generators.happyhorse.hub import PARTS
from generators.happyhorse.network.config import SIZES
from generators.happyhorse.network.facts import PRECISIONS
from generators.happyhorse.pipeline.request import (
    DECODERS,
    FIRST_STAGES,
    SILENCES,
    UPSCALES,
    ClipRequest,
    DecodedClip,
    Upscale,
)
from generators.happyhorse.settings import read_fast, read_loras, read_size, wrong_setting
from generators.happyhorse.toy.clips import LONGEST_S
from generators.happyhorse.weights.choice import ModelChoice
from generators.resident_model import RESIDENT, ResidentModel
from generators.schema import schema_of
from generators.toyworld.world.examples import SIDE

if TYPE_CHECKING:
    from PIL.Image import Image

    from generators.happyhorse.pipeline.kept import ResidentParts
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
    "precision": "bf16",
    "loras": {},
    "fast": [],
    "fit": "none",
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
    "precision": PRECISIONS,
    "fit": ("none", *FITS),
}
_TOY_DEFAULTS: Mapping[str, object] = {"kind": "distilled", "steps": None, "cascade": False, "device": "cpu"}


class HappyHorse:
    """Generator of the registry name `happyhorse`.

    Settings: `kind`, `size`, `steps`, `decoder`, `silence`, `upscale`, `precision` and
    `negative_prompt`, as in `sample`; `loras`, a mapping of files to strengths;
    `fast`, a list of faster ways; `fit`, `none` or what to plan precision and offload for;
    `device`, a name that PyTorch knows, or `auto`; `pixels`, the size to make clips at, as `448x256` or
    `asked`; a `…_folder` for each part that isn't in the hub's cache; `weights`, which may be `random`.
    """

    name = "happyhorse"
    version = "1"
    tracks: frozenset[Track] = frozenset(Track)
    settings_schema = staticmethod(partial(schema_of, _DEFAULTS, _CHOICES))
    libraries = ("av", "diffusers", "numpy", "pillow", "safetensors", "torch", "transformers")
    """Distributions whose versions a clip's provenance names."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, _DEFAULTS)
        self._settings: dict[str, Any] = {**_DEFAULTS, **settings}
        for name, allowed in _CHOICES.items():
            read_choice(self.name, self._settings, name, allowed, default=str(_DEFAULTS[name]))
        self._size = read_size(self.name, self._settings["pixels"])
        self.choice = self._read_choice()
        self._fits: dict[tuple[object, ...], tuple[ModelChoice, dict[str, object]]] = {}

    @property
    def settings(self) -> Mapping[str, object]:
        """All settings, defaults included."""
        return self._settings

    def machine(self) -> Mapping[str, object]:
        """Return the machine's facts on which the clips' bytes depend."""
        return _machine_of(self.choice)

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Make one clip.

        Raises:
            InvalidInput: A side isn't a multiple of 32, the prompt is too long, the image is damaged, or
                memory is too small.
            Unavailable: Weights or packages aren't there; the message holds the command that gets them.
        """
        return deliver(self, request, out_dir, ".mp4", partial(self._write, request))

    def _write(self, request: Request, path: Path) -> Made:
        _require_packages()
        clip = self._clip(request)
        choice, said = self._fitted(clip)
        made = _write_clip(self, choice, RESIDENT, clip, request, path)
        return replace(made, resolved={**made.resolved, **said})

    def _fitted(self, clip: ClipRequest) -> tuple[ModelChoice, dict[str, object]]:
        """Return the choice that fits clips of this shape, found once, and what the provenance says of it."""
        if self._settings["fit"] == "none":
            return self.choice, {}
        shape = (clip.width, clip.height, clip.duration_s, clip.upscale, clip.with_audio)
        if shape not in self._fits:
            from generators.happyhorse.weights.fitting import fitted

            RESIDENT.release()  # what it holds is free for the next model
            choice, why = fitted(self.choice, clip, self._settings["fit"])
            self._fits[shape] = choice, {"fit": str(why)}
        return self._fits[shape]

    def _read_choice(self) -> ModelChoice:
        asked, device = self._settings, read_text(self.name, self._settings, "device")
        with wrong_setting(self.name):
            return ModelChoice(
                weights=asked["weights"],
                size=asked["size"],
                kind=asked["kind"],
                steps=asked["steps"],
                decoder=asked["decoder"],
                precision=asked["precision"],
                loras=read_loras(self.name, asked["loras"]),
                fast=read_fast(self.name, asked["fast"]),
                device=None if device == "auto" else device,
                folders={part: path for part in PARTS if (path := self._read_path(f"{part}_folder"))},
                negative_prompt=self._read_path("negative_prompt"),
            )

    def _read_path(self, name: str) -> Path | None:
        return None if self._settings[name] is None else Path(read_text(self.name, self._settings, name))

    def _clip(self, request: Request) -> ClipRequest:
        """Return the request in the pipeline's terms."""
        width, height = self._size or (request.width, request.height)
        upscale = self._settings["upscale"]
        return ClipRequest(
            prompt=request.prompt,
            duration_s=request.duration_s,
            width=width,
            height=height,
            seed=request.seed,
            mode=request.track,
            image=_image(request),
            silence=self._settings["silence"],
            upscale=None if upscale == "none" else upscale,
        )


class ToyHappyHorse:
    """Generator of the registry name `happyhorse-toy`: clips of the toy world, one object, at most 2 s.

    The model makes 64×64 pixels; each becomes a square, as large as the request's size allows.

    Settings: `kind`, `steps` and `cascade`, as in `sample`; `device`, a name that PyTorch knows.
    """

    name = "happyhorse-toy"
    version = "1"
    tracks: frozenset[Track] = frozenset(Track)
    libraries = ("av", "numpy", "pillow", "safetensors", "torch")
    """Distributions whose versions a clip's provenance names."""
    settings_schema = staticmethod(partial(schema_of, _TOY_DEFAULTS, {"kind": FIRST_STAGES}))

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, _TOY_DEFAULTS)
        self._settings: dict[str, Any] = {**_TOY_DEFAULTS, **settings}
        read_choice(self.name, self._settings, "kind", FIRST_STAGES, default="distilled")
        read_text(self.name, self._settings, "device")
        if type(cascade := self._settings["cascade"]) is not bool:
            raise SettingsError(f"{self.name}: 'cascade' must be true or false; got {cascade!r}.")
        with wrong_setting(self.name):
            self.choice = ModelChoice("shipped", size="toy", **self._settings)
        self._resident = ResidentModel()  # a place of its own: it is too small to take a large model's

    @property
    def settings(self) -> Mapping[str, object]:
        """All settings, defaults included."""
        return self._settings

    def machine(self) -> Mapping[str, object]:
        """Return the machine's facts on which the clips' bytes depend."""
        return _machine_of(self.choice)

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Make one clip.

        Raises:
            InvalidInput: The prompt isn't in the toy world's grammar or has two objects, or the image is
                damaged.
            Unavailable: The weights in the package are damaged.
        """
        return deliver(self, request, out_dir, ".mp4", partial(self._write, request))

    def _write(self, request: Request, path: Path) -> Made:
        return _write_clip(self, self.choice, self._resident, self._clip(request), request, path)

    def _clip(self, request: Request) -> ClipRequest:
        """Return a request for a clip that the model can make: its size, and at most its longest duration."""
        return ClipRequest(
            prompt=request.prompt,
            duration_s=min(request.duration_s, LONGEST_S),
            width=SIDE,
            height=SIDE,
            seed=request.seed,
            mode=request.track,
            image=_image(request),
            silence="left-out",
            enlarge=max(min(request.width, request.height) // SIDE, 1),
        )


def _image(request: Request) -> Image | None:
    """Read the reference image if the track starts from one."""
    from generators.happyhorse.pipeline.inputs import read_image

    if request.reference_image is None or not request.track.from_image:
        return None
    return read_image(request.reference_image)


def _write_clip(
    generator: HappyHorse | ToyHappyHorse,
    choice: ModelChoice,
    resident: ResidentModel,
    clip: ClipRequest,
    request: Request,
    path: Path,
) -> Made:
    """Make a clip with the generator's model, which stays loaded, write it, and return its facts."""
    upscales = () if clip.upscale is None else (clip.upscale,)
    with resident.using(_key(choice, upscales), lambda: _load(choice, upscales)) as loaded:
        decoded = _make(loaded, clip, resident)
        decoded.write(path)
        machine = _machine(loaded.serving(clip))
        resolved = {**choice.origin(upscales), **_resolved(request, decoded), **machine}
    return Made(resolved=resolved, cost_usd=0.0, libraries=generator.libraries)


def _key(choice: ModelChoice, upscales: tuple[Upscale, ...]) -> str:
    """Return what decides which weights are loaded: the choice, and the checkpoints that are there."""
    origin = None
    with suppress(Unavailable):  # loading says all that is missing, at once
        origin = choice.origin(upscales)
    return repr(("happyhorse", choice, upscales, origin))


def _load(choice: ModelChoice, upscales: tuple[Upscale, ...]) -> ResidentParts:
    from generators.happyhorse.pipeline.kept import ResidentParts

    return ResidentParts(choice.parts(upscales))


def _make(loaded: ResidentParts, clip: ClipRequest, resident: ResidentModel) -> DecodedClip:
    import torch

    try:
        (decoded,) = loaded.make([clip])
        return decoded
    except torch.OutOfMemoryError as error:
        resident.release()
        raise InvalidInput(f"Memory ran out: {error}. Ask for a shorter or smaller clip.") from error


def _resolved(request: Request, decoded: DecodedClip) -> dict[str, object]:
    """Return what the clip is like, and which of the request's fields it differs from."""
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


def _machine_of(choice: ModelChoice) -> dict[str, object]:
    from generators.devices import describe_machine, find_device

    return describe_machine(find_device(choice.device))


def _machine(parts: Parts) -> dict[str, object]:
    """Return what the clip's last bits depend on, apart from the libraries' versions."""
    import torch

    from generators.devices import describe_machine

    return describe_machine(parts.device) | {"threads": parts.threads or torch.get_num_threads()}


def _require_packages() -> None:
    for name in ("torch", "diffusers", "transformers"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise Unavailable(
                f"HappyHorse needs {name}. Get it by: pip install '.[generators,codecs]'"
            ) from error
