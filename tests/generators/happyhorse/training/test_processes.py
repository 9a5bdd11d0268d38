from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
import torch
from torch.distributed.tensor import DTensor
from torch.multiprocessing.spawn import spawn

from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.flow_step import FlowStep
from generators.happyhorse.training.processes import Processes, joined, use_threads
from generators.happyhorse.training.run import Run, Settings
from tests.factories_training import SMALL, FixedClips, small_run

STEPS = 3


def _work(rank: int, port: int, folder: str, sharded: bool) -> None:
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
    }
    torch.set_num_threads(1)
    with joined("cpu", sharded) as processes:
        torch.manual_seed(0)
        run = Run(FlowStep(ToyModel(SMALL), processes), Settings(samples=800, batch=8))
        norms = [run.advance(FixedClips())["norm"] for _ in range(STEPS)]
        run.save(Path(folder))
        Path(folder, f"norms-{rank}.json").write_text(json.dumps(norms))


@pytest.mark.slow
@pytest.mark.parametrize("sharded", [True, False])
def test_two_processes_equal_one(tmp_path: Path, sharded: bool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(_work, (port, str(tmp_path), sharded), nprocs=2)  # type: ignore[no-untyped-call]  # torch's stubs

    one, two = small_run(), small_run()
    norms = [one.advance(FixedClips())["norm"] for _ in range(STEPS)]
    two.load(tmp_path)

    assert two.steps == STEPS
    start, here, there = (_flat(run) for run in (small_run(), one, two))
    for rank in range(2):
        assert json.loads((tmp_path / f"norms-{rank}.json").read_text()) == pytest.approx(norms, rel=1e-3)
    # Muon makes its matrices orthogonal in bfloat16, which magnifies the last digits of a sum's order.
    assert (there - here).norm() < 0.05 * (here - start).norm()


def _flat(run: Run) -> torch.Tensor:
    return torch.cat([weight.flatten() for weight in run.weights()])


def test_a_batch_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="batch must be a multiple of the 2 processes; got 7"):
        Run(FlowStep(ToyModel(SMALL), Processes(0, 2, sharded=False)), Settings(batch=7))


def test_alone_nothing_is_joined() -> None:
    with joined("cpu") as processes:
        assert processes == Processes()
        assert processes.first
        assert processes.agree(True)


def test_alone_a_model_is_not_sharded_and_gradients_are_their_own_mean() -> None:
    model, gradients = ToyModel(SMALL), [torch.ones(2), torch.zeros(3)]

    assert Processes().shard(model) is model
    assert Processes().average(gradients) is gradients
    assert not any(isinstance(weight, DTensor) for weight in model.parameters())
    Processes().wait()


def test_only_rank_0_is_the_first() -> None:
    assert [Processes(rank, 3).first for rank in range(3)] == [True, False, False]


def test_a_number_of_threads_is_set_and_none_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)

    use_threads(None)
    use_threads(3)

    assert asked == [3]


@pytest.mark.parametrize("count", [0, -1, 1025, 2**40])
def test_an_impossible_number_of_threads_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"threads must be a whole number from 1 to 1024; got {count}"):
        use_threads(count)
