"""`python -m tests.benchmarks.voting`: the load that voting carries, beside a bare view that inserts a row.

Each site runs as documented (gunicorn, 2 workers with 4 threads, production settings) on SQLite and on
PostgreSQL. Processor time is read from /proc, so that it says the same on a busy machine; rates and times
need a quiet one. The raters are in this process, on the same machine, and keep their connections.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from tests.load.browser import Browser, Times
from tests.load.data import STUDY
from tests.load.site import Processor, Served, Site, new_site

MOST_WEB_MS, MOST_DATABASE_MS, LEAST_RATIO = 30.0, 15.0, 0.3
MOST_P50_MS, MOST_P99_MS = 60.0, 300.0
WARM_UP_S = 3.0

Act = Callable[[Browser], Awaitable[None]]


class Load(NamedTuple):
    """Result of one load."""

    times: Times
    took_s: float
    used: Processor
    average: float
    """Load average at its end."""

    def rate(self, *kinds: str) -> float:
        """Return the number of requests of these kinds in a second."""
        return self.times.count(*kinds) / self.took_s

    def cpu_ms(self, per: int) -> tuple[float, float]:
        """Return the processor time of the web processes and of the database for one of so many."""
        return 1000 * self.used.web / per, 1000 * self.used.database / per


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each load without thinking")
    parser.add_argument("--raters", type=int, default=20, help="raters who don't think")
    parser.add_argument("--thinking-raters", type=int, default=200)
    parser.add_argument("--think-s", type=float, default=15.0)
    parser.add_argument("--thinking-seconds", type=float, default=60.0)
    options = parser.parse_args()
    for kind in options.databases:
        with new_site(kind) as site:
            site.prepare()
            report(site, options)


def report(site: Site, options: argparse.Namespace) -> None:
    """Run the loads on one site, and print their lines."""
    say(f"{site.name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    burst = partial(run, raters=options.raters, seconds=options.seconds)
    with site.served("tests.load.bare") as served:
        bare = burst(served, insert)
    bare_ms = sum(bare.cpu_ms(bare.times.count("insert")))
    describe("bare view that inserts a row", bare, ["insert"])
    with site.served() as served:
        voting = burst(served, vote)
        describe("ballots and votes", voting, ["ballot", "vote"])
        ratio = voting.rate("ballot", "vote") / bare.rate("insert")
        by_cpu = bare_ms / sum(voting.cpu_ms(voting.times.count("ballot", "vote")))
        say(
            f"  {ratio:.2f} of the bare view by rate, {by_cpu:.2f} by processor time"
            + missed(max(ratio, by_cpu) < LEAST_RATIO)
        )
        cycles = burst(served, whole_cycle)
        describe("whole cycles", cycles, ["reveal"])
        web, database = cycles.cpu_ms(cycles.times.count("reveal"))
        say(
            f"  {web:.1f} + {database:.1f} ms for a cycle"
            + missed(web > MOST_WEB_MS or database > MOST_DATABASE_MS)
        )
        thinking = run(
            served,
            partial(think, think_s=options.think_s),
            raters=options.thinking_raters,
            seconds=options.thinking_seconds,
            warm_up_s=1.5 * options.think_s,
        )
        describe(f"{options.thinking_raters} raters who think {options.think_s:g} s", thinking, ["reveal"])
        for name in ("ballot", "vote", "media", "reveal"):
            p50, p99 = (thinking.times.quantile(name, share) for share in (0.5, 0.99))
            late = p50 > MOST_P50_MS or p99 > MOST_P99_MS
            say(f"  {name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms" + missed(late))
    say(site.python("manage.py", "verify_ledger", STUDY).strip())
    say(summary(site.name, (web, database), max(ratio, by_cpu), bare_ms, thinking))


def summary(name: str, cycle: tuple[float, float], share: float, bare_ms: float, thinking: Load) -> str:
    """Return the figures that must hold in one line, with the bare view beside them."""
    p50, p99 = (thinking.times.quantile("ballot", part) for part in (0.5, 0.99))
    return (
        f"{name}: a whole cycle takes {cycle[0]:.1f} + {cycle[1]:.1f} ms of CPU (at most {MOST_WEB_MS:g} + "
        f"{MOST_DATABASE_MS:g}); ballots and votes reach {share:.2f} of the bare view, which takes "
        f"{bare_ms:.1f} ms (at least {LEAST_RATIO:g}); a ballot of raters who think takes p50 {p50:.0f} ms, "
        f"p99 {p99:.0f} ms (at most {MOST_P50_MS:g} and {MOST_P99_MS:g})"
    )


def describe(name: str, load: Load, kinds: Sequence[str]) -> None:
    """Print a load's rate and processor time for each request of some kinds."""
    web, database = load.cpu_ms(load.times.count(*kinds))
    rate, what = load.rate(*kinds), "/".join(kinds)
    say(
        f"{name}: {rate:.1f} {what} a second, CPU {web:.1f} + {database:.1f} ms each, load {load.average:.1f}"
    )


def missed(is_missed: bool) -> str:
    return "  missed" * is_missed


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def insert(browser: Browser) -> None:
    await browser.send("GET", "/", kind="insert")


async def vote(browser: Browser) -> None:
    await browser.answer(await browser.open_pair())


async def whole_cycle(browser: Browser) -> None:
    await browser.cycle()


async def think(browser: Browser, think_s: float) -> None:
    await browser.cycle(think_s)


def run(served: Served, act: Act, *, raters: int, seconds: float, warm_up_s: float = WARM_UP_S) -> Load:
    """Let raters repeat an act, and measure after a warm-up."""
    return asyncio.run(_run(served, act, raters, seconds, warm_up_s))


async def _run(served: Served, act: Act, raters: int, seconds: float, warm_up_s: float) -> Load:
    browsers = [Browser(served.port, STUDY, Times(), Random(number)) for number in range(raters)]
    tasks = [asyncio.create_task(_repeat(browser, act, warm_up_s)) for browser in browsers]
    await asyncio.sleep(warm_up_s)
    times, before, began = Times(), served.processor(), time.perf_counter()
    for browser in browsers:
        browser.times = times
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    took_s, used = time.perf_counter() - began, served.processor().since(before)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for browser in browsers:
        browser.close()
    for error in ended:
        if isinstance(error, Exception):
            raise error
    return Load(times, took_s, used, os.getloadavg()[0])


async def _repeat(browser: Browser, act: Act, within_s: float) -> None:
    """Begin at a random time within the warm-up, then go on without end."""
    await asyncio.sleep(browser.random.uniform(0, within_s / 2))
    while True:
        await act(browser)


if __name__ == "__main__":
    main()
