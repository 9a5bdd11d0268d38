from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command

from arena.organising.models import AuditEntry, Role
from arena.webhooks.models import Delivery, Endpoint
from arena.webhooks.secrets import unseal
from tests.factories_organising import client_of
from tests.factories_webhooks import receiving

pytestmark = pytest.mark.django_db
ADDRESS = "https://hooks.example.org/paddock/private"


def test_an_organiser_adds_a_webhook_and_sees_its_secret_once() -> None:
    organiser = client_of(Role.ORGANISER)
    page = organiser.post("/organise/webhooks/", {"address": ADDRESS, "events": ["study.closed"]})
    [endpoint] = Endpoint.objects.all()
    assert unseal(endpoint.sealed_secret) in page.text
    assert endpoint.events == ["study.closed"]
    again = organiser.get("/organise/webhooks/").text
    assert "whsec_" not in again
    assert ADDRESS in again
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.kind) == ("added", "endpoint")
    assert "private" not in f"{entry.subject} {entry.details}"
    assert "whsec_" not in f"{entry.subject} {entry.details}"


def test_a_refused_webhook_names_its_reason_and_keeps_what_was_typed() -> None:
    page = client_of(Role.ORGANISER).post("/organise/webhooks/", {"address": "http://example.org/"})
    assert page.status_code == 422
    assert "address must be an HTTPS address" in page.text
    assert 'value="http://example.org/"' in page.text
    assert not Endpoint.objects.exists()


def test_buttons_try_out_turn_off_and_remove() -> None:
    organiser = client_of(Role.ORGANISER)
    with receiving() as receiver:
        endpoint = receiver.add()
        address = f"/organise/webhooks/{endpoint.pk}/"
        assert (
            "took the test, with status 204" in organiser.post(address, {"action": "test"}, follow=True).text
        )
        receiver.statuses = [500]
        assert "HTTP status 500." in organiser.post(address, {"action": "test"}, follow=True).text
    organiser.post(address, {"action": "off"})
    assert not Endpoint.objects.get().is_on
    organiser.post(address, {"action": "on"})
    assert Endpoint.objects.get().is_on
    assert organiser.post(address, {"action": "explode"}).status_code == 404
    organiser.post(address, {"action": "remove"})
    assert not Endpoint.objects.exists()
    assert organiser.post(address, {"action": "remove"}).status_code == 404
    actions = list(AuditEntry.objects.filter(kind="endpoint").order_by("pk").values_list("action", flat=True))
    assert actions == ["tried out", "tried out", "turned off", "turned on", "removed"]


def test_the_command_has_the_same_functions(capsys: pytest.CaptureFixture[str]) -> None:
    with receiving() as receiver:
        call_command("webhook", "add", f"{receiver.origin}/hook", events="study.closed, vote.excluded")
        [receiver.secret] = re.findall(r"^whsec_\S+$", capsys.readouterr().out, re.MULTILINE)
        endpoint = Endpoint.objects.get()
        call_command("webhook", "test", str(endpoint.pk))
        assert "took the test, with status 204" in capsys.readouterr().out
        receiver.statuses = [503]
        with pytest.raises(CommandError, match=r"The test did not reach 127.0.0.1. HTTP status 503."):
            call_command("webhook", "test", str(endpoint.pk))
        Delivery.objects.update(state="waiting", attempts=0, due_at="2026-01-01T00:00Z")
        call_command("webhook", "send")
        assert capsys.readouterr().out == "2 messages delivered.\n"
    call_command("webhook", "off", str(endpoint.pk))
    call_command("webhook", "list")
    listed = capsys.readouterr().out
    assert "study.closed, vote.excluded" in listed
    assert listed.count("webhook.test  delivered") == 2
    assert "whsec_" not in listed
    call_command("webhook", "remove", str(endpoint.pk))
    assert not Endpoint.objects.exists()
    with pytest.raises(CommandError, match=r"Unknown webhook 99. Known: none yet."):
        call_command("webhook", "remove", "99")
    with pytest.raises(CommandError, match="address must be an HTTPS address"):
        call_command("webhook", "add", "http://example.org/")
    kinds = set(AuditEntry.objects.values_list("actor", "kind"))
    assert kinds == {("command line", "endpoint")}
