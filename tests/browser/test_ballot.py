from __future__ import annotations

import re
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.ledger import verify_ledger
from arena.voting.models import Ballot, Study, Vote
from tests.browser.voting import press_start, start_voting, vote, watch

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = (
    "maker-of",
    "Maker Of",
    "Somebody",
    "toy-world",
    "late-sound",
    "stutter",
    "wrong-attributes",
)


@pytest.mark.slow
def test_a_rater_votes_by_keyboard_on_twenty_pairs_and_sees_names_only_after_each(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    keys = ["ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp"] * 5
    for number, key in enumerate(keys, start=1):
        watch(desktop)
        assert not [name for name in NAMES if name in desktop.content()], f"a name before vote {number}"
        vote(desktop, key)
        assert "Maker Of" in desktop.locator(".verdict").first.inner_text()
        desktop.keyboard.press("Enter")
        expect(desktop.locator("[data-progress]")).to_have_text(f"{number + 1} of 24")
        expect(desktop.locator(".verdict")).to_have_count(0)
    assert verify_ledger(study) == 20
    outcomes = list(Vote.objects.order_by("created_at").values_list("outcome", flat=True))
    assert outcomes == ["a", "b", "tie", "both_bad"] * 5


def test_answers_stay_closed_until_both_clips_were_heard(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    answers = desktop.locator(".choices button:disabled")
    expect(answers).to_have_count(4)
    desktop.keyboard.press("ArrowLeft")
    watch(desktop)
    expect(answers).to_have_count(0)
    assert Vote.objects.count() == 0


@pytest.mark.slow
def test_the_vote_records_what_was_heard(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    vote(desktop)
    playback = Vote.objects.get().playback
    assert playback["heard_a_s"] >= 0.5
    assert playback["heard_b_s"] >= 0.5
    assert playback["viewport_width"] == 1440


def test_s_skips_to_another_pair_without_a_vote(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    first = desktop.locator("video").first.get_attribute("src")
    desktop.keyboard.press("s")
    expect(desktop.locator("video").first).not_to_have_attribute("src", first or "")
    assert Vote.objects.count() == 0
    assert Ballot.objects.filter(state=Ballot.State.SKIPPED).count() == 1


def test_only_one_clip_is_heard(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    desktop.keyboard.press("Space")
    expect(desktop.locator("[data-play-word]")).to_have_text("Pause")
    muted = desktop.eval_on_selector_all("video", "videos => videos.map(video => video.muted)")
    assert sorted(muted) == [False, True]


@pytest.mark.slow
def test_a_clip_that_runs_ahead_is_brought_back(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    desktop.keyboard.press("Space")
    expect(desktop.locator("[data-time]")).to_have_text(re.compile(r"^0\.[1-7]"))
    desktop.locator("video").last.evaluate("video => { video.currentTime += 0.3; }")
    for _ in range(40):
        a, b = desktop.eval_on_selector_all("video", "videos => videos.map(video => video.currentTime)")
        if abs(a - b) < 0.05:
            return
        desktop.wait_for_timeout(100)
    pytest.fail(f"B stays {b - a:.2f} s ahead of A")


@pytest.mark.parametrize("order", ["a", "b"])
def test_the_drawn_side_is_heard_first_and_x_switches_to_the_other(
    desktop: Page, live_server: LiveServer, study: Study, order: str
) -> None:
    start_voting(desktop, live_server.url)
    Ballot.objects.update(order=order)
    desktop.reload()
    muted = "videos => videos.map(video => video.muted)"
    heard, other = (desktop.locator(f"[data-listen={side}]") for side in ("AB" if order == "a" else "BA"))
    expect(heard).to_have_attribute("aria-pressed", "true")
    assert desktop.eval_on_selector_all("video", muted) == [order == "b", order == "a"]
    desktop.keyboard.press("x")
    expect(other).to_have_attribute("aria-pressed", "true")
    assert desktop.eval_on_selector_all("video", muted) == [order == "a", order == "b"]


def test_scrubbing_moves_both_clips(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    desktop.locator("[data-scrub]").fill("0.5")
    expect(desktop.locator("[data-time]")).to_have_text("0.4 / 0.8 s")
    times = desktop.eval_on_selector_all("video", "videos => videos.map(video => video.currentTime)")
    assert times == pytest.approx([0.4, 0.4], abs=1 / 12)  # a frame


@pytest.mark.slow
def test_a_reload_shows_the_same_pair(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    first = desktop.locator("video").first.get_attribute("src")
    desktop.reload()
    expect(desktop.locator("video").first).to_have_attribute("src", first or "")


@pytest.mark.slow
def test_a_lost_connection_says_so_in_place_and_the_pair_stays(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    desktop.context.set_offline(True)
    desktop.keyboard.press("ArrowLeft")
    expect(desktop.locator("[data-why]")).to_contain_text("The connection failed. Answer again")
    desktop.context.set_offline(False)
    vote(desktop)
    assert verify_ledger(study) == Vote.objects.count() == 1


def test_voting_works_without_scripts(without_scripts: Page, live_server: LiveServer, study: Study) -> None:
    page = without_scripts
    page.goto(live_server.url)
    page.get_by_role("link", name="Take part").click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("video[controls]")).to_have_count(2)
    page.get_by_role("button", name="Both bad").click()
    expect(page.locator(".verdict h2")).to_have_count(2)
    expect(page.locator(".after")).to_contain_text("Your vote: Both bad")
    expect(page.locator("[data-prompt]")).to_be_visible()
    expect(page.locator("video[controls]")).to_have_count(2)
    page.get_by_role("link", name="Next pair").click()
    expect(page.get_by_role("button", name="Both bad")).to_be_visible()
    expect(page.locator("video[controls]")).to_have_count(2)
    assert Vote.objects.get().outcome == "both_bad"


def test_the_phone_shows_clips_and_answers_at_once(
    phone: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(phone, live_server.url)
    for selector in (
        '[data-side="A"] video',
        '[data-side="B"] video',
        "button[value=a]",
        "button[value=skip]",
    ):
        expect(phone.locator(selector)).to_be_in_viewport(ratio=1)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.slow
def test_a_clip_that_doesnt_load_is_tried_once_more_and_then_said_to_be_missing(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=410)

    desktop.route("**/media/**", refuse)
    press_start(desktop, live_server.url)
    expect(desktop.locator("[data-why]")).to_contain_text("can’t be loaded. Load it again, or skip")
    desktop.wait_for_timeout(3000)
    assert max(asked.count(url) for url in set(asked)) <= 4  # twice by the player, each time for the cause
    expect(desktop.locator(".loading")).to_have_count(0)
    expect(desktop.locator("[data-play]")).to_be_disabled()


def test_a_clip_that_the_server_refuses_tells_the_true_cause(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:

    def without_cookie(route: Route) -> None:
        asked = Request(route.request.url, headers={"Accept": route.request.headers.get("accept", "*/*")})
        with pytest.raises(HTTPError) as refusal:
            urlopen(asked)
        answered = refusal.value
        route.fulfill(status=answered.code, headers=dict(answered.headers), body=answered.read())

    desktop.route("**/media/**", without_cookie)
    press_start(desktop, live_server.url)
    expect(desktop.locator("[data-why]")).to_contain_text("Your browser sent no cookie")
    expect(desktop.locator("[data-play]")).to_be_disabled()
