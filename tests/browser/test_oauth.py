"""Signing in by an OpenID Connect provider, in a browser, on a server of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from arena.organising.oauth import FAILED, STRANGER
from tests.factories_serving import environment, gunicorn, manage
from tests.servers.openid import CLIENT, SECRET, Provider, openid_provider

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Provider]]:
    """Serve an arena that knows Ada, with a provider; yield the address and the provider."""
    data = tmp_path_factory.mktemp("site")
    with openid_provider() as provider:
        given = {
            "OAUTH_PROVIDERS": "openid_connect",
            "OAUTH_OPENID_CONNECT_CLIENT_ID": CLIENT,
            "OAUTH_OPENID_CONNECT_SECRET": SECRET,
            "OAUTH_OPENID_CONNECT_SERVER": provider.address,
            "PYTHONWARNINGS": "ignore",
            "WEB_CONCURRENCY": "1",
        }
        for arguments in (("migrate", "-v0"), ("create_organiser", "ada@example.org")):
            done = manage(data, *arguments, **given)
            assert done.returncode == 0, done.stderr[-2000:]
        with gunicorn("arena.wsgi", "python:arena.gunicorn_conf", environment(data, **given)) as (port, _):
            yield f"http://127.0.0.1:{port}", provider


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def _go(page: Page, site: tuple[str, Provider], **said: object) -> None:
    """Sign in by the provider, which says what is given of its person."""
    url, provider = site
    usual = {"account": "1", "email": "ada@example.org", "is_verified": True, "changes_state": False}
    for name, value in {**usual, **said}.items():
        setattr(provider, name, value)
    page.goto(f"{url}/organise/people/")
    page.get_by_role("button", name="Continue with single sign-on").click()


def test_a_known_person_is_signed_in_and_led_to_the_page_they_wanted(
    page: Page, site: tuple[str, Provider]
) -> None:
    _go(page, site)
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    expect(page).to_have_url(f"{site[0]}/organise/people/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{site[0]}/")
    _go(page, site)  # the second time by the account that the first one connected
    expect(page.get_by_role("heading", level=1)).to_have_text("People")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"account": "2", "email": "eve@example.org"}, STRANGER),
        ({"account": "3", "is_verified": False}, STRANGER),
        ({"changes_state": True}, FAILED),
    ],
)
def test_strangers_unverified_addresses_and_forged_answers_are_refused(
    page: Page, site: tuple[str, Provider], said: dict[str, object], told: str
) -> None:
    _go(page, site, **said)
    expect(page.get_by_role("status")).to_have_text(told)
    page.goto(f"{site[0]}/organise/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
