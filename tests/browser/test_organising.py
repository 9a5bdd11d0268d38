from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.catalog.commitments import commit
from arena.organising.audit import record
from arena.organising.models import Role
from arena.organising.people import make_link
from arena.organising.runs import pages
from arena.runs.controls import resume_run
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Study
from arena.webhooks.endpoints import add_endpoint, turn
from tests.browser.test_pages import assert_accessible
from tests.factories import make_contender, make_job, make_prompt, make_run
from tests.factories_organising import make_person
from tests.factories_voting import cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SUITE = "suite: shapes\ntitle: Shapes\nprompts:\n  - {id: circle, text: a red circle, tags: [round]}\n"
PAGES = (
    "",
    "suites/",
    "suites/upload/",
    "contenders/",
    "contenders/add/",
    "contenders/add/?generator=toy-world",
    "contenders/add/?generator=diffusers",
    "people/",
    "webhooks/",
    "audit/",
    "studies/shapes/rules/",
)


def _sign_in(page: Page, server: LiveServer) -> None:
    page.goto(server.url + make_link(make_person(email="ada@example.org")))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


@pytest.fixture
def suite_file(tmp_path: Path) -> Path:
    file = tmp_path / "shapes.yaml"
    file.write_text(SUITE, encoding="utf-8")
    return file


def test_organisers_pages_are_accessible_and_fit_a_phone(
    desktop: Page, phone: Page, live_server: LiveServer, study: Study
) -> None:
    commit(make_contender(codename="Amber"), "1")
    record(make_person(Role.MEMBER), "closed", study, {"reason": "enough votes"})
    suite = study.suites.get().name
    endpoint = add_endpoint(address=f"https://example.org/{'long' * 30}", events=[]).endpoint
    exclude_vote(vote=cast(study), rule="too-fast", reason="Answered within a second.")
    turn(endpoint, on=False)
    for page in (desktop, phone):
        page.goto(f"{live_server.url}/organise/sign-in/")
        assert_accessible(page)
        _sign_in(page, live_server)
        for path in (*PAGES, *(f"suites/{suite}/{end}" for end in ("", "diff/"))):
            page.goto(f"{live_server.url}/organise/{path}")
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_a_suite_is_uploaded_without_scripts(
    without_scripts: Page, live_server: LiveServer, suite_file: Path
) -> None:
    page = without_scripts
    _sign_in(page, live_server)
    page.get_by_role("link", name="Suites").click()
    page.get_by_role("link", name="Upload a suite").click()
    suite_file.write_text(SUITE.replace("title: Shapes\n", ""), encoding="utf-8")
    page.get_by_label("Suite", exact=True).set_input_files(suite_file)
    page.get_by_role("button", name="Check and upload").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 1 title: is missing")
    suite_file.write_text(SUITE, encoding="utf-8")
    page.get_by_label("Suite", exact=True).set_input_files(suite_file)
    page.get_by_role("button", name="Check and upload").click()
    expect(page.get_by_role("heading", name="Shapes")).to_be_visible()


def test_a_contender_is_added_hidden_and_revealed_without_scripts(
    without_scripts: Page, live_server: LiveServer
) -> None:
    page = without_scripts
    _sign_in(page, live_server)
    page.get_by_role("link", name="Contenders").click()
    page.get_by_role("link", name="Add a contender").click()
    page.get_by_label("Generator").select_option("toy-world")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Slug").fill("late")
    page.get_by_label("Name (needed)").fill("Late")
    page.get_by_label("Codename").fill("Amber")
    page.get_by_label("flaw").select_option("late-sound")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("hidden as Amber")).to_be_visible()
    page.get_by_text("Reveal or withdraw").click()
    page.get_by_role("button", name="Reveal Amber").click()
    expect(page.get_by_text("Amber is Late")).to_be_visible()


def test_a_study_is_previewed_changed_opened_and_closed_without_scripts(
    without_scripts: Page, live_server: LiveServer, study: Study
) -> None:
    page, heading = without_scripts, without_scripts.get_by_role("heading", level=1)
    _sign_in(page, live_server)
    page.get_by_role("link", name="Studies").click()
    page.get_by_role("link", name="Bouncing shapes").click()
    page.get_by_role("link", name="Preview the ballot").click()
    expect(page.locator("video")).to_have_count(2)
    page.get_by_role("link", name="Back to the study").click()
    for button, state in (("Pause", "paused"), ("Open it again", "open"), ("Close", "closed")):
        page.get_by_label("Reason, for readers").fill(f"To be {state}")
        page.get_by_role("button", name=button).click()
        expect(heading).to_contain_text(state)
    page.get_by_role("link", name="Change texts or rules").click()
    page.get_by_label("Who may vote").select_option("invitation")
    page.get_by_label("Why the rules change").fill("By invitation from now on")
    page.get_by_role("button", name="Change the rules").click()
    expect(page.get_by_text('admission: "public" → "invitation"')).to_be_visible()
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_role("status")).to_contain_text("?invitation=")
    page.get_by_role("link", name="With and without each rule").click()
    expect(heading).to_contain_text("Screening")


def test_a_run_is_priced_paused_resumed_and_cancelled_without_scripts(
    without_scripts: Page, live_server: LiveServer, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "start_in_background", resume_run)
    page, contender = without_scripts, study.contenders.latest("pk")
    make_job(contender, make_prompt(study.suites.get(), "planned"))
    run = make_run(study.suites.get(), [contender])
    _sign_in(page, live_server)
    page.goto(f"{live_server.url}/organise/runs/{run.pk}/")
    expect(page.get_by_role("main")).to_contain_text("48 of 49 clips are done")
    done = "48 of 49 clips are done"
    for button, told in (("Pause", f"{done}; the run is paused"), ("Resume", done)):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("heading", name=done)).to_have_text(told)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("main")).to_contain_text("cancelled")
    page.goto(f"{live_server.url}/organise/runs/new/")
    page.get_by_label(contender.name).check()
    page.get_by_role("button", name="Price").click()
    expect(page.get_by_role("main")).to_contain_text("clips to make, about $0.00")


def test_the_support_admin_keeps_the_content_policy(
    desktop: Page, live_server: LiveServer, study: Study
) -> None:
    _sign_in(desktop, live_server)
    for path in ("", "voting/study/", f"voting/study/{study.pk}/change/", "organising/auditentry/"):
        desktop.goto(f"{live_server.url}/organise/support/{path}")
        expect(desktop.get_by_role("link", name="Paddock support")).to_be_visible()
    assert "unsafe" not in str(settings.CONTENT_SECURITY_POLICY)
