"""Check where requests go: no plain HTTP, no foreign domain, no private address, also after a redirect."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable

import httpx2

from generators.adapters.errors import ServerFault, UnsafeAddress
from generators.once import once

Resolve = Callable[[str, int], list[str]]
"""Function that returns the addresses of a host."""


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host.

    Raises:
        ServerFault: The name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ServerFault(f"The address of {host} cannot be found: {error}.") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def require_domain(url: httpx2.URL, domains: Iterable[str]) -> None:
    """Raise UnsafeAddress unless a URL is HTTPS on the usual port of one of the domains, without a user."""
    allowed = tuple(domains)
    if url.scheme != "https" or url.port not in (None, 443) or url.userinfo:
        raise UnsafeAddress(f"A clip's link must be HTTPS on port 443; got {_shown(url)}. Tell the provider.")
    if not any(url.host == domain or url.host.endswith(f".{domain}") for domain in allowed):
        raise UnsafeAddress(
            f"A clip's link must lead to {', '.join(allowed)}; got {_shown(url)}. "
            "If the provider does serve clips there, add the domain to its ..._DOWNLOAD_DOMAINS variable."
        )


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast


class GuardedTransport(httpx2.BaseTransport):
    """Transport that connects only to public addresses, and to those that it has checked.

    The name is resolved once, here, and the connection goes to the checked address: a second answer of the
    name server cannot lead elsewhere.
    """

    def __init__(self, trusted: str | None, look_up: Resolve = resolve) -> None:
        """Store the origin of a base URL that the person who runs this named, which is not checked."""
        self._trusted = None if trusted is None else _origin(httpx2.URL(trusted))
        self._look_up = look_up
        self._inner = httpx2.HTTPTransport(verify=_certificates(), retries=0)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request.

        Raises:
            UnsafeAddress: The host has an address that is not public.
        """
        if _origin(request.url) != self._trusted:
            request = self._pin(request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _pin(self, request: httpx2.Request) -> httpx2.Request:
        host = request.url.host
        addresses = self._look_up(host, request.url.port or 443)
        if private := [address for address in addresses if not is_public(address)]:
            raise UnsafeAddress(
                f"{host} must have public addresses only; got {', '.join(private)}. Nothing was sent to it."
            )
        return httpx2.Request(
            request.method,
            request.url.copy_with(host=addresses[0]),
            headers=request.headers,  # with the Host of the original URL
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )


@once
def _certificates() -> ssl.SSLContext:
    """Return the trusted certificates, which take longer to read than a request takes."""
    return httpx2.create_ssl_context()


def is_same_origin(url: httpx2.URL, base_url: str) -> bool:
    """Whether a URL has the scheme, host and port of a base URL."""
    return _origin(url) == _origin(httpx2.URL(base_url))


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _shown(url: httpx2.URL) -> str:
    return f"{url.scheme}://{url.host}:{url.port}" if url.port else f"{url.scheme}://{url.host}"
