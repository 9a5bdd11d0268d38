from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.models import Suite
from tests.factories_catalog import write_suite

pytestmark = pytest.mark.django_db


def _load(path: Path) -> str:
    out = StringIO()
    call_command("load_suite", path, stdout=out)
    return out.getvalue()


def test_it_says_what_it_loaded(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "id: a, text: x", "id: b, text: y")
    assert _load(path) == "Loaded first@1, 2 prompts.\n"
    assert _load(path) == "Already loaded: first@1, 2 prompts.\n"
    assert _load(write_suite(tmp_path, "id: a, text: x")) == "Loaded first@2, 1 prompts.\n"


def test_a_malformed_file_is_refused_with_all_its_problems(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        _load(write_suite(tmp_path, "id: a", "id: a, text: x, seed: 3"))
    assert str(caught.value).splitlines() == [
        "suite.yaml:4: prompts.0.text: is missing.",
        "suite.yaml:5: prompts.1.id: 'a' is taken by the entry of line 4.",
        "suite.yaml:5: prompts.1.seed: unknown field. Known: aux, dimensions, expected_sound, id, image, "
        "language, licence, origin, seeds, tags, text, translates.",
        "Nothing was loaded.",
    ]
    assert not Suite.objects.exists()


@pytest.mark.parametrize(("name", "prompts"), [("toy-world", 24), ("paddock-120", 144)])
def test_a_suite_that_comes_with_paddock_is_loaded_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, prompts: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _load(Path(name)) == f"Loaded {name}@1, {prompts} prompts.\n"


def test_a_name_that_is_neither_a_file_nor_here_is_refused() -> None:
    with pytest.raises(
        CommandError, match=r"^paddock-12: unknown kind of file ''\. Known: \.yaml, \.yml, \.jsonl\."
    ):
        _load(Path("paddock-12"))
