from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.models import Study
from tests.browser.test_pages import assert_accessible, cast_votes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BOARD = "/boards/shapes/t2v-audio/"
ROWS = ".ratings tbody tr"


@pytest.fixture
def filled(study: Study) -> Study:
    cast_votes(study)
    return study


def test_rows_are_sorted_and_filtered_in_place(desktop: Page, live_server: LiveServer, filled: Study) -> None:
    desktop.goto(live_server.url + BOARD)
    desktop.get_by_label("Find").press_sequentially("late")
    expect(desktop.locator(ROWS)).to_have_count(1)
    expect(desktop).to_have_url(f"{live_server.url}{BOARD}?q=late")
    expect(desktop.get_by_label("Find")).to_be_focused()
    expect(desktop.get_by_text("1 of 4 contenders.")).to_be_visible()
    desktop.get_by_label("Find").fill("")
    expect(desktop.locator(ROWS)).to_have_count(4)
    desktop.get_by_role("link", name="Contender", exact=True).click()
    expect(desktop.locator("th.name[aria-sort=ascending]")).to_be_visible()
    names = sorted(filled.contenders.values_list("name", flat=True))
    expect(desktop.locator(f"{ROWS} th.name a")).to_have_text(names)
    assert_accessible(desktop)
    desktop.go_back()
    expect(desktop.locator("th.place[aria-sort=ascending]")).to_be_visible()


def test_rows_are_sorted_and_filtered_without_scripts(
    without_scripts: Page, live_server: LiveServer, filled: Study
) -> None:
    without_scripts.goto(live_server.url + BOARD)
    without_scripts.get_by_label("Find").fill("maker")
    without_scripts.get_by_label("Sort by").select_option("name")
    without_scripts.get_by_role("button", name="Apply").click()
    expect(without_scripts).to_have_url(re.compile("sort=name"))
    names = sorted(filled.contenders.values_list("name", flat=True))
    expect(without_scripts.locator(f"{ROWS} th.name a")).to_have_text(names)


def test_the_pages_on_two_and_on_one_are_accessible_and_fit(
    phone: Page, live_server: LiveServer, filled: Study
) -> None:
    Study.objects.update(is_open=False)
    phone.goto(live_server.url + BOARD)
    phone.locator(".matrix td a").first.click()
    clips = phone.locator("video")
    expect(clips).to_have_count(6)
    first, second = (clips.nth(place) for place in (0, 1))
    for clip in (first, second):
        clip.evaluate("clip => clip.readyState || new Promise(done => clip.onloadedmetadata = done)")
        assert clip.evaluate("clip => clip.videoWidth") == 128
    assert_accessible(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.get_by_role("link", name=re.compile("large blue square")).click()
    expect(phone.locator("blockquote")).to_contain_text("large blue square")
    phone.get_by_role("link", name=re.compile("^Maker Of")).first.click()
    expect(phone.locator(".rivals tbody tr")).to_have_count(3)
    assert_accessible(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_board_is_downloaded_and_embedded(
    desktop: Page, live_server: LiveServer, filled: Study, tmp_path: Path
) -> None:
    desktop.goto(live_server.url + BOARD)
    with desktop.expect_download() as started:
        desktop.get_by_role("link", name="CSV").click()
    assert started.value.suggested_filename == "shapes-t2v-audio-board.csv"
    started.value.save_as(tmp_path / "board.csv")
    assert (tmp_path / "board.csv").read_text().startswith("rank,rank_low,rank_high,tier,contender")
    badge = desktop.locator(".embeds img")
    assert badge.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100

    frame = f'<iframe title="table" src="{live_server.url}/embeds/shapes/t2v-audio/table.svg"></iframe>'
    desktop.route("http://blog.example/", lambda route: route.fulfill(body=frame, content_type="text/html"))
    desktop.goto("http://blog.example/")
    table = desktop.frame_locator("iframe[title=table]").locator("svg")
    expect(table).to_contain_text("Bouncing shapes")
