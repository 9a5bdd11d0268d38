"""What needs a person's attention: one line each, with where to look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from arena.catalog.models import Commitment
from arena.organising.permissions import may, seen_by
from arena.runs.models import BrokenFile, Job, Run
from arena.voting.models import Study
from arena.voting.way.models import Report

RECENT = timedelta(days=7)


class Matter(NamedTuple):
    """Line of the dashboard, with the page to look at, if there is one."""

    says: str
    address: str = ""


def matters(user: AbstractBaseUser | AnonymousUser) -> list[Matter]:
    """Return what needs the attention of a person, of what they may see."""
    return [*_of_studies(user), *_of_runs(user), *_of_files(user), *_of_contenders(user)]


def _of_studies(user: AbstractBaseUser | AnonymousUser) -> Iterator[Matter]:
    studies = seen_by(user, "see_studies", Study.objects.filter(is_open=True, simulated=False))
    for study in studies.filter(is_paused=True):
        yield Matter(f"{study.title} is paused: raters get no pairs.")
    reported = Report.objects.filter(created_at__gte=timezone.now() - RECENT, ballot__study__in=studies)
    for title, number in reported.values_list("ballot__study__title").annotate(number=Count("pk")).order_by():
        yield Matter(f"{title}: raters reported {_many(number, 'clip')} in the last seven days.")


def _of_runs(user: AbstractBaseUser | AnonymousUser) -> Iterator[Matter]:
    runs = seen_by(user, "see_runs", Run.objects.all())
    jobs = Job.objects.filter(runs__in=runs).order_by()
    counts = dict(jobs.values_list("state").annotate(number=Count("pk", distinct=True)))
    if failed := counts.get(Job.State.FAILED, 0):
        yield Matter(f"{_many(failed, 'job')} failed; retry them in their run.")
    if unknown := counts.get(Job.State.UNKNOWN, 0):
        yield Matter(f"{_many(unknown, 'paid job')} of unknown outcome: see manage.py resolve_job.")
    for run in runs.filter(is_paused=True):
        yield Matter(f"{str(run).capitalize()} is paused.")


def _of_files(user: AbstractBaseUser | AnonymousUser) -> Iterator[Matter]:
    if may(user, "change_run") and (broken := BrokenFile.objects.count()):
        yield Matter(f"{_many(broken, 'clip')} out of play: missing or damaged. See manage.py check_media.")


def _of_contenders(user: AbstractBaseUser | AnonymousUser) -> Iterator[Matter]:
    if may(user, "reveal_contender"):
        for commitment in Commitment.objects.over().filter(withdrawn_at=None):
            says = f"{commitment.codename} reached its cap and is shown no more: reveal or withdraw it."
            yield Matter(says, reverse("organising:contenders"))


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
