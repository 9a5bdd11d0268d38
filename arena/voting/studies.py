"""Rules over studies: they are made once, with fixed rules, and never changed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from arena.catalog.hashing import content_hash
from arena.catalog.models import Contender, Suite
from arena.catalog.tracks import Track
from arena.voting.models import Outcome, Study

QUESTION = "Which clip is better for this prompt?"


class StudyExists(ValueError):
    """A study of that slug exists with other rules."""


class UnknownStudy(LookupError):
    """There is no study of that slug; the message lists those that there are."""


@transaction.atomic
def create_study(
    *,
    slug: str,
    title: str,
    tracks: Sequence[Track],
    suites: Sequence[Suite],
    contenders: Sequence[Contender],
    question: str = QUESTION,
    simulated: bool = False,
) -> tuple[Study, bool]:
    """Makes a study; the same rules again return the study that there is.

    Raises:
        StudyExists: the slug is taken by a study with other rules.
        ValueError: no track, no suite, or fewer than two contenders.
    """
    if len(set(contenders)) < 2:
        raise ValueError(f"A study compares at least two contenders, not {len(set(contenders))}.")
    if not tracks or not suites:
        raise ValueError("A study needs at least one track and one suite.")
    study, created = Study.objects.get_or_create(
        slug=slug,
        defaults={
            "title": title,
            "question": question,
            "tracks": [track.value for track in tracks],
            "simulated": simulated,
        },
    )
    if created:
        study.suites.set(suites)
        study.contenders.set(contenders)
        return study, True
    wanted = _rules(question, [track.value for track in tracks], suites, contenders, simulated)
    if study_rules(study) != wanted:
        raise StudyExists(
            f"Study '{slug}' exists with other rules, and a study's rules never change. Take another slug."
        )
    return study, False


def find_study(slug: str) -> Study:
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
        raise UnknownStudy(f"Unknown study '{slug}'. Known: {known}. More come by: manage.py create_study")
    return study


def study_rules(study: Study) -> dict[str, object]:
    """What a study's numbers depend on, ready for JSON; a snapshot or an export carries it."""
    return _rules(
        study.question, study.tracks, list(study.suites.all()), list(study.contenders.all()), study.simulated
    )


def rules_hash(study: Study) -> str:
    return content_hash(study_rules(study))


def _rules(
    question: str,
    tracks: Sequence[str],
    suites: Sequence[Suite],
    contenders: Sequence[Contender],
    simulated: bool,
) -> dict[str, object]:
    return {
        "question": question,
        "choices": list(Outcome.values),
        "tracks": sorted(tracks),
        "suites": sorted(f"{suite.name}@{suite.version} {suite.content_hash}" for suite in suites),
        "contenders": sorted(contender.slug for contender in contenders),
        "pairing": "uniform over units, pairs and orders that the rater can still judge blind",
        "simulated": simulated,
    }
