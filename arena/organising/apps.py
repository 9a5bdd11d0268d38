from __future__ import annotations

from django.apps import AppConfig


class OrganisingConfig(AppConfig):
    name = "arena.organising"
    default_auto_field = "django.db.models.BigAutoField"
