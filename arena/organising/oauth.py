"""Sign-in by OAuth: only for people who were invited, known by the verified e-mail of the provider."""

from __future__ import annotations

import logging
from typing import Any, NoReturn
from urllib.parse import urlsplit

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect

from arena.organising.audit import record
from arena.organising.permissions import role_of

log = logging.getLogger(__name__)

STRANGER = (
    "Nobody here has the e-mail address that this account has verified. Ask an organiser to invite you."
)
FAILED = "Signing in didn’t work: the provider’s answer was not the one that was asked for. Try again."


class KnownPeopleOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Adapter that signs known people in, and nobody up."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Send strangers, and people who were put out, back to the sign-in page."""
        if not sociallogin.is_existing or role_of(sociallogin.user) is None:
            _send_back(request, STRANGER)
        record(sociallogin.user, "signed in by OAuth", details={"provider": sociallogin.account.provider})

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return False: people are invited."""
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,  # noqa: ANN401 - allauth publishes no types
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Send back who comes with an answer that nobody asked for, or that the provider disowns."""
        log.warning("Signing in by %s failed: %s %s", provider, error, exception or "")
        _send_back(request, FAILED)


def _send_back(request: HttpRequest, message: str) -> NoReturn:
    messages.error(request, message)
    raise ImmediateHttpResponse(redirect("organising:sign_in"))


def form_targets() -> list[str]:
    """Return the further sources of `form-action` on the sign-in page.

    Its forms redirect to providers, and they on to others, which browsers hold against the policy.
    """
    if not settings.OAUTH_PROVIDERS:
        return []
    providers: dict[str, Any] = settings.SOCIALACCOUNT_PROVIDERS
    apps = [app for provider in providers.values() for app in provider["APPS"]]
    servers = [urlsplit(app.get("settings", {}).get("server_url", "")) for app in apps]
    return ["https:", *(f"http://{server.netloc}" for server in servers if server.scheme == "http")]
