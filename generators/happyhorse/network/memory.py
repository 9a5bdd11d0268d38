"""Memory that a network and a clip take."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.quantised import quantise
from generators.happyhorse.network.transformer import MLP_CHUNK, HappyHorseTransformer


@dataclass(frozen=True)
class Footprint:
    """Bytes that a clip takes in each stage; one stage at a time holds memory."""

    text: int
    """Weights of the text encoder."""
    denoising: int
    """Weights of the transformer, and the largest tensors that one layer holds at once."""
    decoding: int
    """Widest layer of the decoder over one window of frames."""

    @property
    def peak(self) -> int:
        """Bytes of the largest stage."""
        return max(self.text, self.denoising, self.decoding)

    @property
    def worst(self) -> str:
        """Name of the largest stage."""
        return max(vars(self), key=lambda stage: int(getattr(self, stage)))


@dataclass(frozen=True)
class Holdings:
    """Tensors of a transformer."""

    parameters: int
    keys: int
    """Tensors in its state, buffers included."""
    size_bytes: int
    """Bytes as loaded: large products in their precision, the rest in float32."""


@functools.cache
def largest_layer_bytes(config: HappyHorseConfig, precision: Precision = "bf16") -> int:
    """Return the bytes of the largest layer's weights, as loaded."""
    with torch.device("meta"):
        model = HappyHorseTransformer(config, torch.bfloat16)
    quantise(model, precision)
    states = (layer.state_dict().values() for layer in model.layers)
    return max(sum(int(tensor.nbytes) for tensor in state) for state in states)


@functools.cache
def holdings(config: HappyHorseConfig, precision: Precision = "bf16") -> Holdings:
    """Count a transformer's tensors without giving them memory."""
    with torch.device("meta"):
        model = HappyHorseTransformer(config, torch.bfloat16)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    quantise(model, precision)
    state = model.state_dict().values()
    return Holdings(parameters, len(state), sum(tensor.nbytes for tensor in state))


def footprint(
    config: HappyHorseConfig,
    tokens: int,
    pixels: int,
    text_bytes: int = 0,
    precision: Precision = "bf16",
    chunk: int = MLP_CHUNK,
) -> Footprint:
    """Estimate a clip's memory, within about a fifth for the turbo decoder.

    Args:
        config: Sizes of the transformer.
        tokens: Tokens in one sequence.
        pixels: Pixels in one frame.
        text_bytes: Bytes of the text encoder's weights.
        precision: Type of the large products' weights.
        chunk: Tokens that pass through an MLP together.
    """
    denoising = holdings(config, precision).size_bytes + layer_bytes(config, tokens, chunk)
    return Footprint(text_bytes, denoising, pixels * DECODER_BYTES)


DECODER_BYTES = 2 * 64 // 4 * 4 * 36
"""Bytes for each pixel: 64 channels in bfloat16 at half the size, four copies, of 36 frames."""


def layer_bytes(config: HappyHorseConfig, tokens: int, chunk: int = MLP_CHUNK) -> int:
    """Estimate the bytes that a layer holds at once: residual stream, attention, one chunk of its MLP."""
    heads = config.hidden_size + 2 * config.num_query_groups * config.head_dim + config.num_heads
    stream = 3 * 4 * config.hidden_size  # before, after, and normalised
    attention = 3 * 4 * heads  # float32 and bfloat16 before rotation, and the same after it
    up = max(config.mlp_width(n) for n in range(config.num_layers)) * 2
    return tokens * (stream + attention) + min(tokens, chunk) * up * 8
