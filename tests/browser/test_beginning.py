"""How a new rater begins: consent, proof of work and training pairs, then the first pair that counts."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.runs.models import Rendition
from arena.voting.models import Ballot, Rater, Study
from arena.voting.way.models import Step
from arena.voting.way.work import puzzle_for
from tests.browser.pictures import picture
from tests.browser.test_pages import assert_accessible
from tests.browser.voting import press_start, vote, watch
from tests.factories_voting import make_twin_row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def training(study: Study) -> Study:
    """Return a study with all steps and two training pairs, each a clip beside another one's file."""
    study.terms = {"consent": "Agreed?", "work_bits": 8, "training": 2}
    study.save()
    clips = list(Rendition.objects.order_by("pk")[:4])
    for one, other in pairwise(clips):
        files = {name: getattr(other, name) for name in ("sha256", "size_bytes", "name", "variants")}
        make_twin_row(one, **files)
    return study


def _agree(page: Page, url: str) -> None:
    press_start(page, url)
    page.get_by_label("I have read this").check()
    page.get_by_role("button", name="Go on").click()


def test_the_browser_works_after_the_consent_and_goes_on_by_itself(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    Study.objects.update(terms={"consent": "Agreed?", "work_bits": 12})
    _agree(desktop, live_server.url)
    expect(desktop.locator("[data-start]")).to_be_visible()
    step = Step.objects.get(name="work")
    study.refresh_from_db()
    assert puzzle_for(study, Rater.objects.get()).is_solved_by(step.details["nonce"])


def test_the_page_stays_alive_shows_progress_and_offers_another_try_after_a_refusal(
    desktop: Page, live_server: LiveServer, study: Study, tmp_path: Path
) -> None:
    # More bits than terms may have, so that luck doesn't solve the puzzle while the page is looked at.
    Study.objects.update(terms={"consent": "Agreed?", "work_bits": 32})
    _agree(desktop, live_server.url)
    expect(desktop.get_by_text("tries so far; about 4,294,967,296 are usual.")).to_be_visible()
    assert_accessible(desktop)
    picture(desktop, tmp_path, "work")
    desktop.evaluate("document.querySelector('#work form').submit()")
    expect(desktop.get_by_role("alert")).to_contain_text("not that of this browser’s puzzle")
    assert_accessible(desktop)
    picture(desktop, tmp_path, "refused")
    desktop.get_by_role("button", name="Try again").click()
    expect(desktop.get_by_role("progressbar")).to_be_visible()
    assert not Step.objects.filter(name="work").exists()


def test_consent_work_and_training_lead_to_the_first_pair_that_counts(
    desktop: Page, live_server: LiveServer, training: Study, tmp_path: Path
) -> None:
    assert training.terms["training"] == 2
    _agree(desktop, live_server.url)
    expect(desktop.locator("[data-start]")).to_be_visible()
    expect(desktop.get_by_text("Training 1 of 2")).to_be_visible()
    expect(desktop.get_by_text("one clip was made worse on purpose")).to_be_visible()
    assert_accessible(desktop)
    picture(desktop, tmp_path, "training")
    desktop.set_viewport_size({"width": 1440, "height": 900})
    for number in (1, 2):
        watch(desktop)
        worse = Ballot.objects.latest("issued_at").twin_side
        desktop.keyboard.press("ArrowLeft")
        verdict = "Not this time:" if worse == "a" else "Right!"
        told = f"{verdict} {worse.upper()} was made worse on purpose."
        expect(desktop.get_by_role("heading", name=told)).to_be_visible()
        expect(desktop.locator(f".clip[data-side={worse.upper()}] .name")).to_have_text("made worse")
        assert_accessible(desktop)
        assert desktop.evaluate("document.querySelector('[data-play]').disabled") is False
        if number == 1:
            picture(desktop, tmp_path, "feedback")
            desktop.set_viewport_size({"width": 1440, "height": 900})
        desktop.keyboard.press("Enter")
        expect(desktop.locator(".answers")).to_be_visible()
    expect(desktop.locator("[data-progress]")).to_have_text("1 of 24")
    watch(desktop)
    vote(desktop)
    voted = Ballot.objects.filter(state=Ballot.State.VOTED).order_by("issued_at")
    assert list(voted.values_list("control", flat=True)) == ["training", "training", ""]


def test_the_feedback_of_a_training_pair_needs_no_scripts(
    without_scripts: Page, live_server: LiveServer, training: Study, tmp_path: Path
) -> None:
    Study.objects.update(terms={"training": 1})
    page = without_scripts
    press_start(page, live_server.url)
    expect(page.get_by_text("Training 1 of 1")).to_be_visible()
    Ballot.objects.update(issued_at=timezone.now() - timedelta(minutes=1))
    page.locator("button[value=tie]").click()
    expect(page.get_by_role("heading", name="Look again:")).to_be_visible()
    expect(page.locator("video[controls]")).to_have_count(2)
    picture(page, tmp_path, "feedback-plain")
    page.get_by_role("link", name="On to the study").click()
    expect(page.get_by_text("1 of 24")).to_be_visible()


def test_without_scripts_the_page_says_what_it_needs(
    without_scripts: Page, live_server: LiveServer, study: Study
) -> None:
    Study.objects.update(terms={"consent": "Agreed?", "work_bits": 12})
    _agree(without_scripts, live_server.url)
    expect(without_scripts.get_by_text("This step needs JavaScript.")).to_be_visible()
