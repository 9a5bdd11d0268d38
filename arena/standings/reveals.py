"""Reveal after a vote: the two contenders, their ratings, and other raters' answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q

from analysis.whisker import draw_whiskers
from arena.catalog.models import Contender
from arena.runs.models import Rendition
from arena.standings.standing import Standing
from arena.voting.models import Ballot, Outcome, Vote
from arena.voting.records import CONTENDER_A, CONTENDER_B

MIRRORED = {"a": "b", "b": "a", "tie": "tie", "both_bad": "both_bad"}


def tell_verdicts(ballot: Ballot, standing: Standing) -> dict[str, Any]:
    """Return the reveal page's content; only for a ballot that its rater has voted on."""
    shown = _shown(ballot)
    board = standing.board
    chart = draw_whiskers(board) if board else None
    rated = {}
    if board and chart:
        pairs = zip(board.rows, chart.whiskers, strict=True)
        rated = {row.contender: (row, whisker) for row, whisker in pairs}
    verdicts = []
    for side, contender in shown.items():
        row, whisker = rated.get(contender.slug, (None, None))
        chosen = ballot.vote.outcome == side.lower()
        verdicts.append(
            {"side": side, "chosen": chosen, "contender": contender, "row": row, "whisker": whisker}
        )
    answers = others_said(ballot, shown)
    return {
        "outcome": Outcome(ballot.vote.outcome),
        "verdicts": verdicts,
        "axis": chart.axis if chart else None,
        "others": [(outcome.label, answers[outcome.value]) for outcome in Outcome],
        "others_total": answers.total(),
    }


def others_said(ballot: Ballot, shown: Mapping[str, Contender]) -> Counter[str]:
    """Count other raters' answers on these two contenders, as seen from this ballot's sides."""
    a, b = (contender.pk for contender in shown.values())
    same_two = Q(**{CONTENDER_A: a, CONTENDER_B: b}) | Q(**{CONTENDER_A: b, CONTENDER_B: a})
    rows = (
        Vote.objects.counting()
        .filter(same_two, ballot__study=ballot.study, ballot__track=ballot.track)
        .exclude(ballot__rater=ballot.rater)
        .values_list(CONTENDER_A, "outcome")
        .annotate(count=Count("id"))
    )
    answers: Counter[str] = Counter()
    for left, outcome, count in rows:
        answers[outcome if left == a else MIRRORED[outcome]] += count
    return answers


def _shown(ballot: Ballot) -> dict[str, Contender]:
    """Return the contender behind each side."""
    renditions = Rendition.objects.select_related("clip__job__contender").in_bulk(
        [ballot.rendition_a_id, ballot.rendition_b_id]
    )
    sides = {"A": ballot.rendition_a_id, "B": ballot.rendition_b_id}
    return {side: renditions[rendition].clip.job.contender for side, rendition in sides.items()}
