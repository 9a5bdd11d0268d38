from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from analysis.command import main
from analysis.report.build import SECTIONS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")


def test_the_examples_run_in_order() -> None:
    namespace: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(block, namespace)
    assert namespace["board"]["contender"].iloc[0] == "north"
    assert len(namespace["gaps"]) == 2
    assert namespace["report"].figures[0].svg().startswith("<?xml")


def test_every_option_is_explained_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("report", "export", "votes", "dataset", "upload"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
    options = set(re.findall(r"^ +(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert len(options) > 8
    assert set(re.findall(r"^\| `(--[a-z-]+)` \|", PAGE, re.MULTILINE)) == options


@pytest.mark.parametrize("title", [title for title, _ in SECTIONS])
def test_every_section_is_explained(title: str) -> None:
    assert f"| {title} |" in PAGE


def test_the_readme_leads_here() -> None:
    assert "(docs/analysis.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
