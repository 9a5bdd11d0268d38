from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.commands import reproduce as command

_LIMIT = 15 * 2**20


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")  # the compiler's own
def test_it_completes_and_the_second_run_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["reproduce", "--out", str(tmp_path), "--device", "cpu", "--size", "tiny"]
    assert main([*options, "--minutes", "0.0001"]) == 0
    assert "There is more to do" in capsys.readouterr().out

    assert main([*options, "--minutes", "30"]) == 0

    said = capsys.readouterr().out
    assert "All is done." in said
    for stage in ("ceilings", "256p compiled", "540p fp8", "1080p eager", "fit 80 GiB", "referee"):
        assert f"| {stage}" in said
    assert "sync F1" in (tmp_path / "scores.txt").read_text()
    assert (tmp_path / "table.md").read_text().strip() in said
    assert max(file.stat().st_size for file in tmp_path.iterdir()) <= _LIMIT
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "results").iterdir()}
    assert main([*options, "--minutes", "5"]) == 0
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "results").iterdir()} == before


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
    asked: list[str] = []

    def work(out: Path, size: str, device: str, until: float) -> bool:
        assert (out, device) == (tmp_path, "cpu")
        assert until > time.monotonic()
        asked.append(size)
        return done

    monkeypatch.setattr(command, "reproduce", work)
    options = ["--out", str(tmp_path), "--device", "cpu", "--minutes", "9"]

    assert main(["reproduce", *options]) == 0
    assert main(["reproduce", *options, "--size", "tiny"]) == 0

    assert [line for line in capsys.readouterr().out.splitlines() if "|" not in line and line] == [said, said]
    assert asked == ["15b", "tiny"]


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
