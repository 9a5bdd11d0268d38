"""Importing our packages changes nothing for the process that does it; a package that does so is noticed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOOK = """
import json, os, pkgutil, sys, threading
from importlib import import_module

import diffusers, django, numpy, torch  # diffusers names a folder for torch's compiler

django.setup()  # sets the process's time zone

def state():
    return {
        "environment": dict(os.environ),
        "working directory": os.getcwd(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "torch threads": [torch.get_num_threads(), torch.get_num_interop_threads()],
        "torch types": [str(torch.get_default_dtype()), str(torch.get_default_device())],
        "torch determinism": [
            torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic,
            torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision(),
        ],
        "torch gradients": torch.is_grad_enabled(),
        "torch random state": torch.initial_seed(),
        "numpy errors": {**numpy.geterr(), "printing": str(numpy.get_printoptions())},
    }

def modules(package):
    yield package
    for found in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
        if not found.name.endswith("__main__"):
            yield found.name

before, changed, names = state(), {}, []
for package in ("elo", "generators", "analysis", "arena", "loud"):
    for name in modules(package):
        import_module(name)
        names.append(name)
        after = state()
        for what, value in after.items():
            if value != before[what]:
                changed[f"{name}: {what}"] = [str(before[what]), str(value)]
        before = after
print(json.dumps({"changed": changed, "count": len(names)}))
"""


@pytest.mark.slow
def test_importing_any_of_our_modules_changes_nothing_global(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loud").mkdir()
    (tmp_path / "loud/__init__.py").write_text("")
    (tmp_path / "loud/inner.py").write_text(
        "import os, torch\nos.environ['LOUD'] = '1'\ntorch.set_num_threads(torch.get_num_threads() + 1)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "arena.settings")

    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found["changed"]) == {"loud.inner: environment", "loud.inner: torch threads"}
    assert found["count"] > 150
