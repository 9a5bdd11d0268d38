"""Sizes of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

from generators.happyhorse.network.facts import PATCH

Coordinates = Literal["base", "super_resolution"]
"""Style of audio and text tokens' positions in time; the public code calls these v2 and v1."""
COORDINATES: tuple[Coordinates, ...] = get_args(Coordinates)

_FIRST, _LAST = (0, 1, 2, 3), (36, 37, 38, 39)


@dataclass(frozen=True)
class HappyHorseConfig:
    """Sizes of one network, under the public checkpoint's names; the defaults are the 15B model's.

    Raises:
        ValueError: The sizes don't fit together.
    """

    num_layers: int = 40
    hidden_size: int = 5120
    head_dim: int = 128
    num_query_groups: int = 8
    """Number of key and value heads; each serves `num_heads / num_query_groups` query heads."""
    rotary_base: float = 10_000.0
    """Base b of rotary positions: band k of n turns by b^(−k/n) for each step of its coordinate."""
    video_in_channels: int = 192
    """Values in one video token: latent channels × 1 × 2 × 2."""
    audio_in_channels: int = 64
    text_in_channels: int = 3584
    mm_layers: tuple[int, ...] = _FIRST + _LAST
    """Layers with separate weights for video, audio and text."""
    gelu7_layers: tuple[int, ...] = _FIRST
    """Layers with the ungated activation."""
    local_attn_layers: tuple[int, ...] = ()
    """Layers with local attention, which see only near frames once a window is given."""

    def __post_init__(self) -> None:
        for name in _WIDTHS:
            if not (type(size := getattr(self, name)) is int and size > 0):
                raise ValueError(f"{name} must be a positive whole number; got {size!r}.")
        for name in _LAYER_LISTS:
            layers = getattr(self, name)
            if len(set(layers)) < len(layers) or not set(layers) <= set(range(self.num_layers)):
                raise ValueError(f"{name} must be different layers of 0…{self.num_layers - 1}; got {layers}.")
        self._require(self.hidden_size, "hidden_size", self.head_dim, "head_dim")
        self._require(self.num_heads, "the number of heads", self.num_query_groups, "num_query_groups")
        self._require(self.head_dim, "head_dim", 8, "8, for rotary positions")
        self._require(self.video_in_channels, "video_in_channels", PATCH**2, "4, a patch's latent pixels")

    def _require(self, number: int, name: str, divisor: int, what: str) -> None:
        if number % divisor:
            raise ValueError(f"{name} must be a multiple of {what}; got {number} and {divisor}.")

    @classmethod
    def from_public(cls, public: Mapping[str, object]) -> HappyHorseConfig:
        """Read the public code's configuration; sizes that it leaves out are the 15B model's.

        Raises:
            ValueError: The configuration is of another architecture, or its sizes don't fit together.
        """
        for name, ours in _FIXED.items():
            if name in public and public[name] != ours:
                raise ValueError(
                    f"{name} must be {ours!r}, as this network has nothing else; got {public[name]!r}."
                )
        given = {field.name: public[field.name] for field in fields(cls) if field.name in public}
        layers = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        return cls(**{**given, **layers})  # type: ignore[arg-type]  # __post_init__ checks

    @property
    def num_heads(self) -> int:
        """Number of query heads."""
        return self.hidden_size // self.head_dim

    @property
    def latent_channels(self) -> int:
        """Channels of a video latent."""
        return self.video_in_channels // PATCH**2

    def experts(self, layer: int) -> int:
        """Return the number of weight sets in a layer: one for each modality, or one for all."""
        return 3 if layer in self.mm_layers else 1

    def mlp_width(self, layer: int) -> int:
        """Return a layer's MLP width: 4·hidden; with a gate 8/3·hidden, rounded down to a multiple of 4."""
        if layer in self.gelu7_layers:
            return 4 * self.hidden_size
        return self.hidden_size * 8 // 3 // 4 * 4


_WIDTHS = tuple(field.name for field in fields(HappyHorseConfig) if field.type == "int")
_LAYER_LISTS = tuple(field.name for field in fields(HappyHorseConfig) if str(field.type).startswith("tuple"))
_FIXED: dict[str, object] = {"enable_attn_gating": True, "activation_type": "swiglu7", "post_norm_layers": []}

SIZES: dict[str, HappyHorseConfig] = {
    "15b": HappyHorseConfig(),
    "tiny": HappyHorseConfig(
        num_layers=6,
        hidden_size=64,
        head_dim=16,
        num_query_groups=2,
        text_in_channels=32,
        mm_layers=(0, 1, 4, 5),
        gelu7_layers=(0, 1),
    ),
    "toy": HappyHorseConfig(
        num_layers=6,
        hidden_size=96,
        head_dim=24,
        rotary_base=1 / 16,
        num_query_groups=4,
        video_in_channels=24,
        audio_in_channels=16,
        text_in_channels=96,
        mm_layers=(0, 5),
        gelu7_layers=(0,),
    ),
}
"""Configurations by name; `tiny` is for tests, with random weights, and `toy` is trained on the toy world."""


def size(name: str) -> HappyHorseConfig:
    """Return the configuration of that name.

    Raises:
        ValueError: There is none.
    """
    if name not in SIZES:
        raise ValueError(f"Unknown size {name!r}. Known: {', '.join(SIZES)}.")
    return SIZES[name]
