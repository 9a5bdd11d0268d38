"""Django's `LOGGING`: where log records go, and in which form."""

from __future__ import annotations

from typing import Any


def logging_settings(form: str, level: str) -> dict[str, Any]:
    """Return the settings that log to standard error.

    Args:
        form: `line` for people, or `json` for programs.
        level: the least level that is logged, such as `WARNING`.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
            "json": {"()": "arena.operations.logs.JsonLines"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["stderr"], "level": level},
        # They log each address with its query, which signs providers' links.
        "loggers": {name: {"level": "WARNING"} for name in ("httpx2", "httpcore2")},
    }
