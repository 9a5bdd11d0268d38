"""Faults that a fake provider gives on demand."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """One way in which a provider misbehaves, for every job until another is set."""

    NONE = "none"
    LATENCY = "latency"
    RATE_LIMITED = "429 with Retry-After"
    SERVER_ERROR_AT_SUBMISSION = "5xx at submission, then success"
    SERVER_ERROR_WHILE_POLLING = "5xx while polling, then success"
    RESPONSE_LOST = "response lost after acceptance"
    STUCK = "stuck running"
    REFUSED_AT_SUBMISSION = "moderation at submission"
    REFUSED_AT_RESULT = "moderation at result"
    REFUSED_SOUND = "moderation of sound only"
    EXPIRED_LINK = "expired link"
    LINK_EXPIRED_ONCE = "link expired once, then a new one"
    TRUNCATED = "truncated file"
    CUT_OFF = "connection cut during the download, then success"
    HTML = "HTML instead of video"
    WRONG_DURATION = "wrong duration"
    NO_SOUND = "no sound track"
    UNKNOWN_STATUS = "unknown status"
    FOREIGN_REDIRECT = "redirect to a foreign host"
    PRIVATE_REDIRECT = "redirect to a private address"
    WRONG_KEY = "key not accepted"
    NO_MONEY = "balance used up"
    FAILED = "job failed"


ONCE = {
    Fault.RATE_LIMITED,
    Fault.SERVER_ERROR_AT_SUBMISSION,
    Fault.SERVER_ERROR_WHILE_POLLING,
    Fault.RESPONSE_LOST,
    Fault.LINK_EXPIRED_ONCE,
    Fault.CUT_OFF,
}
"""Faults that come once, after which everything works."""
