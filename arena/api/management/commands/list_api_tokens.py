from __future__ import annotations

from django.core.management.base import BaseCommand

from arena.api.models import ApiToken


class Command(BaseCommand):
    help = "List the tokens for the API, without the tokens themselves."

    def handle(self, **options: object) -> None:
        tokens = ApiToken.objects.all()
        for token in tokens:
            state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else "holds"
            scopes = ", ".join(token.scopes)
            self.stdout.write(f"{token.name}: {scopes}, created {token.created_at:%Y-%m-%d}, {state}")
        if not tokens:
            self.stdout.write("There are no tokens. Create one: manage.py create_api_token NAME")
