"""Parts of the real classes with random weights: clips are noise, but every step of the way is real.

For tests, and for timing a size whose weights aren't at hand.
"""

from __future__ import annotations

from collections.abc import Callable
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
from generators.happyhorse.execution.plans import Plan
from generators.happyhorse.network.config import HappyHorseConfig, size
from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.quantised import quantise
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.parts import Parts

T = TypeVar("T")
NEGATIVE_PROMPT = "noise, blur, silence"


@dataclass(frozen=True)
class Sizes:
    """Sizes of the parts beside the transformer; the defaults are the public parts'."""

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
    precision: Precision = "bf16",
    home: torch.device | str | None = None,
) -> Parts:
    """Return parts with random weights, the same at each call.

    Args:
        model: Name of the transformer's size; with `tiny` the other parts are tiny, too.
        kind_name: Kind of checkpoint that the transformer is used as.
        device: Device for all parts.
        dtype: Type of the weights that the public pipeline keeps in bfloat16.
        full_decoder: Whether Wan's decoder decodes video, rather than the turbo decoder.
        steps: Steps of the first stage; None for the kind's own.
        precision: Fewer bits for the large products; bf16 leaves them in `dtype`.
        home: Where the weights of transformers and text encoder lie; None for the device.

    Raises:
        ValueError: There is no such size or kind.
    """
    config, device = size(model), torch.device(device)
    networks = _Networks(TINY if model == "tiny" else Sizes(), config, dtype, precision)

    def seeded(build: Callable[[], T], place: torch.device | str = device) -> Callable[[], T]:
        return lambda: _build(build, torch.device(place))

    def transformer(name: str) -> Callable[[], HappyHorseTransformer]:
        return seeded(lambda: networks.transformer(name), home or device)

    return Parts(
        config=config,
        kind=kind(kind_name).taking(steps),
        text=text.T5GemmaText(byte_tokenizer(), seeded(networks.text, home or device)),
        transformer=transformer(kind_name),
        video_encoder=seeded(networks.wan),
        video_decoder=seeded(networks.wan if full_decoder else networks.turbo),
        audio=seeded(networks.oobleck),
        super_resolution={"540p": transformer("540p"), "1080p": transformer("1080p")},
        negative_prompt=NEGATIVE_PROMPT,
        plan=Plan(precision),
        device=device,
    )


@dataclass(frozen=True)
class _Networks:
    """Builders of networks, which draw their weights from torch's own generator."""

    sizes: Sizes
    config: HappyHorseConfig
    dtype: torch.dtype
    precision: Precision

    def transformer(self, kind_name: str) -> HappyHorseTransformer:
        config = kind(kind_name).configure(self.config)
        model = HappyHorseTransformer(config, self.dtype)
        quantise(model, self.precision)
        return model.eval()

    def text(self) -> nn.Module:
        config = T5GemmaModuleConfig(hidden_size=self.config.text_in_channels, **self.sizes.text)
        return text.build(config, self.dtype)

    def wan(self) -> WanCodec:
        # diffusers' own `to` warns of parts that must stay in float32, of which this network has none.
        return WanCodec(nn.Module.to(wan.build(self.sizes.wan), self.dtype), WAN22)

    def turbo(self) -> TurboDecoder:
        return TurboDecoder(self.sizes.turbo, WAN22).to(self.dtype).eval().requires_grad_(False)

    def oobleck(self) -> OobleckCodec:
        return OobleckCodec(oobleck.build(self.sizes.oobleck))


def _build(build: Callable[[], T], device: torch.device) -> T:
    """Build a network on a device, from seed 0; leave torch's own generator as it was."""
    with torch.random.fork_rng(), device:
        torch.manual_seed(0)
        return build()


def byte_tokenizer() -> Tokenizer:
    """Return a tokenizer that makes one token of each byte."""
    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer
