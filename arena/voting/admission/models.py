"""Rows of admissions, invitations and members of panels."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from arena.voting.models import Rater, Study


class Invitation(models.Model):
    """Link that admits a number of raters to a study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="invitations")
    uses = models.PositiveIntegerField(help_text="Raters that it admits")
    used = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "voting"
        constraints = [
            models.CheckConstraint(condition=Q(used__lte=F("uses")), name="invitation_not_overused")
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk} to {self.study_id}: {self.used} of {self.uses} used"


class PanelMember(models.Model):
    """Member of a panel who may vote in a study, by the panel's own id."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="panel")
    external_id = models.CharField(max_length=64)

    class Meta:
        app_label = "voting"
        constraints = [models.UniqueConstraint(fields=["study", "external_id"], name="panel_member_once")]

    def __str__(self) -> str:
        return f"{self.external_id} of {self.study_id}"


class Admission(models.Model):
    """How one rater came to one study. Raters of public studies have none."""

    class Group(models.TextChoices):
        INVITATION = "invitation"
        PANEL = "panel"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="admissions")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="admissions")
    group = models.CharField(max_length=10, choices=Group.choices)
    external_id = models.CharField(max_length=64, blank=True, help_text="Of a panel's member; never public")
    query = models.JSONField(default=dict, help_text="Other ids that the panel's link carried; never public")
    invitation = models.ForeignKey(Invitation, null=True, on_delete=models.PROTECT, related_name="admissions")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "voting"
        constraints = [
            models.UniqueConstraint(fields=["study", "rater"], name="admitted_once"),
            models.UniqueConstraint(
                fields=["study", "external_id"], condition=~Q(external_id=""), name="panel_id_used_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.external_id} in {self.study_id}"
