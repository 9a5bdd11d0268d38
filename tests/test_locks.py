from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MAKE = ["make", "--dry-run", "--always-make"]


def _text(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def _pinned(lock: str, python: str) -> dict[str, str]:
    """Return the version of each distribution that a lock installs on this platform."""
    environment = {"python_version": python, "python_full_version": f"{python}.7", "extra": ""}
    pins: dict[str, str] = {}
    for line in re.findall(r"^([a-z0-9].+?) \\$", _text(lock), re.MULTILINE):
        name, _, marker = line.partition(" ; ")
        if not marker or Marker(marker).evaluate(environment):
            package, _, version = name.partition("==")
            pins[package] = version
    return pins


def _expanded(lines: list[str]) -> list[Requirement]:
    """Return the requirements, with this distribution's extras replaced by what they require."""
    found = []
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["name"]:
            found += [each for extra in requirement.extras for each in _expanded(EXTRAS[extra])]
        else:
            found.append(requirement)
    return found


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("lock", "asked"),
    [("requirements.lock", []), ("requirements-dev.lock", EXTRAS["dev"])],
    ids=LOCKS,
)
def test_a_lock_pins_what_the_project_asks_for(lock: str, asked: list[str], python: str) -> None:
    pins = _pinned(lock, python)
    wanted = _expanded([*PROJECT["dependencies"], *asked])
    assert [str(each) for each in wanted if canonicalize_name(each.name) not in pins] == []
    assert [str(each) for each in wanted if pins[canonicalize_name(each.name)] not in each.specifier] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_both_locks_pin_the_same_versions(python: str) -> None:
    run, dev = (_pinned(lock, python) for lock in LOCKS)
    assert run.items() <= dev.items()


def test_what_runs_the_demo_is_free_of_tests_and_of_the_large_models_packages() -> None:
    assert not {"pytest", "mypy", "playwright", "diffusers", "transformers", "numba"} & set(
        _pinned("requirements.lock", "3.11")
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_no_path_and_no_build_of_torch(lock: str) -> None:
    assert not re.search(r"://|--find-links|--index-url|^\s*/|^torch==|^nvidia", _text(lock), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    assert re.findall(r"^[a-z].+==(?!.*\\$).*$", _text(lock), re.MULTILINE) == []


def _planned(target: str, *variables: str) -> str:
    done = subprocess.run([*MAKE, target, *variables], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_demo_installs_the_run_lock_alone() -> None:
    planned = _planned("demo")
    assert "-r requirements.lock" in planned
    assert "requirements-dev.lock" not in planned


def test_without_torch_the_demo_installs_none_and_leaves_happyhorse_out() -> None:
    planned = _planned("demo", "TORCH_BACKEND=none")
    assert "torch==" not in planned
    assert "--without happyhorse" in planned


@pytest.mark.parametrize("backend", ["cpu", "auto", "pip"])
def test_with_torch_the_demo_is_whole(backend: str) -> None:
    planned = _planned("demo", f"TORCH_BACKEND={backend}")
    assert "torch==" in planned
    assert "--without" not in planned
    assert ("--torch-backend" in planned) == (backend != "pip")


def test_the_makefile_names_no_host() -> None:
    assert "://" not in _text("Makefile")


@pytest.mark.parametrize("variable", ["VOTES=7", "SERVE=0", "PORT=8123"])
def test_variables_reach_the_demo_as_options(variable: str) -> None:
    options = {"VOTES=7": "--votes 7", "SERVE=0": "--no-serve", "PORT=8123": "--port 8123"}
    assert options[variable] in _planned("demo", variable)


@pytest.mark.parametrize(("target", "quick"), [("test", True), ("test-all", False)])
def test_make_test_leaves_the_slow_ones_to_test_all(target: str, quick: bool) -> None:
    assert ('-m "not slow"' in _planned(target)) == quick


@pytest.mark.parametrize("command", re.findall(r"^    (make .+)$", _text("README.md"), re.MULTILINE))
def test_make_knows_each_command_of_the_readme(command: str) -> None:
    subprocess.run(
        ["make", "--dry-run", *command.partition("#")[0].split()[1:]],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
