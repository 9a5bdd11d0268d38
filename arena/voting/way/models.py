"""What raters do besides voting: steps before the first pair, reasons after a vote, reports of clips."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from arena.voting.models import Ballot, Rater, Study, Vote


class Step(models.Model):
    """One step that a rater has taken before a study's pairs, such as the consent. Written once."""

    class Name(models.TextChoices):
        """Kind of step."""

        INSTRUCTIONS = "instructions"
        CONSENT = "consent"
        CHECK = "check"
        WORK = "work"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="steps")
    name = models.CharField(max_length=16, choices=Name.choices)
    text_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the text agreed to")
    is_done = models.BooleanField(default=True, help_text="Whether the rater may go on")
    details = models.JSONField(
        default=dict, help_text="What a check measured, or the solution of a proof of work"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "voting"
        constraints = [
            models.UniqueConstraint(
                fields=["study", "rater", "name", "text_hash"],
                condition=Q(is_done=True),
                name="step_done_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.rater_id}"


class Reason(models.Model):
    """Tags that say why a rater voted as they did."""

    vote = models.OneToOneField(Vote, on_delete=models.PROTECT, related_name="reason")
    tags = models.JSONField(help_text="Names from REASONS")
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "voting"

    def __str__(self) -> str:
        return f"{', '.join(self.tags)} for vote {self.vote_id}"


class Report(models.Model):
    """A clip that a rater reports to the organisers."""

    class Kind(models.TextChoices):
        """What is wrong with the clip."""

        BROKEN = "broken"
        SILENT = "silent"
        OFFENSIVE = "offensive"
        MARKED = "marked"
        OTHER = "other"

    ballot = models.ForeignKey(Ballot, on_delete=models.PROTECT, related_name="reports")
    side = models.CharField(max_length=1, choices=[("a", "A"), ("b", "B")])
    kind = models.CharField(max_length=9, choices=Kind.choices)
    words = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "voting"
        constraints = [models.UniqueConstraint(fields=["ballot", "side"], name="one_report_of_a_clip_shown")]

    def __str__(self) -> str:
        return f"{self.kind}: side {self.side} of {self.ballot_id}"
