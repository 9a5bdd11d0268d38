from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "arena.runs"
    label = "production"  # the name of its tables and migrations; a database keeps it when a room is renamed
