"""Snapshots that were made, each with its signed manifest."""

from __future__ import annotations

from django.db import models

from arena.voting.models import Study


class Snapshot(models.Model):
    """A frozen board that can be replayed. Written once, never edited."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="snapshots")
    created_at = models.DateTimeField()
    ledger_head = models.CharField(max_length=64)
    ledger_entries = models.PositiveBigIntegerField()
    manifest_sha256 = models.CharField(max_length=64, unique=True)
    manifest = models.TextField(help_text="Canonical JSON (RFC 8785), as it was signed")
    signature = models.CharField(max_length=88, help_text="Ed25519, in Base64")
    boards = models.JSONField(help_text="Table of each track, with public names of contenders")
    path = models.CharField(max_length=1024, help_text="Where it was written")

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"snapshot {self.manifest_sha256[:12]} of {self.study_id}"
