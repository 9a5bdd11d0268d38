from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("generators/**/*.md")])
OWN_PATHS = [page for page in PAGES if page.name != "suites.md"]
"""Pages whose paths are this tree's; that on suites names files of public benchmarks."""
HAPPYHORSE = ROOT / "generators" / "happyhorse"
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


def _named_paths(page: Path) -> list[str]:
    """Return the paths that a page names as code, but for patterns such as `NAME.css`."""
    named: list[str] = re.findall(r"`([\w.-]+/[\w./-]*)`", page.read_text(encoding="utf-8"))
    return [path for path in named if "NAME" not in path]


@pytest.mark.parametrize("page", OWN_PATHS, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    bases = (ROOT, HAPPYHORSE, page.parent, page.parent / "weights")
    assert [path for path in _named_paths(page) if not any((base / path).exists() for base in bases)] == []


def test_paths_are_found_where_pages_name_them() -> None:
    assert len(_named_paths(ROOT / "CONTRIBUTING.md")) > 20
    assert len(_named_paths(ROOT / "docs" / "happyhorse.md")) > 10


def _happyhorses_rooms() -> dict[str, list[str]]:
    """Return the modules that the page on HappyHorse names in each room, in the page's order."""
    text = (ROOT / "docs" / "happyhorse.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \| (.+) \|$", text, re.MULTILINE)
    return {room: re.findall(r"`(\w+)`", modules) for room, modules in rows}


def test_the_page_on_happyhorse_names_modules_that_exist() -> None:
    rooms = _happyhorses_rooms()
    modules = [f"{room}/{module}.py" for room, names in rooms.items() for module in names]
    assert len(modules) > 15
    assert [module for module in modules if not (HAPPYHORSE / module).is_file()] == []


def test_the_page_on_happyhorse_has_every_room_in_the_order_of_imports() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [
        contract["layers"]
        for contract in contracts["contracts"]
        if contract.get("containers") == ["generators.happyhorse"]
    ]
    floors = [name for layer in reversed(layers) for name in layer.split(" | ")]
    assert list(_happyhorses_rooms()) == [name for name in floors if (HAPPYHORSE / name).is_dir()]


@pytest.mark.parametrize("kind", ["contender", "suite", "screening rule", "estimator", "page"])
def test_there_is_a_recipe_for_each_kind_of_addition(kind: str) -> None:
    assert re.search(rf"- \*\*Add an? {kind}\*\*", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
