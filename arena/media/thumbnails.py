"""Small pictures of clips, for lists."""

from __future__ import annotations

import io
from typing import IO, Any

import av
from django.core.files import File
from PIL.Image import Image

from arena.media.intake import READ_SAFELY

WIDTH_PX = 240


class NoPicture(ValueError):
    """File without a picture that can be drawn."""


def draw_thumbnail(file: File[Any] | IO[bytes]) -> bytes:
    """Return the first picture of a clip, 240 pixels wide, as JPEG.

    Raises:
        NoPicture: the file has none, or it can't be decoded.
    """
    try:
        with av.open(file, "r", options=READ_SAFELY) as container:
            frame = next(container.decode(video=0))
            height = max(2, WIDTH_PX * frame.height // frame.width)
            image: Image = frame.to_image(width=WIDTH_PX, height=height)  # type: ignore[no-untyped-call]
    except (av.error.FFmpegError, StopIteration, IndexError) as error:
        raise NoPicture("The clip has no picture that can be drawn.") from error
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=80)
    return out.getvalue()
