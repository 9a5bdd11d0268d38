from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generators.happyhorse.codecs.weights import WeightsError
from generators.happyhorse.toy.model import BASE, ToyModel, load_model, save_model


def test_a_file_that_does_not_say_what_it_holds_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")

    with pytest.raises(
        WeightsError, match=r"other\.safetensors must be a toy HappyHorse; got weights without size and kind"
    ):
        load_model(tmp_path / "other.safetensors")


def test_weights_in_half_precision_are_read_as_full(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = ToyModel()
    save_model(model.half(), BASE, tmp_path / "base.safetensors")

    again, _ = load_model(tmp_path / "base.safetensors")

    for read, written in zip(again.parameters(), model.parameters(), strict=True):
        assert read.dtype == torch.float32
        assert read.equal(written.float())
