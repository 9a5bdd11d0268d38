"""Train additions on a folder of clips with captions, then make a clip with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.encode import Clip, encode
from generators.happyhorse.__main__ import main
from generators.toyworld.world.examples import FPS, SAMPLE_RATE, SIDE, example

PROMPT = "a large red circle bouncing right quickly on a white background"


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Return a folder of three clips of the toy world, the last of them silent, with captions."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for place in range(3):
        drawn = example("train", 0, place)
        sound = None if place == 2 else drawn.samples[:, None].repeat(2, axis=1)
        encode(Clip(drawn.frames, FPS, sound, SAMPLE_RATE), folder / f"{place}.mp4", SIDE, SIDE)
        (folder / f"{place}.txt").write_text(drawn.caption)
    return folder


def _train(clips: Path, out: Path, *more: str) -> int:
    return main(["lora-train", "--clips", str(clips), "--out", str(out), "--device", "cpu", *more])


@pytest.mark.slow
def test_additions_are_trained_resumed_and_used(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.safetensors"
    few = ["--rank", "2", "--rate", "0.01"]

    assert _train(clips, out, "--steps", "1", *few) == 0
    assert "1 of 1 steps" in capsys.readouterr().out
    first = out.read_bytes()
    assert _train(clips, out, "--steps", "2", *few) == 0
    assert "2 of 2 steps" in capsys.readouterr().out
    assert out.read_bytes() != first

    whole = tmp_path / "whole.safetensors"
    assert _train(clips, whole, "--steps", "2", *few) == 0
    assert whole.read_bytes() == out.read_bytes()

    made = [tmp_path / "plain.mp4", tmp_path / "adapted.mp4"]
    sample = ["sample", "--prompt", PROMPT, "--kind", "base", "--steps", "2", "--device", "cpu"]
    assert main([*sample, "--out", str(made[0])]) == 0
    assert main([*sample, "--lora", f"{out}=0.8", "--out", str(made[1])]) == 0
    assert made[0].read_bytes() != made[1].read_bytes()


@pytest.mark.slow
def test_training_lowers_the_loss(clips: Path, tmp_path: Path) -> None:
    from generators.happyhorse.adaptation.clips import encode_clips, find_clips
    from generators.happyhorse.adaptation.training import LoraRun, Settings
    from generators.happyhorse.weights.choice import ModelChoice

    parts = ModelChoice("shipped", size="toy", kind="base", device="cpu").parts()
    examples = encode_clips(find_clips(clips), parts, tmp_path / "cache", SIDE * SIDE)
    run = LoraRun(parts, examples, Settings(rank=8, alpha=8.0, rate=0.003, batch=4))

    losses = [run.advance() for _ in range(150)]

    assert sum(losses[-50:]) < 0.9 * sum(losses[:50])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: [file.unlink() for file in folder.glob("*.mp4")], "clips must be a folder of"),
        (lambda folder: (folder / "1.txt").unlink(), "1.mp4 must have a caption; got none in 1.txt"),
        (lambda folder: (folder / "1.txt").write_text("a dog"), "1.mp4: "),
        (lambda folder: (folder / "0.mp4").write_bytes(b"no video"), "0.mp4: a clip must be a video"),
    ],
)
def test_clips_that_cannot_be_used_are_named(
    change: object, message: str, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(change)
    change(clips)

    assert _train(clips, tmp_path / "mine.safetensors", "--steps", "1") == 1

    assert message in capsys.readouterr().err
    assert not (tmp_path / "mine.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rank", "0"], "rank must be a whole number from 1 to"),
        (["--steps", "0"], "steps must be a whole number from 1"),
        (["--precision", "int8"], "The toy model's own weights stay in float32."),
    ],
)
def test_options_out_of_range_are_refused(
    options: list[str], message: str, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(clips, tmp_path / "mine.safetensors", *options) == 1

    assert message in capsys.readouterr().err
