"""Addresses of a ballot's clips. Each carries, encrypted, what serving the clip needs: no query is made.

AES-SIV (RFC 5297) hides which rendition an address names, and refuses an address that was changed. Addresses
of one rendition on two ballots have nothing in common. The ballot and its side decide which variant of the
rendition is shown and how it is salted, so that each ballot receives other bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from arena.media.padding import padded_size
from arena.media.salting import Part, most_added
from arena.media.storage import StoredFile
from arena.runs.models import Rendition
from arena.voting.controls.models import Twin
from arena.voting.models import Ballot
from arena.voting.modes import Mode
from arena.voting.refusals import TamperedBallot
from arena.voting.shown import Shown, shown_on

LAYOUT = struct.Struct(">c16s16s32sQQQB")
SALTED = 1
LEFT_OUT: dict[str, Part] = {Mode.MUTED: "sound", Mode.SOUND: "picture"}
"""Track that the clips of a mode are served without."""
LEFT_OUT_BY_BIT: dict[int, Part] = {2: "sound", 4: "picture"}
DAY_S = 24 * 3600
LONGEST_KEPT_S = 300
LENGTHS = ("size_bytes", "variants", "duration_s", "fps")
LENGTHS_OF_TWINS = ("size_bytes", "variants", "rendition__duration_s", "rendition__fps")

LENGTH_KEY = "longest:{prompt}:{seed}:{settings_hash}"

Side = Literal["a", "b"]


class ServedClip(NamedTuple):
    """One side of a ballot, as its address describes it."""

    rater_id: UUID
    file: StoredFile
    padded_bytes: int
    """Length that is served: that of the unit's longest rendition on each side of each ballot."""
    expires_at: datetime
    salt: bytes
    """Seed of the salt; empty for a rendition that is served as it is, since it has no variants."""
    without: Part | None = None
    """Track that is left out."""


def media_tokens(ballot: Ballot) -> dict[Side, str]:
    """Return the last part of the address of each side's clip.

    They are valid until the ballot expires; made after the vote, for a day, and the same all day.
    """
    a, b = _shown_on(ballot)
    longest = _longest_of_unit(ballot.prompt_id, a, b)
    if ballot.mode in LEFT_OUT:  # clips without variants are salted all the same
        longest += max(0 if each.variants else most_added(each.duration_s, each.fps) for each in (a, b))
    return {"a": _token(ballot, "a", a, longest), "b": _token(ballot, "b", b, longest)}


def _token(ballot: Ballot, side: Side, shown: Shown, longest: int) -> str:
    sha256, size_bytes = _choose(shown, _seed(ballot.pk.bytes, side.encode()))
    if ballot.state == Ballot.State.VOTED:
        expires = (int(timezone.now().timestamp()) // DAY_S + 2) * DAY_S
    else:
        expires = int(ballot.expires_at.timestamp())
    without = LEFT_OUT.get(ballot.mode)
    content = LAYOUT.pack(
        side.encode(),
        ballot.pk.bytes,
        ballot.rater_id.bytes,
        bytes.fromhex(sha256),
        size_bytes,
        padded_size(longest),
        expires,
        _bits(is_salted=bool(shown.variants or without), without=without),
    )
    sealed = _cipher(settings.SECRET_KEY).encrypt(content, None)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _shown_on(ballot: Ballot) -> tuple[Shown, Shown]:
    """Return the facts of what each side shows; a degraded twin has its clip's, and files of its own."""
    a, b = shown_on(ballot)
    if ballot.twin is None:
        return a, b
    files = {name: getattr(ballot.twin, name) for name in ("sha256", "size_bytes", "variants")}
    return (a._replace(**files), b) if ballot.twin_side == "a" else (a, b._replace(**files))


def read_media_token(token: str) -> ServedClip:
    """Return what an address describes; raise TamperedBallot if this arena did not make it."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        content = _cipher(settings.SECRET_KEY).decrypt(sealed, None)
        side, ballot, rater, digest, size_bytes, padded_bytes, expires, bits = LAYOUT.unpack(content)
    except (binascii.Error, ValueError, InvalidTag, struct.error):  # the last: an earlier version made it
        raise TamperedBallot from None
    file = StoredFile.named(digest.hex(), size_bytes, "mp4")
    salt = _seed(ballot, side) if bits & SALTED else b""
    until = datetime.fromtimestamp(expires, UTC)
    without = LEFT_OUT_BY_BIT.get(bits & ~SALTED)
    return ServedClip(UUID(bytes=rater), file, padded_bytes, until, salt, without)


def _bits(*, is_salted: bool, without: Part | None) -> int:
    return is_salted * SALTED + sum(bit for bit, part in LEFT_OUT_BY_BIT.items() if part == without)


def _seed(ballot: bytes, side: bytes) -> bytes:
    """Return the seed of one side of one ballot, which nobody without the secret key can compute."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"variant " + side + ballot, "sha256")


def _choose(shown: Shown, seed: bytes) -> tuple[str, int]:
    """Return the hash and length of the file that a seed chooses among a rendition's variants."""
    if not shown.variants:
        return shown.sha256, shown.size_bytes
    sha256, size_bytes = shown.variants[int.from_bytes(seed[:8]) % len(shown.variants)]
    return sha256, size_bytes


def _longest_of_unit(prompt_id: int, a: Shown, b: Shown) -> int:
    """Return the length of the longest file of one prompt, seed and settings, with the most salt."""
    unit = {"prompt": prompt_id, "seed": a.seed, "settings_hash": a.settings_hash}
    key = LENGTH_KEY.format_map(unit)
    kept: int | None = cache.get(key)
    # A length that was read before the variants of the two were made is too small for them.
    least = max(_longest(each.size_bytes, each.variants, each.duration_s, each.fps) for each in (a, b))
    if kept is None or kept < least:
        of_unit = Rendition.objects.filter(**{f"clip__job__{name}": value for name, value in unit.items()})
        twins = Twin.objects.filter(rendition__in=of_unit).values_list(*LENGTHS_OF_TWINS)
        both = of_unit.order_by().values_list(*LENGTHS).union(twins.order_by(), all=True)
        kept = max(_longest(*facts) for facts in both)
        cache.set(key, kept, LONGEST_KEPT_S)
    return kept


def forget_lengths(renditions: Iterable[Rendition]) -> None:
    """Forget the longest files of the units of these clips, in this process and in a shared cache."""
    jobs = (rendition.clip.job for rendition in renditions)
    units = ({"prompt": job.prompt_id, "seed": job.seed, "settings_hash": job.settings_hash} for job in jobs)
    cache.delete_many([LENGTH_KEY.format_map(unit) for unit in units])


def _longest(size_bytes: int, variants: list[tuple[str, int]], duration_s: float, fps: float) -> int:
    if not variants:
        return size_bytes
    return max(size_bytes, *(size for _, size in variants)) + most_added(duration_s, fps)


@lru_cache(maxsize=2)
def _cipher(secret_key: str) -> AESSIV:
    return AESSIV(hashlib.sha256(f"media address {secret_key}".encode()).digest())
