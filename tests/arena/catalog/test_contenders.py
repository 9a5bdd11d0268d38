from __future__ import annotations

from datetime import date
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


def test_a_pseudonym_stands_for_the_slug_while_an_identity_is_withheld() -> None:
    named = {"open": "", "secret-9": "Grey Falcon", "secret-10": "Grey Falcon"}
    shown, withheld, alike = (make_contender(slug, codename=name) for slug, name in named.items())
    assert shown.public_slug == "open"
    assert withheld.public_slug.startswith("grey-falcon-")
    assert len({withheld.public_slug, alike.public_slug}) == 2
    assert make_contender("third", codename="隼").public_slug.startswith("withheld-")


def test_release_weights_and_price_are_descriptions(tmp_path: Path) -> None:
    facts = "released_on: 2026-03-31, open_weights: true, price_per_minute_usd: 2.5"
    for known, wanted in ((facts, (date(2026, 3, 31), True, 2.5)), ("maker: Us", (None, None, None))):
        load_contenders(path=_write(tmp_path, f"{TRUTH}, {known}"))
        row = Contender.objects.get()
        assert (row.released_on, row.open_weights, row.price_per_minute_usd) == wanted


@pytest.mark.parametrize(
    ("fact", "refusal"),
    [
        ("released_on: March", "released_on: must be a date such as 2026-03-31; got 'March'."),
        ("released_on: [2026]", "released_on: must be text; got [2026]."),
        ("open_weights: some", "open_weights: must be true or false; got 'some'."),
        ("price_per_minute_usd: -1", "price_per_minute_usd: must be a number from 0 to 1,000,000; got -1."),
        ("price_per_minute_usd: .nan", "price_per_minute_usd: must be a number from 0 to 1,000,000; got"),
        (
            "price_per_minute_usd: true",
            "price_per_minute_usd: must be a number from 0 to 1,000,000; got true.",
        ),
    ],
)
def test_an_impossible_description_is_refused(tmp_path: Path, fact: str, refusal: str) -> None:
    (found,) = _refuse(_write(tmp_path, f"{TRUTH}, {fact}"))
    assert found.startswith(f"contenders.yaml:2: contenders.0.{refusal}")


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
            "makr: unknown field. Known: codename, contender, generator, hidden_days, hidden_votes, "
            "maker, name, open_weights, price_per_minute_usd, released_on, settings.",
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
