"""A choice of model and weights: where its parts come from. Imports nothing heavy before it finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generators.base import InvalidInput, file_sha256
from generators.happyhorse.execution.options import Way, read_ways
from generators.happyhorse.network.facts import PRECISIONS, Precision
from generators.happyhorse.network.limits import require_steps
from generators.happyhorse.pipeline.request import Decoder, FirstStage, Upscale

if TYPE_CHECKING:
    import torch

    from generators.happyhorse.pipeline.parts import Parts
    from generators.happyhorse.weights.released import Release

Weights = Literal["shipped", "released", "random"]
"""Origin of weights: the toy model's in the package, a public release, or random numbers for a trial."""


@dataclass(frozen=True)
class ModelChoice:
    """Model and weights to make clips with.

    Raises:
        InvalidInput: The number of steps or the precision is out of range, or the weights make no cascade or
            have another precision.
    """

    weights: Weights
    size: str = "15b"
    kind: FirstStage = "distilled"
    steps: int | None = None
    """Steps of the first stage; None for the kind's own number."""
    decoder: Decoder = "turbo"
    cascade: bool = False
    """Whether the video is sampled first, and then audio for it."""
    precision: Precision = "bf16"
    """Type of the large products' weights; the toy model's own are float32."""
    loras: tuple[tuple[Path, float], ...] = ()
    """Files of low-rank additions to the first stage's weights, each with its strength."""
    fast: tuple[Way, ...] = ()
    """Faster ways to compute, of `execution.options`."""
    offload: bool = False
    """Whether the weights of layers wait in main memory, and are copied to the device when they are used."""
    chunk: int | None = None
    """Tokens that pass through an MLP together; None for the usual number."""
    device: str | None = None
    """Name that PyTorch knows; None for the accelerator if there is one, else the CPU."""
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders of released parts, by part; a part without one is looked for in the hub's cache."""
    negative_prompt: Path | None = None
    """Text file for the released base checkpoint; None for our own negative prompt."""

    def __post_init__(self) -> None:
        require_steps(self.steps)
        if self.cascade and self.weights != "shipped":
            raise InvalidInput("Only the toy model's own weights make cascades. Leave cascade out.")
        if self.precision not in PRECISIONS:
            raise InvalidInput(f"precision must be one of {', '.join(PRECISIONS)}; got {self.precision!r}.")
        if self.precision != "bf16" and self.weights == "shipped":
            raise InvalidInput("The toy model's own weights stay in float32. Leave precision out.")
        if self.offload and self.weights == "shipped":
            raise InvalidInput("The toy model's own weights take six megabytes. Leave offload out.")
        if self.chunk is not None and not (type(self.chunk) is int and self.chunk > 0):
            raise InvalidInput(f"chunk must be a positive number of tokens; got {self.chunk}.")
        object.__setattr__(self, "fast", read_ways(self.fast))
        if "fused" in self.fast and self.loras:
            raise InvalidInput(
                "fast must leave 'fused' out with LoRA; got both. Merge the LoRA first, by lora-merge."
            )

    def parts(self, upscales: tuple[Upscale, ...] = ()) -> Parts:
        """Find the model's parts. Released weights are loaded later, when a stage needs them.

        Args:
            upscales: Super-resolution that must be there.

        Raises:
            InvalidInput: The device isn't there, or the negative prompt can't be read.
            Unavailable: Weights are missing or damaged; the message says how to get them.
        """
        from generators.devices import find_device

        device = find_device(self.device)
        parts = self._plain_parts(device, upscales)
        if self.loras:
            from generators.happyhorse.weights.adapted import adapted

            parts = adapted(parts, self.loras, self._home)
        from generators.happyhorse.weights.placed import placed

        return placed(parts, self.fast, self.offload, self.chunk)

    @property
    def _home(self) -> str | None:
        """Where weights lie while layers are copied to the device; None for the device."""
        return "cpu" if self.offload else None

    def origin(self, upscales: tuple[Upscale, ...] = ()) -> dict[str, object]:
        """Return what a clip's provenance says of the weights.

        Args:
            upscales: Super-resolution that the clip uses.

        Raises:
            Unavailable: Weights are missing.
        """
        origin = self._plain_origin(upscales)
        if self.loras:
            from generators.happyhorse.adaptation.lora_files import lora_file

            origin["loras"] = [
                {"sha256": file_sha256(lora_file(path)), "strength": strength}
                for path, strength in self.loras
            ]
        return origin

    def _plain_parts(self, device: torch.device, upscales: tuple[Upscale, ...]) -> Parts:
        match self.weights:
            case "shipped":
                return self._toy_parts(device)
            case "random":
                return self._random_parts(device)
            case "released":
                return self._release(device).parts(upscales)

    def _plain_origin(self, upscales: tuple[Upscale, ...]) -> dict[str, object]:
        match self.weights:
            case "shipped":
                from generators.happyhorse.toy.checkpoints import weights_file

                return {"checkpoints": {self.kind: file_sha256(weights_file(self.kind, self.steps))}}
            case "random":
                return {"checkpoints": "random"}
            case "released":
                return self._release().origin(upscales)

    def _toy_parts(self, device: torch.device) -> Parts:
        from generators.happyhorse.toy.components import toy_parts

        return toy_parts(self.kind, steps=self.steps, cascade=self.cascade, device=device)

    def _random_parts(self, device: torch.device) -> Parts:
        from generators.happyhorse.weights.random import random_parts  # diffusers and transformers

        full = self.decoder == "wan"
        return random_parts(
            self.size,
            self.kind,
            device=device,
            full_decoder=full,
            steps=self.steps,
            precision=self.precision,
            home=self._home,
        )

    def _release(self, device: torch.device | str = "cpu") -> Release:
        from generators.happyhorse.weights.released import Release  # diffusers and transformers

        return Release(
            kind=self.kind,
            size=self.size,
            decoder=self.decoder,
            steps=self.steps,
            precision=self.precision,
            device=str(device),
            home=self._home,
            folders=self.folders,
            negative_prompt=self.negative_prompt,
        )
