"""How a new rater begins: consent and proof of work, then the first pair."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.models import Rater, Study
from arena.voting.way.models import Step
from arena.voting.way.work import puzzle_for
from tests.browser.test_pages import assert_accessible
from tests.browser.voting import press_start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def _agree(page: Page, url: str) -> None:
    press_start(page, url)
    page.get_by_label("I have read this").check()
    page.get_by_role("button", name="Go on").click()


def picture(page: Page, folder: Path, name: str) -> None:
    """Take pictures of a page on a phone and a desktop, light and dark; it must fit both."""
    for width in (390, 1440):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")


def test_the_browser_works_after_the_consent_and_goes_on_by_itself(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    Study.objects.update(terms={"consent": "Agreed?", "work_bits": 12})
    _agree(desktop, live_server.url)
    expect(desktop.locator("[data-start]")).to_be_visible(timeout=30_000)
    step = Step.objects.get(name="work")
    study.refresh_from_db()
    assert puzzle_for(study, Rater.objects.get()).is_solved_by(step.details["nonce"])


def test_the_page_stays_alive_shows_progress_and_offers_another_try_after_a_refusal(
    desktop: Page, live_server: LiveServer, study: Study, tmp_path: Path
) -> None:
    Study.objects.update(terms={"consent": "Agreed?", "work_bits": 24})
    _agree(desktop, live_server.url)
    expect(desktop.get_by_text("tries so far; about 16,777,216 are usual.")).to_be_visible(timeout=30_000)
    assert_accessible(desktop)
    picture(desktop, tmp_path, "work")
    desktop.evaluate("document.querySelector('#work form').submit()")
    expect(desktop.get_by_role("alert")).to_contain_text("not that of this browser’s puzzle")
    assert_accessible(desktop)
    picture(desktop, tmp_path, "refused")
    desktop.get_by_role("button", name="Try again").click()
    expect(desktop.get_by_role("progressbar")).to_be_visible()
    assert not Step.objects.filter(name="work").exists()


def test_without_scripts_the_page_says_what_it_needs(
    without_scripts: Page, live_server: LiveServer, study: Study
) -> None:
    Study.objects.update(terms={"consent": "Agreed?", "work_bits": 12})
    _agree(without_scripts, live_server.url)
    expect(without_scripts.get_by_text("This step needs JavaScript.")).to_be_visible()
