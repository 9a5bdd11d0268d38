from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generators.happyhorse.programme.small import (
    REHEARSAL,
    Amounts,
    Context,
    _codecs,
    small_stages,
    train_codec,
)
from generators.happyhorse.programme.stages import OutOfTime, Workplace
from generators.happyhorse.toy.codecs import shipped_codecs

SOON = time.monotonic() + 3600


def _context(out: Path, amounts: Amounts = REHEARSAL, until: float = SOON) -> Context:
    return Context(Workplace(out, "cpu", until), amounts)


def _note_codec(context: Context, reached: float) -> None:
    file = context.place.file("codec")
    file.parent.mkdir()
    file.write_text(json.dumps({"result": {"found": reached}, "date": "2026-01-01"}))


def test_stages_come_in_order_with_one_for_each_student(tmp_path: Path) -> None:
    place = Workplace(tmp_path, "cpu", SOON)

    names = [stage.name for stage in small_stages(Amounts(), place)]

    assert names == ["codec", "train", "distill 8", "distill 4", "distill 2", "referee"]
    assert [stage.name for stage in small_stages(REHEARSAL, place)][2] == "distill 2"


def test_a_codec_that_is_not_good_enough_is_replaced_by_the_shipped_one(tmp_path: Path) -> None:
    context = _context(tmp_path)
    _note_codec(context, 12.0)

    assert _codecs(context).digest == shipped_codecs().digest


@pytest.mark.slow
def test_a_codec_that_is_good_enough_is_used(tmp_path: Path) -> None:
    context = _context(tmp_path, replace(REHEARSAL, codec_steps=1))
    train_codec(context)
    _note_codec(context, 34.5)

    codecs = _codecs(context)

    assert codecs.digest == "conv after 2026-01-01"
    assert codecs.video.latent_channels == 16


@pytest.mark.slow
def test_codec_training_that_ran_out_of_time_goes_on(tmp_path: Path) -> None:
    with pytest.raises(OutOfTime):
        train_codec(_context(tmp_path, until=time.monotonic() - 1))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["codec-moments.pt", "codec.pt"]
    assert torch.load(tmp_path / "codec.pt", weights_only=True)["done"] == 1

    reached = train_codec(_context(tmp_path))

    assert torch.load(tmp_path / "codec.pt", weights_only=True)["done"] == 4
    assert 0 < reached < 34
