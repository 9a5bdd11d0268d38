from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from arena.version import VERSION

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
JOBS = yaml.safe_load(WORKFLOW)["jobs"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def _steps(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def test_the_forge_runs_every_python_that_the_project_names() -> None:
    prefix = "Programming Language :: Python :: "
    named = [line.removeprefix(prefix) for line in PROJECT["classifiers"] if line.startswith(prefix)]
    assert JOBS["python"]["strategy"]["matrix"]["python"] == named


def test_the_forge_runs_what_a_change_must_pass() -> None:
    assert ".ci/run" in _steps("whole")
    assert {"make lint", "make check", "make docs", "make test"} <= set(_steps("python"))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make (\w+)", WORKFLOW))))
def test_make_knows_each_target_of_the_forge(target: str) -> None:
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)


def test_make_check_looks_at_migrations_and_at_production() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "check"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "makemigrations --check" in done.stdout
    assert "PADDOCK_ENVIRONMENT=production" in done.stdout
    assert "check --deploy --fail-level WARNING" in done.stdout


def test_the_citation_is_of_this_version_and_names_nobody() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["version"] == VERSION
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["authors"] == [{"name": "The Paddock contributors"}]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_form_asks_with_an_id_and_a_label_for_each_field(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    fields = [item for item in form["body"] if item["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in fields)
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids) > 0


@pytest.mark.parametrize("room", ["arena", "generators", "elo", "analysis"])
def test_each_room_says_that_it_is_typed(room: str) -> None:
    assert (ROOT / room / "py.typed").is_file()


def test_make_lint_checks_spelling_and_complexity() -> None:
    done = subprocess.run(["make", "--dry-run", "lint"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ".venv/bin/typos" in done.stdout.split()
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert {"C901", "PLR0912", "PLR0915"} <= set(rules["select"])
