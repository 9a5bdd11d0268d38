"""Open ballots as browsers do, and keep evidence of every clip that they receive.

The responses are those of the arena's own pages. Each rater's ballots are rolled back with the rater: a study
that is audited has the same rows afterwards, and no vote is cast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from arena.voting.ballots import open_ballot, skip_ballot
from arena.voting.blindness.evidence import Evidence, Received, examine
from arena.voting.models import Ballot, Rater, Study
from arena.voting.raters import remember_rater
from arena.voting.way.steps import take_step, wanted_steps

MEDIA = re.compile(r'(?:src|href)="(/[^"]*/?media/[^"]+)"')


class NotCollected(RuntimeError):
    """Page of the arena that did not show a pair; the message says what it answered."""


@dataclass(frozen=True)
class View:
    """Clip that one rater received on one side of a ballot, with what the attacker wants to know."""

    rater: int
    contender: int
    """Primary key of the contender."""
    clip: str
    """Hash of the rendition, equal for equal clips."""
    prompt: int
    evidence: Evidence
    other: Evidence
    """Evidence of the other side, with which an attacker compares."""


def collect_views(study: Study, *, raters: int, each: int, seed: int) -> Iterator[list[View]]:
    """Yield the views of one rater after the other, two for each ballot.

    Args:
        study: an open study of people.
        raters: number of raters.
        each: most ballots of a rater.
        seed: decides which pairs are drawn.

    Raises:
        NotCollected: a page or clip was refused.
        Refusal: the study issues no ballots.
    """
    random = Random(seed)  # noqa: S311 - an audit is repeatable
    for index in range(raters):
        with transaction.atomic():
            yield _collect(study, index, each, random)
            transaction.set_rollback(True)


def _collect(study: Study, index: int, each: int, random: Random) -> list[View]:
    rater = Rater.objects.create()
    for step in wanted_steps(study):
        take_step(study=study, rater=rater, step=step)
    # Both clips of a training pair are one contender's, which tells an attacker nothing.
    browser, audited = _browser(rater), copy(study)
    audited.terms = {name: value for name, value in study.terms.items() if name != "training"}
    views: list[View] = []
    for _ in range(each):
        ballot = open_ballot(study=audited, rater=rater, random=random)
        if ballot is None:
            break
        views += _watch(browser, ballot, index)
        skip_ballot(ballot=ballot)
    return views


def _browser(rater: Rater) -> Client:
    hosts = [host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", "."))]
    browser = Client(SERVER_NAME=hosts[0] if hosts else "localhost")
    answer = HttpResponse()
    remember_rater(answer, rater)
    browser.cookies.update(answer.cookies)
    return browser


def _watch(browser: Client, ballot: Ballot, rater: int) -> list[View]:
    page = _get(browser, reverse("ballot", args=[ballot.study.slug]))
    addresses = list(dict.fromkeys(MEDIA.findall(page.body.decode())))
    if len(addresses) != 2:
        raise NotCollected(f"A ballot's page must show two clips; got {len(addresses)}.")
    found = [examine(_get(browser, address)) for address in addresses]
    shown = (ballot.rendition_a, ballot.rendition_b)
    return [
        View(rater, one.clip.job.contender_id, one.sha256, ballot.prompt_id, own, other)
        for one, own, other in zip(shown, found, reversed(found), strict=True)
    ]


def _get(browser: Client, address: str) -> Received:
    began = perf_counter()
    response: Any = browser.get(address, secure=settings.SECURE_SSL_REDIRECT)
    first_s = perf_counter() - began
    body = response.getvalue()
    if response.status_code != 200:
        raise NotCollected(f"{address} must answer 200; got {response.status_code}.")
    return Received(address, dict(response.headers), body, first_s, perf_counter() - began)
