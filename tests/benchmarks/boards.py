"""`python -m tests.benchmarks.boards`: what boards and votes cost, by the number of votes that came before.

Makes a simulated study in a database of its own, its tally sheets in bulk, without ballots and ledger. The
board after one more vote is timed with an entry added to a sheet; a cast vote with and without its tally.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple
from unittest.mock import patch

import django
import numpy as np

CONTENDERS, PROMPTS, RATERS = 40, 400, 500


def main() -> None:
    """Print the times of each number of votes, and their ratios to the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, nargs="+", default=[200_000, 2_000_000])
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "arena.settings"}
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        tables = [_measure(votes, asked.repeats) for votes in asked.votes]
        _print(asked.votes, tables)


def _measure(votes: int, repeats: int) -> dict[str, float]:
    from arena.standings import boards
    from arena.standings.boards import current_standing, current_standings, recent_standing
    from arena.standings.slices import Slice
    from arena.standings.tallies import answers_on

    boards.LARGE_S = -1  # each board is to be the present one
    study = _make_study(f"study-{votes}", votes)
    board = {"study": study, "track": "t2v"}
    times = {"first board ever": _fastest(lambda: current_standing(**board), 1)}
    times["first board of a process"] = _fastest(
        lambda: current_standing(**board), min(repeats, 3), before=_forget
    )
    times["board, warm"] = _fastest(lambda: current_standing(**board), repeats)
    times["list of boards, warm"] = _fastest(lambda: current_standings([(study, "t2v")]), repeats)
    one, other = study.contenders.values_list("slug", flat=True)[:2]
    times["answers on a pair"] = _fastest(lambda: answers_on(**board, one=one, other=other), repeats)
    times["standing for a reveal"] = _fastest(lambda: recent_standing(**board), repeats)

    sequence = [0]
    times["board after one more vote"] = _fastest(
        lambda: current_standing(**board), repeats, before=lambda: _one_more(study, sequence)
    )
    part = Slice(tag="tag-1")
    times["first board of a slice"] = _fastest(lambda: current_standing(**board, part=part), 1)
    times["slice after one more vote"] = _fastest(
        lambda: current_standing(**board, part=part), repeats, before=lambda: _one_more(study, sequence)
    )
    times["answers after one more vote"] = _fastest(
        lambda: answers_on(**board, one=one, other=other), repeats, before=lambda: _one_more(study, sequence)
    )
    return times


def _forget() -> None:
    """Leave nothing in memory of any board, as in a new process."""
    from django.core.cache import cache

    from arena.standings import tallies

    cache.clear()
    tallies.BOARDS = tallies.KeptBoards(tallies.MOST_BOARDS)


def _fastest(work: Callable[[], object], repeats: int, before: Callable[[], object] = lambda: None) -> float:
    """Return the least seconds of CPU time that the work took."""
    found = []
    for _ in range(repeats):
        before()
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def _print(sizes: list[int], tables: list[dict[str, float]]) -> None:
    lines = [
        f"{CONTENDERS} contenders, {PROMPTS} prompts, {RATERS} raters, load {os.getloadavg()[0]:.1f}; "
        "ms of CPU time, least of all repeats",
        f"{'votes':28}" + "".join(f"{size:>12,}" for size in sizes) + f"{'ratio':>8}",
    ]
    for name, first in tables[0].items():
        values = "".join(f"{1000 * table[name]:12.1f}" for table in tables)
        lines.append(f"{name:28}{values}{tables[-1][name] / first:8.2f}")
    vote = _cost_of_a_vote()
    lines.append(
        f"cast a vote: {vote.cpu:.2f} x of its processor time without tallies, {vote.wall:.2f} x of its time"
    )
    print("\n".join(lines))  # noqa: T201


def _make_study(slug: str, votes: int) -> Any:  # noqa: ANN401 - Django is set up later
    from arena.catalog.models import Prompt
    from arena.voting.models import Rater, Study
    from tests.factories import make_contender, make_suite

    contenders = [make_contender(f"{slug}-{number:02}") for number in range(CONTENDERS)]
    suite = make_suite(slug, prompts=0)
    for number in range(PROMPTS):
        tags = [f"tag-{number % 4}"]
        Prompt.objects.create(suite=suite, key=f"p{number}", position=number, text="x", seeds=[0], tags=tags)
    study = Study.objects.create(slug=slug, title=slug, question="?", tracks=["t2v"], simulated=True)
    study.suites.add(suite)
    study.contenders.set(contenders)
    _make_renditions(contenders, list(suite.prompts.all()))
    Rater.objects.bulk_create([Rater(simulated=True) for _ in range(RATERS)])
    _fill_sheets(study, votes)
    return study


def _make_renditions(contenders: list[Any], prompts: list[Any]) -> None:
    """Make a rendition of each contender and prompt, without files."""
    from arena.runs.models import Clip, Job, Rendition

    jobs = Job.objects.bulk_create(
        Job(contender=one, prompt=prompt, seed=0, track="t2v", settings={}, settings_hash="x", state="done")
        for prompt in prompts
        for one in contenders
    )
    clips = Clip.objects.bulk_create(
        Clip(job=job, sha256="x", size_bytes=1, name="x", probe={}, provenance={}) for job in jobs
    )
    shape = {"width": 1280, "height": 720, "fps": 24, "duration_s": 5}
    Rendition.objects.bulk_create(
        Rendition(clip=clip, sha256="x", size_bytes=1, name="x", recipe={}, **shape) for clip in clips
    )


def _fill_sheets(study: Any, votes: int) -> None:  # noqa: ANN401 - likewise
    """Write the sheets of random votes, whose outcomes follow the contenders' strengths."""
    from arena.catalog.hashing import content_hash
    from arena.runs.models import Rendition
    from arena.standings.grouping import STORED
    from arena.voting.models import LedgerEntry, Rater
    from arena.voting.tally_sheets import FULL, TallySheet

    rng = np.random.default_rng(0)
    mine = Rendition.objects.filter(clip__job__contender__studies=study).order_by("pk")
    keys = np.array(mine.values_list("pk", flat=True)).reshape(PROMPTS, CONTENDERS)
    strengths = rng.normal(0, 0.8, CONTENDERS)
    raters = list(Rater.objects.order_by("-created_at")[:RATERS])
    sheets = []
    for number, part in enumerate(np.array_split(np.arange(votes), RATERS)):
        a = rng.integers(0, CONTENDERS, len(part))
        b = (a + rng.integers(1, CONTENDERS, len(part))) % CONTENDERS
        prompt = rng.integers(0, PROMPTS, len(part))
        won = rng.random(len(part)) < 1 / (1 + np.exp(strengths[b] - strengths[a]))
        entries = np.zeros(len(part), STORED)
        entries["at"], entries["sign"] = 1_700_000_000_000_000 + part, 1
        entries["a"], entries["b"] = keys[prompt, a], keys[prompt, b]
        entries["outcome"] = np.where(rng.random(len(part)) < 0.2, rng.integers(2, 4, len(part)), ~won)
        for start in range(0, len(entries), FULL):
            piece = entries[start : start + FULL]
            known = {"study": study, "track": "t2v", "rater": raters[number], "sequence": 1}
            sheets.append(TallySheet(**known, size=len(piece), entries=piece.tobytes()))
    TallySheet.objects.bulk_create(sheets, batch_size=200)
    LedgerEntry.objects.create(
        study=study, sequence=1, kind="vote", payload="{}", entry_hash=content_hash([study.slug, votes])
    )


def _one_more(study: Any, sequence: list[int]) -> None:  # noqa: ANN401 - likewise
    """Count a vote of one of the raters on two clips of one prompt."""
    from django.utils import timezone

    from arena.runs.models import Rendition
    from arena.voting.models import Ballot, Rater, Vote
    from arena.voting.tally_sheets import count_vote

    sequence[0] += 1
    a, b = Rendition.objects.filter(clip__job__contender__studies=study).order_by("pk")[:2]
    rater = Rater.objects.order_by("-created_at")[sequence[0] % RATERS]
    ballot = Ballot(study=study, track="t2v", rater=rater, rendition_a=a, rendition_b=b)
    count_vote(vote=Vote(ballot=ballot, outcome="a", created_at=timezone.now()), sequence=sequence[0] + 1)


class Ratio(NamedTuple):
    """Cost of a vote over that of one without its tally."""

    cpu: float
    """Of the medians of processor time."""
    wall: float
    """Of the medians of waiting time, most of it for the disk."""


def _cost_of_a_vote(votes: int = 400) -> Ratio:
    """Cast votes with and without their tallies in turn, and compare the medians."""
    from arena.voting.models import Rater
    from tests.factories import make_ballot, make_study

    study = make_study("voting", contenders=3, prompts=3)
    raters = [Rater.objects.create() for _ in range(3)]
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(2 * votes):
        times[number % 2 == 0].append(_time_of(make_ballot(study, raters[number % 3]), number % 2 == 0))
    with_tally, without = (np.median(times[kind], axis=0) for kind in (True, False))
    return Ratio(*(with_tally / without).tolist())


def _time_of(ballot: Any, tallied: bool) -> tuple[float, float]:  # noqa: ANN401 - likewise
    """Return the seconds of processor time and of waiting that a vote takes."""
    from arena.voting.votes import cast_vote

    with nullcontext() if tallied else patch("arena.voting.votes.count_vote"):
        cpu, wall = time.process_time(), time.perf_counter()
        cast_vote(ballot=ballot, outcome="a")
        return time.process_time() - cpu, time.perf_counter() - wall


if __name__ == "__main__":
    main()
