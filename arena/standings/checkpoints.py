"""A board's votes and counts in a file, so that a new process reads only what came after it was written."""

from __future__ import annotations

import hashlib
import hmac
import logging
import mmap
import os
import pickle
import struct
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from arena.standings import clip_facts, grouping, pairs, slices
from elo.models import grouped, lines, specification

State = dict[str, Any]
SALT = "arena.standings.checkpoint"
LEAST = 20_000
"""Entries from which a board is worth a file."""
GROWTH = 32
"""A file is written anew when a board has grown by one part in `GROWTH`, and by `FEWEST` entries at least."""
FEWEST = 1000
HEAD = struct.Struct("<32s32sQQ")
"""Fingerprint of the code, signature, length of the pickled state, and number of its arrays."""
ALIGNED = 64
logger = logging.getLogger(__name__)


def is_due(size: int, written: int) -> bool:
    """Return whether a board of so many entries should be written, if its file has `written` of them."""
    return size >= LEAST and size - written >= max(FEWEST, size // GROWTH)


def write_checkpoint(key: tuple[int, str], state: State) -> None:
    """Write a board's state; where it can't be written, the next process takes longer, and no page fails."""
    arrays: list[pickle.PickleBuffer] = []
    content = pickle.dumps(state, protocol=5, buffer_callback=arrays.append)
    parts = [array.raw() for array in arrays]
    sizes = _packed([part.nbytes for part in parts])
    head = HEAD.pack(_fingerprint(), _signature(sizes + content), len(content), len(parts))
    path = _path(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, [head + sizes + content, *parts])
    except OSError as error:
        logger.warning("The counts of a board can't be kept in %s: %s", path, error)


def read_checkpoint(key: tuple[int, str]) -> State | None:
    """Return the state that was written last; None where there is none by this code, signed by this site.

    Its arrays are mapped from the file: what nobody reads costs nothing, and changes stay in memory.
    """
    try:
        with _path(key).open("rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    except (OSError, ValueError):  # there is none, or it is empty
        return None
    if len(mapped) < HEAD.size:
        return None
    fingerprint, signature, length, number = HEAD.unpack_from(mapped)
    start = HEAD.size + 8 * number + length
    if fingerprint != _fingerprint() or start > len(mapped):
        return None
    signed = bytes(mapped[HEAD.size : start])
    if not hmac.compare_digest(signature, _signature(signed)):
        return None
    places = _places(struct.unpack_from(f"<{number}Q", signed), start)
    if places and places[-1].stop > len(mapped):
        return None
    arrays = [mapped[place] for place in places]
    state: State = pickle.loads(signed[8 * number :], buffers=arrays)  # noqa: S301 - signed by us
    return state


def _path(key: tuple[int, str]) -> Path:
    study, track = key
    return Path(settings.DATA_DIR) / "boards" / f"{study}-{track.replace('/', '-')}.votes"


def _write(path: Path, parts: Sequence[bytes | memoryview]) -> None:
    """Write parts one after another, each at a multiple of `ALIGNED`, and put the file into its place."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(bytes(-file.tell() % ALIGNED))
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _places(sizes: Sequence[int], start: int) -> list[slice]:
    """Return where the arrays stand in the file, after what ends at `start`."""
    places = []
    for size in sizes:
        start += -start % ALIGNED
        places.append(slice(start, start + size))
        start += size
    return places


def _packed(sizes: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(sizes)}Q", *sizes)


def _signature(content: bytes) -> bytes:
    return salted_hmac(SALT, content, algorithm="sha256").digest()


@lru_cache(maxsize=1)
def _fingerprint() -> bytes:
    """Return a hash of the code whose objects are in the file: other code may have other fields."""
    modules = (clip_facts, grouping, pairs, slices, grouped, lines, specification)
    own = [Path(__file__), Path(__file__).with_name("board_votes.py")]
    files = [*own, *(Path(str(module.__file__)) for module in modules)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()
