"""Contenders as the public may know them, and suites with their prompts."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from ninja import Query, Router

from arena.api import schemas
from arena.api.finding import find_contender, find_suite, public_contenders, public_suites
from arena.api.pages import Page, PageQuery, page_of
from arena.catalog.hashing import prompt_hash
from arena.catalog.models import Contender, Prompt, Suite

contenders = Router(tags=["contenders"])
suites = Router(tags=["suites"])


@contenders.get(
    "", response=Page[schemas.Contender], operation_id="list_contenders", summary="List the contenders"
)
def list_contenders(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """Return every contender of a study, sorted by its public slug."""
    found = sorted(public_contenders(), key=lambda contender: contender.public_slug)
    return page_of(found, page, about_contender)


@contenders.get(
    "/{contender}", response=schemas.Contender, operation_id="get_contender", summary="Read a contender"
)
def contender(request: HttpRequest, contender: str) -> dict[str, Any]:
    """Return one contender; one whose identity is withheld has only its codename."""
    return about_contender(find_contender(public_contenders(), contender))


def about_contender(contender: Contender) -> dict[str, Any]:
    """Describe a contender for the public; nothing but the codename while its identity is withheld."""
    known = {
        "maker": contender.maker or None,
        "generator": contender.generator,
        "released_on": contender.released_on,
        "open_weights": contender.open_weights,
        "list_price_per_minute_usd": contender.price_per_minute_usd,
    }
    return {
        "contender": contender.public_slug,
        "name": contender.shown_name,
        "withheld": contender.is_withheld,
        **(dict.fromkeys(known) if contender.is_withheld else known),
    }


@suites.get("", response=Page[schemas.Suite], operation_id="list_suites", summary="List the suites")
def list_suites(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """Return every version of a suite that a study asks about."""
    found = list(public_suites())
    rows = Prompt.objects.filter(suite__in=found).order_by().values_list("suite").annotate(n=Count("pk"))
    counts = dict(rows.values_list("suite", "n"))
    return page_of(found, page, lambda one: _suite(one, counts.get(one.pk, 0)))


@suites.get("/{suite}/{version}", response=schemas.Suite, operation_id="get_suite", summary="Read a suite")
def suite(request: HttpRequest, suite: str, version: int) -> dict[str, Any]:
    """Return one version of a suite."""
    found = find_suite(suite, version)
    return _suite(found, found.prompts.count())


@suites.get(
    "/{suite}/{version}/prompts",
    response=Page[schemas.Prompt],
    operation_id="list_prompts",
    summary="Read the prompts of a suite",
)
def prompts(request: HttpRequest, suite: str, version: int, page: Query[PageQuery]) -> dict[str, Any]:
    """Return the prompts of one version of a suite, in its order."""
    return page_of(list(find_suite(suite, version).prompts.order_by("position")), page, _prompt)


def _suite(suite: Suite, prompts: int) -> dict[str, Any]:
    return {
        "suite": suite.name,
        "version": suite.version,
        "title": suite.title,
        "content_hash": suite.content_hash,
        "prompts": prompts,
        "created_at": suite.created_at,
    }


def _prompt(prompt: Prompt) -> dict[str, Any]:
    return {
        "prompt": prompt.key,
        "text": prompt.text,
        "tags": prompt.tags,
        "language": prompt.language,
        "seeds": prompt.seeds,
        "prompt_hash": prompt_hash(prompt.text, prompt.reference_sha256),
        "reference_sha256": prompt.reference_sha256 or None,
        "licence": prompt.licence,
    }
