"""One sequence over two processes on the CPU gives what one process gives."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.multiprocessing.spawn import spawn

from generators.base import InvalidInput
from generators.happyhorse.execution.parallel import SequenceParallel, parts_of, shard
from generators.happyhorse.execution.ranks import Ranks, joined_ranks, require_equal, started
from generators.happyhorse.execution.ring import attend_with_total, merge
from generators.happyhorse.network.attention import attend_fully
from generators.happyhorse.network.quantised import quantise
from generators.happyhorse.network.transformer import HappyHorseTransformer
from tests.factories_happyhorse import TINY, hashed_inputs, hashed_transformer

CONFIG = replace(TINY, local_attn_layers=(1, 2, 4))
ALONE = Ranks(0, 1, torch.device("cpu"))


def _velocities(model: HappyHorseTransformer, lengths: Tensor | None = None) -> list[Tensor]:
    with torch.inference_mode():
        full, sound = model(*hashed_inputs(batch=2), text_lengths=lengths)
        local, _ = model(*hashed_inputs(batch=2), window=0)
        silent, _ = model(hashed_inputs()[0], None, hashed_inputs()[2])
    return [full, sound, local, silent]


def _work(rank: int, port: int, folder: str) -> None:
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
    }
    torch.set_num_threads(1)
    found: dict[str, object] = {}
    with joined_ranks("cpu") as ranks:
        for dtype in (torch.float32, torch.bfloat16):
            for exchange in ("ulysses", "ring"):
                model = hashed_transformer(CONFIG, dtype)
                model.spread = SequenceParallel(ranks, exchange, CONFIG)
                found[f"{exchange} {dtype}"] = _velocities(model, torch.tensor([3, 5]))
        sharded = hashed_transformer(CONFIG)
        shard(sharded, ranks)
        sharded.spread = SequenceParallel(ranks, "auto", CONFIG)
        found["sharded"] = _velocities(sharded, torch.tensor([3, 5]))
        found["weights"] = sum(p.to_local().numel() for p in sharded.parameters() if isinstance(p, DTensor))
        try:
            require_equal({"torch": 1, "size": ("toy", "15b")[rank]})
        except InvalidInput as error:
            found["refused"] = str(error)
    torch.save(found, Path(folder, f"{rank}.pt"))


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(_work, (port, str(tmp_path)), nprocs=2)  # type: ignore[no-untyped-call]  # torch's stubs

    lengths = torch.tensor([3, 5])
    types = torch.float32, torch.bfloat16
    plain = {dtype: _velocities(hashed_transformer(CONFIG, dtype), lengths) for dtype in types}
    rounding = [(a - b).square().mean().sqrt() for a, b in zip(*plain.values(), strict=True)]
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name in ("ulysses torch.float32", "ring torch.float32", "sharded"):
            for there, here in zip(found[name], plain[torch.float32], strict=True):
                torch.testing.assert_close(there, here, atol=1e-5, rtol=0)
        for name in ("ulysses torch.bfloat16", "ring torch.bfloat16"):
            for there, here, far in zip(found[name], plain[torch.bfloat16], rounding, strict=True):
                assert (there - here).square().mean().sqrt() < 2 * far
        whole = sum(p.numel() for p in hashed_transformer(CONFIG).parameters())
        assert found["weights"] < 0.6 * whole
        assert found["refused"] == (
            "size must be the same in all ranks; got toy in rank 0, 15b in rank 1. "
            "Start all with one command, on equal machines."
        )


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_cover_the_sequence_and_differ_by_one_token(count: int) -> None:
    parts = parts_of(32, count)

    assert [place for part in parts for place in range(part.start, part.stop)] == list(range(32))
    lengths = {part.stop - part.start for part in parts}
    assert max(lengths) - min(lengths) <= 1


def test_the_exchange_follows_the_heads() -> None:
    device = torch.device("cpu")

    assert SequenceParallel(Ranks(0, 2, device), "auto", TINY).exchange == "ulysses"
    assert SequenceParallel(Ranks(0, 3, device), "auto", TINY).exchange == "ring"
    with pytest.raises(InvalidInput, match=r"must divide the 2 heads of keys .* got 3\. Choose ring"):
        SequenceParallel(Ranks(0, 3, device), "ulysses", TINY)


def test_merged_parts_are_attention_to_all_keys() -> None:
    draw = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 9, heads, 8, generator=draw) for heads in (4, 2, 2))

    halves = [attend_with_total(q, k[:, part], v[:, part], None) for part in parts_of(9, 2)]
    seen, _ = merge(*halves[0], *halves[1])

    torch.testing.assert_close(seen, attend_fully(q, k, v), atol=1e-6, rtol=0)


def test_keys_that_nobody_sees_add_nothing() -> None:
    draw = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(1, 4, 2, 8, generator=draw) for _ in range(3))
    none = torch.zeros(1, 4, 4, dtype=torch.bool)

    seen, _ = merge(*attend_with_total(q, k, v, none), *attend_with_total(q, k, v, None))

    torch.testing.assert_close(seen, attend_fully(q, k, v), atol=1e-6, rtol=0)


def test_codes_of_fewer_bits_are_not_split() -> None:
    model = hashed_transformer(dtype=torch.bfloat16)
    quantise(model, "int8")

    with pytest.raises(InvalidInput, match="shard must be left out with fewer bits"):
        shard(model, ALONE)


def test_alone_nothing_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)

    assert started() == 1
    with joined_ranks("cpu") as ranks:
        assert ranks == ALONE
