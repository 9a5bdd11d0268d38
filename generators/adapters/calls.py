"""Send calls to a provider: one try each, never to another host, answers bounded in size and time."""

from __future__ import annotations

import email.utils
import json
import time
from typing import Any

import httpx2

from generators.adapters.addresses import GuardedTransport, Resolve, resolve
from generators.adapters.environment import Account
from generators.adapters.errors import RateLimited, ServerFault
from generators.adapters.faults import Problem, build_error, fault_of_status, find_fault
from generators.adapters.provider import Body, Call, Provider
from generators.adapters.redaction import remove_secrets, strip_text
from generators.base import GenerationError

LARGEST_BODY = 256 * 2**20
"""Bytes of an answer; some providers put the clip itself into it."""
TIMEOUT = httpx2.Timeout(60.0, connect=15.0)
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


class Caller:
    """Connection to one provider with one account."""

    def __init__(self, provider: Provider, account: Account, look_up: Resolve = resolve) -> None:
        """Open no connection yet."""
        self._provider = provider
        self._account = account
        trusted = account.base_url if account.is_overridden else None
        self._client = httpx2.Client(
            transport=GuardedTransport(trusted, look_up), timeout=TIMEOUT, follow_redirects=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, call: Call) -> Body:
        """Send a call once and return the JSON object of its answer.

        Raises:
            ServerFault: No complete answer came, or the provider has a fault.
            RateLimited: The provider asks to wait.
            GenerationError: Whatever else the provider's answer means.
        """
        try:
            status, headers, content = self._exchange(call)
        except _NOT_SENT as error:
            raise ServerFault(f"{self._provider.title} cannot be reached: {error}.") from error
        except httpx2.HTTPError as error:
            raise ServerFault(
                f"{self._provider.title} did not answer: {error or type(error).__name__}.",
                may_be_accepted=True,
            ) from error
        body: Body | None = remove_secrets(_parse(content), [self._account.key])
        if status >= 300 or body is None:
            raise self._error(call, status, headers, self._provider.read_problem(body or {}))
        if problem := self._provider.find_problem(body):
            raise self._error(call, status, headers, problem)
        return body

    def strip(self, text: str) -> str:
        """Return a text without the account's key."""
        return strip_text(text, [self._account.key])

    def _exchange(self, call: Call) -> tuple[int, httpx2.Headers, bytes]:
        """Return status, headers and the bounded content of an answer."""
        headers = {**self._provider.headers(self._account.key), **call.headers, "Accept": "application/json"}
        url = f"{self._account.base_url}{call.path}"
        with self._client.stream(
            call.method, url, headers=headers, json=call.body, params=call.query or None
        ) as response:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > LARGEST_BODY:
                    raise httpx2.ReadError("the answer is larger than 256 MiB")
            return response.status_code, response.headers, bytes(content)

    def _error(self, call: Call, status: int, headers: httpx2.Headers, said: Problem) -> GenerationError:
        problem = Problem(self.strip(said.code), self.strip(said.message) or f"HTTP status {status}")
        fault = find_fault(self._provider.rules, said.code) or fault_of_status(status, creates=call.creates)
        error = build_error(self._provider.title, fault, problem)
        if isinstance(error, RateLimited):
            error.retry_after_s = read_retry_after(headers.get("Retry-After"))
        if isinstance(error, ServerFault):
            error.may_be_accepted = status not in self._provider.refusing_statuses
        return error


def read_retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which holds a number or a date; None if it is neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _parse(content: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(content) if content.strip() else {}
    except ValueError:
        return None
    return body if isinstance(body, dict) else {"items": body}
