from __future__ import annotations

import re
from pathlib import Path

import pytest

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
