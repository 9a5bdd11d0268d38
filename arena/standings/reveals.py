"""Reveal after a vote: the two contenders, their ratings, and other raters' answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import BigIntegerField, CharField, F, Q, QuerySet, UUIDField

from analysis.whisker import draw_whiskers
from arena.catalog.models import Contender
from arena.prepared import Given, Prepared
from arena.standings.standing import Standing
from arena.standings.tallies import answers_on
from arena.voting.models import Ballot, Outcome, Vote
from arena.voting.records import CONTENDER_A, CONTENDER_B

MIRRORED = {"a": "b", "b": "a", "tie": "tie", "both_bad": "both_bad"}


def vote_with_reasons(ballot: Ballot) -> Vote:
    """Return the vote on a ballot that was voted on, with the reasons for it if some were given."""
    vote = GIVEN.first(ballot=ballot.pk)
    if vote is None:
        raise Vote.DoesNotExist
    return vote


GIVEN = Prepared(
    lambda: Vote.objects.select_related("reason").filter(ballot=Given("ballot", UUIDField())).order_by()
)


def tell_verdicts(ballot: Ballot, vote: Vote, standing: Standing | None) -> dict[str, Any]:
    """Return the reveal page's content for a vote and its ballot; None where no numbers are public."""
    shown = _shown(ballot)
    board = standing.board if standing else None
    chart = draw_whiskers(board) if board else None
    rated = {}
    if board and chart:
        pairs = zip(board.rows, chart.whiskers, strict=True)
        rated = {row.contender: (row, whisker) for row, whisker in pairs}
    verdicts = []
    for side, contender in shown.items():
        row, whisker = rated.get(contender.slug, (None, None))
        chosen = vote.outcome == side.lower()
        verdicts.append(
            {"side": side, "chosen": chosen, "contender": contender, "row": row, "whisker": whisker}
        )
    answers = others_said(ballot, shown) if standing else Counter()
    return {
        "outcome": Outcome(vote.outcome),
        "verdicts": verdicts,
        "axis": chart.axis if chart else None,
        "numbers": standing is not None,
        "others": [(outcome.label, answers[outcome.value]) for outcome in Outcome],
        "others_total": answers.total(),
    }


def others_said(ballot: Ballot, shown: Mapping[str, Contender]) -> Counter[str]:
    """Count other raters' answers on these two contenders, as seen from this ballot's sides."""
    a, b = (contender.slug for contender in shown.values())
    said = answers_on(study=ballot.study, track=ballot.track, one=a, other=b, mode=ballot.mode)
    said.subtract(_own_answers(ballot, a, b))
    answers: Counter[str] = Counter()
    for (left, outcome), count in said.items():
        answers[outcome if left == a else MIRRORED[outcome]] += count
    return +answers


def _own_answers(ballot: Ballot, a: str, b: str) -> Counter[tuple[str, str]]:
    """Count the rater's own answers on two contenders, by the contender on side a and the outcome."""
    rows = OWN.rows(
        study=ballot.study_id, track=ballot.track, mode=ballot.mode, rater=ballot.rater_id, a=a, b=b
    )
    return Counter((left, outcome) for left, outcome in rows)


def _own() -> QuerySet[Vote, Any]:
    """Return the query for a rater's votes that count on two contenders."""
    left, right = f"{CONTENDER_A}__slug", f"{CONTENDER_B}__slug"
    a, b = (Given(name, CharField()) for name in "ab")
    return (
        Vote.objects.counting()
        .filter(
            Q(**{left: a, right: b}) | Q(**{left: b, right: a}),
            ballot__study=Given("study", BigIntegerField()),
            ballot__track=Given("track", CharField()),
            ballot__mode=Given("mode", CharField()),
            ballot__rater=Given("rater", UUIDField()),
        )
        .values_list(left, "outcome")
    )


OWN = Prepared(_own)


def _both() -> QuerySet[Contender]:
    """Return the query for the contenders of two renditions, each with the rendition's primary key."""
    pair: list[Any] = [Given(name, BigIntegerField()) for name in "ab"]
    rendition = "jobs__clip__rendition__pk"
    return Contender.objects.filter(**{f"{rendition}__in": pair}).annotate(shown=F(rendition)).order_by()


BOTH = Prepared(_both)


def _shown(ballot: Ballot) -> dict[str, Contender]:
    """Return the contender behind each side."""
    both = BOTH.objects(a=ballot.rendition_a_id, b=ballot.rendition_b_id)
    contenders = {vars(contender)["shown"]: contender for contender in both}
    return {"A": contenders[ballot.rendition_a_id], "B": contenders[ballot.rendition_b_id]}
