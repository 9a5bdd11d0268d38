from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from generators.base import Unavailable
from generators.happyhorse.codecs.weights import WeightsError, fill, read_weights


def test_reads_both_formats(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(3.0)}
    save_file(tensors, tmp_path / "a.safetensors")
    torch.save(tensors, tmp_path / "a.pth")
    for name in ("a.safetensors", "a.pth"):
        assert torch.equal(read_weights(tmp_path / name)["a"], tensors["a"])


@pytest.mark.parametrize("name", ["cut.safetensors", "cut.pth"])
def test_refuses_a_damaged_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x07" * 40)
    with pytest.raises(WeightsError, match=rf"{name}: .* Fetch the file again"):
        read_weights(tmp_path / name)


def test_runs_no_code_that_a_file_brings(tmp_path: Path) -> None:
    torch.save({"a": Path("x")}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="Weights only load failed"):
        read_weights(tmp_path / "evil.pth")


def test_fills_a_module_that_has_no_memory_yet() -> None:
    with torch.device("meta"):
        layer = nn.Linear(2, 1)
    fill(layer, {"weight": torch.ones(1, 2), "bias": torch.ones(1)}, Path("f"))
    assert layer(torch.ones(1, 2)).item() == 3


def test_lists_all_that_does_not_fit() -> None:
    wrong = {"weight": torch.ones(2, 2), "scale": torch.ones(1)}
    faults = r"1 missing: bias; 1 surplus: scale; 1 misshapen: weight \(2, 2\) instead of \(1, 2\)\."
    with pytest.raises(Unavailable, match=rf"f must hold the 2 tensors of Linear; got {faults}"):
        fill(nn.Linear(2, 1), wrong, Path("f"))


def test_names_no_more_than_can_be_read() -> None:
    with pytest.raises(WeightsError, match=r"20 surplus: a00, .*a04 and 15 more"):
        fill(nn.Identity(), {f"a{n:02}": torch.ones(1) for n in range(20)}, Path("f"))


def test_says_where_there_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"There are no weights at .*absent\.safetensors\."):
        read_weights(tmp_path / "absent.safetensors")
