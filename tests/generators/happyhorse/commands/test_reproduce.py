from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.commands import reproduce as command
from generators.happyhorse.training.reproduction import REHEARSAL, Amounts, reproduce

_LIMIT = 15 * 2**20


@pytest.mark.slow
def test_it_goes_on_until_every_stage_is_done(tmp_path: Path) -> None:
    assert not reproduce(tmp_path, REHEARSAL, "cpu", time.monotonic() - 1)
    assert not (tmp_path / "programme.json").exists()

    assert reproduce(tmp_path, REHEARSAL, "cpu", time.monotonic() + 600)

    note = json.loads((tmp_path / "programme.json").read_text())
    assert [name for name in note if name != "times so far"] == [
        "codec",
        "train",
        "distill 2",
        "referee",
        "times",
    ]
    assert len(note["times"]["result"]) == 1
    assert "floor" in (tmp_path / "times.txt").read_text()
    assert "sync F1" in (tmp_path / "scores.txt").read_text()
    assert max(file.stat().st_size for file in tmp_path.iterdir()) <= _LIMIT
    before = (tmp_path / "base.safetensors").stat().st_mtime_ns
    assert reproduce(tmp_path, REHEARSAL, "cpu", time.monotonic() + 600)
    assert (tmp_path / "base.safetensors").stat().st_mtime_ns == before


@pytest.mark.slow
def test_it_needs_few_packages() -> None:
    """Only torch, numpy, scipy and safetensors are on a GPU's machine."""
    code = (
        "import sys\n"
        "for name in ('av', 'PIL', 'rich', 'diffusers', 'transformers', 'pandas', 'tokenizers', 'ffmpeg'):\n"
        "    sys.modules[name] = None\n"
        "import generators.happyhorse.__main__ as main\n"
        "import generators.happyhorse.commands.reproduce\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("done", "said"), [(True, "All is done."), (False, "There is more to do: run it again.")]
)
def test_it_says_whether_there_is_more_to_do(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: bool,
    said: str,
) -> None:
    asked: list[Amounts] = []

    def work(out: Path, amounts: Amounts, device: str, until: float) -> bool:
        assert (out, device) == (tmp_path, "cpu")
        assert until > time.monotonic()
        asked.append(amounts)
        return done

    monkeypatch.setattr(command, "reproduce", work)
    options = ["--out", str(tmp_path), "--device", "cpu", "--minutes", "9"]

    assert main(["reproduce", *options]) == 0
    assert main(["reproduce", *options, "--rehearsal"]) == 0

    assert capsys.readouterr().out.splitlines() == [said, said]
    assert asked == [Amounts(), REHEARSAL]


@pytest.mark.parametrize("minutes", ["0", "-9", "nan"])
def test_no_time_at_all_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], minutes: str) -> None:
    out = tmp_path / "run"

    assert main(["reproduce", "--out", str(out), "--device", "cpu", f"--minutes={minutes}"]) == 1

    assert "minutes must be a positive number; got " in capsys.readouterr().err
    assert not out.exists()


def test_the_gpu_that_is_not_there_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its default device is the GPU."""
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    out = tmp_path / "run"

    assert main(["reproduce", "--out", str(out), "--minutes", "9"]) == 1

    assert "got 'cuda'. Choose one of: cpu." in capsys.readouterr().err
    assert not out.exists()
