"""Pages around the pairs, in a browser: steps before them, remarks after them, both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.models import Study, Vote
from arena.voting.way.models import Reason, Report, Step
from tests.browser.conftest import _page
from tests.browser.test_pages import assert_accessible
from tests.browser.voting import press_start, start_voting, vote, watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TERMS = {"instructions": True, "consent": "Your answers are used for research.", "sound_check": "ask"}


@pytest.fixture
def chinese(browser: Browser) -> Iterator[Page]:
    size = ViewportSize(width=390, height=844)
    yield from _page(browser.new_context(viewport=size, locale="zh-CN", color_scheme="dark"))


def test_the_steps_before_the_first_pair(desktop: Page, live_server: LiveServer, study: Study) -> None:
    Study.objects.update(terms=TERMS)
    press_start(desktop, live_server.url)
    for heading in ("Two clips, one question", "How to judge"):
        expect(desktop.get_by_role("heading", name=heading)).to_be_visible()
        assert_accessible(desktop)
        desktop.get_by_role("link", name="Next").click()
    expect(desktop.get_by_label("I have read this")).to_be_visible()
    desktop.get_by_role("link", name="Back").click()
    desktop.get_by_role("link", name="Skip the instructions").click()
    expect(desktop.get_by_label("I have read this")).to_be_visible()
    assert_accessible(desktop)
    desktop.get_by_label("I have read this").check()
    desktop.get_by_role("button", name="Go on").click()
    expect(desktop.get_by_role("heading", name="Headphones and screen")).to_be_visible()
    assert_accessible(desktop)
    assert desktop.evaluate("fetch(document.querySelector('audio').src).then((r) => r.ok)")
    desktop.get_by_role("button", name="Skip the check").click()
    expect(desktop.locator("[data-start]")).to_be_visible()
    assert Step.objects.count() == 2


@pytest.mark.parametrize("reveal", ["vote", "last"])
def test_a_consent_that_changed_meanwhile_is_asked_for_before_the_next_pair(
    desktop: Page, live_server: LiveServer, study: Study, reveal: str
) -> None:
    Study.objects.update(terms={"reveal": reveal})
    start_voting(desktop, live_server.url)
    watch(desktop)
    Study.objects.update(terms={"reveal": reveal, "consent": "Agreed?"})
    desktop.keyboard.press("ArrowLeft")
    if reveal == "vote":
        desktop.get_by_role("link", name="Next pair").click()
    desktop.get_by_label("I have read this").check()
    desktop.get_by_role("button", name="Go on").click()
    expect(desktop.locator("[data-start]")).to_be_visible()
    assert Vote.objects.count() == 1


def test_the_steps_work_without_scripts(without_scripts: Page, live_server: LiveServer, study: Study) -> None:
    Study.objects.update(terms=TERMS)
    page = without_scripts
    press_start(page, live_server.url)
    page.get_by_role("link", name="Skip the instructions").click()
    page.get_by_label("I have read this").check()
    page.get_by_role("button", name="Go on").click()
    for trial in range(6):
        page.locator(f"input[name=tone{trial}]").first.check()
    for row in ("dark", "bright"):
        page.locator(f"input[name={row}]").last.check()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Go on to the pairs").click()
    expect(page.locator("video")).to_have_count(2)


def test_reasons_and_a_report_after_the_vote(desktop: Page, live_server: LiveServer, study: Study) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    vote(desktop)
    desktop.get_by_text("Say why, or report a clip").click()
    desktop.get_by_label("Motion").check()
    desktop.get_by_role("button", name="Store the reasons").click()
    expect(desktop.get_by_text("Thank you. Your reasons are stored.")).to_be_visible()
    assert_accessible(desktop)
    assert Reason.objects.get().tags == ["motion"]
    desktop.locator(".reasons").get_by_role("link", name="Report a clip").click()
    expect(desktop.get_by_role("heading", name="Report a clip")).to_be_visible()
    assert_accessible(desktop)
    desktop.get_by_label("A", exact=True).check()
    desktop.get_by_label("Its sound is missing").check()
    desktop.get_by_role("button", name="Send the report").click()
    expect(desktop.get_by_role("heading", name="Thank you, your report is stored")).to_be_visible()
    assert Report.objects.get().kind == "silent"


def test_a_vote_in_chinese(chinese: Page, live_server: LiveServer, study: Study) -> None:
    page = chinese
    page.goto(f"{live_server.url}/studies/shapes/start/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    assert_accessible(page)
    page.get_by_role("button", name="开始").click()
    expect(page.locator("[data-why]")).to_contain_text("播放")
    page.locator("[data-start]").click()
    expect(page.locator("button[value=a]")).to_be_enabled()
    expect(page.locator("[data-why]")).to_have_text("选哪一段？提交后不能修改。")
    page.get_by_role("button", name="A 更好").click()
    expect(page.locator(".verdict")).to_have_count(2)
    expect(page.get_by_text("你的投票：")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_switch_of_language_needs_no_scripts(
    without_scripts: Page, live_server: LiveServer, study: Study
) -> None:
    without_scripts.goto(live_server.url)
    without_scripts.get_by_role("button", name="中文").click()
    expect(without_scripts.get_by_role("heading", name="哪段视频更好？")).to_be_visible()
    without_scripts.get_by_role("button", name="English").click()
    expect(without_scripts.get_by_role("heading", name="Which clip is better?")).to_be_visible()
