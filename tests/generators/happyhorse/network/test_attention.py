from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generators.happyhorse.network.attention import attend_by_frames, attend_fully, attend_in_blocks
from generators.happyhorse.network.tokens import Layout

LAYOUT = Layout(frames=5, rows=2, columns=3, audio=7, text=4)


def _queries_keys_values(batch: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(batch, LAYOUT.total, heads, 16, generator=draw) for heads in (4, 2, 2))
    return q, k, v


def _dense(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention by its definition, in float64, with a mask of all pairs (B, N, N) or None."""
    q, k, v = (x.transpose(1, 2).double() for x in (q, k.repeat_interleave(2, 2), v.repeat_interleave(2, 2)))
    scores = q @ k.transpose(-1, -2) / 4
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -torch.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2).float()


def _window_mask(window: int) -> Tensor:
    position = torch.arange(LAYOUT.total)
    frame, video = position // 6, position < LAYOUT.video
    near = (frame[:, None] - frame).abs() <= window
    return (near | ~video[:, None] | ~video)[None]


def test_full_attention_shares_keys_among_groups_of_heads() -> None:
    q, k, v = _queries_keys_values()

    torch.testing.assert_close(attend_fully(q, k, v), _dense(q, k, v, None), atol=1e-6, rtol=0)


@pytest.mark.parametrize("window", [0, 1, 3, 4, 11])
def test_local_attention_by_frames_equals_a_dense_mask(window: int) -> None:
    q, k, v = _queries_keys_values()

    seen = attend_by_frames(q, k, v, layout=LAYOUT, window=window)

    torch.testing.assert_close(seen, _dense(q, k, v, _window_mask(window)), atol=1e-6, rtol=0)


@pytest.mark.parametrize("window", [0, 1, 11])
@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning")
def test_local_attention_in_blocks_equals_a_dense_mask(window: int) -> None:
    q, k, v = _queries_keys_values()

    seen = attend_in_blocks(q, k, v, layout=LAYOUT, window=window)

    torch.testing.assert_close(seen, _dense(q, k, v, _window_mask(window)), atol=1e-6, rtol=0)


def test_padding_is_seen_by_no_one() -> None:
    q, k, v = _queries_keys_values()
    real = torch.arange(LAYOUT.total) < LAYOUT.total - torch.tensor([[0], [3]])
    mask = _window_mask(1) & real[:, None, :]

    seen = attend_by_frames(q, k, v, layout=LAYOUT, window=1, real=real)

    torch.testing.assert_close(seen, _dense(q, k, v, mask), atol=1e-6, rtol=0)


def test_the_block_kernel_refuses_padding() -> None:
    q, k, v = _queries_keys_values()

    with pytest.raises(ValueError, match="local_kernel='frames'"):
        attend_in_blocks(q, k, v, layout=LAYOUT, window=1, real=torch.ones(2, LAYOUT.total, dtype=torch.bool))


def test_half_precision_comes_back_as_it_went_in() -> None:
    q, k, v = (x.bfloat16() for x in _queries_keys_values())

    seen = attend_fully(q, k, v)

    assert seen.dtype == torch.bfloat16
    # Nearly equal numbers are at most one place apart after rounding: 2⁻⁷ of the smaller.
    torch.testing.assert_close(seen, _dense(q, k, v, None).bfloat16(), atol=1e-6, rtol=2**-7)
