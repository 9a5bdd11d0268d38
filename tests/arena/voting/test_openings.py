from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from arena.runs.models import Job, Rendition
from arena.voting.ledger import BrokenLedger, verify_ledger
from arena.voting.models import Ballot, LedgerEntry, Rater, Study, StudyChange, Vote
from arena.voting.openings import NothingToShow, StudyState, close_study, pause_study, reopen_study
from tests.factories import make_study
from tests.factories_voting import answer, cast, make_twin_row, open_page, recorded, unprotect

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return make_study()


def test_a_study_is_closed_and_reopened_with_an_entry_each(study: Study) -> None:
    cast(study)
    close_study(study=study, reason="Enough votes.")
    assert not Study.objects.get().is_open
    reopen_study(study=study)
    assert Study.objects.get().is_open
    kinds = LedgerEntry.objects.order_by("sequence").values_list("kind", flat=True)
    assert list(kinds) == ["vote", "change", "change"]
    assert [(c.number, c.kind, c.reason) for c in study.changes.all()] == [
        (1, "closed", "Enough votes."),
        (2, "reopened", ""),
    ]
    assert verify_ledger(study) == 3


@pytest.mark.parametrize("twice", [close_study, reopen_study])
def test_the_same_state_twice_is_refused_and_recorded_once(study: Study, twice: Callable[..., None]) -> None:
    close_study(study=study)
    if twice is reopen_study:
        reopen_study(study=study)
    before = recorded()
    with pytest.raises(ValueError, match=r"^Study 'study' is (open|closed) already"):
        twice(study=study)
    assert recorded() == before


def test_gold_pairs_need_twins_before_a_study_opens() -> None:
    study = make_study(terms={"gold": 0.1})
    close_study(study=study)
    with pytest.raises(
        NothingToShow, match=r"at least 1 for .* got 0\. Make some first: manage.py make_twins study"
    ):
        reopen_study(study=study)
    assert not Study.objects.get().is_open
    twin = make_twin_row(Rendition.objects.order_by("pk")[0])
    reopen_study(study=study)
    close_study(study=study)
    twin.retired_at = timezone.now()
    twin.save()
    with pytest.raises(NothingToShow, match="make_twins"):
        reopen_study(study=study)


def test_a_study_whose_clips_are_gone_cant_reopen(study: Study) -> None:
    close_study(study=study)
    Job.objects.update(state=Job.State.FAILED)
    with pytest.raises(NothingToShow, match="Study 'study' can't open: no two of its contenders have clips"):
        reopen_study(study=study)
    assert not Study.objects.get().is_open
    assert verify_ledger(study) == 1


def test_raters_of_a_closed_study_read_that_it_is_closed(client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    close_study(study=study)
    page = client.get(reverse("ballot", args=["study"]))
    assert (page.status_code, "This study is closed" in page.content.decode()) == (410, True)
    refused = answer(client, ballot)
    assert (refused.status_code, "This study is closed" in refused.content.decode()) == (410, True)
    assert not Vote.objects.exists()
    ballot.refresh_from_db()
    assert ballot.state == "open"
    reopen_study(study=study)
    assert answer(client, ballot).status_code == 302
    assert Vote.objects.count() == 1
    assert verify_ledger(study) == 3


def test_a_closed_study_keeps_its_votes_and_says_so_again_to_their_raters(
    client: Client, study: Study
) -> None:
    ballot = open_page(client, study)
    answer(client, ballot)
    close_study(study=study)
    assert answer(client, ballot).status_code == 302
    assert client.get("/").status_code == 200
    assert Vote.objects.count() == 1


# Pauses.


def test_a_paused_study_takes_votes_on_open_pairs_and_shows_no_others(client: Client) -> None:
    study = make_study(prompts=2)
    ballot = open_page(client, study)
    pause_study(study=study, reason="The lab is moving.")
    assert client.get(reverse("ballot", args=["study"])).context["ballot"] == ballot
    assert client.get(reverse("start", args=["study"])).status_code == 200
    assert answer(client, ballot).status_code == 302
    for address in ("ballot", "start"):
        page = client.get(reverse(address, args=["study"]))
        assert (page.status_code, "This study is paused" in page.content.decode()) == (409, True)
    assert "Take part" not in client.get("/").content.decode()
    assert (Vote.objects.count(), Ballot.objects.count()) == (1, 1)
    reopen_study(study=study)
    assert open_page(client, study) != ballot
    kinds = study.changes.values_list("kind", "reason")
    assert list(kinds) == [("paused", "The lab is moving."), ("reopened", "")]
    assert verify_ledger(study) == 3


def test_a_new_visitor_of_a_paused_study_leaves_no_row(client: Client, study: Study) -> None:
    url = reverse("start", args=["study"])
    client.get(url)
    pause_study(study=study)
    form = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    assert client.post(url, form).status_code == 409
    assert not Rater.objects.exists()


def test_a_paused_study_can_close_but_not_pause_again(study: Study) -> None:
    pause_study(study=study)
    with pytest.raises(StudyState, match="Study 'study' is paused already"):
        pause_study(study=study)
    close_study(study=study)
    with pytest.raises(StudyState, match="is closed, and only an open one can pause"):
        pause_study(study=study)
    assert Study.objects.get().state == "closed"
    assert verify_ledger(study) == 2


def test_a_pause_behind_the_ledger_is_found(study: Study) -> None:
    pause_study(study=study)
    Study.objects.update(is_paused=False)
    with pytest.raises(BrokenLedger, match="its row says open, and its ledger says paused"):
        verify_ledger(study)


# Tampering.


def test_a_state_changed_behind_the_ledger_is_found(study: Study) -> None:
    close_study(study=study)
    Study.objects.update(is_open=True)
    with pytest.raises(BrokenLedger, match="its row says open, and its ledger says closed"):
        verify_ledger(study)


def test_an_edited_change_is_found(study: Study) -> None:
    close_study(study=study, reason="Enough votes.")
    unprotect("voting_studychange")
    StudyChange.objects.update(reason="A contender asked for it.")
    with pytest.raises(BrokenLedger, match=r"entry 1 of the ledger .change. differs from its row"):
        verify_ledger(study)


def test_a_deleted_entry_of_a_change_is_found(study: Study) -> None:
    close_study(study=study)
    unprotect("voting_ledgerentry")
    LedgerEntry.objects.all().delete()
    with pytest.raises(BrokenLedger, match="entry 1 is missing, the change number 1"):
        verify_ledger(study)


# The commands.


def test_the_commands_close_and_reopen(study: Study) -> None:
    out = StringIO()
    call_command("pause_study", "study", "--reason=Wait.", stdout=out)
    with pytest.raises(CommandError, match="is paused already"):
        call_command("pause_study", "study")
    call_command("close_study", "study", "--reason=Enough.", stdout=out)
    with pytest.raises(CommandError, match="is closed already"):
        call_command("close_study", "study")
    call_command("reopen_study", "study", stdout=out)
    assert out.getvalue().splitlines() == [
        "Paused study study. Open it again with: manage.py reopen_study study",
        "Closed study study. Open it again with: manage.py reopen_study study",
        "Reopened study study.",
    ]
    with pytest.raises(CommandError, match=r"Unknown study 'nowhere'. Known: study"):
        call_command("close_study", "nowhere")
