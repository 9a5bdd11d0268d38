"""Openings of commitments: what is hashed at entry, and how anybody checks it after the reveal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from arena.catalog.hashing import content_hash
from arena.catalog.models import Commitment, Contender

IDENTITY = ("contender", "name", "maker", "generator")


class ForgedOpening(ValueError):
    """Opening that does not fit its commitment; the message says what differs."""


def opening_of(contender: Contender, *, version: str, nonce: str) -> dict[str, Any]:
    """Return the content that a commitment hashes.

    Args:
        contender: the contender, with its codename.
        version: version of its generator.
        nonce: 64 random hexadecimal digits; without them the hash could be guessed from a list of models.
    """
    return {
        "codename": contender.codename,
        "identity": identity_of(contender),
        "version": version,
        "settings": contender.settings,
        "nonce": nonce,
    }


def identity_of(contender: Contender) -> dict[str, str]:
    """Return who a contender is."""
    names = (contender.slug, contender.name, contender.maker, contender.generator)
    return dict(zip(IDENTITY, names, strict=True))


def published(commitment: Commitment) -> dict[str, Any]:
    """Return what the public may know of a commitment; the opening only after the reveal."""
    revealed = commitment.revealed_at is not None
    return {
        "codename": commitment.codename,
        "commitment": commitment.digest,
        "state": commitment.state,
        "committed_at": commitment.committed_at.isoformat(),
        "until": commitment.until.isoformat(),
        "votes": commitment.votes,
        "most_votes": commitment.most_votes,
        "revealed_at": commitment.revealed_at.isoformat() if commitment.revealed_at else None,
        "withdrawn_at": commitment.withdrawn_at.isoformat() if commitment.withdrawn_at else None,
        "opening": json.loads(commitment.opening) if revealed else None,
    }


def check_opening(opening: object, digest: str) -> Mapping[str, Any]:
    """Return an opening that fits its commitment.

    Raises:
        ForgedOpening: its hash is another, or it lacks a part.
    """
    if not isinstance(opening, dict) or not opening.keys() >= {"identity", "version", "settings", "nonce"}:
        raise ForgedOpening(
            "opening must have identity, version, settings and nonce; got something else. "
            "Take the file from the page of anonymous contenders."
        )
    found = content_hash(opening)
    if found != digest:
        raise ForgedOpening(
            f"opening must have the committed hash {digest}; got {found}. "
            "Its identity, version, settings or nonce was changed after the entry."
        )
    return opening


def check_contender(contender: Contender, opening: Mapping[str, Any]) -> None:
    """Raise ForgedOpening if a contender is not what an opening says."""
    is_now = {**identity_of(contender), "settings": contender.settings}
    said = {**opening["identity"], "settings": opening["settings"]}
    for name, value in is_now.items():
        if said.get(name) != value:
            raise ForgedOpening(
                f"{name} must be {said.get(name)!r} as committed under the codename; got {value!r}. "
                "Restore it, or enter the changed contender under another slug."
            )
