from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from generators.happyhorse.codecs import wan
from generators.happyhorse.codecs.latents import WAN22, Statistics
from generators.happyhorse.codecs.wan import WanCodec, diffusers_name
from generators.happyhorse.codecs.weights import WeightsError, fill
from tests.factories_codecs import hashed_input, hashed_weights, wan_names

SMALL = {"base_dim": 16, "decoder_base_dim": 16, "z_dim": 4}


def shapes_of(sizes: dict[str, int]) -> dict[str, torch.Size]:
    with torch.device("meta"):
        return {name: value.shape for name, value in wan.build(sizes).state_dict().items()}


def small_native() -> dict[str, Tensor]:
    shapes = shapes_of(SMALL)
    return hashed_weights({name: shapes[diffusers_name(name)] for name in wan_names()})


@pytest.fixture(scope="module")
def codec() -> WanCodec:
    network = wan.build(SMALL)
    fill(network, {diffusers_name(name): value for name, value in small_native().items()}, Path("hashed"))
    return WanCodec(network, Statistics.identity(4))


def close(found: Tensor, expected: list[float]) -> None:
    torch.testing.assert_close(found, torch.tensor(expected), atol=2e-5, rtol=0)


def ends(values: Tensor) -> Tensor:
    flat = values.flatten()
    return flat[[0, 1, flat.numel() // 2, -1]]


def test_native_names_cover_the_full_network_one_to_one() -> None:
    translated = [diffusers_name(name) for name in wan_names()]
    with torch.device("meta"):
        full = wan.build().state_dict()
    assert len(translated) == 196
    assert sorted(translated) == sorted(full)
    assert sum(value.numel() for value in full.values()) == 704_688_668


def test_encodes_a_clip_as_recorded(codec: WanCodec) -> None:
    latents = codec.encode(hashed_input(1000, 1, 3, 9, 32, 48))
    assert latents.shape == (1, 4, 3, 2, 3)
    close(torch.stack([latents.mean(), latents.abs().mean()]), [0.063466, 0.293447])
    close(ends(latents), [-0.17165, -0.31325, 0.07742, 0.74711])


def test_encodes_an_image_as_recorded(codec: WanCodec) -> None:
    latents = codec.encode(hashed_input(1000, 1, 3, 9, 32, 48)[:, :, :1])
    assert latents.shape == (1, 4, 1, 2, 3)
    close(torch.stack([latents.mean(), latents.abs().mean()]), [0.031420, 0.203268])
    close(ends(latents), [-0.17165, -0.31325, 0.07742, -0.09620])


def test_decodes_as_recorded(codec: WanCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    # The recorded values are from before the cut to [−1, 1].
    monkeypatch.setattr(torch, "clamp", lambda values, **_: values)
    frames = codec.decode(hashed_input(1001, 1, 4, 3, 2, 3))
    assert frames.shape == (1, 3, 9, 32, 48)
    close(torch.stack([frames.mean(), frames.abs().mean()]), [-0.047465, 0.477299])
    close(ends(frames), [-0.02683, 0.12959, -0.68896, 0.43307])
    per_frame = [0.26277, 0.44679, 0.59425, 0.56393, 0.50734, 0.53525, 0.45466, 0.48929, 0.44141]
    close(frames.abs().mean(dim=(0, 1, 3, 4)), per_frame)


def test_latents_are_scaled_on_the_way_in_and_back_on_the_way_out(codec: WanCodec) -> None:
    statistics = Statistics((0.5, -1.0, 0.0, 2.0), (2.0, 0.5, 1.0, 4.0))
    scaled = WanCodec(codec.network, statistics)
    frames = hashed_input(3, 1, 3, 5, 32, 32)
    plain = codec.encode(frames)
    torch.testing.assert_close(scaled.encode(frames), statistics.normalise(plain))
    torch.testing.assert_close(scaled.decode(statistics.normalise(plain)), codec.decode(plain))


def test_public_scale_has_a_mean_and_a_deviation_for_each_channel() -> None:
    assert len(WAN22.mean) == len(WAN22.std) == 48
    assert (WAN22.mean[19], WAN22.std[39], min(WAN22.std)) == (0.5109, 1.6887, 0.3523)


def test_public_file_loads_under_its_own_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wan, "FULL_SIZE", SMALL)
    monkeypatch.setattr(wan.build, "__defaults__", (SMALL,))
    path = tmp_path / "Wan2.2_VAE.pth"
    torch.save(small_native(), path)
    loaded = WanCodec.load(path, "cpu", torch.float32)
    gamma = loaded.network.state_dict()["encoder.down_blocks.0.resnets.0.norm1.gamma"]
    torch.testing.assert_close(gamma, small_native()["encoder.downsamples.0.downsamples.0.residual.0.gamma"])


def test_refuses_a_file_of_another_network(tmp_path: Path) -> None:
    path = tmp_path / "Wan2.2_VAE.pth"
    torch.save(small_native(), path)
    with pytest.raises(
        WeightsError, match=r"Wan2\.2_VAE\.pth must hold .* of AutoencoderKLWan; got \d+ misshapen"
    ):
        WanCodec.load(path, "cpu")
