from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.voting.ballots import open_ballot
from arena.voting.models import Rater, Study
from arena.voting.votes import cast_vote
from tests.browser.voting import start_voting, vote, watch

pytestmark = pytest.mark.django_db(transaction=True)


def assert_accessible(page: Page) -> None:
    page.wait_for_load_state()  # a click returns while the next page still arrives
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@transaction.atomic
def cast_votes(study: Study) -> None:
    """Enough votes, of three raters, that every contender has won and lost."""
    for _ in range(3):
        rater = Rater.objects.create()
        for number in range(24):
            ballot = open_ballot(study=study, rater=rater)
            assert ballot
            cast_vote(ballot=ballot, outcome=["a", "b", "tie"][number % 3])


@pytest.mark.parametrize(
    "path", ["/", "/studies/shapes/start/", "/boards/", "/nowhere/", "/boards/shapes/t2v-audio/"]
)
def test_pages_are_accessible(desktop: Page, live_server: LiveServer, study: Study, path: str) -> None:
    desktop.goto(live_server.url + path)
    assert_accessible(desktop)


def test_the_voting_page_is_accessible_before_and_after_the_vote(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    start_voting(desktop, live_server.url)
    assert_accessible(desktop)
    watch(desktop)
    vote(desktop)
    desktop.get_by_role("button", name="Pause (next").click()
    assert_accessible(desktop)


@pytest.mark.slow
@pytest.mark.parametrize("dialog", ["Sound check", "Help"])
def test_what_the_voting_page_explains_is_accessible(
    desktop: Page, live_server: LiveServer, study: Study, dialog: str
) -> None:
    start_voting(desktop, live_server.url)
    desktop.get_by_role("button", name=dialog).click()
    expect(desktop.get_by_role("dialog")).to_be_visible()
    assert_accessible(desktop)
    desktop.get_by_role("button", name="Done").click()
    expect(desktop.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("fixture", ["desktop", "phone"])
def test_the_board_is_accessible_and_fits(
    fixture: str, request: pytest.FixtureRequest, live_server: LiveServer, study: Study
) -> None:
    cast_votes(study)
    page: Page = request.getfixturevalue(fixture)
    page.goto(live_server.url + "/boards/shapes/t2v-audio/")
    expect(page.locator(".ratings tbody tr")).to_have_count(4)
    expect(page.locator(".ratings svg path.span")).to_have_count(4)
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
