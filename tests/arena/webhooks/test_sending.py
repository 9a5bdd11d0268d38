from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import override_settings

from arena.webhooks import sending
from arena.webhooks.endpoints import add_endpoint, turn
from arena.webhooks.models import Delivery, Endpoint, Event
from arena.webhooks.outbox import announce
from arena.webhooks.sending import LEASE_S, RETRY_AFTER_S, send_due
from arena.webhooks.tasks import send_due_webhooks
from tests.factories_webhooks import Receiver, receiving

pytestmark = pytest.mark.django_db
DATA = {"study": "nature"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def _announce() -> Delivery:
    with transaction.atomic():
        assert announce(Event.STUDY_CLOSED, DATA) == 1
    return Delivery.objects.latest("pk")


def _later(delivery: Delivery) -> None:
    """Let the time of a message's next attempt come."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_message_is_delivered_once_with_a_right_signature(receiver: Receiver) -> None:
    endpoint = receiver.add()
    written = _announce()
    send_due_webhooks()
    assert send_due() == 0
    [body], [headers] = receiver.bodies, receiver.headers
    assert (body["type"], body["data"]) == ("study.closed", DATA)
    assert datetime.fromisoformat(body["timestamp"]) == written.created_at
    assert headers["webhook-id"] == written.message_id
    assert headers["content-type"] == "application/json"
    written.refresh_from_db()
    assert (written.state, written.attempts, written.status) == (Delivery.State.DELIVERED, 1, 204)
    endpoint.refresh_from_db()
    assert endpoint.delivered_at


def test_a_failure_is_tried_again_by_the_schedule_with_the_same_id(receiver: Receiver) -> None:
    receiver.add()
    written = _announce()
    receiver.statuses = [500]
    before = datetime.now(UTC)
    assert send_due() == 0
    written.refresh_from_db()
    assert (written.state, written.status, written.problem) == ("waiting", 500, "HTTP status 500.")
    assert written.due_at >= before + timedelta(seconds=RETRY_AFTER_S[0])
    assert send_due() == 0, "it is not due yet"
    _later(written)
    assert send_due() == 1
    first, second = receiver.headers
    assert first["webhook-id"] == second["webhook-id"]
    written.refresh_from_db()
    assert (written.state, written.attempts, written.problem) == ("delivered", 2, "")


def test_waits_are_those_of_the_schedule_and_then_a_message_is_given_up(receiver: Receiver) -> None:
    endpoint = receiver.add()
    written = _announce()
    receiver.statuses = [503] * 10
    waits = []
    for _ in range(10):
        _later(written)
        before = datetime.now(UTC)
        send_due()
        written.refresh_from_db()
        waits.append((written.due_at - before).total_seconds())
    assert all(
        wait_s <= got <= 1.1 * wait_s + 60 for wait_s, got in zip(RETRY_AFTER_S, waits[:-1], strict=True)
    )
    assert (written.state, written.attempts) == ("given_up", 10)
    endpoint.refresh_from_db()
    assert not endpoint.is_on
    assert endpoint.off_reason == "A message was given up, and no other was taken meanwhile."


def test_a_receiver_that_takes_other_messages_stays_on(receiver: Receiver) -> None:
    endpoint = receiver.add()
    written = _announce()
    Delivery.objects.update(attempts=9)
    Endpoint.objects.update(delivered_at=datetime.now(UTC))
    receiver.statuses = [500]
    send_due()
    written.refresh_from_db()
    endpoint.refresh_from_db()
    assert (written.state, endpoint.is_on) == ("given_up", True)


def test_a_receiver_that_is_gone_is_turned_off(receiver: Receiver) -> None:
    endpoint = receiver.add()
    written, other = _announce(), _announce()
    receiver.statuses = [410]
    send_due()
    written.refresh_from_db()
    endpoint.refresh_from_db()
    assert (written.state, endpoint.is_on) == ("given_up", False)
    assert "410" in endpoint.off_reason
    assert send_due() == 0
    with transaction.atomic():
        assert announce(Event.STUDY_CLOSED, DATA) == 0
    turn(endpoint, on=True)
    assert send_due() == 1
    other.refresh_from_db()
    assert other.state == "delivered"


def test_messages_are_forgotten_30_days_after_they_were_settled(receiver: Receiver) -> None:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as clock:
        receiver.add()
        delivered = _announce()
        send_due()
        clock.shift(timedelta(days=1))
        given_up, waiting = _announce(), _announce()
        Delivery.objects.filter(pk=given_up.pk).update(state=Delivery.State.GIVEN_UP)
        Endpoint.objects.update(is_on=False)
        for days, kept in (
            (29, [delivered, given_up, waiting]),
            (0.5, [given_up, waiting]),
            (1, [waiting]),
            (9, [waiting]),
        ):
            clock.shift(timedelta(days=days))
            send_due()
            assert set(Delivery.objects.all()) == set(kept)


def test_a_redirect_is_a_failure_and_not_followed(receiver: Receiver) -> None:
    receiver.add()
    written = _announce()
    receiver.statuses = [302]
    assert send_due() == 0
    written.refresh_from_db()
    assert written.problem == "HTTP status 302."
    assert receiver.paths == ["/hook?token=private"]


def test_after_a_failure_the_others_wait_for_the_next_round(receiver: Receiver) -> None:
    receiver.add()
    for _ in range(3):
        _announce()
    receiver.statuses = [500]
    assert send_due() == 0
    assert len(receiver.bodies) == 1
    assert send_due() == 2


def test_a_private_address_is_sent_nothing(receiver: Receiver) -> None:
    receiver.add()
    written = _announce()
    with override_settings(WEBHOOK_PRIVATE_ORIGINS=[]):
        assert send_due() == 0
    written.refresh_from_db()
    assert written.problem.startswith("127.0.0.1 must have public addresses only; got 127.0.0.1.")
    assert not receiver.bodies


def test_logs_and_rows_tell_neither_secret_nor_address(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = receiver.add()
    written = _announce()
    receiver.statuses = [500]
    with caplog.at_level(logging.INFO):
        send_due()
    written.refresh_from_db()
    endpoint.refresh_from_db()
    told = caplog.text + written.problem + endpoint.sealed_secret + str(endpoint) + str(written)
    assert "attempt 1 failed" in caplog.text
    assert "private" not in told
    assert receiver.secret.removeprefix("whsec_") not in told


def test_a_receiver_that_does_not_answer_is_tried_again() -> None:
    with receiving() as receiver:
        receiver.add()
    written = _announce()
    with override_settings(WEBHOOK_PRIVATE_ORIGINS=[receiver.origin]):
        assert send_due() == 0
    written.refresh_from_db()
    assert (written.state, written.status, written.problem) == ("waiting", None, "No answer: ConnectError.")


def test_another_secret_key_is_named(receiver: Receiver) -> None:
    receiver.add()
    written = _announce()
    with override_settings(SECRET_KEY="another key"):
        assert send_due() == 0
    written.refresh_from_db()
    assert "SECRET_KEY must be the one under which the webhook was added" in written.problem
    assert not receiver.bodies


def test_a_message_of_a_dead_worker_is_sent_after_its_lease(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: Delivery) -> None:
        raise SystemExit

    receiver.add()
    written = _announce()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "send_now", die)
        with pytest.raises(SystemExit):
            send_due()
    assert send_due() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=LEASE_S + 1)):
        # The receiver checks the time by the same clock.
        assert send_due() == 1
    written.refresh_from_db()
    assert (written.state, written.attempts) == ("delivered", 2)


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_send_a_message_twice(receiver: Receiver) -> None:
    receiver.add()
    written = [_announce() for _ in range(8)]
    gate = threading.Barrier(2)

    def work() -> int:
        gate.wait()
        try:
            return send_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        sent = sum(each.result() for each in [workers.submit(work) for _ in range(2)])
    problems = set(Delivery.objects.values_list("problem", flat=True))
    assert (sent, problems) == (len(written), {""})
    assert sorted(headers["webhook-id"] for headers in receiver.headers) == sorted(
        each.message_id for each in written
    )


def test_each_endpoint_has_a_message_and_a_secret_of_its_own(receiver: Receiver) -> None:
    first = receiver.add()
    secret = receiver.secret
    other = add_endpoint(address=f"{receiver.origin}/other", events=[Event.VOTE_EXCLUDED])
    assert other.secret != secret
    written = _announce()
    assert written.endpoint == first
    assert json.loads(written.payload)["type"] == "study.closed"
