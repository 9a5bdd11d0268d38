from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from arena.version import VERSION

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "arena" / "settings.py").read_text(encoding="utf-8")
VARIABLES = sorted(set(re.findall(r'env\.\w+\(\s*"(\w+)"', SETTINGS)))
COMMANDS = sorted(path.stem for path in ROOT.glob("arena/*/management/commands/[a-z]*.py"))


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_setting_is_documented(variable: str) -> None:
    assert f"| `{variable}` |" in README


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert sorted(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", README, re.MULTILINE)) == VARIABLES


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"manage.py {command}" in README


@pytest.mark.parametrize("image", re.findall(r"!\[.+?\]\((.+?)\)", README))
def test_every_image_is_in_the_tree(image: str) -> None:
    assert (ROOT / image).is_file()


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_the_lock_names_no_host_and_no_path() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|--find-links|--index-url|^\s*/", lock, re.MULTILINE)
