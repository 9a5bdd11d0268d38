"""`python -m tests.benchmarks.ratings`: elo beside its peers in one sitting, with the targets.

Each time is the least of several runs of the same call, after one that is not counted (compiling, imports).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elo import Votes, fit
from tests.benchmarks.peers import PEERS, Floats
from tests.benchmarks.worlds import draw, write

TARGETS = {
    ("elo.fit, from codes", 10**7, 20): 0.03,
    ("elo.fit, from codes", 10**7, 200): 0.08,
    ("elo.fit by rater", 10**7, 20): 0.3,
    ("elo.fit by rater", 10**7, 200): 0.8,
    ("elo.fit by rater, CR3", 10**7, 20): 0.3,
    ("elo.fit by rater, CR3", 10**7, 200): 0.8,
    ("elo.fit by prompt", 10**7, 20): 0.3,
    ("elo.fit by prompt", 10**7, 200): 0.8,
    ("elo.fit by prompt and rater", 10**7, 20): 0.8,
    ("elo.fit by prompt and rater", 10**7, 200): 2.0,
    ("elo.fit by prompt and rater, CR3", 10**7, 20): 0.8,
    ("elo.fit by prompt and rater, CR3", 10**7, 200): 2.0,
    ("elo.fit, bootstrap 1000", 10**7, 20): 0.1,
    ("elo.fit, bootstrap 1000", 10**7, 200): 6.0,
    ("elo.fit, from a tally", 10**7, 20): 0.05,
    ("elo.fit, from a tally", 10**7, 200): 0.05,
    ("python -m elo votes.csv", 10**6, 20): 0.7,
    ("python -m elo votes.parquet", 10**7, 20): 1.2,
}
"""Seconds on 2 cores, by what is done, votes and contenders."""
CR3 = ", CR3"
MOST_OF_CR1 = 1.5
"""Seconds of CR3 over those of CR1."""
MANY_S = 1.0
"""Seconds of CR1 above which that ratio is held to its target."""
MOST_MIB = {"python -m elo votes.parquet": 300}
LARGEST_CSV = 10**6
WATCH = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Measured(NamedTuple):
    """What was done, how long it took, how far its ratings are from ours, and the memory of its process."""

    what: str
    seconds: float | None
    """None where a peer is not installed."""
    difference: float | None = None
    """Elo, the largest of a contender, about the mean."""
    mib: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--votes", type=float, nargs="+", default=[1e4, 1e5, 1e6, 1e7], help="sizes to measure"
    )
    parser.add_argument("--contenders", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--quick", action="store_true", help="one run each, without peers")
    options = parser.parse_args()
    sys.stdout.write(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    for contenders in options.contenders:
        for votes in map(int, options.votes):
            for few in (False, True):
                report(votes, contenders, quick=options.quick, few=few)


def report(votes: int, contenders: int, *, quick: bool, few: bool) -> None:
    """Measure and print one table; with few clusters, of intervals alone."""
    drawn = draw(votes, contenders, few=few)
    sizes = f"{contenders} contenders, {drawn.prompts:,} prompts, {drawn.raters:,} raters"
    sys.stdout.write(f"\n{votes:,} votes, {sizes}\n")
    columns = f"{'seconds':>10}{'of floor':>10}{'of CR1':>8}{'target':>9}{'Elo off':>10}{'MiB':>7}"
    sys.stdout.write(f"{'':42}{columns}\n")
    seconds: dict[str, float | None] = {}
    for each in measure(drawn, runs=1 if quick else 5, peers=not quick and not few, whole=not few):
        seconds[each.what] = each.seconds
        least = next(iter(seconds.values()))
        plain = seconds.get(each.what.removesuffix(CR3)) if each.what.endswith(CR3) else None
        target = TARGETS.get((each.what, votes, contenders))
        sys.stdout.write(line(each, least, plain, target) + "\n")
        sys.stdout.flush()


def line(each: Measured, least: float | None, plain: float | None, target: float | None) -> str:
    if each.seconds is None:
        return f'{each.what:42}not installed: pip install ".[benchmarks]"'
    ratio = f"{each.seconds / least:.1f}" if least else ""
    of_plain = f"{each.seconds / plain:.2f}" if plain else ""
    missed = target is not None and each.seconds > target
    missed |= plain is not None and plain > MANY_S and each.seconds > MOST_OF_CR1 * plain
    missed |= each.mib is not None and each.mib > MOST_MIB.get(each.what, np.inf)
    goal = f"{target:g}" if target else ""
    off = f"{each.difference:.1e}" if each.difference is not None else ""
    memory = f"{each.mib:.0f}" if each.mib else ""
    text = f"{each.what:42}{each.seconds:>10.4f}{ratio:>10}{of_plain:>8}{goal:>9}{off:>10}{memory:>7}"
    return text + "  missed" * missed


def measure(votes: Votes, runs: int, peers: bool, whole: bool) -> Iterator[Measured]:
    """Floor, elo in all its ways, peers, and the command line; without `whole`, floor and clusters alone."""
    ours = 400 / np.log(10) * fit(votes, intervals="none").strengths
    chosen = PEERS if peers else PEERS[:1]
    floor, *others = chosen
    yield rated(floor.name, partial(floor.rate, floor.prepare(votes)), ours, runs)
    for what, call in ways(votes).items():
        if whole or " by " in what:
            yield Measured(what, least_seconds(call, runs))
    for peer in others:
        if peer.installed:
            yield rated(peer.name, partial(peer.rate, peer.prepare(votes)), ours, min(runs, 2))
        else:
            yield Measured(peer.name, None)
    if whole:
        yield from command_line(votes, runs)


def ways(votes: Votes) -> dict[str, Callable[[], Any]]:
    """Return the calls of elo that are timed, by name."""
    tally = votes.tally()
    return {
        "elo.fit, from codes": partial(fit, votes),
        "elo.fit, from a tally": partial(fit, tally),
        "elo.fit, davidson": partial(fit, votes, ties="davidson"),
        "elo.fit by rater": partial(fit, votes, clusters=("rater",), correction="CR1"),
        "elo.fit by rater, CR3": partial(fit, votes, clusters=("rater",)),
        "elo.fit by prompt": partial(fit, votes, clusters=("prompt",), correction="CR1"),
        "elo.fit by prompt, CR3": partial(fit, votes, clusters=("prompt",)),
        "elo.fit by prompt and rater": partial(fit, votes, clusters=("prompt", "rater"), correction="CR1"),
        "elo.fit by prompt and rater, CR3": partial(fit, votes, clusters=("prompt", "rater")),
        "elo.fit, bootstrap 1000": partial(fit, votes, intervals="bootstrap"),
    }


def rated(what: str, call: Callable[[], Floats], ours: Floats, runs: int) -> Measured:
    ratings = call()
    off = np.abs((ratings - ratings.mean()) - (ours - ours.mean())).max()
    return Measured(what, least_seconds(call, runs), float(off))


def least_seconds(call: Callable[[], Any], runs: int) -> float:
    call()
    return min(_seconds(call) for _ in range(runs))


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def command_line(votes: Votes, runs: int) -> Iterator[Measured]:
    """Whole processes, from a file to a printed table, with their peak memory."""
    kinds = ["parquet", "csv"] if len(votes.outcome) <= LARGEST_CSV else ["parquet"]
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            path = Path(folder) / f"votes.{kind}"
            write(votes, path)
            measured = [_process([sys.executable, "-m", "elo", str(path)]) for _ in range(runs)]
            yield Measured(f"python -m elo votes.{kind}", min(measured)[0], mib=min(m for _, m in measured))


def _process(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MiB of a process that must succeed."""
    # Started from a small process: a child's peak counts that of the process it was forked from.
    done = subprocess.run([sys.executable, "-c", WATCH, *command], capture_output=True, text=True, check=True)
    seconds, kibibytes = done.stdout.split()
    return float(seconds), float(kibibytes) / 1024


if __name__ == "__main__":
    main()
