"""Start an upload: its name, and where its prompts come from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from arena.catalog.models import Suite
from arena.catalog.prompt_lists import ListedPrompt
from arena.organising.audit import record
from arena.organising.uploads.models import Upload
from arena.voting.models import Study, refuse_odd_line
from generators.clip_names import LONGEST_ID, id_from


class InvalidUpload(ValueError):
    """Upload that can't be started; the message names the field and its requirement."""


@transaction.atomic
def start_upload(
    *, title: str, by: User, suite: Suite | None = None, listed: Sequence[ListedPrompt] = ()
) -> Upload:
    """Start an upload of clips.

    Args:
        title: its name on pages, from which its address is made.
        by: its owner.
        suite: suite whose prompts the clips answer; None for prompts of its own.
        listed: own prompts; none where the files' names are the prompts.

    Raises:
        InvalidUpload: the title is not one line of 1 to 120 printable characters.
    """
    title = title.strip()
    try:
        refuse_odd_line(title)
    except ValidationError:
        title = ""
    if not 0 < len(title) <= 120:
        raise InvalidUpload("title must be one line of 1 to 120 printable characters. Give another.")
    upload = Upload.objects.create(
        slug=_free_slug(id_from(title)),
        title=title,
        suite=suite,
        prompts=[[prompt.key, prompt.text] for prompt in listed],
        is_listed=bool(listed),
        owner=by,
    )
    record(by, "started upload", None, {"upload": upload.slug})
    return upload


def _free_slug(wanted: str) -> str:
    """Return a slug that no upload, suite or study has: the wanted one, or with a number after it."""
    start = wanted[: LONGEST_ID - 5]
    for number in count(1):
        slug = start if number == 1 else f"{start}-{number}"
        rows = (
            Upload.objects.filter(slug=slug),
            Suite.objects.filter(name=slug),
            Study.objects.filter(slug=slug),
        )
        if not any(each.exists() for each in rows):
            return slug
    raise AssertionError  # the count never ends
