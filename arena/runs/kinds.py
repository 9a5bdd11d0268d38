"""Kinds of errors as they stand on a job's row, besides those that generators give their own."""

from __future__ import annotations

from generators.adapters.errors import UnknownOutcome

DISK_FULL = "disk_full"
CAP = "cap"
UNKNOWN = UnknownOutcome.kind
HELD = (CAP, UNKNOWN)
"""Kinds of errors after which an open job waits for a person."""
