"""Settings of allauth's providers, from the environment."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from environs import Env


def oauth_app(env: Env, provider: str) -> dict[str, object]:
    """Return allauth's settings of a provider that OAUTH_PROVIDERS names.

    Raises:
        ImproperlyConfigured: the id or secret of the provider's client is not set.
    """
    start = f"OAUTH_{provider.upper()}"
    client_id, secret, server = (env.str(f"{start}_{end}", "") for end in ("CLIENT_ID", "SECRET", "SERVER"))
    if not client_id or not secret:
        raise ImproperlyConfigured(
            f"{start}_CLIENT_ID and {start}_SECRET must be set, since OAUTH_PROVIDERS names {provider}; "
            "got none. Register this arena with the provider, and set what it gives you."
        )
    app: dict[str, object] = {"client_id": client_id, "secret": secret}
    if server:
        app |= {"provider_id": "sso", "name": "single sign-on", "settings": {"server_url": server}}
    return {"APPS": [app]}
