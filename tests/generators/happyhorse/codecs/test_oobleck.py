from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from generators.happyhorse.codecs import oobleck
from generators.happyhorse.codecs.oobleck import OobleckCodec, convert, diffusers_name
from generators.happyhorse.codecs.weights import WeightsError, fill
from tests.factories_codecs import hashed_input, hashed_weights, oobleck_names

SMALL = {"encoder_hidden_size": 8, "decoder_channels": 8, "decoder_input_channels": 8}


def small_network() -> nn.Module:
    network = oobleck.build(SMALL)
    # The width must be twice the latent channels, as in the public file: otherwise diffusers' last layer is
    # too narrow for means and scales.
    wide = oobleck.build(SMALL | {"encoder_hidden_size": 16, "channel_multiples": [1, 2, 4, 8, 8]})
    network.get_submodule("encoder").register_module("conv2", wide.get_submodule("encoder.conv2"))
    return network


def small_native() -> dict[str, Tensor]:
    shapes = {name: value.shape for name, value in small_network().state_dict().items()}
    names = list(oobleck_names())
    native = {diffusers_name(name): name for name in names}
    flat = {name: shape.numel() for name, shape in shapes.items() if name.endswith(("alpha", "beta"))}
    return hashed_weights(
        {native[name]: torch.Size([flat[name]]) if name in flat else shape for name, shape in shapes.items()}
    )


@pytest.fixture(scope="module")
def codec() -> OobleckCodec:
    network = small_network()
    fill(network, convert(small_native()), Path("hashed"))
    return OobleckCodec(network)


def close(found: Tensor, expected: list[float]) -> None:
    torch.testing.assert_close(found, torch.tensor(expected), atol=2e-5, rtol=0)


def summary(values: Tensor) -> Tensor:
    flat = values.flatten()
    return torch.stack([flat.mean(), flat.abs().mean(), *flat[[0, 1, flat.numel() // 2, -1]]])


@torch.inference_mode()
def test_decodes_as_recorded(codec: OobleckCodec) -> None:
    wave = codec.network.decode(hashed_input(1000, 1, 8, 6)).sample
    assert wave.shape == (1, 2, 12288)
    close(summary(wave), [-0.013224, 0.038478, -0.04214, -0.03229, -0.00854, 0.02150])


@torch.inference_mode()
def test_encodes_as_recorded(codec: OobleckCodec) -> None:
    found = codec.network.encoder(hashed_input(1001, 1, 2, 12288))
    assert found.shape == (1, 16, 6)
    close(summary(found), [0.013816, 0.043823, 0.00746, -0.00438, 0.06937, -0.03911])


def test_five_seconds_sound_for_one_latent_more_than_125(codec: OobleckCodec) -> None:
    samples = codec.decode(torch.zeros(1, 126, 8))
    assert samples.shape == (1, 2, 222_264)
    assert codec.latents_per_s == 25


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_one_second_of_any_rate_gives_25_latents(codec: OobleckCodec, rate: int) -> None:
    assert codec.encode(torch.zeros(1, 2, rate), rate).shape == (1, 25, 8)


def test_encodes_the_mean_of_both_sides(codec: OobleckCodec) -> None:
    sound = hashed_input(5, 1, 2, 8192)
    mono = sound.mean(dim=1, keepdim=True).expand(-1, 2, -1)
    torch.testing.assert_close(codec.encode(sound, 51_200), codec.encode(mono, 51_200))


def test_draws_from_the_posterior_when_given_a_generator(codec: OobleckCodec) -> None:
    sound = hashed_input(5, 1, 2, 8192)
    drawn = [codec.encode(sound, 51_200, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], codec.encode(sound, 51_200))


def test_long_sound_is_encoded_in_windows_that_agree(
    codec: OobleckCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = hashed_input(6, 1, 2, 2048 * 50)
    whole = codec.encode(sound, 51_200)
    monkeypatch.setattr(oobleck, "WINDOW", 20)
    windowed = codec.encode(sound, 51_200)
    assert windowed.shape == whole.shape
    # A window has silence beyond its ends, so latents near them differ a little.
    assert (windowed - whole).abs().mean() < 0.1 * whole.abs().mean()


def test_public_file_loads_under_its_own_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    others = {"conditioner.weight": torch.zeros(2)}
    save_file({f"pretransform.model.{name}": value for name, value in small_native().items()} | others, path)
    network = small_network()
    monkeypatch.setattr(oobleck, "build", lambda: network)
    loaded = OobleckCodec.load(path, "cpu")
    codec_in = hashed_input(1000, 1, 6, 8)
    assert loaded.decode(codec_in).shape == (1, 2, 12288 * 441 // 512)
    assert loaded.latent_channels == 8


def test_refuses_a_file_without_the_decoder(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({name: value for name, value in small_native().items() if name.startswith("encoder")}, path)
    with pytest.raises(WeightsError, match=r"tensors of AutoencoderOobleck; got \d+ missing: decoder"):
        OobleckCodec.load(path, "cpu")


def test_native_names_cover_the_full_network_one_to_one() -> None:
    translated = [diffusers_name(name) for name in oobleck_names()]
    with torch.device("meta"):
        full = oobleck.build().state_dict()
    assert len(translated) == 365
    assert sorted(translated) == sorted(full)
    assert sum(value.numel() for value in full.values()) == 156_112_514
