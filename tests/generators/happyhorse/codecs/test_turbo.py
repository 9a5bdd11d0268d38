from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from generators.happyhorse.codecs.latents import WAN22, Statistics
from generators.happyhorse.codecs.turbo import TurboConfig, TurboDecoder, decode_tiles, decode_windows
from generators.happyhorse.codecs.weights import WeightsError
from tests.factories_codecs import hashed_input, hashed_weights

TINY = TurboConfig(latent_channels=4, widths=(16, 8, 8, 4), blocks=(1, 1, 1, 1, 1))


def tiny(config: TurboConfig = TINY) -> TurboDecoder:
    decoder = TurboDecoder(config, Statistics.identity(4))
    decoder.load_state_dict(
        hashed_weights({name: value.shape for name, value in decoder.state_dict().items()})
    )
    return decoder


def public_shapes() -> dict[str, tuple[int, ...]]:
    """Return the 80 tensors' names and shapes in the public checkpoint."""
    cube, doubling = (3, 3, 3), (3, 1, 1)
    convs: dict[str, tuple[int, ...]] = {"conv_in.conv": (512, 48, *cube), "conv_out.conv": (12, 64, *cube)}

    def block(prefix: str, before: int, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{prefix}.conv1.conv", (width, before, *cube)
        yield f"{prefix}.conv2.conv", (width, width, *cube)
        if before != width:
            yield f"{prefix}.conv_shortcut.conv", (width, before, 1, 1, 1)

    for index in range(3):
        convs.update(block(f"mid_block.resnets.{index}", 512, 512))
    for level, (width, count) in enumerate(((512, 3), (256, 2), (128, 2), (64, 2))):
        prefix = f"up_blocks.{level}"
        if level > 0:
            convs.update(block(f"{prefix}.conv_in", 2 * width, width))
        if level < 2:
            convs[f"{prefix}.upsamplers.0.time_conv.conv"] = (2 * width, width, *doubling)
        if level < 3:
            convs[f"{prefix}.upsamplers.0.resample.1"] = (width, width, 3, 3)
        for index in range(count):
            convs.update(block(f"{prefix}.resnets.{index}", width, width))
    weights = {f"decoder.{name}.weight": shape for name, shape in convs.items()}
    return weights | {f"decoder.{name}.bias": shape[:1] for name, shape in convs.items()}


def test_has_the_public_tensors() -> None:
    with torch.device("meta"):
        state = TurboDecoder(TurboConfig(), WAN22).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == public_shapes()
    assert len(state) == 80
    assert sum(value.numel() for value in state.values()) == 107_122_892


@pytest.mark.slow
def test_full_size_decodes_as_recorded() -> None:
    with torch.device("meta"):
        decoder = TurboDecoder(TurboConfig(), WAN22)
    shapes = {name: value.shape for name, value in decoder.state_dict().items()}
    decoder.load_state_dict(hashed_weights(shapes), assign=True)
    frames = decoder.decode(hashed_input(1000, 1, 48, 9, 2, 2))
    assert frames.shape == (1, 3, 33, 32, 32)
    flat = frames.flatten()
    found = torch.stack([flat.mean(), flat.abs().mean(), *flat[[0, 1, 500, 5000, 50000, -1]]])
    recorded = [-0.189077, 0.501470, -0.49424, 0.35150, 0.66445, -0.68941, 0.10396, 0.27512]
    torch.testing.assert_close(found, torch.tensor(recorded), atol=2e-5, rtol=0)
    per_frame = frames.abs().mean(dim=(0, 1, 3, 4))[[0, 1, 24, 25, 32]]
    recorded = [0.54031, 0.49441, 0.53785, 0.45081, 0.53567]
    torch.testing.assert_close(per_frame, torch.tensor(recorded), atol=2e-5, rtol=0)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 14, 15])
def test_makes_four_frames_for_each_latent_but_the_first(length: int) -> None:
    frames = tiny().decode(hashed_input(1, 2, 4, length, 2, 3))
    assert frames.shape == (2, 3, 4 * length - 3, 32, 48)


def test_windows_see_one_frame_of_context_and_keep_their_own_output() -> None:
    seen: list[list[int]] = []

    def network(window: Tensor, opens_clip: bool) -> Tensor:
        """Repeat each latent frame four times, and drop three of the first one's, as the decoder does."""
        seen.append(window.flatten().int().tolist())
        return window.repeat_interleave(4, dim=2)[:, :, 3 if opens_clip else 0 :]

    latents = torch.arange(16.0).reshape(1, 1, 16, 1, 1)
    frames = decode_windows(network, latents).flatten()
    assert seen == [[*range(8)], [*range(6, 15)], [13, 14, 15, 15, 15, 15, 15, 15]]
    assert torch.equal(frames, torch.arange(16.0).repeat_interleave(4)[3:])


def test_scale_of_the_latents_is_undone_first() -> None:
    plain = tiny()
    scaled = TurboDecoder(TINY, Statistics((1.0, 0.0, -1.0, 2.0), (2.0, 1.0, 0.5, 3.0)))
    scaled.load_state_dict(plain.state_dict())
    latents = hashed_input(2, 1, 4, 2, 2, 2)
    torch.testing.assert_close(scaled.decode(latents), plain.decode(scaled.statistics.denormalise(latents)))


def test_loads_the_averaged_weights_of_a_training_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint-340000.ckpt"
    state = {f"module.{name}": value for name, value in tiny().state_dict().items()}
    heads = {"module.aligned_feature_projection_heads.0.weight": torch.zeros(1)}
    torch.save({"ema_state_dict": state | heads, "step": 340_000}, path)
    loaded = TurboDecoder.load(path, "cpu", torch.float32, TINY, Statistics.identity(4))
    latents = hashed_input(2, 1, 4, 2, 2, 2)
    assert torch.equal(loaded.decode(latents), tiny().decode(latents))


def test_refuses_weights_of_another_decoder(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.ckpt"
    torch.save(tiny().state_dict(), path)
    with pytest.raises(WeightsError, match=r"tensors of TurboDecoder; got .* missing: .* misshapen"):
        TurboDecoder.load(path, "cpu")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(4, 4), (2, 40), (37, 2)])
def test_tiles_give_what_whole_frames_give(size: tuple[int, int]) -> None:
    """In float64, so that sums in another order stay far below what a wrong tile would change."""
    narrow = replace(TINY, widths=(4, 4, 4, 4))
    latents = hashed_input(1000, 1, 4, 7, *size)
    whole, tiled = tiny(narrow).double(), tiny(narrow).double()
    tiled.use_tiles()
    tiled.tile = 36

    torch.testing.assert_close(tiled.decode(latents), whole.decode(latents), atol=1e-10, rtol=0)


def test_tiles_are_joined_without_their_context() -> None:
    latents = hashed_input(1000, 1, 4, 2, 5, 7)
    seen: list[tuple[int, ...]] = []

    def enlarge(tile: Tensor) -> Tensor:
        seen.append(tuple(tile.shape[-2:]))
        return tile.repeat_interleave(16, -2).repeat_interleave(16, -1)

    joined = decode_tiles(enlarge, latents, side=4, context=1)

    assert joined.equal(latents.repeat_interleave(16, -2).repeat_interleave(16, -1))
    assert max(seen) <= (4, 4)
    assert len(seen) == 3 * 4
    with pytest.raises(ValueError, match="side must be more than twice the context, 1; got 2"):
        decode_tiles(enlarge, latents, side=2, context=1)
