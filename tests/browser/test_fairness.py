"""Both clips get the same treatment, and no answer opens before both were seen and heard to the end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.models import Study, Vote
from tests.browser.figures import measure_playback
from tests.browser.voting import hide_tab, start_voting, watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PAUSED = "videos => videos.map(video => video.paused)"


def test_the_clip_that_is_heard_plays_at_its_own_rate_and_the_other_follows(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    muted = desktop.locator("video").nth(0 if desktop.locator("video").nth(0).evaluate("v => v.muted") else 1)
    muted.evaluate(
        "video => video.addEventListener('playing', () => { video.currentTime += 0.15; }, { once: true })"
    )
    figures = measure_playback(desktop, loops=2)
    assert figures.heard_rates == (1,)


def test_figures_of_ten_loops(desktop: Page, live_server: LiveServer, study: Study) -> None:
    """The skews depend on the machine's load, so they are printed and only the rate is asserted."""
    start_voting(desktop, live_server.url)
    figures = measure_playback(desktop, loops=10)
    print(figures)  # noqa: T201 - shown by pytest -s
    assert figures.heard_rates == (1,)
    assert figures.loops >= 10


def test_a_side_that_lies_under_the_other_is_not_watched(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    desktop.keyboard.press("f")
    desktop.keyboard.press("Space")
    expect(desktop.locator("[data-why]")).to_have_text("B lies under the other clip. Press F to see it.")
    desktop.wait_for_timeout(3000)
    expect(desktop.locator(".choices button:disabled")).to_have_count(4)
    desktop.keyboard.press("f")
    expect(desktop.locator("button[value=a]")).to_be_enabled()


def test_the_flipped_view_keeps_the_reason_and_skip(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    for _ in range(2):
        desktop.keyboard.press("f")
        expect(desktop.locator("[data-why]")).to_be_visible()
        expect(desktop.get_by_role("button", name="Skip")).to_be_visible()
        expect(desktop.locator("video:visible")).to_have_count(1)


def test_nothing_plays_in_a_hidden_tab(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    desktop.keyboard.press("Space")
    expect(desktop.locator("[data-play-word]")).to_have_text("Pause")
    hide_tab(desktop)
    assert desktop.eval_on_selector_all("video", PAUSED) == [True, True]
    desktop.keyboard.press("Space")
    expect(desktop.locator("[data-play-word]")).to_have_text("Play")
    assert desktop.eval_on_selector_all("video", PAUSED) == [True, True]


def test_a_switch_by_hand_leaves_the_change_at_the_end_of_a_pass(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    desktop.keyboard.press("Space")
    desktop.keyboard.press("x")
    desktop.keyboard.press("x")
    watch(desktop)


def test_the_page_says_which_side_comes_next_and_how_to_hear_it_now(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    desktop.evaluate("""() => {
      const why = document.querySelector("[data-why]");
      window.said_ = [];
      new MutationObserver(() => said_.push(why.textContent)).observe(why, { childList: true });
    }""")
    watch(desktop)
    said = " ".join(desktop.evaluate("said_"))
    assert "Listen to" in said
    assert "s left, then" in said
    assert said.endswith("Your answer is final.")


def test_keys_work_after_the_mouse_was_used(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    desktop.locator("[data-listen=B]").click()
    desktop.locator("[data-half]").click()
    desktop.locator("[data-half]").click()
    desktop.locator("[data-scrub]").click(position={"x": 2, "y": 10})
    desktop.keyboard.press("Space")
    expect(desktop.locator("[data-play-word]")).to_have_text("Pause")
    watch(desktop)
    desktop.keyboard.press("ArrowLeft")
    expect(desktop.locator(".verdict")).to_have_count(2)
    assert Vote.objects.get().outcome == "a"


def test_controls_reached_by_keyboard_keep_their_keys(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    desktop.locator("[data-half]").focus()
    desktop.keyboard.press("Space")
    expect(desktop.locator("[data-half]")).to_have_attribute("aria-pressed", "true")
    expect(desktop.locator("[data-play-word]")).to_have_text("Play")
    desktop.locator("[data-scrub]").focus()
    desktop.keyboard.press("ArrowRight")
    expect(desktop.locator("[data-scrub]")).to_have_attribute("aria-valuetext", "0 of 1 seconds")


def test_screen_readers_hear_milestones_and_no_ticking(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    expect(desktop.locator("output, [aria-live], [role=timer]")).to_have_count(0)
    expect(desktop.get_by_role("status")).to_have_text("")
    watch(desktop)
    expect(desktop.get_by_role("status")).to_have_text("You can answer now.")
