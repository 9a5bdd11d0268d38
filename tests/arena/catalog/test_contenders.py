from __future__ import annotations

from pathlib import Path

import pytest

from arena.catalog.contenders import load_contenders
from arena.catalog.located import FileError
from arena.catalog.models import Contender
from tests.factories import make_contender, write_file
from tests.factories_catalog import refusals

pytestmark = pytest.mark.django_db
TRUTH = "contender: truth, name: Truth, generator: toy-world"
STUTTER = "contender: stutter, name: Stutter, maker: Us, generator: toy-world, settings: {flaw: stutter}"


def _write(folder: Path, *contenders: str) -> Path:
    lines = [f"  - {{{contender}}}\n" for contender in contenders]
    return write_file(folder / "contenders.yaml", f"contenders:\n{''.join(lines)}")


def _refuse(path: Path) -> list[str]:
    with pytest.raises(FileError) as caught:
        load_contenders(path=path)
    return list(refusals(caught))


def test_contenders_are_loaded(tmp_path: Path) -> None:
    loaded = load_contenders(path=_write(tmp_path, TRUTH, STUTTER))
    assert [(contender.slug, is_new) for contender, is_new in loaded] == [("truth", True), ("stutter", True)]
    row = Contender.objects.get(slug="stutter")
    assert (row.name, row.maker, row.generator) == ("Stutter", "Us", "toy-world")
    assert row.settings == {"flaw": "stutter"}


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path, TRUTH, STUTTER)
    load_contenders(path=path)
    assert [is_new for _, is_new in load_contenders(path=path)] == [False, False]
    assert Contender.objects.count() == 2


def test_a_contender_may_be_described_anew(tmp_path: Path) -> None:
    make_contender("truth", name="Old", maker="Them", settings={})
    load_contenders(path=_write(tmp_path, TRUTH))
    row = Contender.objects.get()
    assert (row.name, row.maker) == ("Truth", "")


def test_a_codename_withholds_an_identity_until_the_file_is_loaded_without_it(tmp_path: Path) -> None:
    load_contenders(path=_write(tmp_path, f"{STUTTER}, codename: Falcon"))
    row = Contender.objects.get()
    assert (row.is_withheld, row.shown_name, row.shown_origin) == (True, "Falcon", "")
    load_contenders(path=_write(tmp_path, STUTTER))
    row.refresh_from_db()
    assert (row.is_withheld, row.shown_name, row.shown_origin) == (False, "Stutter", "stutter · Us")


def test_what_a_contender_is_never_changes(tmp_path: Path) -> None:
    make_contender("stutter", name="Old", settings={"flaw": "none"})
    assert _refuse(_write(tmp_path, TRUTH, STUTTER)) == [
        "contenders.yaml:3: contenders.1.contender: 'stutter' exists with generator toy-world and settings "
        "{'flaw': 'none'}, and what a contender is never changes. Give it another slug."
    ]
    assert Contender.objects.get().name == "Old"


@pytest.mark.parametrize(
    ("contender", "refusal"),
    [
        (TRUTH.replace("toy-world", "sora"), "generator: Unknown generator 'sora'. Known: "),
        (
            f"{TRUTH}, settings: {{speed: 9}}",
            "generator: toy-world has no setting 'speed'. Its settings: flaw",
        ),
        (f"{TRUTH}, settings: {{flaw: odd}}", "generator: toy-world: 'flaw' can't be 'odd'. Allowed: none"),
        (f"{TRUTH}, settings: [flaw]", "settings: must be a mapping; got ['flaw']."),
        (
            f"{TRUTH}, makr: Us",
            "makr: unknown field. Known: codename, contender, generator, maker, name, settings.",
        ),
        ("contender: truth, generator: toy-world", "name: is missing."),
        ("name: Truth, generator: toy-world", "contender: is missing."),
        ("contender: truth, name: Truth", "generator: is missing."),
        (STUTTER, "contender: 'stutter' is taken by the entry of line 2."),
    ],
)
def test_a_wrong_contender_is_named_by_line_and_field(tmp_path: Path, contender: str, refusal: str) -> None:
    refusals = _refuse(_write(tmp_path, STUTTER, contender))
    assert [text.startswith(f"contenders.yaml:3: contenders.1.{refusal}") for text in refusals] == [True]
    assert not Contender.objects.exists()


def test_paths_are_relative_to_the_contenders_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "p0.mp4").touch()
    write_file(tmp_path / "clips" / "all.csv", "contender,prompt_id,seed,file\nb,p0,0,p0.mp4\n")
    path = _write(
        tmp_path,
        "contender: a, name: A, generator: folder, settings: {clips: clips}",
        "contender: b, name: B, generator: folder, settings: {manifest: clips/all.csv, contender: b}",
    )
    monkeypatch.chdir("/")
    loaded = {contender.slug: contender.settings for contender, _ in load_contenders(path=path)}
    assert loaded["a"] == {"clips": str(tmp_path / "clips")}
    assert loaded["b"]["manifest"] == str(tmp_path / "clips" / "all.csv")
