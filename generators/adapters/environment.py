"""Read a hosted generator's environment: keys, base URLs, times, and the folder that records jobs."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from generators.base import Unavailable
from generators.choices import SettingsError

UNKNOWN_CONCURRENCY = 2
"""Jobs at once for an account of unknown size; new ones often may run one or two."""


@dataclass(frozen=True)
class Account:
    """One provider's account: where to call and with which key."""

    base_url: str
    key: str = field(repr=False)
    is_overridden: bool = False
    """Whether the person who runs this named the base URL; its host is then trusted as given."""
    extra_domains: tuple[str, ...] = ()
    """Domains that clips may also be downloaded from."""


@dataclass(frozen=True)
class Patience:
    """Times of a hosted job, in seconds."""

    poll_s: float = 10.0
    deadline_s: float = 1800.0
    """Time from the submission until the job is cancelled."""


def read_account(provider: str, title: str, key_variable: str, base_url: str) -> Account:
    """Return a provider's account from the environment.

    Args:
        provider: Registry name, such as `model-studio`; `MODEL_STUDIO_BASE_URL` overrides the base URL.
        title: Provider's name for people.
        key_variable: Name of the variable that holds the API key.
        base_url: Base URL unless overridden.

    Raises:
        Unavailable: The key is not set, or it cannot be sent in a header.
    """
    prefix = provider.upper().replace("-", "_")
    override = os.environ.get(f"{prefix}_BASE_URL", "").rstrip("/")
    domains = os.environ.get(f"{prefix}_DOWNLOAD_DOMAINS", "").replace(",", " ").split()
    return Account(override or base_url, _read_key(title, key_variable), bool(override), tuple(domains))


def _read_key(title: str, variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not key:
        raise Unavailable(
            f"{variable} must hold the API key of {title}; it is not set. Export it and run again."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise Unavailable(
            f"{variable} must be printable ASCII without spaces; its value is not. Copy the key again."
        )
    return key


def read_concurrency(provider: str, default: int | None) -> int:
    """Return how many jobs an account may have at once, from `MODEL_STUDIO_CONCURRENCY` or the like.

    Args:
        provider: Registry name, such as `model-studio`.
        default: Number of the model's row; None, where it depends on the account, takes 2.

    Raises:
        SettingsError: The value is no whole number from 1.
    """
    variable = f"{provider.upper().replace('-', '_')}_CONCURRENCY"
    text = os.environ.get(variable)
    if text is None:
        return default or UNKNOWN_CONCURRENCY
    if not (text.isdecimal() and int(text) >= 1):
        raise SettingsError(f"{variable} must be a whole number from 1; got {text!r}. Set another value.")
    return int(text)


def read_patience() -> Patience:
    """Return the times of hosted jobs from `HOSTED_POLL_S` and `HOSTED_DEADLINE_S`.

    Raises:
        SettingsError: A value is no positive number.
    """
    return Patience(
        _read_seconds("HOSTED_POLL_S", Patience.poll_s),
        _read_seconds("HOSTED_DEADLINE_S", Patience.deadline_s),
    )


def read_journal_folder() -> Path:
    """Return the folder in which paid jobs are recorded: `HOSTED_JOBS_DIR`, else one under `DATA_DIR`."""
    if named := os.environ.get("HOSTED_JOBS_DIR"):
        return Path(named)
    user_data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "paddock"
    return Path(os.environ.get("DATA_DIR") or user_data) / "hosted-jobs"


def _read_seconds(variable: str, default: float) -> float:
    text = os.environ.get(variable)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise SettingsError(
            f"{variable} must be a positive number of seconds; got {text!r}. Set another value."
        )
    return value
