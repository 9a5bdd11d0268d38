"""Boards: a study's ratings on one track, computed from the votes that count now."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.utils import timezone

from arena.catalog.hashing import content_hash
from arena.standings.board_votes import NO_SHEETS, BoardKey, Version, read_versions
from arena.standings.clip_facts import Unmeasured
from arena.standings.fitting import compute_standing, nothing_yet
from arena.standings.listed import Minimum, list_contenders
from arena.standings.slices import WHOLE, Slice
from arena.standings.standing import Standing
from arena.standings.tallies import BOARDS, votes_at_head
from arena.version import code_version
from arena.voting.consistent import consistent_read
from arena.voting.fit_settings import FitSettings
from arena.voting.ledger import ledger_heads
from arena.voting.models import Study
from arena.voting.rules import rules_hash, study_rules

RECENT_S = 60
LARGE, LARGE_S = 20_000, 2
"""Votes from which a standing may be seconds old, so that reloads leave the processors to those who vote."""


def current_standing(*, study: Study, track: str, part: Slice = WHOLE) -> Standing:
    """Return the standing of a board, or of a slice of it, at the ledger's head.

    Args:
        study: the study.
        track: one of the study's tracks.
        part: a slice that the board has; see `choose_slice`.
    """
    kept = _kept_now({(study.pk, track): study}, part).get((study.pk, part.sheets(track)))
    return kept or _computed(study, track, part)


def recent_standing(*, study: Study, track: str) -> Standing:
    """Return a standing that is at most a minute old, which is fresh enough for a reveal."""
    kept: Kept | None = cache.get(_key(study, track))
    if kept is not None and kept.age <= timedelta(seconds=RECENT_S):
        return kept.standing
    return current_standing(study=study, track=track)


def current_standings(boards: Iterable[tuple[Study, str]]) -> dict[BoardKey, Standing]:
    """Return the standings of many boards; those without new votes take three queries together."""
    studies = {(study.pk, track): study for study, track in boards}
    found = _kept_now(studies)
    for key, study in studies.items():
        if key not in found:
            found[key] = _computed(study, key[1], WHOLE)
    return found


def recent_standings(boards: Iterable[tuple[Study, str]]) -> dict[BoardKey, Standing]:
    """Return the standings of many boards, each at most a minute old."""
    keys = {_key(study, track): (study, track) for study, track in boards}
    kept: dict[str, Kept] = cache.get_many(keys)
    recent = {key: one for key, one in kept.items() if one.age <= timedelta(seconds=RECENT_S)}
    found = {(keys[key][0].pk, keys[key][1]): one.standing for key, one in recent.items()}
    others = [board for key, board in keys.items() if key not in recent]
    return found | (current_standings(others) if others else {})


class Kept(NamedTuple):
    """Standing in the cache, with the version of the tally that it was computed from."""

    version: Version
    votes: int
    computed_at: datetime
    content: bytes
    """Standing as bytes, so that one that is out of date is never taken apart."""

    @property
    def standing(self) -> Standing:
        """The standing."""
        standing: Standing = pickle.loads(self.content)  # noqa: S301 - from our own cache
        return standing

    @property
    def age(self) -> timedelta:
        """Time since it was computed."""
        return timezone.now() - self.computed_at


def _kept_now(studies: Mapping[BoardKey, Study], part: Slice = WHOLE) -> dict[BoardKey, Standing]:
    """Return the cached standings that are still right and those without votes, at the ledgers' heads."""
    keys = {
        _key(study, track, part): (primary_key, part.sheets(track))
        for (primary_key, track), study in studies.items()
    }
    with consistent_read():
        heads = ledger_heads({study for study, _ in keys.values()})
        versions = read_versions(keys.values())
    kept: dict[str, Kept] = cache.get_many(keys)
    found = {
        board: nothing_yet(heads[board[0]], part)
        for board, version in versions.items()
        if version == NO_SHEETS
    }
    for key, one in kept.items():
        board = keys[key]
        if one.version == versions[board]:
            found[board] = replace(one.standing, head=heads[board[0]])
        elif _is_fresh_enough(one):
            found[board] = one.standing
    return found


def _is_fresh_enough(kept: Kept) -> bool:
    """Return whether a standing may be shown although there are new votes; it tells its own ledger head."""
    return kept.votes >= LARGE and timedelta(0) <= kept.age <= timedelta(seconds=LARGE_S)


def _computed(study: Study, track: str, part: Slice) -> Standing:
    """Compute a standing, or wait for the thread that does."""
    key, settings = _key(study, track, part), FitSettings.of(study.fit)
    with BOARDS[study.pk, part.sheets(track)].lock:
        try:
            tallied, head, version = votes_at_head(
                study=study, track=track, part=part, specification=settings.specification
            )
        except Unmeasured as error:
            return _unmeasured(study, track, part, str(error))
        kept: Kept | None = cache.get(key)
        if kept is not None and kept.version == version:
            return replace(kept.standing, head=head)
        fitted = compute_standing(tallied.votes, head, tallied.last_vote, part, settings)
        standing = list_contenders(fitted, Minimum.of(study))
    kept = Kept(
        version, standing.votes, standing.computed_at, pickle.dumps(standing, pickle.HIGHEST_PROTOCOL)
    )
    cache.set(key, kept, timeout=None)
    return standing


def _unmeasured(study: Study, track: str, part: Slice, missing: str) -> Standing:
    """Return the standing of a board whose clips lack a feature that the fit needs; it isn't kept."""
    tallied, head, _ = votes_at_head(study=study, track=track, part=part)
    counted = compute_standing(tallied.votes, head, tallied.last_vote, part)
    return replace(
        counted,
        board=None,
        missing=missing,
        culprits="",
        fit=FitSettings.of(study.fit),
        steps=(),
        leader=None,
        ratings=None,
    )


def origin(study: Study, track: str, head: str) -> Mapping[str, object]:
    """Return everything needed to recompute a board, ready for JSON; every export includes it."""
    return {
        "study": study.slug,
        "track": track,
        "simulated": study.simulated,
        "ledger_head": head,
        "rules": study_rules(study),
        "rules_hash": rules_hash(study),
        "code": code_version(),
    }


def _key(study: Study, track: str, part: Slice = WHOLE) -> str:
    """Return the key of a board in the cache; a study that changes its fit or terms gets other keys."""
    asked = [part.chosen, study.fit, study.terms]
    name = f":{content_hash(asked)}" if any(asked) else ""
    return f"standing:{study.pk}:{track}{name}"
