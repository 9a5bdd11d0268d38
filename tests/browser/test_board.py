from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from arena.catalog.models import Contender
from arena.voting.models import Study
from tests.browser.test_pages import cast_votes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BOARD = "/boards/shapes/t2v-audio/"


@pytest.fixture
def board(desktop: Page, live_server: LiveServer, study: Study) -> Page:
    """Open a filled board on which one contender has a very long name."""
    cast_votes(study)
    longest = study.contenders.order_by("pk")[0].pk
    Contender.objects.filter(pk=longest).update(name="Some Video Model 2.5 Turbo (1080p, 30 steps, seed 7)")
    desktop.goto(live_server.url + BOARD)
    return desktop


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(...)`, as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_figure_is_seen_without_scrolling_sideways(board: Page) -> None:
    for width in (1440, 1024, 768, 390, 320):
        board.set_viewport_size(ViewportSize(width=width, height=800))
        assert board.evaluate("document.documentElement.scrollWidth") <= width
        for part in ("place", "name", "plot", "rating", "votes", "wins"):
            for cell in board.locator(f".ratings tbody .{part}").all():
                box = cell.bounding_box()
                assert box
                assert box["x"] >= 0, (width, part)
                assert box["x"] + box["width"] <= width, (width, part)
                assert cell.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), (part, cell.inner_text())


def test_intervals_have_the_widest_column(board: Page) -> None:
    for width in (1440, 1280):
        board.set_viewport_size(ViewportSize(width=width, height=800))
        widths = board.evaluate(
            """() => [...document.querySelectorAll(".ratings thead th")]
              .map((cell) => [cell.classList.contains("plot"), cell.getBoundingClientRect().width])"""
        )
        plot = next(wide for is_plot, wide in widths if is_plot)
        assert all(wide < plot for is_plot, wide in widths if not is_plot), widths


def test_neighbouring_groups_can_be_told_apart(board: Page) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        board.emulate_media(color_scheme=scheme)
        odd, even, rule = board.evaluate(
            """() => {
              const odd = document.querySelector(".ratings tbody");
              const even = odd.cloneNode(true);
              even.className = "even";
              odd.after(even);
              const background = (group) => getComputedStyle(group.querySelector("tr")).backgroundColor;
              return [background(odd), background(even), getComputedStyle(even).borderTopWidth];
            }"""
        )
        dark, light = sorted([luminance(odd), luminance(even)])
        assert (light + 0.05) / (dark + 0.05) >= 1.3, scheme
        assert rule == "3px", scheme


def test_paper_has_both_tables_whole_an_address_and_no_navigation(
    board: Page, live_server: LiveServer
) -> None:
    board.set_viewport_size(ViewportSize(width=680, height=900))  # A4 between its margins
    board.emulate_media(media="print")
    expect(board.get_by_role("navigation")).to_be_hidden()
    expect(board.get_by_text(f"Printed from {live_server.url}{BOARD}")).to_be_visible()
    for table in (".ratings", ".matrix"):
        box = board.locator(table).bounding_box()
        assert box
        assert box["x"] + box["width"] <= 680
    for cell in board.locator(".ratings tbody :is(th, td)").all():
        assert cell.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), cell.inner_text()


def test_names_stay_in_sight_beside_a_wide_matrix(board: Page) -> None:
    board.set_viewport_size(ViewportSize(width=320, height=800))
    region = board.get_by_role("region", name="Win rates")
    region.evaluate("e => e.scrollTo(500, 0)")
    box = board.locator(".matrix tbody th").first.bounding_box()
    assert box
    assert box["x"] >= 0
