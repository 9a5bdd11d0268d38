"""Sign-in by OAuth: only for people who were invited, known by the verified e-mail of the provider."""

from __future__ import annotations

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest


class KnownPeopleOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Adapter that signs known people in, and nobody up."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return False: people are invited."""
        return False
