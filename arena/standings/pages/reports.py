"""Reports of boards: built when they are asked for, one at a time, and kept as files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache

from analysis.report.build import build_report
from analysis.report.page import to_html
from analysis.report.writing import replace_file
from analysis.subject import rate_frame
from arena.catalog.hashing import content_hash
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.forms import NoBoard
from arena.standings.pages.votes import votes_behind
from arena.standings.snapshots.blindness import public_names
from arena.voting.records import CONTENDER_A, CONTENDER_B

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "contender_a": f"{CONTENDER_A}__slug",
    "contender_b": f"{CONTENDER_B}__slug",
    "outcome": "outcome",
    "prompt": "ballot__prompt__key",
    "rater": "ballot__rater_id",
    "tags": "ballot__prompt__tags",
    "language": "ballot__prompt__language",
    "at": "created_at",
}
"""Columns of the votes, each with its lookup; `contender_a` was on the left."""
KEPT_S = 600
"""Seconds for which a report is handed out again, though votes came in meanwhile."""
LONGEST_S = 300
"""Seconds after which a build that never ended no longer stands in the way of the next."""


class Busy(Exception):
    """Another report is being built."""


def read_report(page: BoardPage) -> bytes:
    """Return the report of a board as one HTML page; build it if the last one is older than ten minutes.

    Raises:
        NoBoard: there are no ratings yet.
        Busy: another report is being built.
    """
    if page.standing.board is None:
        raise NoBoard(page.standing.missing)
    kept = _kept_at(page)
    if kept.is_file() and time.time() - kept.stat().st_mtime < KEPT_S:
        return kept.read_bytes()
    if not cache.add("report-being-built", page.study.slug, timeout=LONGEST_S):
        raise Busy
    try:
        content = _build(page)
        kept.parent.mkdir(parents=True, exist_ok=True)
        replace_file(kept, content)
    finally:
        cache.delete("report-being-built")
    return content


def _kept_at(page: BoardPage) -> Path:
    """Return the file of the board's report; another codename makes another file."""
    names = sorted((slug, one.shown_name) for slug, one in page.contenders.items())
    name = content_hash([page.study.slug, page.track.value, page.part.chosen, names])
    return Path(settings.DATA_DIR) / "reports" / f"{name[:32]}.html"


def _build(page: BoardPage) -> bytes:
    board = page.standing.board
    settings_of = board.settings if board else {}
    names = public_names(page.contenders.values())
    anchor = settings_of["anchor"]
    subject = rate_frame(
        votes_frame(page),
        ties=settings_of["ties"],
        anchor=(names[anchor[0]], anchor[1]) if anchor else None,
        scale=settings_of["scale"],
        level=settings_of["level"],
    )
    part = f", {page.part}" if page.part else ""
    title = f"{page.study.title}: {page.track.label}{part}"
    return to_html(build_report(subject, title=title)).encode()


def votes_frame(page: BoardPage) -> pd.DataFrame:
    """Return the votes of a board as a frame, with raters numbered and withheld contenders by pseudonym."""
    import pandas as pd  # slow to load, and only reports need it

    rows = votes_behind(page).order_by("pk").values_list(*COLUMNS.values())
    frame = pd.DataFrame.from_records(list(rows.iterator()), columns=list(COLUMNS))
    names = public_names(page.contenders.values())
    for side in ("contender_a", "contender_b"):
        frame[side] = frame[side].map(names)
    frame["rater"] = pd.factorize(frame["rater"])[0]
    frame["tags"] = frame["tags"].map("|".join)
    return frame.assign(simulated=page.study.simulated)
