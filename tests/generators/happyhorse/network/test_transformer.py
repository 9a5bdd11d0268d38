from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generators.happyhorse.network import transformer
from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.tokens import Layout, patchify, unpatchify
from generators.happyhorse.network.transformer import HappyHorseTransformer
from tests.factories_happyhorse import TINY, hashed_inputs, hashed_transformer

OUTSIDE = {
    "adapter.video_embedder.weight": (5120, 192),
    "adapter.video_embedder.bias": (5120,),
    "adapter.audio_embedder.weight": (5120, 64),
    "adapter.audio_embedder.bias": (5120,),
    "adapter.text_embedder.weight": (5120, 3584),
    "adapter.text_embedder.bias": (5120,),
    "adapter.rope.bands": (16,),
    "final_norm_video.weight": (5120,),
    "final_norm_audio.weight": (5120,),
    "final_linear_video.weight": (192, 5120),
    "final_linear_audio.weight": (64, 5120),
}
# For shared layers, the first four, the last four.
IN_LAYERS = {
    "attention.pre_norm.weight": ((5120,), (15360,), (15360,)),
    "attention.linear_qkv.weight": ((7208, 5120), (21624, 5120), (21624, 5120)),
    "attention.linear_proj.weight": ((5120, 5120), (15360, 5120), (15360, 5120)),
    "attention.q_norm.weight": ((128,), (384,), (384,)),
    "attention.k_norm.weight": ((128,), (384,), (384,)),
    "mlp.pre_norm.weight": ((5120,), (15360,), (15360,)),
    "mlp.up_gate_proj.weight": ((27304, 5120), (61440, 5120), (81912, 5120)),
    "mlp.down_proj.weight": ((5120, 13652), (15360, 20480), (15360, 13652)),
}
PRODUCTS = ("linear_qkv", "linear_proj", "up_gate_proj", "down_proj")


@pytest.fixture(scope="module")
def full_size() -> HappyHorseTransformer:
    with torch.device("meta"):
        return HappyHorseTransformer(HappyHorseConfig(), torch.bfloat16)


def test_the_keys_and_shapes_are_those_of_the_public_checkpoint(full_size: HappyHorseTransformer) -> None:
    expected = dict(OUTSIDE)
    for n in range(40):
        place = 1 if n < 4 else 2 if n >= 36 else 0
        expected |= {f"block.layers.{n}.{key}": shapes[place] for key, shapes in IN_LAYERS.items()}

    assert len(expected) == 331
    assert {key: tuple(t.shape) for key, t in full_size.state_dict().items()} == expected


def test_the_parameters_are_those_of_the_specification(full_size: HappyHorseTransformer) -> None:
    state = full_size.state_dict()
    half = {key for key, tensor in state.items() if tensor.dtype == torch.bfloat16}

    assert sum(p.numel() for p in full_size.parameters()) == 15_299_419_136
    assert half == {key for key in state if key.split(".")[-2] in PRODUCTS}
    assert sum(state[key].numel() for key in half) == 15_277_834_240
    assert sum(tensor.nbytes for tensor in state.values()) == 30_642_008_128


def test_a_fresh_network_has_the_constants_that_checkpoints_hold() -> None:
    model = HappyHorseTransformer(TINY)

    torch.testing.assert_close(model.adapter.rope.bands, torch.tensor([1.0, 0.01]))
    assert all(p.eq(0).all() for key, p in model.named_parameters() if "norm" in key)


@pytest.mark.parametrize("shape", [(1, 2, 2), (2, 4, 6), (5, 8, 2)])
@pytest.mark.parametrize("audio_length", [1, 9])
@pytest.mark.parametrize("text_length", [0, 1, 7])
def test_any_size_duration_and_text_go_through(
    shape: tuple[int, int, int], audio_length: int, text_length: int
) -> None:
    model = hashed_transformer()
    video, audio = torch.ones(2, 48, *shape), torch.ones(2, audio_length, 64)

    v, a = model(video, audio, torch.ones(2, text_length, TINY.text_in_channels))

    assert (v.shape, a.shape) == (video.shape, audio.shape)
    assert v.isfinite().all()
    assert a.isfinite().all()


def test_audio_left_out_is_not_in_the_sequence() -> None:
    model = hashed_transformer()
    lengths: list[int] = []
    for layer in model.layers:
        layer.register_forward_hook(lambda _layer, _inputs, x: lengths.append(x.shape[1]))
    video, audio, text = hashed_inputs()

    _, heard = model(video, audio, text)
    silent, unheard = model(video, None, text)

    assert lengths == [18 + 9 + 5] * 6 + [18 + 5] * 6
    assert heard.shape == audio.shape
    assert unheard is None
    assert silent.shape == video.shape


def test_a_batch_equals_its_samples_one_at_a_time() -> None:
    model = hashed_transformer()
    batch = hashed_inputs(batch=3)

    v, a = model(*batch)

    for n in range(3):
        alone_v, alone_a = model(*(x[n : n + 1] for x in batch))
        torch.testing.assert_close(v[n : n + 1], alone_v, atol=1e-5, rtol=0)
        torch.testing.assert_close(a[n : n + 1], alone_a, atol=1e-5, rtol=0)


@pytest.mark.parametrize("how", [{"coordinates": "base"}, {"coordinates": "super_resolution", "window": 1}])
def test_padded_text_changes_nothing(how: dict[str, object]) -> None:
    model = hashed_transformer(replace(TINY, local_attn_layers=(1, 2)))
    video, audio, text = hashed_inputs(batch=2)

    v, a = model(video, audio, text, text_lengths=torch.tensor([3, 5]), **how)

    for n, length in enumerate((3, 5)):
        alone_v, alone_a = model(video[n : n + 1], audio[n : n + 1], text[n : n + 1, :length], **how)
        torch.testing.assert_close(v[n : n + 1], alone_v, atol=1e-5, rtol=0)
        torch.testing.assert_close(a[n : n + 1], alone_a, atol=1e-5, rtol=0)


def test_flat_tokens_give_what_latents_give() -> None:
    model = hashed_transformer()
    video, audio, text = hashed_inputs()

    v, a = model(video, audio, text)
    flat_v, flat_a = model.from_tokens(patchify(video)[0], audio[0], text[0], latent_shape=(3, 4, 6))

    assert unpatchify(flat_v[None], Layout(3, 2, 3, 9, 5)).equal(v)
    assert flat_a is not None
    assert flat_a[None].equal(a)


def test_flat_tokens_that_do_not_fill_the_latent_are_refused() -> None:
    with pytest.raises(ValueError, match=r"A latent of \(3, 4, 6\) must have 18 video tokens; got 17\."):
        hashed_transformer().from_tokens(
            torch.zeros(17, 192), None, torch.zeros(5, TINY.text_in_channels), latent_shape=(3, 4, 6)
        )


def test_a_window_over_the_whole_clip_is_full_attention() -> None:
    model = hashed_transformer(replace(TINY, local_attn_layers=(0, 1, 2, 3, 4, 5)))
    inputs = hashed_inputs()

    everywhere, _ = model(*inputs)
    wide, _ = model(*inputs, window=2)
    narrow, _ = model(*inputs, window=0)

    torch.testing.assert_close(wide, everywhere, atol=1e-5, rtol=0)
    assert (narrow - everywhere).abs().max() > 1e-2


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning")
def test_both_local_kernels_give_the_same_velocities() -> None:
    config = replace(TINY, local_attn_layers=(1, 2, 4))
    frames, flex = hashed_transformer(config), HappyHorseTransformer(config, local_kernel="flex")
    flex.load_state_dict(frames.state_dict())

    with torch.no_grad():
        for one, other in zip(
            frames(*hashed_inputs(), window=0), flex(*hashed_inputs(), window=0), strict=True
        ):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_an_unknown_local_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown local kernel 'triton'\. Known: frames, flex\."):
        HappyHorseTransformer(TINY, local_kernel="triton")  # type: ignore[arg-type]  # wrong on purpose


def test_mlps_in_chunks_give_the_same_velocities(monkeypatch: pytest.MonkeyPatch) -> None:
    model, inputs = hashed_transformer(), hashed_inputs()
    whole, _ = model(*inputs)

    monkeypatch.setattr(transformer, "MLP_CHUNK", 4)

    torch.testing.assert_close(model(*inputs)[0], whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_same_inputs_give_the_same_bits(dtype: torch.dtype) -> None:
    model, inputs = hashed_transformer(dtype=dtype), hashed_inputs()

    first, second = model(*inputs), model(*inputs)

    assert first[0].equal(second[0])
    assert first[1].equal(second[1])
    assert first[0].dtype == torch.float32


def test_gradients_reach_every_weight() -> None:
    model = hashed_transformer().requires_grad_(True)

    v, a = model(*hashed_inputs())
    (v.square().mean() + a.square().mean()).backward()

    unused = {key for key, p in model.named_parameters() if p.grad is None}
    assert not unused
