"""The kinds of checkpoint: alike in shape, but each is used in its own way, which the weights don't tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from generators.happyhorse.network.config import Coordinates, HappyHorseConfig

if TYPE_CHECKING:
    from torch import Tensor

    from generators.happyhorse.network.transformer import HappyHorseTransformer

Sampler = Literal["base", "distilled", "super_resolution"]


@dataclass(frozen=True)
class Guidance:
    """How far velocities are pushed away from the negative prompt's; the defaults are the public ones."""

    video: float = 5.0
    late_video: float = 2.0
    """Of video, once half of the noise is gone."""
    audio: float = 5.0


PUBLISHED = Guidance()


@dataclass(frozen=True)
class CheckpointKind:
    """How a checkpoint is used."""

    name: str
    sampler: Sampler
    steps: int
    coordinates: Coordinates
    window: int | None = None
    """Latent frames that local layers look ahead and back; None if all layers see everything."""
    lines: int = 256
    """Height in pixels that it was trained for."""
    guidance: Guidance = PUBLISHED

    def configure(self, config: HappyHorseConfig) -> HappyHorseConfig:
        """The configuration with this kind's local layers: all but each fourth, and all of the last eight."""
        if self.window is None:
            return replace(config, local_attn_layers=())
        n = config.num_layers
        return replace(config, local_attn_layers=tuple(i for i in range(n) if i % 4 != 3 or i >= n - 8))

    def velocity(
        self, model: HappyHorseTransformer, text: Tensor, text_lengths: Tensor | None = None
    ) -> Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]:
        """The network with its text and this kind's ways bound: what samplers take."""

        how = {"coordinates": self.coordinates, "window": self.window, "text_lengths": text_lengths}
        return lambda video, audio: model(video, audio, text, **how)


KINDS: dict[str, CheckpointKind] = {
    kind.name: kind
    for kind in (
        CheckpointKind("base", "base", 32, "base"),
        CheckpointKind("distilled", "distilled", 8, "base"),
        CheckpointKind("540p", "super_resolution", 5, "super_resolution", lines=512),
        CheckpointKind("1080p", "super_resolution", 5, "super_resolution", window=11, lines=1088),
    )
}


def kind(name: str) -> CheckpointKind:
    """The kind of that name.

    Raises:
        ValueError: There is none.
    """
    if name not in KINDS:
        raise ValueError(f"Unknown kind of checkpoint {name!r}. Known: {', '.join(KINDS)}.")
    return KINDS[name]
