"""Content of the page on two contenders: their difference, their votes, and the prompts that part them."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from analysis.board import Cell
from arena.catalog.models import Contender, Prompt
from arena.errors import UnknownAddress
from arena.standings.pages.clips import clips_of, is_public, visible_prompts
from arena.standings.pages.finding import BoardPage, unknown
from arena.standings.pages.votes import answers_by_prompt
from arena.voting.models import Rater
from elo import Interval

MOST_PROMPTS = 12
"""Prompts that the page lists."""


class Answers(NamedTuple):
    """Answers on the two, as seen from the first."""

    wins: int
    losses: int
    ties: int
    both_bad: int

    @property
    def votes(self) -> int:
        """Number of votes."""
        return sum(self)

    @property
    def lean(self) -> float:
        """Lean to the first from -1/2 to 1/2, with one vote more for each: a single vote weighs little."""
        return (self.wins - self.losses) / (2 * (self.votes + 2))


class PromptVotes(NamedTuple):
    """Votes on the two on one prompt."""

    prompt: Prompt
    answers: Answers
    is_visible: bool
    """Whether the viewer may see the clips."""


def compare(page: BoardPage, pair: tuple[Contender, Contender]) -> dict[str, Any]:
    """Return the difference of two contenders' ratings with its interval, and their votes on each other.

    The difference is None where one of the two has no finite rating yet.
    """
    standing, (first, second) = page.standing, pair
    if standing.board is None or standing.ratings is None:
        return {"difference": None, "cell": Cell(None, 0)}
    places = {slug: place for place, slug in enumerate(standing.board.contenders)}
    if not {first.slug, second.slug} <= places.keys():
        return {"difference": None, "cell": Cell(None, 0)}
    return {
        "difference": standing.ratings.difference(first.slug, second.slug),
        "chance": _percent(standing.ratings.win_probability(first.slug, second.slug)),
        "cell": standing.board.matrix[places[first.slug]][places[second.slug]],
        "rows": [standing.board.rows[places[contender.slug]] for contender in pair],
        "level": 100 * standing.board.settings["level"],
    }


def _percent(share: Interval) -> Interval:
    return Interval(*(100 * limit for limit in share))


def parting_prompts(
    page: BoardPage, pair: tuple[Contender, Contender], viewer: Rater | None
) -> list[PromptVotes]:
    """Return the votes on the two on the prompts where they differ most, the largest lean to either first."""
    votes = answers_by_prompt(page, pair)
    visible = visible_prompts(page, pair, viewer)
    positions = dict(Prompt.objects.filter(pk__in=votes.keys() | visible).values_list("pk", "position"))
    counted = {key: _count(votes[key]) for key in positions}
    order = sorted(positions, key=lambda key: (-abs(counted[key].lean), -counted[key].votes, positions[key]))
    shown = Prompt.objects.in_bulk(order[:MOST_PROMPTS])
    return [PromptVotes(shown[key], counted[key], key in visible) for key in order[:MOST_PROMPTS]]


def _count(answers: Counter[str]) -> Answers:
    return Answers(answers["a"], answers["b"], answers["tie"], answers["both_bad"])


def shown_clips(
    page: BoardPage,
    pair: tuple[Contender, Contender],
    found: list[PromptVotes],
    asked: str,
    viewer: Rater | None,
) -> dict[str, Any]:
    """Return the clips of the prompt asked for, or else of the first of which the viewer may see any.

    Raises:
        UnknownAddress: no prompt that the viewer may see has that key; the message lists those that do.
    """
    visible = [one.prompt for one in found if one.is_visible]
    if asked and asked not in {prompt.key for prompt in visible}:
        raise UnknownAddress(unknown("prompt", asked, {prompt.key for prompt in visible}))
    chosen = next((prompt for prompt in visible if prompt.key == asked or not asked), None)
    return {
        "prompt": chosen,
        "clips": clips_of(page, pair, chosen, viewer) if chosen else [],
        "is_public": is_public(pair),
    }
