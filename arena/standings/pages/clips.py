"""Clips of two contenders side by side, for viewers who can't be asked about them blind any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.core import signing
from django.core.files.storage import storages
from django.db.models import Count, QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.urls import reverse

from arena.catalog.models import Contender, Prompt
from arena.media.ranges import ranged_response
from arena.media.storage import open_stored
from arena.runs.models import Rendition
from arena.standings.pages.finding import BoardPage
from arena.voting.models import Ballot, Rater, Study
from arena.voting.naming import names_are_told
from arena.voting.pairing import study_jobs

SALT = "arena.standings.clip"
LIFETIME_S = 6 * 3600
"""Seconds for which the address of a clip works."""


class ClipPair(NamedTuple):
    """Two clips of one prompt and seed."""

    seed: int
    first_url: str
    second_url: str
    width: int
    height: int


def is_public(pair: Iterable[Contender]) -> bool:
    """Return whether everybody may see the clips of two contenders.

    No open study may show clips of either to people, since they could tell them again.
    """
    asking = Study.objects.filter(is_open=True, simulated=False, contenders__in=list(pair))
    return not asking.exists()


def visible_prompts(page: BoardPage, pair: tuple[Contender, Contender], viewer: Rater | None) -> set[int]:
    """Return the keys of the prompts of which a viewer may see clips of both contenders."""
    unit = [f"clip__job__{name}" for name in ("prompt", "seed", "settings_hash")]
    sides = _visible(page, pair, viewer).order_by().values(*unit).annotate(sides=Count("pk"))
    return set(sides.filter(sides=len(pair)).values_list("clip__job__prompt", flat=True))


def clips_of(
    page: BoardPage, pair: tuple[Contender, Contender], prompt: Prompt, viewer: Rater | None
) -> list[ClipPair]:
    """Return the clips of a prompt that a viewer may see, in the order of their seeds."""
    units: dict[tuple[int, str], dict[int, Rendition]] = defaultdict(dict)
    for shown in _visible(page, pair, viewer).filter(clip__job__prompt=prompt):
        job = shown.clip.job
        units[job.seed, job.settings_hash][job.contender_id] = shown
    pairs = []
    for (seed, _), sides in sorted(units.items()):
        if len(sides) == len(pair):
            first, second = (sides[contender.pk] for contender in pair)
            pairs.append(ClipPair(seed, clip_address(first), clip_address(second), first.width, first.height))
    return pairs


def serve_clip(token: str, ranges: str | None) -> HttpResponseBase:
    """Answer with the clip of a signed address; raise Http404 if it is forged, too old or missing."""
    try:
        key = signing.loads(token, salt=SALT, max_age=LIFETIME_S)
    except signing.BadSignature as error:
        raise Http404("The clip's address is wrong or too old.") from error
    shown = Rendition.objects.filter(pk=key).first()
    if shown is None:
        raise Http404("The clip was removed.")
    try:
        file = open_stored(shown.name, storages["renditions"])
        return ranged_response(file, shown.size_bytes, ranges, "video/mp4")
    except FileNotFoundError as error:
        raise Http404("The stored file is missing.") from error


def clip_address(rendition: Rendition) -> str:
    """Return a signed address of a clip that the viewer may see."""
    return reverse("clip", args=[signing.dumps(rendition.pk, salt=SALT)])


def _visible(page: BoardPage, pair: tuple[Contender, Contender], viewer: Rater | None) -> QuerySet[Rendition]:
    jobs = study_jobs(page.study).filter(track=page.track, contender__in=pair)
    shown = Rendition.objects.filter(clip__job__in=jobs).select_related("clip__job")
    return shown if is_public(pair) else shown.filter(pk__in=_voted_on(page, viewer))


def _voted_on(page: BoardPage, viewer: Rater | None) -> set[int]:
    """Return the renditions of the viewer's own votes in the study."""
    if viewer is None or not names_are_told(page.study, viewer):
        return set()
    voted = Ballot.objects.filter(state=Ballot.State.VOTED, study=page.study, rater=viewer, control="")
    return {key for both in voted.values_list("rendition_a", "rendition_b") for key in both}
