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

        call_command("migrate", verbosity=0)
        tables = [_measure(votes, asked.repeats) for votes in asked.votes]
    print(f"{'ms of CPU time (queries)':36}" + "".join(f"{votes:>18,}" for votes in asked.votes))  # noqa: T201
    for name, first in tables[0].items():
        cells = "".join(f"{table[name].milliseconds:12.1f} ({table[name].queries:3})" for table in tables)
        ratio = tables[-1][name].milliseconds / first.milliseconds
        print(f"{name:36}{cells}{ratio:8.2f}")  # noqa: T201


def _measure(votes: int, repeats: int) -> dict[str, Cost]:
    from django.test import Client

    study = _make_study(f"study-{votes}", votes)
    client = Client(headers={"host": "localhost"})
    one, other = study.contenders.order_by("pk")[:2]
    board = f"/boards/{study.slug}/t2v/"
    pages = {
        "first page": "/",
        "list of boards": "/boards/",
        "board": board,
        "board of a tag": f"{board}?tag=tag-1",
        "board by price": f"{board}?sort=price",
        "contender": f"{board}contenders/{one.slug}/",
        "pair": f"{board}pairs/{one.slug}/{other.slug}/",
        "badge": f"/embeds/{study.slug}/t2v/badge.svg",
        "table": f"/embeds/{study.slug}/t2v/table.svg",
        **{f"download {form}": f"{board}board.{form}" for form in FORMS},
    }
    return {name: _cost(client, url, repeats) for name, url in pages.items()}


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
        if response.status_code != 200:
            raise RuntimeError(f"{url} must be answered by 200; got {response.status_code}.")
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
