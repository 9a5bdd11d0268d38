"""Who may organise: roles, sign-in links, owners of suites and studies, and the audit log."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Role(models.TextChoices):
    """What a person may do; `permissions.py` has the rule of each action."""

    ORGANISER = "organiser", "Organiser"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


class Member(models.Model):
    """Role of a person who can sign in."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="member")
    role = models.CharField(max_length=9, choices=Role.choices)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user__email"]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class SignInLink(models.Model):
    """Link that signs one person in once, kept as its hash."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token in the link")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.user} until {self.expires_at:%Y-%m-%d %H:%M}"


class Ownership(models.Model):
    """Person who added a suite, run or study. What has no owner is for organisers only."""

    class Kind(models.TextChoices):
        SUITE = "suite"
        RUN = "run"
        STUDY = "study"

    kind = models.CharField(max_length=5, choices=Kind.choices)
    key = models.CharField(max_length=64, help_text="Name of the suite, or primary key of the run or study")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="owned")

    class Meta:
        verbose_name_plural = "ownerships"
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_owner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.owner}"


class AuditEntry(models.Model):
    """One thing that a person did on organisers' pages. Written once, never edited."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=254, help_text="E-mail of the person, as it was then")
    action = models.CharField(max_length=40)
    kind = models.CharField(max_length=40, blank=True, help_text="Kind of the object, such as study")
    subject = models.CharField(max_length=200, blank=True, help_text="Name of the object, as it was then")
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["action", "-at"], name="audit_of_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor}: {self.action} {self.subject}"
