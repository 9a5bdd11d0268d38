from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from arena.version import VERSION

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.splitlines()
TEXTS = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in TRACKED
    if (ROOT / name).is_file() and name.endswith((".py", ".md", ".toml", ".html", ".yaml"))
}
ROOMS = ("arena", "generators", "elo", "analysis")
SETTINGS = ("DATA_DIR", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH")
FILES_OF_ROOMS = [name for name in TRACKED if name.startswith(ROOMS) and not name.endswith(".py")]
FILES_OF_ROOMS.remove("arena/suites")  # a link to the folder above


def test_no_text_sends_people_to_the_unrelated_package_called_paddock() -> None:
    other = re.compile(r"pip install\W+paddock\b(?!-arena)|\bpaddock" + r"\\?\[")
    assert [name for name, text in TEXTS.items() if other.search(text)] == []


def test_every_extra_that_a_text_names_exists() -> None:
    named = {
        extra
        for text in TEXTS.values()
        for found in re.findall(r"pip install \W*\.\W*\[([\w,]+)", text)
        for extra in found.split(",")
    }
    assert {"codecs", "parquet", "postgres"} <= named <= set(EXTRAS)


@pytest.mark.parametrize("package", ["zstandard", "redis", "psycopg", "django-storages", "pyarrow", "numba"])
def test_what_an_extra_brings_is_installed_by_the_extra(package: str) -> None:
    assert [name for name, text in TEXTS.items() if f"pip install {package}" in text] == []


def test_the_version_stands_in_one_place() -> None:
    assert PROJECT["dynamic"] == ["version"]
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "arena.version.VERSION"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


@pytest.mark.parametrize("name", FILES_OF_ROOMS)
def test_a_wheel_carries_every_file_of_the_rooms(name: str) -> None:
    room, _, path = name.partition("/")
    assert any(fnmatch(path, pattern) for pattern in PYPROJECT["tool"]["setuptools"]["package-data"][room])


def test_a_wheel_carries_the_suites() -> None:
    assert (ROOT / "arena" / "suites").resolve() == ROOT / "suites"


def test_dependencies_name_this_distribution_by_its_own_name() -> None:
    of_ours = [line for lines in EXTRAS.values() for line in lines if line.startswith("paddock")]
    assert {Requirement(line).name for line in of_ours} == {PROJECT["name"]}
    assert {extra for line in of_ours for extra in Requirement(line).extras} <= set(EXTRAS)


@pytest.mark.slow
def test_a_wheel_runs_the_demo_outside_a_checkout(tmp_path: Path) -> None:
    """Installs the wheel into an environment of its own, beside the packages of this one."""
    _run("git", "-C", ROOT, "checkout-index", "--all", f"--prefix={tmp_path}/tree/")
    _run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation",
        "--wheel-dir", tmp_path, tmp_path / "tree",
    )  # fmt: skip
    _run(sys.executable, "-m", "venv", tmp_path / "venv")
    site = next((tmp_path / "venv").glob("lib/python3*/site-packages"))
    (site / "dependencies.pth").write_text(str(Path(pytest.__file__).parent.parent))
    [wheel] = tmp_path.glob("paddock_arena-*.whl")
    _run(tmp_path / "venv/bin/python", "-m", "pip", "install", "--no-deps", wheel)
    (tmp_path / "elsewhere").mkdir()
    told = _run(
        tmp_path / "venv/bin/paddock", "demo", "--votes", "100", "--no-serve", "--without", "happyhorse",
        cwd=tmp_path / "elsewhere", XDG_DATA_HOME=str(tmp_path / "data"),
    )  # fmt: skip
    assert "4 of 8 contenders are left out" in told
    assert "four contenders, simulated raters (100 simulated votes)" in " ".join(told.split())
    assert (tmp_path / "data" / "paddock" / "paddock.sqlite3").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def _run(*command: object, cwd: Path | None = None, **variables: str) -> str:
    """Run a command with the settings' defaults; return what it prints."""
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
