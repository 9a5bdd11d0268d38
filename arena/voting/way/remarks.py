"""What raters say besides their votes: reasons for a vote, and reports of clips."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_noop

from arena.voting.models import Ballot, Study, Vote
from arena.voting.way.models import Reason, Report

REASONS = {
    "picture": gettext_noop("Picture"),
    "motion": gettext_noop("Motion"),
    "prompt": gettext_noop("Follows the prompt"),
    "sound": gettext_noop("Sound"),
    "sync": gettext_noop("Sound fits the picture"),
    "artefacts": gettext_noop("Artefacts"),
}
"""Tags that a rater may give after a vote, with their words."""
OF_SOUND = ("sound", "sync")
KINDS = {
    "broken": gettext_noop("It stops, stutters or shows nothing"),
    "silent": gettext_noop("Its sound is missing"),
    "offensive": gettext_noop("It is offensive or harmful"),
    "marked": gettext_noop("It shows who made it, as by a watermark"),
    "other": gettext_noop("Something else"),
}
"""Kinds of report, with their words."""


def offered_reasons(with_sound: bool) -> dict[str, str]:
    """Return the tags that fit a pair, with their words."""
    return {tag: words for tag, words in REASONS.items() if with_sound or tag not in OF_SOUND}


def give_reasons(*, vote: Vote, tags: Sequence[str]) -> Reason:
    """Record why a rater voted so; unknown tags are left out, and another answer replaces the first."""
    known = [tag for tag in REASONS if tag in tags]
    reason, _ = Reason.objects.update_or_create(vote=vote, defaults={"tags": known})
    return reason


@transaction.atomic
def report_clip(*, ballot: Ballot, side: str, kind: str, words: str = "") -> Report:
    """Record a report of one side's clip; a second one of the same rater on the same ballot changes nothing.

    Raises:
        ValueError: the side or the kind is unknown.
    """
    if side not in ("a", "b"):
        raise ValueError(f"side must be a or b; got {side!r}. Choose one.")
    if kind not in Report.Kind.values:
        raise ValueError(f"kind must be of {', '.join(Report.Kind.values)}; got {kind!r}. Choose one.")
    plain = " ".join(words.replace("\0", " ").split())[:500]
    given = {"kind": kind, "words": plain}
    report, _ = Report.objects.get_or_create(ballot=ballot, side=side, defaults=given)
    return report


def reports_of(study: Study | None = None) -> list[Report]:
    """Return the reports on clips of a study, or of all, the newest first."""
    reports = Report.objects.select_related(
        "ballot__study",
        "ballot__prompt",
        "ballot__rendition_a__clip__job__contender",
        "ballot__rendition_b__clip__job__contender",
    ).order_by("-created_at", "-pk")
    return list(reports.filter(ballot__study=study) if study else reports)
