"""Reveal after a vote: the two contenders, their ratings, and other raters' answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from analysis.whisker import draw_whiskers
from arena.catalog.models import Contender
from arena.runs.models import Rendition
from arena.standings.standing import Standing
from arena.standings.tallies import answers_on
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
    a, b = (contender.slug for contender in shown.values())
    said = answers_on(study=ballot.study, track=ballot.track, one=a, other=b)
    said.subtract(_own_answers(ballot, a, b))
    answers: Counter[str] = Counter()
    for (left, outcome), count in said.items():
        answers[outcome if left == a else MIRRORED[outcome]] += count
    return +answers


def _own_answers(ballot: Ballot, a: str, b: str) -> Counter[tuple[str, str]]:
    """Count the rater's own answers on two contenders, by the contender on side a and the outcome."""
    left, right = f"{CONTENDER_A}__slug", f"{CONTENDER_B}__slug"
    same_two = Q(**{left: a, right: b}) | Q(**{left: b, right: a})
    own = Vote.objects.counting().filter(
        same_two, ballot__study=ballot.study, ballot__track=ballot.track, ballot__rater=ballot.rater
    )
    return Counter(own.values_list(left, "outcome"))


def _shown(ballot: Ballot) -> dict[str, Contender]:
    """Return the contender behind each side."""
    renditions = Rendition.objects.select_related("clip__job__contender").in_bulk(
        [ballot.rendition_a_id, ballot.rendition_b_id]
    )
    sides = {"A": ballot.rendition_a_id, "B": ballot.rendition_b_id}
    return {side: renditions[rendition].clip.job.contender for side, rendition in sides.items()}
