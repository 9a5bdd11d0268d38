from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from arena.runs.models import Rendition
from arena.voting.fit_settings import FitSettings, InvalidFit
from arena.voting.ledger import BrokenLedger, verify_ledger
from arena.voting.models import Ballot, LedgerEntry, Study
from arena.voting.openings import close_study, reopen_study
from arena.voting.rule_changes import NothingChanged, change_rules, rule_differences, terms_at
from arena.voting.rules import rules_hash
from arena.voting.terms import InvalidTerms, Terms
from tests.factories import make_study
from tests.factories_voting import answer, cast, make_twin_row, open_page, recorded

pytestmark = pytest.mark.django_db

REASON = "Raters asked for it."


@pytest.fixture
def study() -> Study:
    return make_study(prompts=2)


def test_a_change_is_a_numbered_version_with_old_and_new_rules_in_the_ledger(study: Study) -> None:
    before = rules_hash(study)
    change = change_rules(study=study, terms=Terms(reveal="close", quota=30), reason=REASON)
    stored = Study.objects.get()
    assert (stored.terms, stored.rules_version) == ({"reveal": "close", "quota": 30}, 2)
    payload = json.loads(LedgerEntry.objects.get().payload)
    assert (payload["change"], payload["reason"]) == ("rules", REASON)
    assert payload["details"] == {
        "rules": {"version": 2, "terms": {"reveal": "close", "quota": 30}, "fit": {}},
        "rules_hash": rules_hash(stored),
        "before": {"rules": {"version": 1, "terms": {}, "fit": {}}, "rules_hash": before},
    }
    assert rule_differences(change) == ['reveal: "vote" → "close"', "quota: 0 → 30"]
    assert verify_ledger(study) == 1


def test_an_open_study_gets_gold_pairs_once_it_has_twins(study: Study) -> None:
    with pytest.raises(
        InvalidTerms, match=r"twins of its clips must be at least 1 .* got 0\. Make some first"
    ):
        change_rules(study=study, terms=Terms(gold=0.1), reason=REASON)
    make_twin_row(Rendition.objects.order_by("pk")[0])
    change_rules(study=study, terms=Terms(gold=0.1), reason=REASON)
    assert Study.objects.get().terms == {"gold": 0.1}


def test_opening_records_the_rules(study: Study) -> None:
    Study.objects.update(is_open=False)
    study.refresh_from_db()
    reopen_study(study=study)
    assert study.changes.get().details["rules_hash"] == rules_hash(study)


def test_ballots_and_votes_keep_the_version_they_were_issued_under(client: Client, study: Study) -> None:
    first = open_page(client, study)
    change_rules(study=study, terms=Terms(quota=30), reason=REASON)
    answer(client, first)
    second = open_page(client, study)
    answer(client, second)
    assert list(Ballot.objects.order_by("issued_at").values_list("rules_version", flat=True)) == [1, 2]
    votes = [json.loads(entry.payload) for entry in LedgerEntry.objects.filter(kind="vote")]
    assert [vote.get("rules_version", 1) for vote in votes] == [1, 2]
    assert verify_ledger(study) == 3


def test_the_terms_of_each_version_are_known(study: Study) -> None:
    change_rules(study=study, terms=Terms(quota=30, completion_code="C0DE"), reason=REASON)
    change_rules(study=study, terms=Terms(quota=40), reason=REASON)
    assert [terms_at(study, version).quota for version in (1, 2, 3)] == [0, 30, 40]
    with pytest.raises(LookupError, match="no version 4"):
        terms_at(study, 4)


def test_the_settings_of_ratings_change_by_the_same_way(study: Study) -> None:
    change = change_rules(study=study, fit=FitSettings(ties="davidson"), reason=REASON)
    assert (Study.objects.get().fit, Study.objects.get().terms) == ({"ties": "davidson"}, {})
    assert rule_differences(change) == ['fit ties: "half" → "davidson"']
    with pytest.raises(InvalidFit, match="anchor must be one of the study's contenders"):
        change_rules(study=study, fit=FitSettings(anchor="nobody"), reason=REASON)


def test_changes_that_are_none_or_invalid_are_refused_and_leave_no_entry(study: Study) -> None:
    cast(study)
    before = recorded()
    with pytest.raises(NothingChanged, match="has these rules already"):
        change_rules(study=study, terms=Terms(), reason=REASON)
    with pytest.raises(InvalidTerms, match="quota must be a whole number"):
        change_rules(study=study, terms=Terms(quota=-1), reason=REASON)
    with pytest.raises(InvalidTerms, match="reason must be a sentence"):
        change_rules(study=study, terms=Terms(quota=3), reason=" ")
    assert recorded() == before
    assert Study.objects.get().rules_version == 1


def test_a_closed_studys_rules_can_change(study: Study) -> None:
    close_study(study=study)
    change_rules(study=study, terms=Terms(public_board=False), reason=REASON)
    reopen_study(study=study)
    assert verify_ledger(study) == 3


@pytest.mark.parametrize("field", ["terms", "fit"])
def test_rules_changed_behind_the_ledger_are_found(study: Study, field: str) -> None:
    change_rules(study=study, terms=Terms(quota=30), reason=REASON)
    Study.objects.update(**{field: {"ties": "davidson"} if field == "fit" else {"quota": 40}})
    with pytest.raises(BrokenLedger, match="its terms or fit differ from version 2 of its rules"):
        verify_ledger(study)


def test_the_command_changes_terms_and_fit_and_prints_both_values(study: Study, tmp_path: Path) -> None:
    file, out = tmp_path / "terms.yaml", StringIO()
    file.write_text("answers: [a, b]\n", encoding="utf-8")
    options = [f"--terms={file}", "--ties=davidson", f"--reason={REASON}"]
    call_command("change_terms", "study", *options, stdout=out)
    assert out.getvalue().splitlines() == [
        "Study study has version 2 of its rules:",
        '  answers: ["a", "tie", "both_bad", "b"] → ["a", "b"]',
        '  fit ties: "half" → "davidson"',
    ]
    with pytest.raises(CommandError, match="has these rules already"):
        call_command("change_terms", "study", *options)
    file.write_text("answers: [b]\n", encoding="utf-8")
    with pytest.raises(CommandError, match="answers must be"):
        call_command("change_terms", "study", *options)
    with pytest.raises(CommandError, match="Unknown study 'nowhere'"):
        call_command("change_terms", "nowhere", *options)


def test_a_new_completion_code_is_a_version_that_keeps_the_code(study: Study, tmp_path: Path) -> None:
    change_rules(study=study, terms=Terms(completion_code="ONE"), reason=REASON)
    file, out = tmp_path / "terms.yaml", StringIO()
    file.write_text("completion_code: TWO\n", encoding="utf-8")
    call_command("change_terms", "study", f"--terms={file}", f"--reason={REASON}", stdout=out)
    assert "a code or address for raters who finished is another one" in out.getvalue()
    assert "TWO" not in LedgerEntry.objects.order_by("sequence").last().payload  # type: ignore[union-attr]
    assert verify_ledger(study) == 2
