from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.models import Ballot, Study, Vote
from arena.voting.openings import pause_study
from arena.voting.terms import Terms
from tests.browser.test_pages import assert_accessible
from tests.browser.voting import press_start, start_voting, vote, watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def _with(study: Study, terms: Terms) -> None:
    Study.objects.filter(pk=study.pk).update(terms=terms.stored)


@pytest.mark.parametrize(
    ("answers", "keys"),
    [
        (("a", "b"), {"ArrowDown": "", "ArrowUp": "", "ArrowRight": "b"}),
        (("a", "tie", "b"), {"ArrowUp": "", "ArrowDown": "tie"}),
    ],
    ids=len,
)
def test_keys_press_only_the_answers_of_the_study(
    desktop: Page, live_server: LiveServer, study: Study, answers: tuple[str, ...], keys: dict[str, str]
) -> None:
    _with(study, Terms(answers=answers))
    start_voting(desktop, live_server.url)
    expect(desktop.locator(".choices button")).to_have_count(len(answers))
    watch(desktop)
    for key, outcome in keys.items():
        desktop.keyboard.press(key)
        expect(desktop.locator(".verdict")).to_have_count(2 if outcome else 0)
    assert [vote.outcome for vote in Vote.objects.all()] == [outcome for outcome in keys.values() if outcome]


def test_aspects_open_with_the_answer_and_go_with_it(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    _with(study, Terms(aspects=("picture", "motion", "prompt", "sound", "sync")))
    start_voting(desktop, live_server.url)
    panel = desktop.locator("[data-aspects]")
    expect(panel).to_be_hidden()
    watch(desktop)
    desktop.keyboard.press("ArrowLeft")
    expect(panel).to_be_visible()
    assert_accessible(desktop)
    expect(desktop.locator("button[value=a][aria-pressed=true]")).to_have_count(1)
    panel.locator("input[name=aspect_sound][value=b]").check()
    panel.locator("input[name=aspect_picture][value=same]").check()
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".verdict")).to_have_count(2)
    one = Vote.objects.get()
    assert (one.outcome, one.aspects) == ("a", {"sound": "b", "picture": "same"})


def test_who_skips_the_aspects_presses_the_answer_twice_or_never_sees_them_again(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    _with(study, Terms(aspects=("picture",)))
    start_voting(desktop, live_server.url)
    watch(desktop)
    desktop.keyboard.press("ArrowLeft")
    desktop.locator("[data-never]").check()
    desktop.keyboard.press("ArrowRight")
    vote(desktop, "ArrowRight")
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".verdict")).to_have_count(0)
    watch(desktop)
    vote(desktop, "ArrowLeft")
    assert [(one.outcome, one.aspects) for one in Vote.objects.order_by("pk")] == [("b", {}), ("a", {})]


def test_without_scripts_aspects_stand_above_the_answers(
    without_scripts: Page, live_server: LiveServer, study: Study, settings: object
) -> None:
    _with(study, Terms(answers=("a", "b"), aspects=("sound",)))
    settings.WATCHING_REQUIRED = False  # type: ignore[attr-defined]
    press_start(without_scripts, live_server.url)
    expect(without_scripts.locator("[data-send]")).to_be_hidden()
    without_scripts.locator("input[name=aspect_sound][value=a]").check()
    without_scripts.locator("button[value=b]").click()
    expect(without_scripts.locator(".verdict")).to_have_count(2)
    one = Vote.objects.get()
    assert (one.outcome, one.aspects) == ("b", {"sound": "a"})


def test_with_late_names_a_vote_leads_to_the_next_pair_and_the_last_to_all_names(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    _with(study, Terms(reveal="last", quota=2))
    start_voting(desktop, live_server.url)
    expect(desktop.locator("[data-progress]")).to_have_text("1 of 2")
    watch(desktop)
    desktop.keyboard.press("ArrowLeft")
    expect(desktop.locator("[data-progress]")).to_have_text("2 of 2")
    assert "Maker Of" not in desktop.content()
    watch(desktop)
    desktop.keyboard.press("ArrowRight")
    desktop.get_by_role("link", name="See who made the clips").click()
    expect(desktop.locator("#own-votes tbody tr")).to_have_count(2)
    assert_accessible(desktop)
    desktop.locator("#own-votes tbody a").first.click()
    expect(desktop.locator(".verdict")).to_have_count(2)


def test_a_paused_study_takes_the_open_pairs_vote_and_then_says_so(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    pause_study(study=study)
    watch(desktop)
    vote(desktop)
    desktop.keyboard.press("Enter")
    expect(desktop.locator("#refusal h1")).to_have_text("This study is paused")


@pytest.mark.parametrize("mode", ["muted", "sound"])
def test_a_pair_is_judged_muted_or_by_sound_alone(
    desktop: Page, live_server: LiveServer, study: Study, mode: str
) -> None:
    start_voting(desktop, live_server.url)
    Ballot.objects.update(mode=mode, order="" if mode == "muted" else "a")
    desktop.reload()
    expect(desktop.locator("[data-start]")).to_be_visible()
    expect(desktop.locator("[data-listen]")).to_have_count(0 if mode == "muted" else 2)
    watch(desktop)
    heard = desktop.locator("video").evaluate_all("videos => videos.filter(video => !video.muted).length")
    assert heard == (0 if mode == "muted" else 1)
    received = desktop.locator("video").evaluate_all(
        "videos => videos.map(video => [video.videoWidth > 0, video.webkitAudioDecodedByteCount > 0])"
    )
    assert received == [[mode == "muted", mode == "sound"]] * 2
    vote(desktop)
    playback = Vote.objects.get().playback
    assert (playback.get("heard_a_s", 0) > 0) == (mode == "sound")
