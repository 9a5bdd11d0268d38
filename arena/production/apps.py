from __future__ import annotations

from django.apps import AppConfig


class ProductionConfig(AppConfig):
    name = "arena.production"
    label = "production"
