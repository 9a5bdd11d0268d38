"""Open-weight models on this machine, through diffusers. Import nothing heavy until a clip is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.adapters.diffusers_checkpoint import Checkpoint, find_checkpoint
from generators.adapters.diffusers_families import FAMILIES
from generators.adapters.diffusers_fitting import LocalAsk, fit_local
from generators.adapters.diffusers_footage import Footage
from generators.adapters.diffusers_loading import PACKAGES, load_pipeline, require_packages
from generators.adapters.diffusers_memory import require_memory
from generators.adapters.diffusers_settings import DEFAULTS, NAME, local_schema, read_terms
from generators.base import GenerationError, InvalidInput, Request, Result, Track, file_sha256
from generators.delivery import Made, deliver
from generators.encode import Clip, encode
from generators.resident_model import RESIDENT
from generators.schema import Setting

if TYPE_CHECKING:
    import numpy as np
    import torch


class Diffusers:
    """Generator of the registry name `diffusers`.

    Settings: `model`, a row of the data file, and those of `diffusers_settings.DEFAULTS`. The loaded pipeline
    serves all clips of one process until another model is asked for.
    """

    name = NAME
    version = "1"
    path_settings = frozenset({"folder"})
    libraries = ("av", "numpy", "pillow", "safetensors", *PACKAGES)
    """Distributions whose versions a clip's provenance names."""

    @staticmethod
    def settings_schema() -> tuple[Setting, ...]:
        """Return the settings, with the known models."""
        return local_schema()

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._terms = read_terms(settings)
        self._settings = {"model": self._terms.model.id, **DEFAULTS, **settings}

    @property
    def tracks(self) -> frozenset[Track]:
        """Tracks that the model makes clips for."""
        return self._terms.model.tracks

    @property
    def settings(self) -> Mapping[str, object]:
        """All settings, defaults included."""
        return self._settings

    def machine(self) -> Mapping[str, object]:
        """Return the machine's facts on which the clips' bytes depend."""
        from generators.devices import describe_machine, find_device

        return describe_machine(find_device(self._terms.device))

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Make one clip.

        Raises:
            InvalidInput: The model cannot make the clip, or memory is too small.
            Unavailable: A package or the checkpoint isn't there; the message holds the command that gets it.
            GenerationError: The model made frames or samples that are not numbers.
        """
        return deliver(self, request, out_dir, ".mp4", partial(self._write, request))

    def _write(self, request: Request, path: Path) -> Made:
        ask = fit_local(self._terms, request)
        require_packages()
        family = FAMILIES[ask.terms.model.family]
        checkpoint = find_checkpoint(ask.terms.model, ask.terms.folder, frozenset(family.pipelines.values()))
        device = _find_device(ask)
        key = (self.name, *ask.terms.loading, family.pipelines[ask.mode], checkpoint.fingerprint)
        with RESIDENT.using(key, lambda: _load(ask, checkpoint, device)) as pipeline:
            footage = _run(pipeline, ask, device)
        pixels = _as_pixels(footage, ask)
        pixels.write(path)
        resolved = _resolved(ask, request, checkpoint, pixels, footage) | _machine(ask, device)
        return Made(resolved=resolved, cost_usd=0.0, libraries=self.libraries)


def _find_device(ask: LocalAsk) -> torch.device:
    from generators.devices import find_device

    terms, device = ask.terms, find_device(ask.terms.device)
    if terms.offload != "none" and device.type == "cpu":
        raise InvalidInput(
            f"offload must be 'none' on the CPU; got {terms.offload!r}. Choose an accelerator."
        )
    return device


def _load(ask: LocalAsk, checkpoint: Checkpoint, device: torch.device) -> Any:  # noqa: ANN401 - a pipeline
    require_memory(ask, checkpoint, FAMILIES[ask.terms.model.family].float32_parts, device)
    return load_pipeline(ask.terms, ask.mode, checkpoint, device)


def _run(pipeline: Any, ask: LocalAsk, device: torch.device) -> Footage:  # noqa: ANN401 - a pipeline
    """Call the pipeline with the clip's seed.

    Raises:
        InvalidInput: The pipeline refuses an argument, or memory runs out.
    """
    import torch

    if ask.terms.tiling:
        pipeline.vae.enable_tiling()
    else:
        pipeline.vae.disable_tiling()
    generator = torch.Generator(_seed_device(ask, device)).manual_seed(ask.seed)
    try:
        return FAMILIES[ask.terms.model.family].run(pipeline, ask, generator)
    except torch.OutOfMemoryError as error:
        RESIDENT.release()
        raise InvalidInput(
            f"Memory ran out: {error}. Use the settings 'tiling: true' or 'offload: leaves', "
            "or ask for a shorter or smaller clip."
        ) from error
    except ValueError as error:
        raise InvalidInput(f"{ask.terms.model.id} refuses the clip: {error}.") from error


def _seed_device(ask: LocalAsk, device: torch.device) -> str:
    """Return where noise is drawn: on the CPU if possible, so that all devices start from the same."""
    return str(device) if FAMILIES[ask.terms.model.family].seeded_on_device(ask) else "cpu"


@dataclass(frozen=True)
class _Pixels:
    """Clip before it is encoded."""

    frames: np.ndarray
    """Frames (F, height, width, 3), uint8."""
    fps: float
    samples: np.ndarray | None
    """Samples (N, 2); None for a silent clip."""
    sample_rate: int
    """Sample rate in Hz; 0 without sound."""

    def write(self, path: Path) -> None:
        """Write an MP4."""
        height, width = self.frames.shape[1:3]
        encode(Clip(self.frames, self.fps, self.samples, self.sample_rate), path, width, height)


def _as_pixels(footage: Footage, ask: LocalAsk) -> _Pixels:
    """Return the frames that are kept, as bytes, and the sound that lasts as long.

    Raises:
        GenerationError: Frames or samples hold NaN or infinity.
    """
    import numpy as np

    fps = ask.terms.model.fps
    frames, samples = footage.frames[: ask.kept], None
    if footage.samples is not None and ask.with_sound:
        samples = footage.samples[: round(len(frames) / fps * footage.sample_rate)]
    if not np.isfinite(frames).all() or (samples is not None and not np.isfinite(samples).all()):
        raise GenerationError(
            f"{ask.terms.model.id} made frames or samples that are not numbers. "
            "Choose another dtype: some models overflow in float16."
        )
    pixels = (frames.clip(0, 1) * 255).round().astype(np.uint8)
    return _Pixels(pixels, fps, samples, footage.sample_rate)


def _resolved(
    ask: LocalAsk, request: Request, checkpoint: Checkpoint, pixels: _Pixels, footage: Footage
) -> dict[str, object]:
    """Return what the clip is like and what it was made with, and which of the request's fields it misses."""
    terms, (count, height, width) = ask.terms, pixels.frames.shape[:3]
    made = {"width": width, "height": height, "fps": pixels.fps, "duration_s": count / pixels.fps}
    image = request.reference_image
    return {
        **made,
        "frames_made": len(footage.frames),
        "steps": terms.steps,
        "guidance": terms.guidance,
        "sound": _sound(pixels, footage),
        "model_row": f"{terms.model.id} of {terms.model.checked}",
        "repo": terms.model.repo,
        "licence": terms.model.licence,
        "checkpoint": checkpoint.fingerprint,
        "reference_image_sha256": file_sha256(image) if ask.first_frame is not None and image else None,
        "not_honoured": sorted(name for name, value in made.items() if not _agrees(name, value, request)),
    }


def _agrees(name: str, value: float, request: Request) -> bool:
    """Whether a clip has what was asked for; a length may differ by half a frame, which no clip can avoid."""
    slack = 0.5 / request.fps if name == "duration_s" else 0.0
    return abs(value - float(getattr(request, name))) <= slack + 1e-9


def _sound(pixels: _Pixels, footage: Footage) -> str:
    if footage.samples is None:
        return "none: the model makes none"
    return "left out: the track is silent" if pixels.samples is None else "made with the video"


def _machine(ask: LocalAsk, device: torch.device) -> dict[str, object]:
    """Return what the clip's last bits depend on, apart from the libraries' versions."""
    import torch

    from generators.devices import describe_machine

    drawn_on = _seed_device(ask, device)
    return describe_machine(device) | {"seeds_drawn_on": drawn_on, "threads": torch.get_num_threads()}
