from __future__ import annotations

import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.organising.webhook_changes import add_webhook, change_webhook, try_webhook
from arena.webhooks.endpoints import InvalidEndpoint, UnknownEndpoint, find_endpoint
from arena.webhooks.models import Delivery, Endpoint, Event
from arena.webhooks.sending import send_due

WATCH_S = 5


class Command(BaseCommand):
    help = (
        "Add, list, try out, turn on or off and remove webhooks, and send what is due where no broker does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = actions.add_parser("add", help="add one, and print its secret, which isn't shown again")
        add.add_argument("address", help="such as https://example.org/paddock")
        add.add_argument("--events", default="", help=f"some of {','.join(Event.values)} (default: all)")
        actions.add_parser("list", help="list them with their last messages")
        for name, does in (
            ("test", "send a test message now"),
            ("on", "turn one on"),
            ("off", "turn one off"),
            ("remove", "remove one with its messages"),
        ):
            actions.add_parser(name, help=does).add_argument("number", type=int)
        send = actions.add_parser("send", help="send what is due: for sites without a broker")
        send.add_argument("--watch", action="store_true", help=f"look again each {WATCH_S} s, until Ctrl-C")

    def handle(self, *, action: str, **options: object) -> None:
        try:
            if action == "add":
                self._add(str(options["address"]), str(options["events"]))
            elif action == "list":
                self._list()
            elif action == "send":
                self._send(watch=bool(options["watch"]))
            else:
                self._change(action, find_endpoint(int(str(options["number"]))))
        except (InvalidEndpoint, UnknownEndpoint) as error:
            raise CommandError(str(error)) from error

    def _add(self, address: str, events: str) -> None:
        chosen = [each.strip() for each in events.split(",") if each.strip()]
        added = add_webhook(None, address=address, events=chosen)
        self.stdout.write(f"Webhook {added.endpoint} was added. Its secret, which isn't shown again:")
        self.stdout.write(added.secret)

    def _list(self) -> None:
        for endpoint in Endpoint.objects.all():
            state = "on" if endpoint.is_on else f"off {endpoint.off_reason}".strip()
            self.stdout.write(f"{endpoint.pk}  {endpoint.address}  {', '.join(endpoint.events)}  {state}")
            for each in endpoint.deliveries.all()[:5]:
                self.stdout.write(f"    {_described(each)}")

    def _change(self, action: str, endpoint: Endpoint) -> None:
        if action != "test":
            self.stdout.write(change_webhook(None, endpoint, action))
            return
        sent, said = try_webhook(None, endpoint)
        if sent.problem:
            raise CommandError(said)
        self.stdout.write(said)

    def _send(self, *, watch: bool) -> None:
        self.stdout.write(f"{send_due()} messages delivered.")
        while watch:
            time.sleep(WATCH_S)
            if sent := send_due():
                self.stdout.write(f"{sent} messages delivered.")


def _described(delivery: Delivery) -> str:
    answer = delivery.problem or (f"HTTP status {delivery.status}" if delivery.status else "not sent yet")
    written = f"{delivery.created_at:%Y-%m-%d %H:%M:%S}"
    return f"{written}  {delivery.event}  {delivery.state}  {delivery.attempts} attempts  {answer}"
