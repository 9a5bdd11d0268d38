"""A rater's browser as a server sees it: a connection that is kept, cookies, and the requests of a vote."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode

HOST = "127.0.0.1"
IDLE_S = 10.0
"""Time after which a connection is opened anew; the server closes one that was idle for 20 s."""
ANSWER = re.compile(r'action="(/ballots/[^"]+/)"')
MEDIA = re.compile(r'"(/media/[^"]+)"')
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
OUTCOMES = ("a", "b", "tie", "both_bad")


class Reply(NamedTuple):
    """Status, headers by lower-case name, and body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Body as text."""
        return self.body.decode()


class Refused(RuntimeError):
    """Response with another status than the request needs."""


class Pair(NamedTuple):
    """Ballot page, as far as a rater acts on it."""

    answer: str
    """Address that takes the answer."""
    media: list[str]
    """Addresses of the two clips."""
    form_token: str


@dataclass
class Times:
    """Seconds that requests took, by kind."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, began: float) -> None:
        """Record a request that began at this time of `time.perf_counter`."""
        self.seconds[kind].append(time.perf_counter() - began)

    def count(self, *kinds: str) -> int:
        """Return the number of requests of these kinds."""
        return sum(len(self.seconds[kind]) for kind in kinds)

    def quantile(self, kind: str, share: float) -> float:
        """Return the time below which this share of a kind's requests stay, in milliseconds."""
        ordered = sorted(self.seconds[kind])
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Browser:
    """One rater on one connection."""

    def __init__(self, port: int, study: str, times: Times, random: Random) -> None:
        """Connect to nothing yet."""
        self.port = port
        self.study = study
        self.times = times
        self.random = random
        self.cookies: dict[str, str] = {}
        self._used_at = 0.0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def begin(self) -> None:
        """Press the *Start* button, as a new rater."""
        self.cookies.clear()
        address = f"/studies/{self.study}/start/"
        page = await self.send("GET", address, kind="front page")
        form = {"csrfmiddlewaretoken": _found(FORM_TOKEN, page)}
        _expect(await self.send("POST", address, form, kind="start"), 302)

    async def open_pair(self) -> Pair:
        """Open the next pair; a rater who has judged all of them makes way for another."""
        while True:
            page = await self.send("GET", f"/studies/{self.study}/", kind="ballot")
            if page.status == 200 and ANSWER.search(page.text):
                media = list(dict.fromkeys(MEDIA.findall(page.text)))[:2]
                return Pair(_found(ANSWER, page), media, _found(FORM_TOKEN, page))
            if page.status not in (200, 302):
                raise Refused(f"{page.status}: {page.text[:300]}")
            await self.begin()

    async def watch(self, pair: Pair) -> None:
        """Load both clips."""
        for address in pair.media:
            _expect(await self.send("GET", address, headers={"Range": "bytes=0-"}, kind="media"), 206)

    async def answer(self, pair: Pair, outcome: str = "") -> str:
        """Answer a pair; return the address of the result."""
        form = {
            "csrfmiddlewaretoken": pair.form_token,
            "playback": "",
            "outcome": outcome or self.random.choice(OUTCOMES),
        }
        reply = await self.send("POST", pair.answer, form, kind="vote")
        _expect(reply, 302)
        return reply.headers["location"]

    async def cycle(self, think_s: float = 0.0) -> None:
        """Open a pair, load its clips, think, vote, and look at the result."""
        pair = await self.open_pair()
        await self.watch(pair)
        if think_s:
            await asyncio.sleep(self.random.uniform(0.5, 1.5) * think_s)
        result = await self.answer(pair)
        _expect(await self.send("GET", result, kind="reveal"), 200)

    async def send(
        self,
        method: str,
        address: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        kind: str,
    ) -> Reply:
        """Send a request and read the response; a connection that the server closed is opened anew."""
        body = urlencode(form).encode() if form else b""
        head = _head(method, address, {**self._own_headers(len(body)), **(headers or {})})
        if time.monotonic() - self._used_at > IDLE_S:
            self.close()
        began = time.perf_counter()
        for last in (False, True):
            streams = self._streams or await asyncio.open_connection(HOST, self.port)
            fresh = self._streams is None
            self._streams = streams
            try:
                streams[1].write(head + body)
                reply = await _read(streams[0])
                break
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if last or fresh or method != "GET":
                    raise
        self.times.add(kind, began)
        self._used_at = time.monotonic()
        self._keep_cookies(reply)
        if reply.headers.get("connection") == "close":
            self.close()
        return reply

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None

    def _own_headers(self, length: int) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": f"{HOST}:{self.port}", "Accept": "text/html", "Cookie": cookies}
        if length:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(length)}
        return headers

    def _keep_cookies(self, reply: Reply) -> None:
        for line in reply.headers.get("set-cookie", "").splitlines():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value


def _head(method: str, address: str, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"{method} {address} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items() if value),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _read(stream: asyncio.StreamReader) -> Reply:
    head = (await stream.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in head[1:-2]:
        name, _, value = line.partition(":")
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known}\n{value.strip()}"
    body = await stream.readexactly(int(headers.get("content-length", "0")))
    return Reply(int(head[0].split()[1]), headers, body)


def _expect(reply: Reply, status: int) -> None:
    if reply.status != status:
        raise Refused(f"A status of {status} was expected; got {reply.status}: {reply.text[:300]}")


def _found(pattern: re.Pattern[str], page: Reply) -> str:
    found = pattern.search(page.text)
    if found is None:
        raise Refused(f"The page must hold {pattern.pattern}; got {page.status}: {page.text[:300]}")
    return found[1]
