"""`python -m tests.benchmarks.report`: seconds that a report takes, from the file of votes to the page.

By default 200,000 votes on 40 contenders, 400 prompts and 500 raters, with ties, tags, a side effect and
raters of different activity. Other sizes: `--votes`, `--contenders`, `--prompts`, `--raters`. Each step is
timed by the processor's clock and by the wall's, since other work on the machine lengthens the latter alone.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.reading import read_frame
from analysis.report import build
from analysis.report.parts import Section
from analysis.report.writing import write_report
from analysis.subject import Subject, rate_frame

Result = TypeVar("Result")
BAR = 60
"""Seconds within which the report on 200,000 votes is to be written."""


def main() -> None:
    sizes = _sizes()
    with tempfile.TemporaryDirectory() as folder:
        votes = Path(folder) / "votes.parquet"
        draw(sizes.votes, sizes.contenders, sizes.prompts, sizes.raters).to_parquet(votes)
        start = (time.process_time(), time.perf_counter())
        frame = timed("read the file", lambda: read_frame(votes))
        subject = timed("rate", lambda: rate_frame(frame))
        _time_sections()
        report = timed("all sections", lambda: build.build_report(subject))
        for suffix in (".html", ".pdf", ".md"):
            path = Path(folder) / f"report{suffix}"
            timed(f"write {suffix}", partial(write_report, report, path))
            if suffix == ".html":
                processor, wall = time.process_time() - start[0], time.perf_counter() - start[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'file to page, in all':42}{processor:8.1f}{wall:8.1f}   bar: {BAR}; peak {peak:,.0f} MiB")  # noqa: T201


def _sizes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, size in (("votes", 200_000), ("contenders", 40), ("prompts", 400), ("raters", 500)):
        parser.add_argument(f"--{name}", type=int, default=size)
    sizes = parser.parse_args()
    print(f"{sizes}\n{'step':42}{'CPU s':>8}{'wall s':>8}")  # noqa: T201
    return sizes


def _time_sections() -> None:
    """Have each section of the report print its time as it is built."""
    untimed = build._section

    def section(title: str, make: Callable[[Subject], Section], subject: Subject) -> Section:
        return timed(f"  {title}", lambda: untimed(title, make, subject))

    setattr(build, "_section", section)  # noqa: B010 - mypy refuses the assignment to a function


def timed(name: str, call: Callable[[], Result]) -> Result:
    """Call a function and print the seconds that it took."""
    processor, wall = time.process_time(), time.perf_counter()
    result = call()
    print(f"{name:42}{time.process_time() - processor:8.1f}{time.perf_counter() - wall:8.1f}", flush=True)  # noqa: T201
    return result


def draw(votes: int, contenders: int, prompts: int, raters: int, seed: int = 1) -> pd.DataFrame:
    """Draw votes with tastes of raters and prompts, ties, and a small advantage of the left."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(0, 0.6, contenders)
    a = rng.integers(0, contenders, votes)
    b = (a + rng.integers(1, contenders, votes)) % contenders
    activity = rng.lognormal(0, 1, raters)
    rater, prompt = rng.choice(raters, votes, p=activity / activity.sum()), rng.integers(0, prompts, votes)
    taste, fit = rng.normal(0, 0.4, (raters, contenders)), rng.normal(0, 0.4, (prompts, contenders))
    gap = (
        (worth[a] - worth[b]) + (taste[rater, a] - taste[rater, b]) + (fit[prompt, a] - fit[prompt, b]) + 0.05
    )
    decided = np.where(rng.random(votes) < expit(gap), "a", "b")
    undecided = np.where(rng.random(votes) < 0.3, "both_bad", "tie")
    tags = np.array(["people", "animals", "water", "text", "music", "speech", "crowds", "night"])
    start = np.datetime64("2026-01-01T00:00:00")
    return pd.DataFrame(
        {
            "contender_a": [f"contender-{i:02}" for i in a],
            "contender_b": [f"contender-{i:02}" for i in b],
            "outcome": np.where(rng.random(votes) < 0.19, undecided, decided),
            "prompt": [f"prompt-{i:03}" for i in prompt],
            "rater": [f"rater-{i:03}" for i in rater],
            "tags": tags[prompt % len(tags)],
            "language": np.array(["en", "zh", "es"])[prompt % 3],
            "at": np.datetime_as_string(start + np.arange(votes) * np.timedelta64(40, "s")),
        }
    )


if __name__ == "__main__":
    main()
