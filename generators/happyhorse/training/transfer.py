"""Start a network from the weights of one whose codecs were others."""

from __future__ import annotations

import torch

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.sampling.preconditioning import Variances
from generators.happyhorse.toy.model import ToyModel


@torch.no_grad()
def transferred(model: ToyModel, config: HappyHorseConfig, variances: Variances) -> ToyModel:
    """Return a network of other latents: its layers are the model's where they have the same size.

    What embeds and what returns the other latents starts afresh, as in a network of its own.

    Args:
        model: The network to start from.
        config: Sizes of the new one.
        variances: Variances of its codecs' latents.
    """
    fresh = ToyModel(config, variances)
    known = model.state_dict()
    for name, parameter in fresh.named_parameters():
        if name in known and known[name].shape == parameter.shape:
            parameter.copy_(known[name])
    return fresh
