"""Web workers and the database are killed under load: the ledger has each acknowledged vote exactly once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio import IncompleteReadError
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from urllib.error import URLError

import pytest
from django.core.signing import b64_decode

from tests.load.browser import OUTCOMES, Browser, Pair, Refused, Times
from tests.load.data import STUDY
from tests.load.site import Served, Site, new_site

pytestmark = pytest.mark.slow
RATERS = 8
VOTES_BETWEEN = 10
"""Acknowledged votes before each kill."""
PATIENCE_S = 150
FAILURES = (OSError, IncompleteReadError, Refused, URLError)

ENTRIES = """
import json, django
django.setup()
from arena.voting.models import Ballot, LedgerEntry, Vote
entries = [json.loads(entry.payload) for entry in LedgerEntry.objects.filter(kind="vote")]
votes = {str(vote.ballot_id): vote.outcome for vote in Vote.objects.all()}
voted = Ballot.objects.filter(state="voted").count()
print(json.dumps([[[e["ballot"].replace("-", ""), e["outcome"]] for e in entries], len(votes), voted]))
"""


class Voter:
    """Rater who sends an answer again until it is acknowledged, and writes down which were."""

    def __init__(self, served: Served, number: int, acknowledged: dict[str, str]) -> None:
        self.browser = Browser(served.port, STUDY, Times(), Random(number))
        self.acknowledged = acknowledged

    async def go_on(self) -> None:
        while True:
            try:
                pair = await self.browser.open_pair()
            except FAILURES:
                await self._rest()
                continue
            await self._insist(pair, self.browser.random.choice(OUTCOMES))

    async def _insist(self, pair: Pair, outcome: str) -> None:
        while True:
            with suppress(*FAILURES):
                await self.browser.answer(pair, outcome)
                self.acknowledged[_ballot_of(pair)] = outcome
                return
            await self._rest()

    async def _rest(self) -> None:
        self.browser.close()
        await asyncio.sleep(0.2)


def _ballot_of(pair: Pair) -> str:
    """Return the ballot's key, which the signed link carries."""
    token = pair.answer.removeprefix("/ballots/").partition(":")[0]
    key: str = json.loads(b64_decode(token.encode()))[0]
    return key


async def _vote_under_kills(site: Site, served: Served) -> dict[str, str]:
    acknowledged: dict[str, str] = {}
    voters = [Voter(served, number, acknowledged) for number in range(RATERS)]
    tasks = [asyncio.create_task(voter.go_on()) for voter in voters]

    async def more() -> None:
        target = len(acknowledged) + VOTES_BETWEEN
        async with asyncio.timeout(PATIENCE_S):
            while len(acknowledged) < target:
                await asyncio.sleep(0.02)
                assert not any(task.done() for task in tasks)

    await more()
    for _ in range(2):
        for worker in served.workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        await more()
        if site.database is not None:
            await asyncio.to_thread(site.database.restart)
            await more()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for voter in voters:
        voter.browser.close()
    return acknowledged


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_each_acknowledged_vote_is_in_the_ledger_once_whatever_is_killed(kind: str) -> None:
    with new_site(kind) as site:
        site.prepare("--prompts", "6", "--clip-kib", "4")
        # In a thread of its own: tests of pages leave a loop running in this one.
        with site.served() as served, ThreadPoolExecutor(1) as threads:
            acknowledged = threads.submit(asyncio.run, _vote_under_kills(site, served)).result()
        entries, votes, voted = json.loads(site.python("-c", ENTRIES))
        in_ledger = dict(entries)
        assert len(in_ledger) == len(entries) == votes == voted
        assert acknowledged.items() <= in_ledger.items()
        assert len(entries) - len(acknowledged) <= RATERS  # votes whose answer a kill cut off
        assert f"{votes} entries" in site.python("manage.py", "verify_ledger", STUDY)
