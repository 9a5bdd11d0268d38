"""Download a finished clip: without the key, from the provider's domains only, bounded in size and time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2

from generators.adapters.addresses import (
    GuardedTransport,
    Resolve,
    is_same_origin,
    require_domain,
    resolve,
)
from generators.adapters.environment import Account
from generators.adapters.errors import BrokenDownload, LinkExpired, ServerFault

LARGEST_BYTES = 512 * 2**20
LONGEST_S = 600.0
MOST_REDIRECTS = 3
_GONE = (401, 403, 404, 410)
_AS_IT_IS = {"Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Downloaded:
    """Facts of a downloaded file."""

    size_bytes: int
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    content_type: str


class Downloader:
    """Fetches clips of one provider."""

    def __init__(self, account: Account, domains: tuple[str, ...], look_up: Resolve = resolve) -> None:
        """Open no connection yet."""
        self._account = account
        self._domains = (*domains, *account.extra_domains)
        self._look_up = look_up

    def fetch(self, link: str, path: Path, own_headers: Mapping[str, str] | None = None) -> Downloaded:
        """Write the file behind a link to `path`.

        Args:
            link: URL of the file.
            path: Where to write.
            own_headers: Headers with the key, which are sent to the base URL's own origin alone.

        Raises:
            UnsafeAddress: The link, or a redirect from it, leads elsewhere than to the provider.
            LinkExpired: The file is no longer served.
            BrokenDownload: The file is too large or takes too long.
            ServerFault: The connection broke, or the server has a fault.
        """
        trusted = self._account.base_url if self._account.is_overridden else None
        transport = GuardedTransport(trusted, self._look_up)
        try:
            with httpx2.Client(transport=transport, timeout=60.0, follow_redirects=False) as client:
                return self._follow(client, httpx2.URL(link), path, own_headers or {})
        except httpx2.InvalidURL as error:
            raise BrokenDownload(f"The clip's link must be a URL; got one that is not: {error}.") from error
        except httpx2.HTTPError as error:
            raise ServerFault(f"The download broke off: {error or type(error).__name__}.") from error

    def _follow(
        self, client: httpx2.Client, url: httpx2.URL, path: Path, own_headers: Mapping[str, str]
    ) -> Downloaded:
        for _ in range(MOST_REDIRECTS + 1):
            self._require_safe(url)
            is_own = is_same_origin(url, self._account.base_url)
            with client.stream(
                "GET", url, headers={**_AS_IT_IS, **(own_headers if is_own else {})}
            ) as response:
                if not response.is_redirect:
                    return _write(response, path)
                url = url.join(response.headers.get("Location", ""))
        raise BrokenDownload(f"The clip's link must need at most {MOST_REDIRECTS} redirects; it has more.")

    def _require_safe(self, url: httpx2.URL) -> None:
        if self._account.is_overridden and is_same_origin(url, self._account.base_url):
            return
        require_domain(url, self._domains)


def _write(response: httpx2.Response, path: Path) -> Downloaded:
    if response.status_code in _GONE:
        raise LinkExpired(f"The clip's link is no longer served: HTTP status {response.status_code}.")
    if response.status_code != 200:
        raise ServerFault(f"The clip's link answered with HTTP status {response.status_code}.")
    digest, size, started = hashlib.sha256(), 0, time.monotonic()
    with path.open("wb") as file:
        for chunk in response.iter_bytes(2**16):
            size += len(chunk)
            if size > LARGEST_BYTES:
                raise BrokenDownload(f"The clip must have at most {LARGEST_BYTES // 2**20} MiB; it has more.")
            if time.monotonic() - started > LONGEST_S:
                raise BrokenDownload(f"The download must take at most {LONGEST_S:g} s; it takes longer.")
            digest.update(chunk)
            file.write(chunk)
    return Downloaded(size, digest.hexdigest(), response.headers.get("Content-Type", ""))
