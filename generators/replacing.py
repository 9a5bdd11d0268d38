"""Replace a file as a whole, so that nobody reads one that is half written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Provide a path beside `path` to write to; it replaces `path` when the block ends without an error.

    After an error or Ctrl-C, the earlier file is still there and the new one is removed. After a kill, the
    new one may stay behind, under a name that ends in `.part`.

    Raises:
        FileNotFoundError: Nothing was written.
    """
    draft = path.with_name(f"{path.name}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
