"""Parts whose transformer has low-rank additions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from generators.happyhorse.adaptation.lora import Additions, attach, attached, products
from generators.happyhorse.adaptation.lora_files import read_lora
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.parts import Parts


def adapted(parts: Parts, loras: Sequence[tuple[Path, float]], home: str | None = None) -> Parts:
    """Return parts whose transformer has additions, each with its strength, whenever it is loaded.

    The files are read at once.

    Args:
        parts: Parts without them.
        loras: Files and strengths.
        home: Where the transformer's weights lie; None for the device.

    Raises:
        LoraError: A file is missing or damaged, or belongs to another network.
    """
    with torch.device("meta"):
        known = products(HappyHorseTransformer(parts.config))
    read: list[Additions] = [
        {name: addition.times(strength) for name, addition in read_lora(path, known).items()}
        for path, strength in loras
    ]

    def load() -> HappyHorseTransformer:
        model = parts.transformer()
        if not any(attached(model)):  # a model that stays loaded has them already
            attach(model, *read)
            model.to(home or parts.device)
        return model

    return replace(parts, transformer=load)
