"""Files of a ballot: its two clips and its reference image, served without a contender's name."""

from __future__ import annotations

import logging
import mimetypes
from typing import NoReturn

from django.core.files.storage import storages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from arena.media.padding import PaddedFile
from arena.media.ranges import Readable, ranged_response
from arena.media.salting import SaltedFile
from arena.media.storage import open_stored
from arena.voting.ballots import find_shown_ballot
from arena.voting.broken_files import MISSING, retire_with
from arena.voting.media_addresses import ServedClip, read_media_token
from arena.voting.raters import current_rater_id
from arena.voting.refusals import BallotExpired, ClipUnreadable, NoCookie, TamperedBallot

logger = logging.getLogger(__name__)


@require_safe
def media(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve one side's clip, with the same headers and length for both sides.

    Raises:
        NoCookie: the request has no rater.
        TamperedBallot: the address is not one of this rater's.
        BallotExpired: the ballot expired without a vote, or the vote was long ago.
    """
    rater_id = current_rater_id(request)
    if rater_id is None:
        raise NoCookie
    clip = read_media_token(token)
    if clip.rater_id != rater_id:
        raise TamperedBallot
    if clip.expires_at <= timezone.now():
        raise BallotExpired
    try:
        stored = open_stored(clip.file.name, storages["renditions"])
        file = _padded(stored, clip)
        return ranged_response(file, clip.padded_bytes, request.headers.get("Range"), "video/mp4")
    except FileNotFoundError as error:
        retire_with(clip.file.sha256, MISSING)
        _refuse_unread(error)
    except OSError as error:
        _refuse_unread(error)


def _padded(stored: Readable, clip: ServedClip) -> PaddedFile:
    if not clip.salt:
        return PaddedFile(stored, clip.file.size_bytes, clip.padded_bytes)
    salted = SaltedFile(stored, clip.file.size_bytes, clip.salt, clip.without)
    return PaddedFile(salted, salted.size_bytes, clip.padded_bytes)


@require_safe
def reference(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve the reference image of an image-to-video prompt, from which both clips start."""
    found = find_shown_ballot(token=token, rater_id=current_rater_id(request))
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
