from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generators.base import GenerationError, Track
from generators.happyhorse.__main__ import main
from generators.happyhorse.commands.sample import add_arguments, prepare
from generators.happyhorse.pipeline.request import DECODERS, FIRST_STAGES, SILENCES, UPSCALES
from tests.factories_codecs import one_thread, write_tone

PROMPT = "a large red circle bouncing left slowly on a white background"
SMALL = ("--random-weights", "--size", "tiny", "--steps", "1", "--seconds", "0.32", "--width", "64")


quick = pytest.fixture(autouse=True)(one_thread)


def sample(out: Path, *args: str, prompt: str = "a ball") -> int:
    return main(
        ["sample", *SMALL, "--height", "32", "--device", "cpu", "--prompt", prompt, "--out", str(out), *args]
    )


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.new("RGB", (64, 32), "orange").save(tmp_path / "image.png")
    return tmp_path / "image.png"


@pytest.mark.parametrize("kind", ["distilled", "base"])
@pytest.mark.parametrize("mode", list(Track))
def test_writes_a_playable_clip_in_each_mode(
    tmp_path: Path, image: Path, capsys: pytest.CaptureFixture[str], mode: Track, kind: str
) -> None:
    given = ("--image", str(image)) if mode.startswith("i2v") else ()
    assert sample(tmp_path / "clip.mp4", "--mode", mode, "--kind", kind, *given) == 0
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
        assert len(frames) == 8
        assert frames[0].shape == (32, 64, 3)
        assert clip.streams.video[0].average_rate == 25
        assert len(clip.streams.audio) == mode.endswith("audio")
    said = capsys.readouterr().out
    stages = ["text", *(["image"] if given else []), "denoising", "picture", "total"]
    assert all(f"{stage} " in said for stage in stages)
    sound = "sound at 44100 Hz" if mode.endswith("audio") else "silent"
    assert f"clip.mp4: 64×32, 8 frames at 25 fps, {sound}" in said


def test_a_plan_that_fits_is_chosen_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample(tmp_path / "clip.mp4", "--fit", "8", "--fast", "fused,grouped") == 0

    said = capsys.readouterr().out
    assert said.startswith("fit: precision bf16, offload none, chunks of 16,384 tokens; takes about")
    assert "clip.mp4: 64×32" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fit", "8", "--precision", "int8"), "fit chooses precision, offload and chunk"),
        (("--fit", "8", "--peaks", "/no/such.json"), "peaks must be a file that reproduce wrote"),
        (("--fast", "graphs"), "fast must leave 'graphs' out on a device without CUDA; got cpu"),
        (("--fast", "fused", "--lora", "style.safetensors"), "fast must leave 'fused' out with LoRA"),
        (("--chunk", "0"), "chunk must be a positive number of tokens; got 0"),
    ],
)
def test_ways_that_do_not_suit_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    assert sample(tmp_path / "clip.mp4", *options) == 1

    assert message in capsys.readouterr().err
    assert not (tmp_path / "clip.mp4").exists()


def test_layers_that_wait_in_main_memory_and_small_chunks_give_the_same_clip(tmp_path: Path) -> None:
    assert sample(tmp_path / "plain.mp4") == 0
    assert sample(tmp_path / "moved.mp4", "--offload") == 0

    assert (tmp_path / "moved.mp4").read_bytes() == (tmp_path / "plain.mp4").read_bytes()
    assert sample(tmp_path / "chunks.mp4", "--chunk", "7", "--fast", "tiles") == 0


@pytest.mark.slow
def test_two_processes_write_one_clip(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    options = [*SMALL, "--height", "32", "--device", "cpu", "--prompt", "a ball", "--shard"]
    out = ["--out", str(tmp_path / "clip.mp4")]

    done = subprocess.run(
        [*command, "-m", "generators.happyhorse", "sample", *options, *out],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("clip.mp4: 64×32, 8 frames") == 1
    assert (tmp_path / "clip.mp4").stat().st_size > 0


def test_equal_commands_write_equal_files(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.mp4", "b.mp4", "c.mp4")]
    for path, seed in zip(files, ("1", "1", "2"), strict=True):
        sample(path, "--seed", seed)
    first, again, other = (path.read_bytes() for path in files)
    assert first == again
    assert first != other


def test_mode_follows_what_is_given(tmp_path: Path, image: Path) -> None:
    assert sample(tmp_path / "clip.mp4", "--image", str(image)) == 0
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        assert clip.streams.audio


def test_a_given_sound_track_is_heard_in_the_clip(tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", rate=48_000, channels=1)
    assert sample(tmp_path / "clip.mp4", "--sound", str(tmp_path / "tone.wav")) == 0
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        heard = np.concatenate([frame.to_ndarray() for frame in clip.decode(audio=0)], axis=1)[0]
    spectrum = np.abs(np.fft.rfft(heard[2048:12_288]))
    assert round(np.argmax(spectrum) * 48_000 / 10_240) == pytest.approx(440, abs=6)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--cascade",), "Only the toy model's own weights make cascades. Leave cascade out."),
        (("--steps", "0"), "steps must be a whole number from 1 to 1000; got 0."),
        (("--steps", str(10**12)), "steps must be a whole number from 1 to 1000; got 1000000000000."),
        (("--seed", "-1"), "seed must be a whole number from 0 to 9007199254740991; got -1."),
        (("--seed", str(2**53)), "seed must be a whole number from 0 to 9007199254740991"),
        (("--seed", str(2**64)), "got 18446744073709551616."),
        (("--seconds", "nan"), "A clip must last more than 0 s, and at most 3600 s; got nan s."),
        (("--seconds", "inf"), "at most 3600 s; got inf s."),
        (("--seconds=-inf",), "at most 3600 s; got -inf s."),
        (("--seconds", "0"), "at most 3600 s; got 0 s."),
        (("--seconds=-2",), "at most 3600 s; got -2 s."),
        (("--seconds", "1e300"), "at most 3600 s; got 1e+300 s."),
        (("--seconds", "0.01"), "A clip must last 1/25 s or more; got 0.01 s."),
        (("--enlarge", "500"), "enlarge must be at most 8192 pixels; got 32000×16000."),
        (("--enlarge", "0"), "enlarge must be a whole number from 1 on; got 0."),
        (("--height", str(10**20)), "must be at most 8192 pixels"),
        (("--width=-32",), "The width must be a multiple of 32 pixels; got -32."),
        (("--device", "foo"), "device must be one that PyTorch"),
        (("--device", "mps:3"), "device must be one that PyTorch"),
        (("--prompt", "caf\udce9"), "The prompt must be Unicode text"),
        (
            ("--kind", "base", "--negative-prompt", "nowhere.txt"),
            "Can't read the negative prompt nowhere.txt",
        ),
        (
            ("--negative-prompt", str(Path(__file__))),
            "Only the public base checkpoint takes a negative prompt.",
        ),
        (("--out", "."), "out must be a file; got the folder ."),
        (("--out", "clip.gif"), "out must end in .mp4; got clip.gif."),
        (("--out", "clip"), "out must end in .mp4; got clip."),
        (("--width", "0"), "The width must be a multiple of 32 pixels; got 0. Try 32 or 64."),
        (("--width", "50"), "The width must be a multiple of 32 pixels; got 50. Try 32 or 64."),
        (("--mode", "i2v"), "Mode 'i2v' needs an image."),
        (("--prompt", " "), "The prompt is empty."),
        (("--image", "nowhere.png"), "Can't read the image nowhere.png"),
        (("--image", "no\nwhere.png"), "Can't read the image no where.png: there is no such file."),
        (("--sound", "nowhere.wav"), "Can't read the sound in nowhere.wav"),
        (
            ("--out", "nowhere/clip.mp4"),
            "out must lie in a folder that exists; got nowhere/clip.mp4. Make the folder",
        ),
    ],
)
def test_a_mistake_gives_one_line_and_no_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sample(Path("clip.mp4"), *args) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


NUMBERS = st.one_of(
    st.integers(-5, 70),
    st.sampled_from([32, 64, 96, 2**31, 2**53 - 1, 2**53, 2**63, 2**64, 10**30]),
)
WORDS = st.one_of(
    st.sampled_from(["", "a ball", "\0", "caf\udce9", "nowhere.png", ".", "/dev/null"]), st.text()
)
OPTIONS = {
    "prompt": WORDS,
    "image": WORDS,
    "sound": WORDS,
    "mode": st.sampled_from(Track),
    "silence": st.sampled_from(SILENCES),
    "seconds": st.one_of(st.floats(), st.floats(0.1, 20)),
    "width": NUMBERS,
    "height": NUMBERS,
    "enlarge": NUMBERS,
    "upscale": st.sampled_from(UPSCALES),
    "seed": NUMBERS,
    "out": WORDS,
    "kind": st.sampled_from(FIRST_STAGES),
    "steps": NUMBERS,
    "decoder": st.sampled_from(DECODERS),
    "device": st.one_of(st.sampled_from(["cpu", "cuda", "cuda:9", "mps", "meta"]), WORDS),
    "negative-prompt": WORDS,
}


@settings(max_examples=75, deadline=None)
@given(
    options=st.dictionaries(st.sampled_from(sorted(OPTIONS)), st.none(), max_size=3).flatmap(
        lambda chosen: st.fixed_dictionaries({name: OPTIONS[name] for name in chosen})
    ),
    model=st.sampled_from([("--size", "toy"), ("--size", "tiny", "--random-weights")]),
)
def test_any_options_are_taken_or_refused_in_words_before_the_work(
    tmp_path_factory: pytest.TempPathFactory, options: dict[str, object], model: tuple[str, ...]
) -> None:
    folder = tmp_path_factory.mktemp("clips")
    usual: dict[str, object] = {"prompt": PROMPT, "out": folder / "clip.mp4", "device": "cpu"}
    parser = ArgumentParser()
    add_arguments(parser)
    given_options = [f"--{name}={value}" for name, value in (usual | options).items()]
    args = parser.parse_args([*model, *given_options])

    try:
        pipeline, request = prepare(args)
    except GenerationError as error:
        assert str(error)  # noqa: PT017
    else:
        pipeline.check(request)
    assert list(folder.iterdir()) == []


def test_without_weights_it_names_the_command_that_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert main(["sample", "--size", "15b", "--prompt", "a ball", "--out", str(tmp_path / "clip.mp4")]) == 1
    said = capsys.readouterr().err
    for command in (
        "hf download Wan-AI/Wan2.2-TI2V-5B Wan2.2_VAE.pth",
        "hf download GAIR/daVinci-MagiHuman turbo_vae/checkpoint-340000.ckpt",
        "hf download stabilityai/stable-audio-open-1.0 model.safetensors",
        "hf download google/t5gemma-9b-9b-ul2 --include '*.json' --include '*.safetensors'",
        "hf download GAIR/daVinci-MagiHuman --include 'distill/*'",
    ):
        assert command in said


def test_by_default_the_small_model_of_the_package_makes_a_clip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", "--prompt", PROMPT, "--seed", "1", "--out", str(tmp_path / "clip.mp4")]) == 0
    said = capsys.readouterr().out
    assert "clip.mp4: 512×512, 32 frames at 16 fps, sound at 16000 Hz" in said
