from __future__ import annotations

from django.core.management.base import BaseCommand

from arena.api.application import api
from arena.api.reference import reference


class Command(BaseCommand):
    help = "Print the reference page of the API, docs/api.md, from its OpenAPI document."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        self.stdout.write(reference(api.get_openapi_schema()), ending="")
