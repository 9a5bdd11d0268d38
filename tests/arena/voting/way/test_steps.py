from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from arena.voting.models import Ballot, Rater, Study, Vote
from arena.voting.way.checks import TRIALS, find_check
from arena.voting.way.models import Step
from tests.factories import make_study
from tests.factories_voting import answer, cast, open_page, press_start

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as ClientResponse

pytestmark = pytest.mark.django_db
CONSENT = "Your answers are used for research."
BEFORE = "/studies/study/before/"


def _study(**terms: object) -> Study:
    return make_study(prompts=3, terms=terms)


def _follow(client: Client, url: str) -> str:
    response = client.get(url, follow=True)
    return response.redirect_chain[-1][0] if response.redirect_chain else url


def _post(client: Client, url: str, **fields: str) -> ClientResponse:
    return client.post(url, fields)


def _right(client: Client) -> dict[str, str]:
    """Return the right answers of the check that the page shows."""
    attempt = client.get("/studies/study/check/").context["attempt"]
    tones = {f"tone{trial}": str(attempt.quiet[trial]) for trial in range(TRIALS)}
    rows = {name: str(count) for name, count in attempt.patches.items()}
    return {"attempt": attempt.token, **tones, **rows}


def test_a_study_without_terms_leads_straight_to_a_pair(client: Client) -> None:
    assert press_start(client, _study())["Location"] == "/studies/study/"
    assert not Step.objects.exists()


def test_consent_is_asked_for_first_and_stored_with_its_time_and_the_texts_hash(client: Client) -> None:
    study = _study(consent=CONSENT)
    assert press_start(client, study)["Location"] == BEFORE
    assert _follow(client, "/studies/study/") == f"{BEFORE}3/"
    assert not Ballot.objects.exists()
    assert _post(client, f"{BEFORE}3/", agree="yes")["Location"] == "/studies/study/"
    step = Step.objects.get()
    assert (step.name, step.text_hash) == ("consent", hashlib.sha256(CONSENT.encode()).hexdigest())
    assert step.created_at is not None
    assert client.get("/studies/study/").status_code == 200
    assert Ballot.objects.count() == 1


def test_without_the_tick_nothing_is_stored_and_the_page_says_so(client: Client) -> None:
    press_start(client, _study(consent=CONSENT))
    response = _post(client, f"{BEFORE}3/")
    assert "tick the box" in response.content.decode()
    assert not Step.objects.exists()


def test_another_text_is_asked_for_again(client: Client) -> None:
    study = _study(consent=CONSENT)
    press_start(client, study)
    _post(client, f"{BEFORE}3/", agree="yes")
    Study.objects.update(terms={"consent": "Another text."})
    assert _follow(client, "/studies/study/") == f"{BEFORE}3/"


def test_a_consent_sent_twice_is_stored_once(client: Client) -> None:
    press_start(client, _study(consent=CONSENT))
    for _ in range(2):
        assert _post(client, f"{BEFORE}3/", agree="yes").status_code == 302
    assert Step.objects.count() == 1


def test_instructions_are_three_screens_that_lead_forward_and_back(client: Client) -> None:
    press_start(client, _study(instructions=True, consent=CONSENT))
    assert _follow(client, BEFORE) == f"{BEFORE}1/"
    first, second, third = (client.get(f"{BEFORE}{number}/").content.decode() for number in (1, 2, 3))
    assert f'href="{BEFORE}2/"' in first
    assert f'href="{BEFORE}3/"' in first
    assert f'href="{BEFORE}1/"' in second
    assert f'href="{BEFORE}2/"' in third
    assert CONSENT in third


@pytest.mark.parametrize("number", [0, 4, 99])
def test_there_is_no_other_screen(client: Client, number: int) -> None:
    press_start(client, _study(instructions=True))
    assert client.get(f"{BEFORE}{number}/").status_code == 404


def test_a_consent_is_shown_as_text_never_as_markup(client: Client) -> None:
    press_start(client, _study(consent="<script>alert(1)</script>"))
    assert "<script>alert" not in client.get(f"{BEFORE}3/").content.decode()


def test_a_visitor_who_never_pressed_start_is_sent_there(client: Client) -> None:
    _study(consent=CONSENT)
    assert _post(client, f"{BEFORE}3/", agree="yes")["Location"] == "/studies/study/start/"
    assert not Rater.objects.exists()


def test_a_check_that_is_asked_for_can_be_skipped(client: Client) -> None:
    press_start(client, _study(sound_check="ask"))
    assert _follow(client, "/studies/study/") == "/studies/study/check/"
    assert _post(client, "/studies/study/check/", skip="yes")["Location"] == "/studies/study/"
    assert Step.objects.get().details == {"skipped": True}


def test_a_failed_check_that_is_asked_for_is_stored_and_blocks_nothing(client: Client) -> None:
    press_start(client, _study(sound_check="ask"))
    page = _post(client, "/studies/study/check/", **(_right(client) | {"tone0": "9", "tone1": "9"}))
    assert "4 of 6 tones were right" in page.content.decode()
    step = Step.objects.get()
    assert step.is_done
    assert (step.details["tones_right"], step.details["headphones"], step.details["display"]) == (
        4,
        False,
        True,
    )
    assert client.get("/studies/study/").status_code == 200


def test_a_required_check_blocks_until_it_is_passed(client: Client) -> None:
    press_start(client, _study(sound_check="require"))
    for wrong in ({"dark": "0"}, {"skip": "yes", "tone0": "", "tone1": ""}):
        _post(client, "/studies/study/check/", **(_right(client) | wrong))
        assert _follow(client, "/studies/study/") == "/studies/study/check/"
    assert _post(client, "/studies/study/check/", **_right(client))["Location"] == "/studies/study/"
    assert list(Step.objects.order_by("pk").values_list("is_done", flat=True)) == [False, False, True]
    assert client.get("/studies/study/").status_code == 200


def test_a_study_without_sound_has_no_check(client: Client) -> None:
    study = _study(sound_check="require")
    Study.objects.update(tracks=["t2v"])
    study.refresh_from_db()
    press_start(client, study)
    assert _follow(client, "/studies/study/check/") == "/studies/study/start/"


def test_a_checks_sounds_are_served_and_its_page_holds_no_answer(client: Client) -> None:
    press_start(client, _study(sound_check="ask"))
    attempt = client.get("/studies/study/check/").context["attempt"]
    response = client.get(f"/checks/{attempt.token}/0.wav")
    assert response["Content-Type"] == "audio/wav"
    assert response.content[:4] == b"RIFF"
    assert find_check(attempt.token) == attempt
    assert client.get(f"/checks/{attempt.token}/6.wav").status_code == 404
    assert client.get("/checks/forged/0.wav").status_code == 400
    assert _post(client, "/studies/study/check/", attempt="forged").status_code == 400


def test_the_last_page_shows_the_completion_code_to_those_who_voted(client: Client) -> None:
    study = make_study(terms={"completion_code": "C0FFEE"})
    ballot = open_page(client, study)
    assert "C0FFEE" not in client.get("/studies/study/start/").content.decode()
    answer(client, ballot)
    page = client.get("/studies/study/").content.decode()
    assert "C0FFEE" in page
    assert "What happens next" in page


def test_a_codes_link_leads_back(client: Client) -> None:
    study = make_study(terms={"completion_code": "https://panel.example/done?cc=1"})
    answer(client, open_page(client, study))
    assert 'href="https://panel.example/done?cc=1"' in client.get("/studies/study/").content.decode()


def test_a_raters_own_board_comes_after_so_many_votes_and_only_with_names(client: Client) -> None:
    study = make_study(contenders=3, prompts=3, terms={"personal_board": 3})
    rater = Rater.objects.get(pk=open_page(client, study).rater_id)
    Ballot.objects.all().delete()
    for prompt, sides in enumerate([(0, 1), (1, 2)]):
        cast(study, "a", rater=rater, sides=sides, prompt=prompt)
    url = "/studies/study/votes/"
    assert client.get(url).context["personal"] is None
    cast(study, "a", rater=rater, sides=(0, 2), prompt=2)
    rows = client.get(url).context["personal"].rows
    best = list(study.contenders.order_by("pk"))
    assert [one.contender for one in rows] == best
    assert all(one.row.lower < one.row.rating < one.row.upper for one in rows)
    assert rows[0].row.rating < 1400, "three votes of one person don't make a giant"
    Study.objects.update(terms={"personal_board": 3, "reveal": "close"})
    assert client.get(url).context["personal"] is None
    assert Vote.objects.count() == 3
