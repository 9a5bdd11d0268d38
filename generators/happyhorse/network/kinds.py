"""The kinds of checkpoint: equal in shape, but each is used in its own way, which the weights don't say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from generators.happyhorse.network.config import Coordinates, HappyHorseConfig
from generators.happyhorse.network.facts import RESOLUTIONS, Resolution

if TYPE_CHECKING:
    from torch import Tensor

    from generators.happyhorse.network.transformer import HappyHorseTransformer

Sampler = Literal["base", "distilled", "super_resolution"]


@dataclass(frozen=True)
class Guidance:
    """Scales of classifier-free guidance; the defaults are the public code's."""

    video: float = 5.0
    late_video: float = 2.0
    """Scale for video at noise levels of one half or less."""
    audio: float = 5.0


PUBLISHED = Guidance()


@dataclass(frozen=True)
class CheckpointKind:
    """Use of a checkpoint: sampler, steps and what the network is told."""

    name: str
    sampler: Sampler
    steps: int
    coordinates: Coordinates
    window: int | None = None
    """Latent frames that local layers look ahead and back; None if all layers see everything."""
    lines: int = RESOLUTIONS["256p"].height
    """Height in pixels of the clips that it was trained on."""
    guidance: Guidance = PUBLISHED

    def configure(self, config: HappyHorseConfig) -> HappyHorseConfig:
        """Return the configuration with this kind's local layers: all but each fourth, and the last eight."""
        count = config.num_layers
        local = () if self.window is None else (n for n in range(count) if n % 4 != 3 or n >= count - 8)
        return replace(config, local_attn_layers=tuple(local))

    def taking(self, steps: int | None) -> CheckpointKind:
        """Return this kind with another number of steps; None keeps its own."""
        return self if steps is None else replace(self, steps=steps)

    def velocity(
        self, model: HappyHorseTransformer, text: Tensor, text_lengths: Tensor | None = None
    ) -> Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]:
        """Bind text (B, N, width) and this kind's settings; return the function that samplers call."""
        settings = {"coordinates": self.coordinates, "window": self.window, "text_lengths": text_lengths}
        return lambda video, audio: model(video, audio, text, **settings)


# Steps, coordinates, guidance and windows are the public code's.
KINDS: dict[str, CheckpointKind] = {
    kind.name: kind
    for kind in (
        CheckpointKind("base", "base", 32, "base"),
        CheckpointKind("distilled", "distilled", 8, "base"),
        CheckpointKind("540p", "super_resolution", 5, "super_resolution", lines=RESOLUTIONS["540p"].height),
        CheckpointKind(
            "1080p", "super_resolution", 5, "super_resolution", window=11, lines=RESOLUTIONS["1080p"].height
        ),
    )
}


def kind(name: str) -> CheckpointKind:
    """Return the public kind of that name.

    Raises:
        ValueError: There is none.
    """
    if name not in KINDS:
        raise ValueError(f"Unknown kind of checkpoint {name!r}. Known: {', '.join(KINDS)}.")
    return KINDS[name]


def usual_resolution(name: str) -> Resolution:
    """Return the size of clips that a public kind makes: 256p, or what super-resolution is named for."""
    return RESOLUTIONS.get(name, RESOLUTIONS["256p"])
