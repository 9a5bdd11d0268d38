"""Reports of boards: built when they are asked for, one at a time, and kept as files."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet

from analysis.report.build import build_report
from analysis.report.page import to_html
from analysis.report.writing import replace_file
from analysis.subject import Subject, found_covariates, rate_frame
from arena.catalog.hashing import content_hash
from arena.standings.listed import Minimum, list_rows
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.forms import NoBoard
from arena.standings.pages.votes import votes_behind
from arena.standings.slices import known_values
from arena.standings.snapshots.blindness import public_names
from arena.standings.vote_facts import clip_columns
from arena.voting.models import Vote
from arena.voting.modes import Mode
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
    "mode": "ballot__mode",
    "clip_a": "ballot__rendition_a",
    "clip_b": "ballot__rendition_b",
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
    name = content_hash(
        [page.study.slug, page.track.value, page.part.chosen, names, page.standing.fit.stored]
    )
    return Path(settings.DATA_DIR) / "reports" / f"{name[:32]}.html"


def _build(page: BoardPage) -> bytes:
    part = f", {page.part}" if page.part else ""
    title = f"{page.study.title}: {page.track.label}{part}"
    return to_html(build_report(rate_board(page), title=title)).encode()


def rate_board(page: BoardPage) -> Subject:
    """Rate the votes of a board, which must exist, by its study's fit; list the contenders that it lists."""
    board = page.standing.board
    if board is None:
        raise NoBoard(page.standing.missing)
    names, frame = public_names(page.contenders.values()), votes_frame(page, votes_behind(page))
    fit = page.standing.fit
    anchor = board.settings["anchor"]
    subject = rate_frame(
        frame,
        ties=fit.ties,
        both_bad=fit.both_bad,
        effects=fit.effects,
        anchor=(names[anchor[0]], anchor[1]) if anchor else None,
        scale=fit.scale,
        level=board.settings["level"],
        covariates=found_covariates(frame),
        control=fit.covariates,
    )
    subject = replace(subject, board=list_rows(subject.board, subject.ratings, Minimum.of(page.study)))
    if page.part or len(known_values(page.study, page.track, "mode")) < len(Mode) - 1:
        return subject
    of_study = Vote.objects.counting().filter(ballot__study=page.study, ballot__track=page.track)
    return replace(subject, every_mode=votes_frame(page, of_study))


def votes_frame(page: BoardPage, votes: QuerySet[Vote]) -> pd.DataFrame:
    """Return votes of a board as a frame, with raters numbered and withheld contenders by pseudonym."""
    import pandas as pd  # slow to load, and only reports need it

    rows = votes.order_by("pk").values_list(*COLUMNS.values())
    frame = pd.DataFrame.from_records(list(rows.iterator()), columns=list(COLUMNS))
    names = public_names(page.contenders.values())
    for side in ("contender_a", "contender_b"):
        frame[side] = frame[side].map(names)
    frame["rater"] = pd.factorize(frame["rater"])[0]
    frame["tags"] = frame["tags"].map("|".join)
    shown = clip_columns(frame.pop("clip_a").tolist(), frame.pop("clip_b").tolist(), features=True)
    frame = frame.assign(**shown)
    return frame.assign(simulated=page.study.simulated)
