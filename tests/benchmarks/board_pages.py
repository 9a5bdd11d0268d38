"""`python -m tests.benchmarks.board_pages`: what each page of a board costs, warm, and its number of queries.

Makes a simulated study in a database of its own, its tally sheets in bulk, without ballots and ledger. By
default with 200,000 and with 2,000,000 votes on 40 contenders, 400 prompts and 500 raters.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

import django
import numpy as np

if TYPE_CHECKING:
    from django.test import Client

    from arena.voting.models import Study

CONTENDERS, PROMPTS, RATERS = 40, 400, 500
CLIP = {"track": "t2v", "duration_s": 5.0, "width": 1280, "height": 720, "fps": 24}
MOST_MS, MOST_QUERIES, MOST_RATIO = 200, 50, 1.3
DAY_US = 86_400_000_000
FORMS = ("csv", "json", "parquet", "xlsx", "tex", "png", "svg")


class Cost(NamedTuple):
    """Least CPU time of a page over all repeats, and its number of queries."""

    milliseconds: float
    queries: int


def main() -> None:
    """Print the cost of each page for each number of votes, and the ratio of the last to the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, nargs="+", default=[200_000, 2_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "arena.settings", "LOG_LEVEL": "ERROR"}
        django.setup()
        from django.core.management import call_command

        tables = []
        for votes in asked.votes:
            call_command("migrate", verbosity=0)
            tables.append(_measure(votes, asked.repeats))
            call_command("flush", interactive=False, verbosity=0)
    _print(asked.votes, tables)


def _print(sizes: list[int], tables: list[dict[str, Cost]]) -> None:
    lines = [
        f"{CONTENDERS} contenders, {PROMPTS} prompts, {RATERS} raters, load {os.getloadavg()[0]:.1f}; "
        f"at most {MOST_MS} ms, {MOST_QUERIES} queries, {MOST_RATIO} times the first",
        f"{'ms of CPU time (queries)':36}" + "".join(f"{votes:>18,}" for votes in sizes),
    ]
    for name, first in tables[0].items():
        costs = [table[name] for table in tables]
        cells = "".join(f"{cost.milliseconds:12.1f} ({cost.queries:3})" for cost in costs)
        ratio = costs[-1].milliseconds / first.milliseconds
        slow = any(cost.milliseconds > MOST_MS or cost.queries > MOST_QUERIES for cost in costs)
        lines.append(f"{name:36}{cells}{ratio:8.2f}" + "  missed" * (slow or ratio > MOST_RATIO))
    print("\n".join(lines))  # noqa: T201


def _measure(votes: int, repeats: int) -> dict[str, Cost]:
    from django.test import Client

    study = _make_study("study", votes)
    client = Client(headers={"host": "localhost"})
    one, other = study.contenders.order_by("pk")[:2]
    board = f"/boards/{study.slug}/t2v/"
    pages = {
        "first page": "/",
        "list of boards": "/boards/",
        "board": board,
        "board of a tag": f"{board}?tag=tag-1",
        "board by price": f"{board}?sort=price",
        "table of ratings alone": board,
        "board of the study": f"/boards/{study.slug}/",
        "contender": f"{board}contenders/{one.slug}/",
        "pair": f"{board}pairs/{one.slug}/{other.slug}/",
        "badge": f"/embeds/{study.slug}/t2v/badge.svg",
        "table": f"/embeds/{study.slug}/t2v/table.svg",
        **{f"download {form}": f"{board}board.{form}" for form in FORMS},
        **{f"API: {name}": f"/api/v1{url}" for name, url in _api(study, one.slug, other.slug).items()},
    }
    found = {name: _cost(client, url, repeats) for name, url in pages.items()}
    alone = Client(headers={"host": "localhost", "HX-Request": "true", "HX-Target": "ratings"})
    return found | {"table of ratings alone": _cost(alone, board, repeats)}


def _api(study: Study, one: str, other: str) -> dict[str, str]:
    board = f"/boards/{study.slug}/t2v"
    return {
        "boards": "/boards",
        "board": board,
        "history": f"{board}/history",
        "matrix": f"{board}/matrix",
        "pair": f"{board}/pairs/{one}/{other}",
        "pairs": f"{board}/pairs",
        "studies": "/studies",
        "contenders": "/contenders",
        "suites": "/suites",
    }


def _cost(client: Client, url: str, repeats: int) -> Cost:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(url)
    times = []
    for _ in range(repeats):
        with CaptureQueriesContext(connection) as queries:
            start = time.process_time()
            response = client.get(url)
            times.append(time.process_time() - start)
        if response.status_code not in (200, 302):
            raise RuntimeError(f"{url} must be answered by 200 or 302; got {response.status_code}.")
    return Cost(1000 * min(times), len(queries))


def _make_study(slug: str, votes: int) -> Study:
    from arena.catalog.models import Prompt
    from arena.voting.models import Rater, Study
    from tests.factories import make_contender, make_suite

    contenders = [make_contender(f"{slug}-{number:02}") for number in range(CONTENDERS)]
    suite = make_suite(slug, prompts=0)
    Prompt.objects.bulk_create(
        Prompt(suite=suite, key=f"p{n}", position=n, text=f"Prompt {n}", seeds=[0], tags=[f"tag-{n % 4}"])
        for n in range(PROMPTS)
    )
    study = Study.objects.create(
        slug=slug, title=slug, question="?", tracks=["t2v"], simulated=True, clip_settings=[CLIP]
    )
    study.suites.add(suite)
    study.contenders.set(contenders)
    _make_clips(study)
    Rater.objects.bulk_create([Rater(simulated=True) for _ in range(RATERS)])
    _fill_sheets(study, votes)
    return study


def _make_clips(study: Study) -> None:
    """Make a rendition of each contender and prompt, without files, with provenance of the usual size."""
    from arena.runs.models import Clip, Job, Rendition

    origin = {"cost_usd": 0.3, "wall_time_s": 40.0, "parameters": {f"name-{n}": "x" * 30 for n in range(40)}}
    known = {"seed": 0, "track": "t2v", "settings": CLIP, "settings_hash": study.settings_hashes[0]}
    jobs = Job.objects.bulk_create(
        Job(contender=one, prompt=prompt, state=Job.State.SUCCEEDED, **known)
        for prompt in study.suites.get().prompts.all()
        for one in study.contenders.order_by("pk")
    )
    probe = {"duration_s": 5.0}
    clips = Clip.objects.bulk_create(
        Clip(job=job, sha256="x", size_bytes=1, name="x", probe=probe, provenance=origin) for job in jobs
    )
    shape = {name: CLIP[name] for name in ("width", "height", "fps", "duration_s")}
    Rendition.objects.bulk_create(
        Rendition(clip=clip, sha256="x", size_bytes=1, name="x", recipe={}, **shape) for clip in clips
    )


def _fill_sheets(study: Study, votes: int) -> None:
    """Write the sheets of random votes over 30 days, whose outcomes follow the contenders' strengths."""
    from arena.runs.models import Rendition
    from arena.voting.models import Rater
    from arena.voting.tally_sheets import ENTRY, FULL, TallySheet

    rng = np.random.default_rng(0)
    mine = Rendition.objects.filter(clip__job__contender__studies=study).order_by("pk")
    keys = np.array(mine.values_list("pk", flat=True)).reshape(PROMPTS, CONTENDERS)
    strengths = rng.normal(0, 0.8, CONTENDERS)
    sheets = []
    for rater, part in zip(
        Rater.objects.order_by("-created_at")[:RATERS], np.array_split(np.arange(votes), RATERS), strict=True
    ):
        a = rng.integers(0, CONTENDERS, len(part))
        b = (a + rng.integers(1, CONTENDERS, len(part))) % CONTENDERS
        prompt = rng.integers(0, PROMPTS, len(part))
        won = rng.random(len(part)) < 1 / (1 + np.exp(strengths[b] - strengths[a]))
        outcome = np.where(rng.random(len(part)) < 0.2, rng.integers(2, 4, len(part)), ~won)
        at = np.sort(rng.integers(0, 30 * DAY_US, len(part))) + 1_700_000_000_000_000
        columns = (at, keys[prompt, a], keys[prompt, b], outcome)
        packed = [
            ENTRY.pack(*row, 0, 1) for row in zip(*(column.tolist() for column in columns), strict=True)
        ]
        for start in range(0, len(packed), FULL):
            piece = packed[start : start + FULL]
            known = {"study": study, "track": "t2v", "rater": rater, "sequence": 1}
            sheets.append(TallySheet(**known, size=len(piece), entries=b"".join(piece)))
    TallySheet.objects.bulk_create(sheets, batch_size=200)


if __name__ == "__main__":
    main()
