"""Tokens for what the API doesn't tell everybody."""

from __future__ import annotations

from django.db import models


class ApiToken(models.Model):
    """A secret that somebody was given, kept as its hash."""

    name = models.CharField(max_length=64, unique=True, help_text="Who has it, or what for")
    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token")
    scopes = models.JSONField(help_text="What it allows")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
