"""Which clips a study lacks on one side, and how many of them a provider's moderation refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from arena.catalog.models import Contender
from arena.runs.models import Job, JobEvent
from arena.voting.models import Study
from arena.voting.pairing import study_jobs


@dataclass(frozen=True)
class Coverage:
    """Clips of one contender in a study, on one track."""

    contender: Contender
    clips: int
    """Number of its clips that the study shows."""
    refusals: int
    """Number of times that moderation refused a clip of the study, those before a later success included."""
    missing: list[str]
    """Keys of the prompts without its clip for a seed of which another contender has one."""

    @property
    def is_complete(self) -> bool:
        """Whether no clip was refused and none is missing."""
        return not self.refusals and not self.missing


def cover_study(study: Study, track: str) -> list[Coverage]:
    """Return the coverage of each contender of a study, in alphabetical order.

    Five queries; they read single clips only where one is missing.
    """
    shown = study_jobs(study).filter(track=track).order_by()
    clips = dict(shown.values_list("contender").annotate(n=Count("id")))
    refusals = dict(_refusals(study, track).values_list("job__contender").annotate(n=Count("id")))
    contenders = list(study.contenders.all())
    units = shown.values("prompt", "seed").distinct().count()
    is_whole = all(clips.get(each.pk, 0) == units for each in contenders)
    missing = {} if is_whole else _find_missing(shown, contenders)
    return [
        Coverage(each, clips.get(each.pk, 0), refusals.get(each.pk, 0), missing.get(each.pk, []))
        for each in contenders
    ]


def describe_coverage(coverages: Iterable[Coverage]) -> Iterator[str]:
    """Yield a line for each contender that moderation refused clips of, or that lacks clips of others."""
    for each in coverages:
        if not each.is_complete:
            yield f"{each.contender.slug}: {'; '.join(_parts(each))}"


def _parts(coverage: Coverage) -> Iterator[str]:
    if coverage.refusals:
        yield f"moderation refused {coverage.refusals} time{'s' * (coverage.refusals != 1)}"
    if coverage.missing:
        yield f"no pairs with it on prompts {', '.join(coverage.missing)}, of which others have clips"


def _find_missing(shown: QuerySet[Job], contenders: Sequence[Contender]) -> dict[int, list[str]]:
    """Return the prompts of which each contender lacks a clip that another has, in the suites' order."""
    places: dict[int, set[tuple[str, int]]] = defaultdict(set)
    units: dict[tuple[str, int], None] = {}
    rows = shown.order_by("prompt__suite", "prompt__position", "seed")
    for contender, key, seed in rows.values_list("contender", "prompt__key", "seed"):
        places[contender].add((key, seed))
        units[key, seed] = None
    return {
        each.pk: list(dict.fromkeys(unit[0] for unit in units if unit not in places[each.pk]))
        for each in contenders
    }


def _refusals(study: Study, track: str) -> QuerySet[JobEvent]:
    """Return the job log's refusals of clips that the study would show."""
    wanted = Job.objects.filter(
        track=track,
        settings_hash__in=study.settings_hashes,
        contender__studies=study,
        prompt__suite__studies=study,
    )
    return JobEvent.objects.filter(job__in=wanted, state=Job.State.BLOCKED).order_by()
