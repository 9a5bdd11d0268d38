"""Lists of studies for pages and the command line."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, SlugField
from django.utils.translation import gettext

from arena.errors import UnknownAddress
from arena.prepared import Given, Prepared
from arena.voting.models import Study, Vote
from arena.voting.studies import InvalidStudy, refuse_invalid

log = logging.getLogger(__name__)

STUDIES_ON_A_PAGE = 20
NAMED_STUDIES = 10
"""Studies that a refusal lists."""
BY_SLUG = Prepared(lambda: Study.objects.filter(slug=Given("slug", SlugField())))
ADVICE = "manage.py rename_study changes a slug."


class Listed(NamedTuple):
    """One study in a list, with its counts."""

    study: Study
    votes: int
    contenders: int


def listed_studies() -> list[Listed]:
    """Return every study with its number of votes and contenders, in two queries."""
    votes = dict(
        Vote.objects.ordinary()
        .order_by()
        .values_list("ballot__study")
        .annotate(votes=Count("id"))
        .values_list("ballot__study", "votes")
    )
    studies = Study.objects.annotate(number_of_contenders=Count("contenders")).order_by("created_at", "pk")
    return [Listed(study, votes.get(study.pk, 0), study.number_of_contenders) for study in studies]


def study_page(studies: QuerySet[Study], number: str | None) -> Page[Study]:
    """Return one page of a list of studies; an invalid number gives the first or last page."""
    return Paginator(studies, STUDIES_ON_A_PAGE).get_page(number)


def presentable(studies: Iterable[Study]) -> list[Study]:
    """Return the studies that a page can link to and describe; log the others.

    An invalid row, older than the validation or written by another program, must not break the whole page.
    """
    fit = []
    for study in studies:
        try:
            refuse_invalid(study, only=("slug", "tracks"))
        except InvalidStudy as error:
            log.warning("Study %s is left out of pages: %s %s", study.pk, error, ADVICE)
        else:
            fit.append(study)
    return fit


def find_presentable(slug: str) -> Study:
    """Return the study with this slug.

    Raises:
        UnknownAddress: there is none, or no page can describe it; the message names the newest studies.
    """
    fit = presentable(BY_SLUG.objects(slug=slug))
    if not fit:
        newest = presentable(Study.objects.order_by("-created_at", "-pk")[:NAMED_STUDIES])
        known = ", ".join(study.slug for study in newest) or gettext("none yet")
        message = gettext("Unknown study “%(slug)s”. Known: %(known)s.")
        raise UnknownAddress(message % {"slug": slug, "known": known})
    return fit[0]
