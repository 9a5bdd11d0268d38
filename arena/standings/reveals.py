"""What a rater learns after a vote: who made the two clips, where they stand, what others said."""

from __future__ import annotations

from collections import Counter

from django.db.models import Q

from analysis.whisker import draw_whiskers
from arena.catalog.models import Contender
from arena.production.models import Rendition
from arena.standings.boards import Standing
from arena.voting.models import Ballot, Outcome, Vote

MIRRORED = {"a": "b", "b": "a", "tie": "tie", "both_bad": "both_bad"}


def tell_verdicts(ballot: Ballot, standing: Standing) -> dict[str, object]:
    """The reveal page's content; only for a ballot that its rater has voted on."""
    shown = {side: _contender(rendition) for side, rendition in _sides(ballot).items()}
    board = standing.board
    chart = draw_whiskers(board) if board else None
    places = {row.contender: i for i, row in enumerate(board.rows)} if board else {}
    verdicts = []
    for side, contender in shown.items():
        place = places.get(contender.slug)
        verdicts.append(
            {
                "side": side,
                "contender": contender,
                "row": board.rows[place] if board and place is not None else None,
                "whisker": chart.whiskers[place] if chart and place is not None else None,
            }
        )
    answers = others_said(ballot)
    return {
        "outcome": Outcome(ballot.vote.outcome),
        "verdicts": verdicts,
        "others": [(outcome.label, answers[outcome.value]) for outcome in Outcome],
        "others_total": answers.total(),
    }


def others_said(ballot: Ballot) -> Counter[str]:
    """How other raters answered these two contenders in this study, in the order of this ballot's sides."""
    a, b = (_contender(rendition).pk for rendition in _sides(ballot).values())
    side_a, side_b = "ballot__rendition_a__clip__job__contender", "ballot__rendition_b__clip__job__contender"
    same = Q(**{side_a: a, side_b: b}) | Q(**{side_a: b, side_b: a})
    votes = (
        Vote.objects.filter(same, ballot__study=ballot.study, exclusion__isnull=True)
        .exclude(ballot__rater=ballot.rater)
        .values_list(side_a, "outcome")
    )
    return Counter(outcome if left == a else MIRRORED[outcome] for left, outcome in votes)


def _sides(ballot: Ballot) -> dict[str, Rendition]:
    return {"A": ballot.rendition_a, "B": ballot.rendition_b}


def _contender(rendition: Rendition) -> Contender:
    return rendition.clip.job.contender
