"""The votes behind a board's page: as rows, and counted by prompt for two contenders."""

from __future__ import annotations

from collections import Counter, defaultdict

from django.db.models import F, Q, QuerySet

from arena.catalog.models import Contender, Prompt
from arena.standings.pages.finding import BoardPage
from arena.standings.reveals import MIRRORED
from arena.standings.slices import PUBLIC
from arena.standings.tallies import BOARDS
from arena.voting.admission.models import Admission
from arena.voting.consistent import consistent_read
from arena.voting.models import Vote
from arena.voting.modes import Mode
from elo import OUTCOMES

SHOWN = "ballot__rendition_a"
"""Lookup from a vote to one of its clips; the other one has the same shape."""


def answers_by_prompt(page: BoardPage, pair: tuple[Contender, Contender]) -> dict[int, Counter[str]]:
    """Count the answers on two contenders by prompt, as if the first had always been on side A."""
    board = BOARDS[page.study.pk, page.part.sheets(page.track)]
    with board.lock:
        with consistent_read():
            board.bring_up_to_date()
        found, facts = board.on_pair(pair[0].slug, pair[1].slug, page.part), board.facts
        sides = found["a"].tolist()
        prompts = [facts.prompts[place] for place in sides]
        is_turned = [facts.contenders[place] == pair[1].slug for place in sides]
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for prompt, outcome, sign, turn in zip(
        prompts, found["outcome"].tolist(), found["sign"].tolist(), is_turned, strict=True
    ):
        word = OUTCOMES[outcome]
        counts[prompt][MIRRORED[word] if turn else word] += sign
    return counts


def votes_behind(page: BoardPage) -> QuerySet[Vote]:
    """Return the votes that count on a board, in its slice."""
    votes = Vote.objects.counting().filter(
        ballot__study=page.study, ballot__track=page.track, ballot__mode=page.part.mode or Mode.BOTH
    )
    return votes.filter(_in_prompts(page), _of_shape(page), _by_group(page)) if page.part else votes


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


def _by_group(page: BoardPage) -> Q:
    if not page.part.group:
        return Q()
    admitted = Admission.objects.filter(study=page.study)
    if page.part.group == PUBLIC:
        return ~Q(ballot__rater__in=admitted.values("rater"))
    return Q(ballot__rater__in=admitted.filter(group=page.part.group).values("rater"))
