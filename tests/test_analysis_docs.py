from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from analysis.command import main
from analysis.report.build import SECTIONS
from tests.factories_voting import make_rated_study

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


@pytest.mark.slow
@pytest.mark.django_db
def test_every_command_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = make_rated_study("my-study")
    first, second = (each.slug for each in study.contenders.order_by("slug")[:2])
    board = f"contender,rating,date\n{first},1100,2026-05-01\n{second},1000,2026-05-01\n"
    (tmp_path / "boards.csv").write_text(board, encoding="utf-8")
    run = 0
    for block in re.findall(r"^```\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            match shlex.split(line):
                case ["python", "manage.py", *arguments]:
                    call_command(*arguments)
                case ["python", "-m", "analysis", *arguments]:
                    main(arguments)
                case other:
                    pytest.fail(f"a command of another kind: {other}")
            run += 1
    assert run > 8
    found = {path.name for path in tmp_path.iterdir()}
    assert found >= {"votes.json", "report.html", "tables", "battles.json", "battles.csv", "dataset"}


@pytest.mark.parametrize("title", [title for title, _ in SECTIONS])
def test_every_section_is_explained(title: str) -> None:
    assert f"| {title} |" in PAGE


def test_the_readme_leads_here() -> None:
    assert "(docs/analysis.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
