from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generators.adapters import diffusers_memory
from generators.adapters.diffusers_checkpoint import Checkpoint, Weight
from generators.adapters.diffusers_fitting import LocalAsk, fit_local
from generators.adapters.diffusers_memory import LocalMemoryError, needed_bytes, require_memory, weight_bytes
from generators.adapters.diffusers_settings import read_terms
from generators.free_memory import GIB
from tests.factories_generators import make_request

FLOAT32 = ("vae",)


def billions(name: str, count: float) -> Weight:
    return Weight(name, int(count * 1e9))


@pytest.fixture
def checkpoint() -> Checkpoint:
    """Return a checkpoint of 14 B in 40 blocks, an encoder with a large embedding, and an autoencoder."""
    found = Checkpoint(Path("nowhere"), {})
    blocks = [billions(f"blocks.{n}.{part}.weight", 0.175) for n in range(40) for part in ("a", "b")]
    found.__dict__["weights"] = {
        "transformer": tuple(blocks),
        "text_encoder": (billions("shared.weight", 1.0), billions("layers.0.weight", 0.2)),
        "vae": (billions("decoder.weight", 0.1),),
    }
    return found


def ask(model: str = "wan2.1-t2v-14b", **settings: object) -> LocalAsk:
    terms = read_terms({"model": model, "refuse": [], **settings})
    return fit_local(terms, make_request(track="t2v", width=1280, height=720, fps=16.0, duration_s=5.0))


@pytest.mark.parametrize(
    ("settings", "transformer", "vae"),
    [
        ({}, 28e9, 0.4e9),
        ({"dtype": "float32"}, 56e9, 0.4e9),
        ({"quantisation": "float8"}, 14e9, 0.4e9),
    ],
)
def test_weights_take_what_their_dtype_says(
    checkpoint: Checkpoint, settings: dict[str, str], transformer: float, vae: float
) -> None:
    found = weight_bytes(checkpoint, ask("wan2.1-t2v-14b", **settings).terms, FLOAT32)
    assert (found["transformer"], found["vae"]) == (transformer, vae)


def test_offloading_holds_two_groups_at_a_time(checkpoint: Checkpoint) -> None:
    offloads = ("none", "blocks", "leaves")
    whole, blocks, leaves = (needed_bytes(ask(offload=how), checkpoint, FLOAT32) for how in offloads)
    work = 14 * GIB
    assert whole == pytest.approx(work + 28e9 + 2.4e9 + 0.4e9)
    assert blocks == leaves == pytest.approx(work + 2 * 2e9)  # the embedding is larger than any block
    checkpoint.__dict__["weights"] = {"transformer": checkpoint.weights["transformer"]}
    blocks, leaves = (needed_bytes(ask(offload=how), checkpoint, ()) for how in ("blocks", "leaves"))
    assert blocks - work == pytest.approx(2 * (leaves - work))


def test_a_smaller_clip_takes_less(checkpoint: Checkpoint) -> None:
    large, small = (needed_bytes(each, checkpoint, FLOAT32) for each in (ask(), ask(pixels="832x480")))
    assert large - small == pytest.approx(14 * GIB * (1 - 832 * 480 / (1280 * 720)))


def test_a_long_clip_in_chunks_takes_no_more_than_five_seconds(checkpoint: Checkpoint) -> None:
    short = ask("helios-base", dtype="bfloat16")
    long = replace(short, frames=1452)
    longer = replace(short, frames=726)
    assert needed_bytes(long, checkpoint, FLOAT32) == needed_bytes(longer, checkpoint, FLOAT32)


@pytest.mark.parametrize(
    ("free_gib", "advice"),
    [
        (36, "With 'offload: none' and 'quantisation: float8' it takes about 29.6 GiB."),
        (20, "With 'offload: blocks' and 'quantisation: none' it takes about 17.7 GiB."),
        (10, "Choose a smaller model, a shorter clip or another device."),
    ],
)
def test_too_little_memory_names_both_figures_and_what_would_fit(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, free_gib: int, advice: str
) -> None:
    monkeypatch.setattr(diffusers_memory, "free_bytes", lambda device: free_gib * GIB)
    monkeypatch.setattr(diffusers_memory, "free_main_memory", lambda: 500 * GIB)
    with pytest.raises(LocalMemoryError) as raised:
        require_memory(ask(), checkpoint, FLOAT32, torch.device("cuda"))
    assert str(raised.value) == (
        "wan2.1-t2v-14b at 1280×720, 81 frames takes about 42.7 GiB; "
        f"cuda has {free_gib:.1f} GiB free. {advice}"
    )


def test_enough_memory_is_enough(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_memory, "free_bytes", lambda device: 43 * GIB)
    monkeypatch.setattr(diffusers_memory, "free_main_memory", lambda: 29 * GIB)
    require_memory(ask(), checkpoint, FLOAT32, torch.device("cuda"))


def test_too_little_main_memory_is_named_too(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_memory, "free_bytes", lambda device: 80 * GIB)
    monkeypatch.setattr(diffusers_memory, "free_main_memory", lambda: 16 * GIB)
    with pytest.raises(LocalMemoryError, match=r"takes 28\.7 GiB of main memory .*; 16\.0 GiB are free"):
        require_memory(ask(), checkpoint, FLOAT32, torch.device("cuda"))


def test_where_nothing_is_known_nothing_is_refused(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffusers_memory, "free_bytes", lambda device: None)
    monkeypatch.setattr(diffusers_memory, "free_main_memory", lambda: None)
    require_memory(ask(), checkpoint, FLOAT32, torch.device("mps"))
