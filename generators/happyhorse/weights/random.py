"""Components of the real classes with random weights: they make noise, but every step of the way is real.

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
from generators.happyhorse.pipeline.components import Components

T = TypeVar("T")
NEGATIVE_PROMPT = "noise, blur, silence"


@dataclass(frozen=True)
class Sizes:
    """Of the components beside the transformer. The defaults are the public ones."""

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


def random_components(
    model: str = "tiny",
    kind_name: str = "distilled",
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    full_decoder: bool = False,
    steps: int | None = None,
) -> Components:
    """A pipeline's components, the same at each call.

    Args:
        model: The transformer's size, by name; beside `tiny` all else is tiny, too.
        kind_name: The kind of checkpoint that the transformer plays.
        device: Where all of it runs.
        dtype: Of weights that the public pipeline keeps in bfloat16.
        full_decoder: Whether Wan's decoder makes the picture, rather than the turbo decoder.
        steps: Of the first stage.
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

    return Components(
        config=config,
        kind=kind(kind_name),
        text=text.T5GemmaText(byte_tokenizer(), made(lambda: text.build(_text_config(config, sizes), dtype))),
        transformer=transformer(kind_name),
        video_encoder=made(video),
        video_decoder=made(video if full_decoder else turbo),
        audio=made(lambda: OobleckCodec(oobleck.build(sizes.oobleck))),
        super_resolution={"540p": transformer("540p"), "1080p": transformer("1080p")},
        negative_prompt=NEGATIVE_PROMPT,
        steps=steps,
        device=device,
    )


def byte_tokenizer() -> Tokenizer:
    """One token for each byte of a prompt."""
    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def _text_config(config: HappyHorseConfig, sizes: Sizes) -> T5GemmaModuleConfig:
    return T5GemmaModuleConfig(hidden_size=config.text_in_channels, **sizes.text)


@contextmanager
def _seeded() -> Iterator[None]:
    """Modules draw their weights from torch's own generator, which is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
