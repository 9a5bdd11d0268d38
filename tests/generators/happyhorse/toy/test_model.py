from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generators.happyhorse.codecs.weights import WeightsError
from generators.happyhorse.toy.model import load_model


def test_a_file_that_does_not_say_what_it_holds_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")

    with pytest.raises(
        WeightsError, match=r"other\.safetensors must be a toy HappyHorse; got weights without size and kind"
    ):
        load_model(tmp_path / "other.safetensors")
