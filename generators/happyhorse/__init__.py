"""HappyHorse: video with sound from text and images, by one transformer over all of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generators.happyhorse.network.config import HappyHorseConfig as HappyHorseConfig
    from generators.happyhorse.network.transformer import HappyHorseTransformer as HappyHorseTransformer
    from generators.happyhorse.weights.checkpoint import load_transformer as load_transformer

# Imported when first used: the web process loads this package without torch.
_PLACES = {
    "HappyHorseConfig": "network.config",
    "HappyHorseTransformer": "network.transformer",
    "load_transformer": "weights.checkpoint",
}
__all__ = ["HappyHorseConfig", "HappyHorseTransformer", "load_transformer"]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
