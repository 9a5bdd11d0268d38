"""Rules over tokens: create, find and revoke them. The database has only their hashes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from django.utils import timezone

from arena.api.models import ApiToken

SCOPES = {"votes": "single votes of open studies, without what would unblind raters"}
"""What a token can allow, with an explanation of each."""
PREFIX = "paddock_"
"""Start of every token, by which people and scanners recognise one."""


class InvalidToken(ValueError):
    """Token that can't be created or revoked; the message says why."""


def create_token(name: str, scopes: Sequence[str]) -> str:
    """Create a token and return it; nobody can read it again.

    Raises:
        InvalidToken: the name is empty, too long or taken, or a scope is unknown.
    """
    longest = 64
    if not name.strip() or len(name) > longest or not name.isprintable():
        raise InvalidToken(
            f"name must be 1 to {longest} printable characters; got {name[:80]!r}. Shorten it."
        )
    if ApiToken.objects.filter(name=name).exists():
        raise InvalidToken(f"name must be one that no other token has; got '{name}'. Take another one.")
    for scope in scopes or [""]:
        if scope not in SCOPES:
            raise InvalidToken(f"scope must be one of {', '.join(SCOPES)}; got '{scope}'. Choose one.")
    token = f"{PREFIX}{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(name=name, token_hash=_hash(token), scopes=sorted(set(scopes)))
    return token


def find_token(token: str) -> ApiToken | None:
    """Return the row of a token that holds, or None."""
    return ApiToken.objects.filter(token_hash=_hash(token), revoked_at=None).first()


def revoke_token(name: str) -> None:
    """Revoke a token, which holds no more from now on.

    Raises:
        InvalidToken: no token of that name holds.
    """
    if not ApiToken.objects.filter(name=name, revoked_at=None).update(revoked_at=timezone.now()):
        valid = ApiToken.objects.filter(revoked_at=None).values_list("name", flat=True)
        raise InvalidToken(f"Unknown token '{name}'. Known: {', '.join(valid) or 'none'}.")


def _hash(token: str) -> str:
    # A token has 256 random bits, so a fast hash is safe: nobody can try them all.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
