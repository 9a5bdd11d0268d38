"""Rows of degraded twins."""

from __future__ import annotations

from django.db import models

from arena.media.degrade import Degradation
from arena.runs.models import Rendition

DEGRADATIONS = [(each.value, each.value) for each in Degradation]


class TwinQuerySet(models.QuerySet["Twin"]):
    """Queries of twins."""

    def in_use(self) -> TwinQuerySet:
        """Leave the retired ones out."""
        return self.filter(retired_at__isnull=True)


class Twin(models.Model):
    """A degraded copy of a clip, in the form of the clip's rendition. No contender made it."""

    rendition = models.ForeignKey(Rendition, on_delete=models.PROTECT, related_name="twins")
    degradation = models.CharField(max_length=16, choices=DEGRADATIONS)
    seed = models.CharField(max_length=64, help_text="Seed that it was drawn and made with")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    name = models.CharField(max_length=120)
    variants = models.JSONField(default=list, help_text="As those of a rendition")
    recipe = models.JSONField(help_text="As that of a rendition")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, help_text="When newer twins took its place")

    objects = TwinQuerySet.as_manager()

    class Meta:
        app_label = "voting"
        constraints = [
            models.UniqueConstraint(fields=["rendition", "degradation", "seed"], name="twin_made_once")
        ]

    def __str__(self) -> str:
        return f"twin of rendition {self.rendition_id}: {self.degradation}"
