"""Where things are on screens of all sizes. Boxes follow the size in the clips' rows."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from arena.catalog.models import Prompt
from arena.runs.models import Rendition
from arena.voting.models import Study
from tests.browser.voting import press_start, start_voting, vote, watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHAPES = {"wide": (1280, 720), "square": (512, 512), "tall": (720, 1280)}
NEEDED = (
    "[data-why]",
    "button[value=a]",
    "button[value=b]",
    "button[value=skip]",
    "[data-play]",
    "[data-flip]",
)
SCREENS = [(1440, 900), (1280, 720), (960, 540), (768, 1024), (844, 390), (390, 844), (360, 640), (320, 568)]
PHONES = [((390, 844), 170), ((360, 640), 150), ((320, 568), 120)]
"""Screens, each with the least width and height of a clip on it."""


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        apart = (
            self.x >= other.x + other.width - 0.5
            or other.x >= self.x + self.width - 0.5
            or self.y >= other.y + other.height - 0.5
            or other.y >= self.y + self.height - 0.5
        )
        return not apart


def boxes(page: Page, selector: str) -> list[Box]:
    found = page.eval_on_selector_all(
        selector,
        "all => all.map(e => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })",
    )
    return [Box(*box) for box in found]


def open_pair(page: Page, url: str, screen: tuple[int, int], shape: str) -> None:
    width, height = SHAPES[shape]
    Rendition.objects.update(width=width, height=height)
    page.set_viewport_size(ViewportSize(width=screen[0], height=screen[1]))
    start_voting(page, url)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_page_fits_every_screen_with_labels_beside_the_pictures(
    phone: Page, live_server: LiveServer, study: Study, shape: str
) -> None:
    open_pair(phone, live_server.url, SCREENS[0], shape)
    for width, height in SCREENS:
        phone.set_viewport_size(ViewportSize(width=width, height=height))
        for selector in NEEDED:
            expect(phone.locator(selector)).to_be_in_viewport(ratio=1)
        a, b = boxes(phone, "video")
        assert (a.width, a.height) == pytest.approx((b.width, b.height), abs=1), (width, height)
        assert a.width / a.height == pytest.approx(SHAPES[shape][0] / SHAPES[shape][1], rel=0.02)
        assert not a.meets(b)
        for label in boxes(phone, "figcaption"):
            assert not label.meets(a), (width, height)
            assert not label.meets(b), (width, height)
        assert phone.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("shape", SHAPES)
def test_clips_on_phones_are_large_enough_to_judge(
    phone: Page, live_server: LiveServer, study: Study, shape: str
) -> None:
    open_pair(phone, live_server.url, PHONES[0][0], shape)
    for (width, height), least in PHONES:
        phone.set_viewport_size(ViewportSize(width=width, height=height))
        assert min(min(box.width, box.height) for box in boxes(phone, "video")) >= least, (width, height)


def test_tall_clips_stand_side_by_side_on_a_phone(phone: Page, live_server: LiveServer, study: Study) -> None:
    open_pair(phone, live_server.url, (390, 844), "tall")
    a, b = boxes(phone, "video")
    assert a.y == b.y
    assert b.x - (a.x + a.width) == pytest.approx(8, abs=1)


def test_four_hundred_percent_of_a_laptop_can_be_used(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    """320 by 256: the page scrolls downwards only, and clips and answers are reached in turn."""
    open_pair(desktop, live_server.url, (320, 256), "wide")
    assert desktop.evaluate("document.documentElement.scrollWidth") <= 320
    desktop.locator(".screen").scroll_into_view_if_needed()
    assert min(box.height for box in boxes(desktop, "video")) >= 115
    for selector in (*NEEDED, "[data-start]"):
        desktop.locator(selector).scroll_into_view_if_needed()
        expect(desktop.locator(selector)).to_be_in_viewport(ratio=1)
    desktop.locator("[data-start]").click()
    expect(desktop.locator("button[value=a]")).to_be_enabled()


@pytest.mark.parametrize("screen", [(1440, 900), (390, 844)])
def test_a_long_prompt_opens_by_click_and_by_key_and_leaves_the_clips_alone(
    desktop: Page, live_server: LiveServer, study: Study, screen: tuple[int, int]
) -> None:
    Prompt.objects.update(text="A potter hums at the wheel while rain falls on the roof. " * 21)
    open_pair(desktop, live_server.url, screen, "wide")
    before = boxes(desktop, "video")
    words = desktop.locator("[data-prompt] p")
    desktop.locator("[data-prompt]").hover()
    assert boxes(desktop, "video") == before
    for way, closes in (("button", "Escape"), ("words", "Escape"), ("key", "p")):
        open_prompt(desktop, way)
        expect(desktop.locator("[data-more]")).to_have_attribute("aria-expanded", "true")
        assert boxes(desktop, "video") == before
        expect(words).to_be_in_viewport(ratio=1)
        desktop.keyboard.press(closes)
        expect(desktop.locator("[data-more]")).to_have_attribute("aria-expanded", "false")


def open_prompt(page: Page, way: str) -> None:
    if way == "key":
        page.keyboard.press("p")
    else:
        page.locator("[data-more]" if way == "button" else "[data-prompt]").click()


def test_a_short_prompt_has_nothing_to_open(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    expect(desktop.locator("[data-more]")).to_be_hidden()


@pytest.mark.parametrize(("text", "direction"), [("حصان يركض: (A) ثم (B).", "rtl"), ("A horse runs.", "ltr")])
def test_a_prompt_runs_in_its_own_direction(
    desktop: Page, live_server: LiveServer, study: Study, text: str, direction: str
) -> None:
    Prompt.objects.update(text=text)
    start_voting(desktop, live_server.url)
    found = desktop.locator("[data-prompt]").evaluate("element => getComputedStyle(element).direction")
    assert found == direction


def test_by_touch_no_key_is_promised(phone: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(phone, live_server.url)
    expect(phone.locator("[data-why]")).to_have_text("Tap Play to start.")
    expect(phone.locator("kbd:visible")).to_have_count(0)
    phone.get_by_text("Menu").click()
    for name in ("Sound check", "Help", "Theme: auto"):
        expect(phone.get_by_role("button", name=name)).to_be_visible()


def test_names_on_a_phone_move_no_clip_and_the_next_pair_is_at_hand(
    phone: Page, live_server: LiveServer, study: Study
) -> None:
    open_pair(phone, live_server.url, (360, 640), "tall")
    before = boxes(phone, "video")
    watch(phone)
    vote(phone)
    for shown, was in zip(boxes(phone, ".revealed video"), before, strict=True):
        assert shown == pytest.approx(was, abs=1)
    expect(phone.get_by_role("link", name="Next pair")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("shape", SHAPES)
def test_without_scripts_the_boxes_have_the_clips_shape(
    without_scripts: Page, live_server: LiveServer, study: Study, shape: str
) -> None:
    width, height = SHAPES[shape]
    Rendition.objects.update(width=width, height=height)
    press_start(without_scripts, live_server.url)
    expect(without_scripts.locator("video")).to_have_count(2)
    for box in boxes(without_scripts, "video"):
        assert box.width / box.height == pytest.approx(width / height, rel=0.02)
