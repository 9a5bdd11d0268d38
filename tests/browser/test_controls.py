"""Control pairs: they look as all others do, and a page after the vote says what they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.runs.models import Rendition
from arena.voting.models import LedgerEntry, Study
from tests.browser.pictures import picture
from tests.browser.voting import start_voting, watch
from tests.factories_voting import Always, make_twin_row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def gold(study: Study, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Return a study of which each pair is gold while there is some: a clip beside another one's file."""
    study.terms = {"gold": 0.2}
    study.save()
    first, other = Rendition.objects.order_by("pk")[:2]
    files = {name: getattr(other, name) for name in ("sha256", "size_bytes", "name", "variants")}
    make_twin_row(first, **files)
    monkeypatch.setattr("arena.voting.ballots.SystemRandom", lambda: Always(1))
    return study


def test_after_a_vote_on_gold_the_page_says_what_it_was_and_goes_on(
    desktop: Page, gold: Study, live_server: LiveServer, tmp_path: Path
) -> None:
    assert gold.terms["gold"] == 0.2
    start_voting(desktop, live_server.url)
    watch(desktop)
    desktop.keyboard.press("ArrowLeft")
    page = desktop.locator("#control")
    expect(page).to_contain_text("This pair was a check")
    expect(page).to_contain_text("made worse on purpose")
    assert LedgerEntry.objects.filter(kind="control").count() == 1
    picture(desktop, tmp_path, "control")
    page.get_by_role("link", name="Next pair").click()
    expect(desktop.locator("#ballot")).to_be_visible()
