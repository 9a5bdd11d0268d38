from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generators.happyhorse.training.reproduction import REHEARSAL, reproduce

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
