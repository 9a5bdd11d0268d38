"""The votes behind a board's page: as rows, and counted by prompt for two contenders."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from django.db.models import F, Q, QuerySet

from arena.catalog.models import Contender, Prompt
from arena.standings.pages.finding import BoardPage
from arena.standings.reveals import MIRRORED
from arena.standings.tallies import BOARDS
from arena.voting.consistent import consistent_read
from arena.voting.models import Vote
from elo import OUTCOMES

SHOWN = "ballot__rendition_a"
"""Lookup from a vote to one of its clips; the other one has the same shape."""


def answers_by_prompt(page: BoardPage, pair: tuple[Contender, Contender]) -> dict[int, Counter[str]]:
    """Count the answers on two contenders by prompt, as if the first had always been on side A."""
    board = BOARDS[page.study.pk, page.track]
    with board.lock:
        with consistent_read():
            board.bring_up_to_date()
        entries, facts = board.entries, board.facts
        if not len(entries):
            return defaultdict(Counter)
        slugs, inside = np.array(facts.contenders), facts.within(page.part)
        first, second = (inside & (slugs == contender.slug) for contender in pair)
        a, b = entries["a"], entries["b"]
        as_shown, turned = first[a] & second[b], second[a] & first[b]
        found = entries[as_shown | turned]
        prompts = np.array(facts.prompts)[found["a"]]
        is_turned = second[found["a"]]
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for prompt, outcome, sign, turn in zip(
        prompts.tolist(), found["outcome"].tolist(), found["sign"].tolist(), is_turned.tolist(), strict=True
    ):
        word = OUTCOMES[outcome]
        counts[prompt][MIRRORED[word] if turn else word] += sign
    return counts


def votes_behind(page: BoardPage) -> QuerySet[Vote]:
    """Return the votes that count on a board, in its slice."""
    votes = Vote.objects.counting().filter(ballot__study=page.study, ballot__track=page.track)
    return votes.filter(_in_prompts(page), _of_shape(page)) if page.part else votes


def _in_prompts(page: BoardPage) -> Q:
    part = page.part
    if not part.tag and not part.language:
        return Q()
    prompts = Prompt.objects.filter(suite__studies=page.study).values_list("pk", "tags", "language")
    return Q(
        ballot__prompt__in=[
            key
            for key, tags, language in prompts
            if (not part.tag or part.tag in tags) and part.language in ("", language)
        ]
    )


def _of_shape(page: BoardPage) -> Q:
    if not page.part.aspect:
        return Q()
    width, height = map(int, page.part.aspect.split(":"))
    return Q(**{f"{SHOWN}__width": F(f"{SHOWN}__height") * width / height})
