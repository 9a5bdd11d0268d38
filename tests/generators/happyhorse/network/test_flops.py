"""Our count of arithmetic against PyTorch's own counter, which watches a forward on the meta device."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from generators.happyhorse.network import flops
from generators.happyhorse.network.config import HappyHorseConfig, size
from generators.happyhorse.network.kinds import KINDS
from generators.happyhorse.network.tokens import Layout, layout_for
from generators.happyhorse.network.transformer import HappyHorseTransformer


def counted(config: HappyHorseConfig, layout: Layout, window: int | None = None) -> int:
    """FLOPs that PyTorch counts in one forward."""
    with torch.device("meta"):
        model = HappyHorseTransformer(config, torch.bfloat16)
        video = torch.empty(1, config.latent_channels, layout.frames, 2 * layout.rows, 2 * layout.columns)
        audio = torch.empty(1, layout.audio, config.audio_in_channels) if layout.audio else None
        text = torch.empty(1, layout.text, config.text_in_channels)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(video, audio, text, window=window)
    return int(counter.get_total_flops())


@pytest.mark.parametrize("with_audio", [True, False])
@pytest.mark.parametrize("name", ["tiny", "toy"])
def test_every_product_is_counted(name: str, with_audio: bool) -> None:
    config, layout = size(name), layout_for(1.0, 128, 96, 7, with_audio=with_audio)
    assert flops.forward(config, layout) == counted(config, layout)


@pytest.mark.parametrize("window", [0, 2, 50])
def test_a_window_leaves_out_what_it_hides(window: int) -> None:
    config, layout = KINDS["1080p"].configure(size("tiny")), layout_for(1.0, 96, 64, 5)
    assert flops.forward(config, layout, window) == counted(config, layout, window)


@pytest.mark.slow
def test_the_public_model_at_its_published_sizes() -> None:
    for seconds, width, height, kind in ((5.0, 448, 256, "base"), (5.0, 1920, 1088, "1080p")):
        how = KINDS[kind]
        config, layout = how.configure(size("15b")), layout_for(seconds, width, height, 400)
        assert flops.forward(config, layout, how.window) == counted(config, layout, how.window)
