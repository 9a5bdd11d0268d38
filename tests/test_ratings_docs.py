from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

import elo
from elo import raters, robustness, study
from elo.command import main

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "ratings.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = sorted(
    {
        *elo.__all__,
        *study.__all__,
        *(name for room in (raters, robustness) for name in room.__all__ if name.islower()),
    }
)


def test_the_examples_run_in_order() -> None:
    blocks = re.findall(r"^```python\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(block, namespace)
    assert namespace["ratings"].difference("w", "z").lower > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_explained(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE)


def test_every_option_of_the_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)) - {"--help"}
    assert len(options) > 10
    assert sorted(option for option in options if f"`{option}`" not in PAGE + README) == []


@pytest.mark.parametrize("name", [name for name, kind in get_type_hints(elo.fit).items() if get_args(kind)])
def test_every_word_that_fit_takes_is_explained(name: str) -> None:
    kind = get_type_hints(elo.fit)[name]
    each = get_args(kind)[0] if get_origin(kind) is Sequence else kind
    words = get_args(each) if get_origin(each) is Literal else ()
    assert [word for word in words if not re.search(rf"\b{word}\b", PAGE)] == []


def test_no_option_is_named_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert set(re.findall(r"`(--[a-z][a-z-]*)`", PAGE)) <= set(
        re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)
    )


def test_the_readme_leads_here() -> None:
    assert "(docs/ratings.md)" in README


def test_importing_elo_loads_nothing_heavy() -> None:
    program = "import sys, elo; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert {"scipy.stats", "pandas", "pyarrow", "numba", "django"} & set(loaded.split()) == set()
