"""What a card can do at most: its rate of matrix products and of copies in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from generators.happyhorse.network.quantised import encode_float8, multiplies_float8, multiply_float8
from generators.happyhorse.programme.stages import Workplace

_SHORTEST_S = 0.5
"""Time for which a computation is repeated."""
_DENSE_FLOPS = {
    "H100": 989.4e12,
    "H200": 989.4e12,
    "B200": 2250e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 4090": 165.2e12,
    "RTX 5090": 209.5e12,
}
"""Dense bfloat16 FLOP/s of cards by a part of their name, from their makers' data sheets."""


def measure_ceilings(place: Workplace, side: int, copied: int) -> dict[str, Any]:
    """Measure products of square matrices, and copies.

    Args:
        place: Where to work.
        side: Rows and columns of the matrices.
        copied: Bytes of each copy.

    Returns:
        FLOP/s in bfloat16, and in e4m3 where the card multiplies it; bytes read and written each second.
    """
    device = torch.device(place.device)
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    found: dict[str, Any] = {"bf16_flops": 2 * side**3 / _seconds(lambda: a @ b, device)}
    if multiplies_float8(device):
        codes = encode_float8(b.float())
        once = _seconds(lambda: multiply_float8(a, codes["weight"], codes["scale"]), device)
        found["fp8_flops"] = 2 * side**3 / once
    source = torch.empty(copied, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return found | {"copied_bytes_per_s": 2 * copied / _seconds(lambda: target.copy_(source), device)}


def published_flops(card: str) -> float | None:
    """Return a card's dense bfloat16 FLOP/s by its maker; None if it is unknown."""
    return next((flops for part, flops in _DENSE_FLOPS.items() if part in card), None)


def settle(device: torch.device) -> None:
    """Wait until a device has done all its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the time of one repetition, after a warm-up."""
    work()
    settle(device)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < _SHORTEST_S:
        work()
        count += 1
        if count % 8 == 0:
            settle(device)
    settle(device)
    return (time.perf_counter() - started) / count
