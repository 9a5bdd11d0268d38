from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from arena.signing import UnusableKey, public_key


class Command(BaseCommand):
    help = "Print the site's public key, which verifies snapshots and ledger heads; make the key if need be."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        try:
            self.stdout.write(public_key())
        except (UnusableKey, OSError) as error:
            raise CommandError(str(error)) from error
