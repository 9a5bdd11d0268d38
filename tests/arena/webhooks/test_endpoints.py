from __future__ import annotations

import pytest
from pytest_django import Settings

from arena.webhooks.endpoints import (
    InvalidEndpoint,
    UnknownEndpoint,
    add_endpoint,
    find_endpoint,
    remove_endpoint,
    try_out,
)
from arena.webhooks.models import Delivery, Endpoint, Event
from arena.webhooks.secrets import unseal
from arena.webhooks.sending import send_due
from tests.factories_webhooks import receiving

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/hook",
        "ftp://example.org/hook",
        "https://user:password@example.org/hook",
        "https://example.org/#part",
        "https://",
        "example.org",
        "",
        "https://[::1",
        f"https://example.org/{'x' * 500}",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(InvalidEndpoint, match="address must be an HTTPS address"):
        add_endpoint(address=address, events=[])
    assert not Endpoint.objects.exists()


def test_plain_http_is_for_origins_that_the_settings_name(settings: Settings) -> None:
    settings.WEBHOOK_PRIVATE_ORIGINS = ["http://10.0.0.5:8080"]
    assert add_endpoint(address="http://10.0.0.5:8080/hook", events=[]).endpoint.is_on
    with pytest.raises(InvalidEndpoint):
        add_endpoint(address="http://10.0.0.5:8081/hook", events=[])


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(InvalidEndpoint, match=r"events must be some of .*; got 'vote.cast'"):
        add_endpoint(address="https://example.org/", events=["run.finished", "vote.cast"])


def test_no_event_means_all_and_the_secret_is_encrypted() -> None:
    added = add_endpoint(address=" https://example.org/hook ", events=[])
    assert added.endpoint.events == Event.values
    assert added.endpoint.address == "https://example.org/hook"
    assert added.secret not in added.endpoint.sealed_secret
    assert unseal(added.endpoint.sealed_secret) == added.secret


def test_a_test_is_sent_once_and_at_once() -> None:
    with receiving() as receiver:
        endpoint = receiver.add("run.finished")
        receiver.statuses = [500]
        assert try_out(endpoint).state == Delivery.State.GIVEN_UP
        sent = try_out(endpoint)
        assert (sent.state, sent.status, sent.problem) == (Delivery.State.DELIVERED, 204, "")
        assert send_due() == 0
    assert [body["type"] for body in receiver.bodies] == ["webhook.test"] * 2
    endpoint.refresh_from_db()
    assert endpoint.is_on


def test_an_endpoint_goes_with_its_messages() -> None:
    with receiving() as receiver:
        endpoint = receiver.add()
        try_out(endpoint)
    assert find_endpoint(endpoint.pk) == endpoint
    remove_endpoint(endpoint)
    assert not Delivery.objects.exists()
    with pytest.raises(UnknownEndpoint, match="Known: none yet"):
        find_endpoint(1)
