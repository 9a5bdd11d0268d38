from __future__ import annotations

from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.located import FileError
from arena.voting.models import Study
from arena.voting.rules import rules_hash, study_rules
from arena.voting.terms import RULES, InvalidTerms, Terms
from arena.voting.terms_file import describe_terms, read_terms
from tests.factories import make_contender, make_study, make_suite

EVERY_FIELD: dict[str, Any] = {
    "answers": ["a", "tie", "b"],
    "aspects": ["picture", "sync"],
    "modes": ["both", "muted", "sound"],
    "geometry": "native",
    "reveal": "close",
    "public_board": False,
    "admission": "panel",
    "panel_query": "PROLIFIC_PID",
    "quota": 30,
    "min_votes": 100,
    "min_raters": 15,
    "min_prompts": 10,
    "consent": "I agree.\nI am an adult.",
    "instructions": True,
    "sound_check": "require",
    "work_bits": 18,
    "completion_code": "C0DE",
    "completion_url": "https://panel.example/done?cc={code}&who={participant}",
    "screened_out_code": "0UT",
    "personal_board": 20,
    "screening": {"too-fast": 2.5},
    "gold": 0.1,
    "identical": 0.05,
    "repeats": 0.1,
    "training": 5,
}


def test_only_what_differs_from_the_defaults_is_stored() -> None:
    assert Terms().stored == {}
    assert Terms.of(EVERY_FIELD).stored == EVERY_FIELD
    assert Terms.of({"quota": 30}).stored == {"quota": 30}


def test_every_field_has_a_rule_and_a_line_of_help() -> None:
    names = [field.name for field in fields(Terms)]
    assert (list(EVERY_FIELD), list(RULES)) == (names, names)
    Terms().check()
    Terms.of(EVERY_FIELD).check()
    assert [line.split(":")[0].strip() for line in describe_terms().splitlines()[1:]] == names


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"answers": ["a", "b", "tie"]}, r"answers must be \[a, b\], .*; got \['a', 'b', 'tie'\]\."),
        ({"answers": "a"}, "answers must be"),
        ({"aspects": ["taste"]}, r"aspects must be a list of none or some of picture, .*; got \['taste'\]\."),
        ({"aspects": ["sync", "sync"]}, "each once"),
        (
            {"modes": []},
            r"modes must be a list of both and none or some of muted, sound, each once; got \[\]\.",
        ),
        ({"modes": [1]}, "modes must be"),
        ({"reveal": "never"}, r"reveal must be one of vote, last, close; got 'never'."),
        ({"public_board": 1}, "public_board must be true or false; got 1."),
        ({"admission": None}, "admission must be one of public, invitation, panel; got None."),
        ({"panel_query": "a b"}, "panel_query must be empty or 1 to 32 letters"),
        ({"panel_query": "PID"}, "panel_query must be empty unless admission is panel; got 'PID'."),
        ({"quota": -1}, "quota must be a whole number from 0 to 1,000,000; got -1."),
        ({"quota": True}, "quota must be .* got true."),
        ({"consent": "x" * 5000}, r"consent must be text of at most 4,000 .*\(5002 characters\)"),
        ({"completion_code": "\0"}, "completion_code must be text of at most 64 printable characters"),
        (
            {"screening": {"too-fast": "high"}},
            "screening must be a mapping of rules to numbers: few-votes from 2",
        ),
        ({"screening": {"too-fast": 1e9}}, "screening must be a mapping of rules to numbers"),
        ({"screening": {"too-slow": 1}}, "loyalty from 0.5 to 1; .* got {'too-slow': 1}"),
        ({"screening": {"Too fast": 1}}, "screening must be"),
    ],
)
def test_invalid_values_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidTerms, match=message):
        Terms.of(given).check()


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(InvalidTerms, match=r"terms must be of admission, .*; got 'quotas'\. Leave it out\."):
        Terms.of({"quotas": 3})


def test_a_file_of_terms_is_read(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("answers: [a, b]\nscreening: {too-fast: 2.5}\n", encoding="utf-8")
    terms = read_terms(path)
    assert terms == Terms(answers=("a", "b"), screening={"too-fast": 2.5})
    assert type(terms.screening["too-fast"]) is float


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- answers\n", r"terms.yaml must be a mapping of terms; got list"),
        ("", "the file is empty"),
        ("quota: many\n", "quota must be a whole number"),
        ("a: [", "can't be read as YAML"),
    ],
)
def test_a_file_without_terms_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((InvalidTerms, FileError), match=message):
        read_terms(path)


@pytest.mark.django_db
def test_a_study_without_terms_keeps_the_hash_of_its_rules() -> None:
    study = make_study()
    before = rules_hash(study)
    assert "terms" not in study_rules(study)
    study.terms = {"answers": ["a", "b"]}
    assert study_rules(study)["choices"] == ["a", "b"]
    assert study_rules(study)["terms"] == {"answers": ["a", "b"]}
    assert rules_hash(study) != before


@pytest.mark.django_db
def test_public_rules_keep_the_completion_code_to_themselves() -> None:
    study = make_study(terms={"completion_code": "C0DE"})
    assert study_rules(study)["terms"] == {"completion_code": True}


@pytest.mark.django_db
def test_the_command_sets_them(tmp_path: Path) -> None:
    make_contender("one")
    make_contender("two")
    make_suite("scenes")
    path = tmp_path / "terms.yaml"
    path.write_text("reveal: close\nquota: 12\n", encoding="utf-8")
    rules = ["--title=T", "--tracks=t2v-audio", "--suites=scenes", "--contenders=one,two"]
    call_command("create_study", "mine", *rules, f"--terms={path}", stdout=StringIO())
    assert Study.objects.get().terms == {"reveal": "close", "quota": 12}
    with pytest.raises(CommandError, match=r'terms {"quota":12,"reveal":"close"}, not {}'):
        call_command("create_study", "mine", *rules)
    path.write_text("reveal: never\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"^reveal must be one of vote, last, close; got 'never'.$"):
        call_command("create_study", "other", *rules, f"--terms={path}")


def test_the_page_on_studies_has_a_row_for_each_field() -> None:
    page = (Path(__file__).parents[3] / "docs" / "studies.md").read_text(encoding="utf-8")
    for name, rule in RULES.items():
        assert f"| `{name}` | {rule.meaning} | {rule.must_be} |" in page
