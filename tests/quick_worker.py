"""A Celery worker for equal clips, which encodes the first alone: `python -m tests.quick_worker OPTIONS`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from arena.celery import app


def encode_once() -> None:
    """Let the first clip be normalised as ever, and each further one be a copy of its rendition."""
    from arena.media.normalise import RenditionFacts, normalise
    from arena.runs import clips

    kept: list[tuple[bytes, RenditionFacts]] = []

    def copy(source: Path, target: Path, *args: Any, **kwargs: Any) -> RenditionFacts:  # noqa: ANN401 - as given
        if not kept:
            facts = normalise(source, target, *args, **kwargs)
            kept.append((target.read_bytes(), facts))
        content, facts = kept[0]
        target.write_bytes(content)
        return facts

    patch.object(clips, "normalise", copy).start()


if __name__ == "__main__":
    app.loader.import_default_modules()
    encode_once()
    app.worker_main(["worker", *sys.argv[1:]])
