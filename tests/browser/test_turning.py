"""From an answer to the names and on to the next pair, also where something in between fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.ledger import verify_ledger
from arena.voting.models import Study, Vote
from tests.browser.voting import hide_tab, start_voting, vote, watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PAUSED = "videos => videos.map(video => video.paused)"
BOXES = """videos => videos.map(video => {
  const { x, y, width, height } = video.getBoundingClientRect();
  return [x, y, width, height].map(Math.round);
})"""


@pytest.fixture
def calm(browser: Browser) -> Iterator[Page]:
    """Yield a page of a rater who prefers reduced motion."""
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("status", [502, 503, 429, 200])
def test_a_proxys_page_is_said_in_place_and_the_same_answer_can_be_sent_again(
    desktop: Page, live_server: LiveServer, study: Study, status: int
) -> None:
    start_voting(desktop, live_server.url)
    html = "<html><body><h1>Bad gateway</h1><main>nginx</main></body></html>"
    desktop.route(  # before the clips play: a request right after it could still pass
        "**/ballots/**", lambda route: route.fulfill(status=status, body=html, content_type="text/html")
    )
    watch(desktop)
    desktop.keyboard.press("ArrowLeft")
    expect(desktop.locator("[data-why]")).to_contain_text(
        f"The server is busy or away ({status}). Answer again"
    )
    desktop.unroute("**/ballots/**")
    desktop.keyboard.press("Space")  # keys still work
    vote(desktop)
    assert verify_ledger(study) == Vote.objects.count() == 1


def test_after_the_vote_the_clips_stay_and_play_with_their_names_under_them(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    before = desktop.eval_on_selector_all("#ballot video", BOXES)
    vote(desktop)
    assert desktop.eval_on_selector_all(".revealed video", BOXES) == before
    for side in "AB":
        expect(desktop.locator(f".revealed [data-side={side}] figcaption")).to_contain_text("Maker Of")
    expect(desktop.locator(".revealed [data-side=A] figcaption")).to_contain_text("Your choice")
    expect(desktop.get_by_text("Your choice")).to_have_count(1)
    expect(desktop.get_by_role("status")).to_contain_text("Your vote is recorded. A is Maker Of")
    desktop.keyboard.press("Space")
    expect(desktop.locator(".revealed [data-play-word]")).to_have_text("Pause")
    for video in desktop.locator(".revealed video").all():
        expect(video).to_have_js_property("paused", False)


def test_the_next_pair_is_counted_down_and_can_be_stopped(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    vote(desktop)
    pause = desktop.get_by_role("button", name="Pause (next in")
    expect(pause).to_have_text(re.compile(r"^Pause \(next in [1-7] s\)$"))
    pause.click()
    expect(pause).to_have_count(0)
    desktop.keyboard.press("Enter")
    expect(desktop.locator("[data-progress]")).to_have_text("2 of 24")
    assert desktop.evaluate("document.activeElement.id") == "ballot"


def test_the_next_pair_comes_by_itself_after_the_countdown(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    vote(desktop)
    expect(desktop.locator(".bar [data-progress]")).to_have_text("2 of 24")


def test_nothing_moves_on_by_itself_where_little_motion_is_asked_for(
    calm: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(calm, live_server.url)
    watch(calm)
    vote(calm)
    expect(calm.get_by_role("link", name="Next pair")).to_be_focused()
    expect(calm.locator("[data-pause]")).to_be_hidden()


def test_the_next_pair_doesnt_play_in_a_hidden_tab(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    vote(desktop)
    hide_tab(desktop)
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".bar [data-progress]")).to_have_text("2 of 24")
    desktop.wait_for_timeout(300)
    assert desktop.eval_on_selector_all("#ballot video", PAUSED) == [True, True]


def test_a_next_page_that_fails_is_said_in_place_and_tried_again(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    desktop.route("**/studies/shapes/", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    watch(desktop)
    vote(desktop)
    desktop.keyboard.press("Enter")
    expect(desktop.locator("[data-trouble]")).to_contain_text("The next pair didn’t load.")
    expect(desktop.locator(".verdict")).to_have_count(2)
    desktop.unroute("**/studies/shapes/")
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".bar [data-progress]")).to_have_text("2 of 24")


def test_a_refused_answer_says_why_in_place(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    Study.objects.update(is_open=False)
    desktop.keyboard.press("ArrowLeft")
    expect(desktop.get_by_role("heading", name="This study is closed")).to_be_visible()


def test_a_theme_can_be_chosen_where_the_browser_stores_nothing(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    desktop.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    desktop.goto(live_server.url)
    desktop.get_by_role("button", name="Theme: auto").click()
    expect(desktop.get_by_role("button", name="Theme: light")).to_be_visible()
    assert desktop.evaluate("document.documentElement.dataset.theme") == "light"
