"""Who is told of events by webhooks, and each message that was or will be sent to them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.db import models
from django.utils import timezone


class Event(models.TextChoices):
    """Event that others are told of."""

    RUN_FINISHED = "run.finished", "Run finished"
    STUDY_CLOSED = "study.closed", "Study closed"
    VOTE_EXCLUDED = "vote.excluded", "Vote excluded"


TEST = "webhook.test"
"""Type of the message that tries an endpoint out."""


class Endpoint(models.Model):
    """Address that is told of some events."""

    address = models.CharField(max_length=500)
    sealed_secret = models.TextField(help_text="Signing secret, encrypted with a key from SECRET_KEY")
    events = models.JSONField(help_text="Types of events that are sent to it")
    is_on = models.BooleanField(default=True)
    off_reason = models.CharField(max_length=200, blank=True, help_text="Why the arena turned it off")
    delivered_at = models.DateTimeField(null=True, help_text="When it last took a message")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.pk} at {self.host}"

    @property
    def host(self) -> str:
        """Host of the address; its path and query may hold a token."""
        return urlsplit(self.address).hostname or ""


class Delivery(models.Model):
    """One message to one endpoint, written in the transaction of its event and sent afterwards."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        GIVEN_UP = "given_up", "given up"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=40, unique=True, help_text="The same for each attempt")
    event = models.CharField(max_length=32)
    payload = models.TextField(help_text="JSON, signed and sent as it stands")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(help_text="When it is sent next, or was sent last")
    status = models.PositiveIntegerField(null=True, help_text="HTTP status of the last answer")
    problem = models.CharField(max_length=200, blank=True, help_text="Why the last attempt failed")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["state", "due_at"], name="delivery_by_due_time")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.event} ({self.state})"
