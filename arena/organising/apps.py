from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class OrganisingConfig(AppConfig):
    name = "arena.organising"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the models that stand beside the rules over them."""
        import_module("arena.organising.uploads.models")
