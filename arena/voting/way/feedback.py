"""Page after a training pair: which clip was made worse and how, and whether the rater noticed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.media.degrade import Degradation
from arena.voting.ballots import find_shown_ballot
from arena.voting.models import Ballot, Control
from arena.voting.raters import current_rater_id
from arena.voting.views import pair_context

FLAWS = {
    Degradation.LATE_SOUND: gettext_noop("Its sound comes more than half a second too late."),
    Degradation.DROPPED_FRAMES: gettext_noop(
        "It shows three or four pictures a second, so that motion jerks."
    ),
    Degradation.BLUR: gettext_noop("Its picture is blurred."),
    Degradation.NOISE: gettext_noop("Its picture is covered with coarse noise."),
    Degradation.MUFFLED_SOUND: gettext_noop("Its sound is muffled, as if behind a wall."),
}
"""What is worse in a twin of each kind, in words for raters."""


@never_cache
@require_safe
def feedback(request: HttpRequest, token: str) -> HttpResponse:
    """Tell the answer of a training pair to the rater who has voted on it; else redirect to the open pair."""
    found = find_shown_ballot(token=token, rater_id=current_rater_id(request))
    if found.control != Control.TRAINING or found.twin is None or found.state != Ballot.State.VOTED:
        return redirect("ballot", found.study.slug)
    outcome, context = found.vote.outcome, pair_context(found)
    context["sides"] = [_told(side, found.twin_side, outcome) for side in context["sides"]]
    context["worse"] = found.twin_side.upper()
    context["noticed"] = outcome in ("a", "b") and outcome != found.twin_side
    context["undecided"] = outcome not in ("a", "b")
    context["flaw"] = FLAWS[Degradation(found.twin.degradation)]
    return render(request, "feedback.html", context)


def _told(side: dict[str, Any], worse: str, outcome: str) -> dict[str, Any]:
    name = side["name"].lower()
    return {**side, "lesson": "worse" if name == worse else "original", "chosen": name == outcome}
