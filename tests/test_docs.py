from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("generators/**/*.md")])
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


def _links(page: Path) -> list[str]:
    """Return where a page's links lead in the tree, as written."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if "://" not in link]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert [link for link in _links(page) if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_glossary_is_linked_from_where_people_start(page: str) -> None:
    assert "docs/glossary.md" in _links(ROOT / page)


def test_the_glossary_defines_each_word_once() -> None:
    words = re.findall(r"^\| ([a-z].+?) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    defined = [word for word in words if word != "word"]
    assert {"job", "tally", "rendition", "propensity"} <= set(defined)
    assert len(defined) == len(set(defined))


@pytest.mark.parametrize("image", re.findall(r"!\[.+?\]\((.+?)\)", README))
def test_every_image_is_in_the_tree(image: str) -> None:
    assert (ROOT / image).is_file()


def test_the_recipes_name_paths_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = [path for path in re.findall(r"`([\w.-]+/[\w./-]*)`", text) if "NAME" not in path]
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("kind", ["contender", "suite", "screening rule", "estimator", "page"])
def test_there_is_a_recipe_for_each_kind_of_addition(kind: str) -> None:
    assert re.search(rf"- \*\*Add an? {kind}\*\*", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
