"""From the votes that count to what the rating engine takes."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count

from arena.voting.ledger import hold_ledger, ledger_head
from arena.voting.models import Study, Vote
from elo import Votes


@transaction.atomic
def votes_at_head(*, study: Study, track: str) -> tuple[Votes | None, str]:
    """The votes that count and the ledger head that they belong to: nobody votes in between."""
    hold_ledger(study)
    return read_votes(study=study, track=track), ledger_head(study)


def read_votes(*, study: Study, track: str) -> Votes | None:
    """A study's counting votes on a track, equal ones added up; None where there are none.

    Raters and prompts come along as clusters. An excluded vote doesn't count.
    """
    counting = Vote.objects.filter(ballot__study=study, ballot__track=track, exclusion__isnull=True)
    columns = (
        "ballot__rendition_a__clip__job__contender__slug",
        "ballot__rendition_b__clip__job__contender__slug",
        "outcome",
        "ballot__prompt_id",
        "ballot__rater_id",
    )
    rows = counting.order_by(*columns).values_list(*columns).annotate(count=Count("id"))
    cells = list(zip(*rows, strict=True))
    if not cells:
        return None
    contender_a, contender_b, outcome, prompt, rater, count = cells
    return Votes.from_columns(
        contender_a=contender_a,
        contender_b=contender_b,
        outcome=outcome,
        prompt=[str(key) for key in prompt],
        rater=[str(key) for key in rater],
        weight=count,
    )
