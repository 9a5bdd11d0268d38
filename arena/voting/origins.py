"""Origins: keyed hashes of the network and browser that a rater came from first, kept for some days."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from arena.voting.limits import client_network
from arena.voting.models import Rater

HEADERS = ("user-agent", "accept-language")
"""Headers that tell one browser of a network from another."""


class RaterOrigin(models.Model):
    """Network and device of a rater's first pair, from which neither can be read back."""

    rater = models.OneToOneField(Rater, on_delete=models.CASCADE, primary_key=True, related_name="+")
    network = models.CharField(max_length=64, help_text="HMAC of the IPv4 address or IPv6 /64")
    device = models.CharField(max_length=64, help_text="HMAC of the network and the browser's headers")
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "voting"

    def __str__(self) -> str:
        return f"{self.network[:12]} of {self.rater_id}"


def remember_origin(request: HttpRequest, rater: Rater) -> None:
    """Store where a new rater came from; origins older than `ORIGINS_KEPT_DAYS` are deleted."""
    if not settings.ORIGINS_KEPT_DAYS:
        return
    now = timezone.now()
    RaterOrigin.objects.filter(seen_at__lt=now - timedelta(days=settings.ORIGINS_KEPT_DAYS)).delete()
    network = client_network(request)
    browser = [request.headers.get(name, "") for name in HEADERS]
    RaterOrigin.objects.create(
        rater=rater,
        network=_hashed("network", network),
        device=_hashed("device", network, *browser),
        seen_at=now,
    )


def _hashed(*parts: str) -> str:
    """Return a keyed hash of an origin; parts are joined by a character that no header holds."""
    return hmac.digest(settings.SECRET_KEY.encode(), "\n".join(parts).encode(), hashlib.sha256).hex()
