"""Ledger heads that the site signs and publishes, so that a chain that was rewritten since shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena.canonical import canonical_bytes
from arena.signing import is_signed, public_key, sign
from arena.voting.ledger import GENESIS
from arena.voting.models import LedgerEntry, Study

FORMAT = "paddock-ledger-head"


class PublishedHead(ValueError):
    """Published head that the ledger doesn't hold, or that is malformed; the message says which."""


def signed_head(study: Study) -> dict[str, Any]:
    """Return a study's ledger head with the number and time of its last entry, signed by the site.

    The signature is over the RFC 8785 form of the document without `signature`. The same head always gives
    the same document.
    """
    last = LedgerEntry.objects.filter(study=study).order_by("sequence").last()
    head: dict[str, Any] = {
        "format": FORMAT,
        "study": study.slug,
        "entries": last.sequence if last else 0,
        "head": last.entry_hash if last else GENESIS,
        "at": json.loads(last.payload)["at"] if last else None,
        "site_key": public_key(),
    }
    return {**head, "signature": sign(canonical_bytes(head))}


def check_published(study: Study, published: str) -> int:
    """Look up an earlier published head in a study's ledger; return the number of its entry.

    Args:
        study: the study.
        published: the head's hash, or the path of a document as `signed_head` returns it.

    Raises:
        PublishedHead: the ledger has no such entry, or the document is malformed or of another study or site.
        OSError: the document can't be read.
    """
    number = None
    if len(published) != len(GENESIS) or not set(published) <= set("0123456789abcdef"):
        document = _read(Path(published), study)
        published, number = document["head"], document["entries"]
    if published == GENESIS:
        return 0
    entry = LedgerEntry.objects.filter(study=study, entry_hash=published).first()
    if entry is None or number not in (None, entry.sequence):
        raise PublishedHead(
            f"Study '{study.slug}': the ledger must hold the published head {published}; it doesn't. "
            "Entries up to it were rewritten since it was published."
        )
    return entry.sequence


def _read(path: Path, study: Study) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_bytes())
        signature = document.pop("signature")
        is_ours = is_signed(canonical_bytes(document), signature, public_key())
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        is_ours = False
    if not is_ours or document.get("format") != FORMAT or document.get("study") != study.slug:
        raise PublishedHead(
            f"--published must be a hash of 64 digits, or a head of study '{study.slug}' signed by this "
            f"site; got {path}. Save one from the API."
        )
    return {"head": document["head"], "entries": document["entries"]}
