"""Parts of the real classes with random weights: clips are noise, but every step of the way is real.

For tests, and for timing a size whose weights aren't at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn
from transformers import T5GemmaModuleConfig

from generators.happyhorse.codecs import oobleck, wan
from generators.happyhorse.codecs import t5gemma as text
from generators.happyhorse.codecs.latents import WAN22
from generators.happyhorse.codecs.oobleck import OobleckCodec
from generators.happyhorse.codecs.turbo import TurboConfig, TurboDecoder
from generators.happyhorse.codecs.wan import WanCodec
from generators.happyhorse.network.config import HappyHorseConfig, size
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.parts import Parts

T = TypeVar("T")
NEGATIVE_PROMPT = "noise, blur, silence"


@dataclass(frozen=True)
class Sizes:
    """Sizes of the parts beside the transformer; the defaults are the public ones."""

    wan: dict[str, Any] = field(default_factory=lambda: dict(wan.FULL_SIZE))
    oobleck: dict[str, Any] = field(default_factory=lambda: dict(oobleck.FULL_SIZE))
    turbo: TurboConfig = TurboConfig()  # noqa: RUF009  (frozen)
    text: dict[str, Any] = field(
        default_factory=lambda: {
            "num_hidden_layers": 42,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "intermediate_size": 14_336,
        }
    )


TINY = Sizes(
    wan={"base_dim": 8, "decoder_base_dim": 8, "z_dim": 48},
    # Oobleck's encoder makes as many means and scales as it is wide.
    oobleck={
        "encoder_hidden_size": 128,
        "decoder_channels": 4,
        "decoder_input_channels": 64,
        "channel_multiples": [1, 1, 1, 1, 1],
    },
    turbo=TurboConfig(widths=(16, 8, 8, 4), blocks=(1, 1, 1, 1, 1)),
    text={
        "vocab_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "intermediate_size": 64,
    },
)


def random_parts(
    model: str = "tiny",
    kind_name: str = "distilled",
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    full_decoder: bool = False,
    steps: int | None = None,
) -> Parts:
    """Return parts with random weights, the same at each call.

    Args:
        model: Name of the transformer's size; with `tiny` the other parts are tiny, too.
        kind_name: Kind of checkpoint that the transformer is used as.
        device: Device for all parts.
        dtype: Type of the weights that the public pipeline keeps in bfloat16.
        full_decoder: Whether Wan's decoder decodes video, rather than the turbo decoder.
        steps: Steps of the first stage; None for the kind's own.

    Raises:
        ValueError: There is no such size or kind.
    """
    sizes = TINY if model == "tiny" else Sizes()
    config, device = size(model), torch.device(device)

    def made(build: Callable[[], T]) -> Callable[[], T]:
        def load() -> T:
            with _seeded(), device:
                return build()

        return load

    def video() -> WanCodec:
        # diffusers' own `to` warns of parts that must stay in float32, of which this network has none.
        return WanCodec(nn.Module.to(wan.build(sizes.wan), dtype), WAN22)

    def turbo() -> TurboDecoder:
        return TurboDecoder(sizes.turbo, WAN22).to(dtype).eval().requires_grad_(False)

    def transformer(name: str) -> Callable[[], HappyHorseTransformer]:
        return made(lambda: HappyHorseTransformer(kind(name).configure(config), dtype).eval())

    return Parts(
        config=config,
        kind=kind(kind_name).taking(steps),
        text=text.T5GemmaText(byte_tokenizer(), made(lambda: text.build(_text_config(config, sizes), dtype))),
        transformer=transformer(kind_name),
        video_encoder=made(video),
        video_decoder=made(video if full_decoder else turbo),
        audio=made(lambda: OobleckCodec(oobleck.build(sizes.oobleck))),
        super_resolution={"540p": transformer("540p"), "1080p": transformer("1080p")},
        negative_prompt=NEGATIVE_PROMPT,
        device=device,
    )


def byte_tokenizer() -> Tokenizer:
    """Return a tokenizer that makes one token of each byte."""
    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def _text_config(config: HappyHorseConfig, sizes: Sizes) -> T5GemmaModuleConfig:
    return T5GemmaModuleConfig(hidden_size=config.text_in_channels, **sizes.text)


@contextmanager
def _seeded() -> Iterator[None]:
    """Seed torch's own generator, from which modules draw their weights, and restore it afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
