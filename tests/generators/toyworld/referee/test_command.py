from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from generators.encode import Clip, encode
from generators.toyworld.__main__ import main
from generators.toyworld.referee.broken import truth
from generators.toyworld.referee.scores import PromptedClip, score_clips
from generators.toyworld.world.examples import Example, example
from tests.factories_generators import ONE, make_clip

ABOUT_PICTURES = (
    "background",
    "count",
    "colour",
    "shape",
    "size",
    "direction",
    "speed",
    "motion",
    "coherent",
)


def _write(folder: Path, rows: Iterable[dict[str, object]]) -> list[str]:
    """Write a manifest and return the command's arguments."""
    listed = list(rows)
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return ["referee", "--clips", str(folder), "--manifest", str(folder / "manifest.csv")]


def _make(folder: Path, examples: Iterable[Example], flaw: str = "none", seconds: float = 2.0) -> list[dict]:  # type: ignore[type-arg]
    """Render examples as the toy world's generator does at its usual size; return rows of a manifest."""
    rows = []
    for number, own in enumerate(examples):
        clip = make_clip(
            folder / flaw, flaw, prompt=own.caption, seed=own.seed, prompt_id=f"p{number}",
            duration_s=seconds, width=512, height=512, fps=24.0,
        )  # fmt: skip
        file = clip.path.relative_to(folder)
        ids = {"contender": flaw, "prompt_id": f"p{number}", "seed": own.seed}
        rows.append({**ids, "file": file, "prompt": own.caption})
    return rows


@dataclass(frozen=True)
class _Found:
    """A score as it is written."""

    value: float
    low: float | None
    high: float | None
    count: int


def _scores(path: Path, contender: str) -> dict[str, _Found]:
    found = json.loads(path.read_text())[contender]
    return {name: _Found(**fields) for name, fields in found.items()}


def test_encoded_clips_score_as_the_truth_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examples = [example("held-out", 8, place) for place in range(3)]
    right, late = _make(tmp_path, examples), _make(tmp_path, examples[:2], "late-sound")
    outputs = ["--json", str(tmp_path / "s.json"), "--csv", str(tmp_path / "s.csv")]

    assert main([*_write(tmp_path, [*right, *late]), *outputs]) == 0

    expected = score_clips(PromptedClip(truth(own, own), own.caption) for own in examples)
    found = _scores(tmp_path / "s.json", "none")
    for name in (*ABOUT_PICTURES, "pitch", "sync F1"):
        assert found[name].value == pytest.approx(expected[name].value, abs=0.1)
    assert found["sync F1"].value > 0.9 > 0.5 > found["sync F1 by chance"].value
    assert _scores(tmp_path / "s.json", "late-sound")["sync F1"].value < 0.3
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].split() == ["none", "late-sound"]
    assert "coherent frames" in printed.out
    assert "Judged 5 of 5 clips." in printed.out
    assert not printed.err
    rows = list(csv.DictReader((tmp_path / "s.csv").read_text().splitlines()))
    assert [row["measure"] for row in rows if row["contender"] == "none"] == list(found)


def test_without_contenders_there_is_one_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = make_clip(tmp_path)

    assert main(_write(tmp_path, [{"file": clip.path.name, "prompt": ONE}])) == 0

    assert capsys.readouterr().out.splitlines()[0].split() == ["clips"]


def test_what_cannot_be_judged_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = make_clip(tmp_path).path.name
    (tmp_path / "text.mp4").write_text("no clip")
    short = make_clip(tmp_path / "short", duration_s=0.25).path
    tiny = make_clip(tmp_path / "tiny", width=32, height=32).path
    stretched = tmp_path / "stretched.mp4"
    encode(Clip([np.full((64, 96, 3), 140, np.uint8)] * 8, 12.0, None), stretched, 96, 64)
    outside = tmp_path.parent / f"{tmp_path.name}-outside.mp4"
    outside.write_bytes(b"")
    files = [
        "gone.mp4", "text.mp4", short.relative_to(tmp_path), tiny.relative_to(tmp_path),
        stretched.name, f"../{outside.name}", "x" * 300,
    ]  # fmt: skip
    rows: list[dict[str, object]] = [{"file": file, "prompt": ONE} for file in files]

    assert (
        main(_write(tmp_path, [*rows, {"file": good, "prompt": "a horse"}, {"file": good, "prompt": ONE}]))
        == 0
    )

    printed = capsys.readouterr()
    notes = printed.err.splitlines()
    for note, (file, reason) in zip(
        notes,
        [
            ("gone.mp4 (line 2)", f"is not a file in {tmp_path}. Add it, or remove line 2."),
            ("text.mp4 (line 3)", "can't be decoded: "),
            (f"{files[2]} (line 4)", "must have at least 5 frames; it has 3. Make a longer clip."),
            (f"{files[3]} (line 5)", "got 32×32. Make a larger clip."),
            ("stretched.mp4 (line 6)", "got 96×64. Make a square clip, or add black borders."),
            (f"{files[5]} (line 7)", f"must lie in {tmp_path}."),
            (f"{files[6]} (line 8)", "is not a file in"),
            (f"{good} (line 9)", "must be a sentence of the toy world; got 'a horse'. Correct or remove"),
        ],
        strict=True,
    ):  # fmt: skip
        assert note.startswith(f"{file}: not judged: ")
        assert reason in note
    assert "Judged 1 of 9 clips." in printed.out


def test_silent_and_odd_clips_are_judged_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = [make_clip(tmp_path, seed=seed).path.name for seed in (1, 2)]
    mute = make_clip(tmp_path / "mute", track="t2v").path
    longer = make_clip(tmp_path / "longer", duration_s=2.0, width=96, height=96, fps=24.0).path
    quiet = tmp_path / "quiet.mp4"
    frames = [np.full((64, 64, 3), 140, np.uint8)] * 12
    encode(Clip(frames, 12.0, np.zeros((48_000, 2), np.float32)), quiet, 64, 64)
    files = [*usual, mute.relative_to(tmp_path), longer.relative_to(tmp_path), quiet.name]

    assert main(_write(tmp_path, [{"file": file, "prompt": ONE} for file in files])) == 0

    printed = capsys.readouterr()
    assert "Judged 5 of 5 clips." in printed.out
    no_track, silent, odd = printed.err.splitlines()
    assert no_track.startswith(f"{files[2]}: has no sound track; only its picture is judged.")
    assert silent.startswith("quiet.mp4: is silent; its impacts count as not heard.")
    assert odd.startswith(f"{files[3]}: is 96×96, 24 fps, 2 s; most are 64×64, 12 fps, 1 s.")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("file,prompt\n", "must name at least one clip; it has no rows"),
        (
            "file,text\na.mp4,b\n",
            "line 1: columns must be file, prompt, and may be contender, prompt_id, seed",
        ),
        ("file,prompt\na.mp4,a horse\n", "None of the 1 clips of"),
        (None, "Can't read the manifest"),
    ],
)
def test_if_nothing_can_be_judged_the_command_fails(
    tmp_path: Path, content: str | None, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "m.csv").write_text(content)

    assert main(["referee", "--clips", str(tmp_path), "--manifest", str(tmp_path / "m.csv")]) == 1

    printed = capsys.readouterr()
    assert reason in printed.err.splitlines()[-1]
    assert not printed.out


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--clips", str(tmp_path / "gone"), "--manifest", str(tmp_path / "m.csv")]

    assert main(["referee", *arguments]) == 1

    assert f"--clips must be a folder; got {tmp_path / 'gone'}." in capsys.readouterr().err


def test_an_output_in_no_folder_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = _write(tmp_path, [{"file": "gone.mp4", "prompt": ONE}])

    assert main([*arguments, "--json", str(tmp_path / "no" / "s.json")]) == 1

    assert "must be a file in a folder that exists" in capsys.readouterr().err


def test_help_shows_the_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["referee", "--help"])
    assert "colour is red | orange" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_many_encoded_clips_score_near_the_truth(tmp_path: Path) -> None:
    examples = [example("held-out", 9, place) for place in range(48)]

    assert main([*_write(tmp_path, _make(tmp_path, examples)), "--json", str(tmp_path / "s.json")]) == 0

    found = _scores(tmp_path / "s.json", "none")
    assert all(found[name].value >= 0.95 for name in (*ABOUT_PICTURES, "pitch"))
    assert found["sync F1"].value >= 0.93
    low, by_chance = found["sync F1"].low, found["sync F1 by chance"].high
    assert low is not None
    assert by_chance is not None
    assert low > 2 * by_chance
