"""`python -m tests.benchmarks.ballots`: the page of a new pair, in process, in a large and in a small study.

The database is a new SQLite file, or that of DATABASE_URL, which must be empty. Rows are written in bulk:
there are no media files, and no ledger entries, which the page does not read. Each request issues a ballot.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import django

if TYPE_CHECKING:
    from arena.voting.models import Rater, Study

MOST_QUERIES, MOST_MS, MOST_RATIO = 12, 40.0, 1.5
BATCH = 10_000


class Size(NamedTuple):
    """Size of a study and its history."""

    slug: str
    contenders: int
    prompts: int
    seeds: int
    votes: int
    by_rater: int
    """Votes of each rater."""


LARGE = Size("large", 81, 500, 2, 1_000_000, 200)
SMALL = Size("small", 8, 24, 1, 1_000, 20)


class Measured(NamedTuple):
    """One kind of request."""

    queries: int
    cpu_ms: float
    """Median processor time of this process."""
    wall_ms: float
    """Median time."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--votes", type=float, default=LARGE.votes, help="votes in the large study")
    parser.add_argument("--requests", type=int, default=60, help="requests of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        report(LARGE._replace(votes=int(options.votes)), options.requests)


def prepare(folder: str) -> None:
    """Set Django up on an empty database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")
    os.environ["DATA_DIR"] = folder
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from arena.voting.models import Study

    if Study.objects.exists():
        raise SystemExit("DATABASE_URL must name an empty database; it has studies. Create another one.")


def report(large: Size, requests: int) -> None:
    """Make the studies, measure, and print the table."""
    from django.db import connection

    sys.stdout.write(f"{connection.vendor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    studies = {size: make_study(size) for size in (SMALL, large)}
    sys.stdout.write(f"{'':44}{'queries':>8}{'CPU ms':>8}{'ms':>8}\n")
    for pairing in ("uniform", "top-5"):
        base: dict[str, float] = {}
        for size, study in studies.items():
            study.pairing = pairing
            study.save()
            began = time.perf_counter()
            warm_up(study)
            text = f"{size.contenders} x {size.prompts} x {size.seeds}, {size.votes:,} votes, {pairing}"
            sys.stdout.write(f"{text}: pool and plan in {time.perf_counter() - began:.1f} s\n")
            for name, rater in raters_of(study, size).items():
                measured = measure(study, rater, requests)
                base.setdefault(name, measured.cpu_ms)
                ratio = f"  {measured.cpu_ms / base[name]:.2f} of the small study's"
                sys.stdout.write(line(f"  {name}", measured) + ratio + "\n")
                sys.stdout.flush()


def line(name: str, found: Measured) -> str:
    text = f"{name:44}{found.queries:>8}{found.cpu_ms:>8.1f}{found.wall_ms:>8.1f}"
    return text + "  missed" * (found.queries > MOST_QUERIES or found.cpu_ms > MOST_MS)


def make_study(size: Size) -> Study:
    """Make a study whose every contender has a clip of every unit, and its votes."""
    from arena.catalog.hashing import content_hash
    from arena.catalog.models import Contender, Prompt, Suite
    from arena.voting.models import Study

    suite = Suite.objects.create(
        seeds=[0], name=size.slug, version=1, title=size.slug, content_hash=content_hash(size.slug)
    )
    Prompt.objects.bulk_create(
        Prompt(
            suite=suite, key=f"p{place}", position=place, text=f"Prompt {place}", seeds=[0, 1], language="en"
        )
        for place in range(size.prompts)
    )
    Contender.objects.bulk_create(
        Contender(
            slug=f"{size.slug}-{place:03}", name=f"{size.slug} {place}", generator="folder", settings={}
        )
        for place in range(size.contenders)
    )
    contenders = list(Contender.objects.filter(slug__startswith=f"{size.slug}-").order_by("slug"))
    study = Study.objects.create(
        slug=size.slug, title=size.slug, question="Which?", tracks=["t2v"], clip_settings=[SETTINGS]
    )
    study.suites.add(suite)
    study.contenders.set(contenders)
    make_clips(suite, contenders, size.seeds)
    make_votes(study, size)
    return study


SETTINGS = {"track": "t2v", "width": 64, "height": 64, "fps": 12, "duration_s": 1.0}


def make_clips(suite: Any, contenders: Sequence[Any], seeds: int) -> None:  # noqa: ANN401 - Django is set up later
    from arena.catalog.hashing import content_hash
    from arena.runs.models import Clip, Job, Rendition

    settings_hash = content_hash(SETTINGS)
    jobs = [
        Job(
            contender=contender,
            prompt=prompt,
            seed=seed,
            track="t2v",
            settings=SETTINGS,
            settings_hash=settings_hash,
            state=Job.State.SUCCEEDED,
        )
        for prompt in suite.prompts.all()
        for seed in range(seeds)
        for contender in contenders
    ]
    Job.objects.bulk_create(jobs, batch_size=BATCH)
    clips = [
        Clip(job=job, sha256=f"{job.pk:064x}", size_bytes=1, name="clip", probe={}, provenance={})
        for job in jobs
    ]
    Clip.objects.bulk_create(clips, batch_size=BATCH)
    shown = {"size_bytes": 1, "name": "shown", "width": 64, "height": 64, "fps": 12, "duration_s": 1.0}
    renditions = [Rendition(clip=clip, sha256=f"{clip.pk:064x}", recipe={}, **shown) for clip in clips]
    Rendition.objects.bulk_create(renditions, batch_size=BATCH)


def make_votes(study: Study, size: Size) -> None:
    """Write ballots and votes: each rater judges as many pairs, drawn at random."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for rows in batches(ballots(study, size)):
            cursor.executemany(insert("voting_ballot", BALLOT), rows)
        cursor.execute(
            "INSERT INTO voting_vote (ballot_id, outcome, playback, aspects, created_at) "
            "SELECT id, CASE WHEN rendition_a_id < rendition_b_id THEN 'a' ELSE 'b' END, '{}', '{}', "
            "issued_at FROM voting_ballot WHERE study_id = %s",
            [study.pk],
        )
        cursor.execute("ANALYZE")


BALLOT = (
    *("id", "study_id", "rater_id", "prompt_id", "track", "rendition_a_id", "rendition_b_id"),
    *("propensity", "order", "state", "issued_at", "expires_at", "rules_version", "mode"),
)


def ballots(study: Study, size: Size) -> Iterator[tuple[Any, ...]]:
    from django.utils import timezone

    from arena.voting.models import Rater
    from arena.voting.pairing import study_jobs

    units: dict[tuple[int, int], list[int]] = {}
    for prompt, seed, rendition in study_jobs(study).values_list("prompt_id", "seed", "clip__rendition__id"):
        units.setdefault((prompt, seed), []).append(rendition)
    random, keys = Random(size.slug), sorted(units)
    people = [Rater(id=UUID(int=random.getrandbits(128))) for _ in range(size.votes // size.by_rater)]
    Rater.objects.bulk_create(people, batch_size=BATCH)
    now = timezone.now()
    for person in people:
        chosen = random.sample(keys, min(size.by_rater, len(keys)))
        for unit in chosen:
            a, b = random.sample(units[unit], 2)
            key = f"{random.getrandbits(128):032x}"
            shown = (key, study.pk, person.pk.hex, unit[0], "t2v", a, b)
            yield (*shown, 0.5, "", "voted", now, now + timedelta(minutes=30), 1, "both")


def insert(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"


def batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def warm_up(study: Study) -> None:
    """Build the pool, and a plan for a study with a goal."""
    from arena.voting.pairing.plans import make_plan
    from arena.voting.pairing.pools import current_pool

    current_pool(study)
    make_plan(study)


def raters_of(study: Study, size: Size) -> dict[str, Rater]:
    """Return raters who have seen nothing, 20 pairs, and as many pairs as each rater of the study."""
    from arena.voting.models import Ballot, Rater

    seen = Ballot.objects.filter(study=study).first()
    assert seen is not None
    some = Rater.objects.create()
    others = Ballot.objects.filter(study=study).exclude(rater=seen.rater).values_list("pk", flat=True)
    Ballot.objects.filter(pk__in=list(others[:20])).update(rater=some)
    raters = {"a rater's first pair": Rater.objects.create(), "a rater who has seen 20 pairs": some}
    return raters if size.by_rater == 20 else {**raters, f"... who has seen {size.by_rater}": seen.rater}


def measure(study: Study, rater: Rater, requests: int) -> Measured:
    """Time requests that each issue a ballot, and put the rater back to what they had seen."""
    from django.db import connection
    from django.http import HttpResponse
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from arena.voting.models import Ballot
    from arena.voting.raters import remember_rater

    client, response, page = (
        Client(SERVER_NAME="localhost"),
        HttpResponse(),
        reverse("ballot", args=[study.slug]),
    )
    remember_rater(response, rater)
    client.cookies.update(response.cookies)
    cpu, wall, queries = [], [], 0
    for place in range(requests + 3):
        began = time.process_time(), time.perf_counter()
        answer = client.get(page)
        cpu.append(time.process_time() - began[0])
        wall.append(time.perf_counter() - began[1])
        assert answer.status_code == 200, answer.status_code
        if place == 1:
            Ballot.objects.filter(rater=rater, state="open").delete()
            with CaptureQueriesContext(connection) as context:
                client.get(page)
            queries = sum(q["sql"][:5] not in ("BEGIN", "COMMI") for q in context.captured_queries)
        Ballot.objects.filter(rater=rater, state="open").delete()
    return Measured(queries, 1000 * median(cpu[3:]), 1000 * median(wall[3:]))


if __name__ == "__main__":
    main()
