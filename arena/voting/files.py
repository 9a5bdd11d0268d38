"""Files of a ballot: its two clips and its reference image, served without a contender's name."""

from __future__ import annotations

import logging
import mimetypes
from typing import NoReturn

from django.core.files.storage import storages
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from arena.media.padding import PaddedFile, padded_size
from arena.media.ranges import ranged_response
from arena.media.storage import open_stored
from arena.runs.models import Rendition
from arena.voting.ballots import find_ballot
from arena.voting.models import Ballot
from arena.voting.raters import current_rater
from arena.voting.refusals import BallotExpired, ClipUnreadable, NoCookie, TamperedBallot

logger = logging.getLogger(__name__)


@require_safe
def media(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve one side's clip, with the same headers and length for both sides."""
    found, shown = _find_media(request, token)
    sizes = (found.rendition_a.size_bytes, found.rendition_b.size_bytes)
    padded = padded_size(*sizes)
    try:
        file = PaddedFile(open_stored(shown.name, storages["renditions"]), shown.size_bytes, padded)
        return ranged_response(file, padded, request.headers.get("Range"), "video/mp4")
    except OSError as error:
        _refuse_unread(error)


@require_safe
def reference(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve the reference image of an image-to-video prompt, from which both clips start."""
    found = find_ballot(token=token, rater=current_rater(request))
    name = found.prompt.reference_name
    if not name:
        raise Http404("This prompt has no reference image.")
    content_type, _ = mimetypes.guess_type(name)
    try:
        file, size_bytes = open_stored(name, storages["references"]), storages["references"].size(name)
        return ranged_response(file, size_bytes, None, content_type or "application/octet-stream")
    except OSError as error:
        _refuse_unread(error)


def _refuse_unread(error: OSError) -> NoReturn:
    if isinstance(error, FileNotFoundError):
        raise Http404("The stored file is missing.") from error
    logger.error("A stored file can't be read.", exc_info=error)
    raise ClipUnreadable from error


def _find_media(request: HttpRequest, token: str) -> tuple[Ballot, Rendition]:
    """Return the ballot and rendition of a media token, which also works after the rater's vote.

    Raises:
        NoCookie: the request has no rater.
        TamperedBallot: no ballot of the rater has this token.
        BallotExpired: the ballot expired without a vote.
    """
    rater = current_rater(request)
    if rater is None:
        raise NoCookie
    ballots = Ballot.objects.select_related("rendition_a", "rendition_b")
    found = ballots.filter(Q(media_a=token) | Q(media_b=token), rater=rater).first()
    if found is None:
        raise TamperedBallot
    if found.state != Ballot.State.VOTED and found.expires_at <= timezone.now():
        raise BallotExpired
    return found, found.rendition_a if found.media_a == token else found.rendition_b
