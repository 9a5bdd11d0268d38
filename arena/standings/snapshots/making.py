"""Make a snapshot: read the study once, replay its votes, sign the manifest, write the files, keep a row."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from analysis.board import Board
from arena.signing import public_key, sign
from arena.standings.boards import current_standing
from arena.standings.models import Snapshot
from arena.standings.slices import Slice
from arena.standings.snapshots.content import Content, read_content
from arena.standings.snapshots.manifest import NAME, SIGNATURE, manifest_hash, write_manifest
from arena.standings.snapshots.package import write_folder, write_zip
from arena.standings.snapshots.readme import README
from arena.standings.snapshots.replay import Replayed, draw_figures, fit_of, replay
from arena.standings.snapshots.votes import to_parquet
from arena.standings.standing import Standing
from arena.version import code_version
from arena.voting.consistent import consistent_read
from arena.voting.ledger import ledger_head
from arena.voting.models import Study
from arena.voting.modes import Mode, modes_on
from arena.voting.terms import Terms
from elo import Ratings

FOLDER = "snapshots"
"""Folder of DATA_DIR for the snapshots that get no path."""
LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "pyarrow")
EQUAL_POINTS = 1e-3
"""Difference in rating points that the order of sums can make, and no more."""


class NothingToFreeze(ValueError):
    """Study without votes, of which no snapshot can be made."""


class StillShown(ValueError):
    """Study whose snapshot would tell raters which clip is whose."""


class OtherBoard(RuntimeError):
    """Board of the arena that its own votes do not give."""


def make_snapshot(
    study: Study, path: Path | None = None, *, as_zip: bool = False, clip_facts: bool = False
) -> Snapshot:
    """Freeze a study as it stands: write the files of a snapshot and keep its row.

    Args:
        study: the study.
        path: new folder or zip file; None for one in DATA_DIR, named by study, ledger head and time.
        as_zip: whether to write one zip file.
        clip_facts: whether to tell features of clips although people can still be shown them.

    Raises:
        NothingToFreeze: the study has no votes.
        StillShown: the study's fit needs features of clips that people can still be shown.
        OtherBoard: a board differs from what the votes give; nothing is written.
        BadPackage: the path exists.
        MissingParquet: pyarrow isn't installed.
        UnusableKey: the site's key can't be read.
        OSError: the files cannot be written.
    """
    with consistent_read():
        head = ledger_head(study)
        content = read_content(study, clip_facts=clip_facts)
        standings = _standings(study)
    if not content.votes:
        raise NothingToFreeze(f"Study '{study.slug}' has no votes to freeze yet. Collect some first.")
    if not clip_facts:
        _refuse_features(content, standings)
    files, replayed = _files(study, content, standings)
    about = _about(study, content, head)
    manifest = write_manifest(about, files)
    files |= {NAME: manifest, SIGNATURE: f"{sign(manifest)}\n".encode()}
    target = path or _default_path(study, head, about["created_at"], as_zip=as_zip)
    (write_zip if as_zip else write_folder)(files, target)
    try:
        return _keep(study, content, replayed, manifest, target)
    except BaseException:
        target.unlink() if as_zip else shutil.rmtree(target)
        raise


def _standings(study: Study) -> dict[str, Standing]:
    """Return the standing of each track, and of each of its modes, by the name of its board."""
    modes = Terms.of(study.terms).modes
    parts = [
        (track, Slice(mode="" if mode == Mode.BOTH else mode))
        for track in sorted(study.tracks)
        for mode in modes_on(track, modes)
    ]
    return {
        part.sheets(track): current_standing(study=study, track=track, part=part) for track, part in parts
    }


def _files(
    study: Study, content: Content, standings: Mapping[str, Standing]
) -> tuple[dict[str, bytes], Replayed]:
    fits = {
        board: _fit(standing.ratings, content.names) if standing.ratings else {"missing": standing.missing}
        for board, standing in standings.items()
    }
    votes = to_parquet(content.votes)
    replayed = replay(votes, {board: fit for board, fit in fits.items() if "missing" not in fit})
    for board, standing in standings.items():
        if standing.board:
            _require_equal(board, standing.board, replayed.boards[board], content.names)
    documents = {**content.documents, "fit.json": {"tracks": fits}, "code.json": _code()}
    files = {name: _json(document) for name, document in documents.items()}
    files |= {"votes.parquet": votes, "excluded.parquet": to_parquet(content.excluded)}
    files["README.md"] = README.format(study=study.slug).encode()
    return files | replayed.tables | draw_figures(replayed.boards), replayed


def _refuse_features(content: Content, standings: Mapping[str, Standing]) -> None:
    """Raise StillShown if a fit needs features that the snapshot may not tell."""
    needed = sorted({name for one in standings.values() for name in _features(one)})
    withheld = any(name != slug for slug, name in content.names.items())
    if needed and (content.blinded or withheld):
        why = "people can be shown them" if content.blinded else "a contender is withheld"
        raise StillShown(
            f"The fit must need no feature of clips while {why}; it needs {', '.join(needed)}. "
            "Close the study and name its contenders first, or keep the snapshot to yourself and give "
            "--clip-facts."
        )


def _features(standing: Standing) -> tuple[str, ...]:
    """Return the features of clips that a board's fit has."""
    return tuple(standing.ratings.method.asked.specification.covariates) if standing.ratings else ()


def _fit(ratings: Ratings, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of a board's fit, with the public name of the anchor."""
    fit = fit_of(ratings)
    if fit["anchor"] is not None:
        fit["anchor"] = [names[fit["anchor"][0]], fit["anchor"][1]]
    return fit


def _require_equal(name: str, board: Board, replayed: Board, names: Mapping[str, str]) -> None:
    """Raise OtherBoard unless the snapshot's votes give the arena's board."""
    again = {row.contender: row for row in replayed.rows}
    for row in board.rows:
        other = again.get(names[row.contender])
        near = other is not None and all(
            math.isclose(here, there, abs_tol=EQUAL_POINTS)
            for here, there in (
                (row.rating, other.rating),
                (row.lower, other.lower),
                (row.upper, other.upper),
                (row.votes, other.votes),
            )
        )
        if not near:
            raise OtherBoard(
                f"The board on {name} has {row.contender} at {row.rating:.4f} with {row.votes} votes, and "
                "the ledger's votes don't give that. Compute the tallies anew: manage.py rebuild_tallies"
            )


def _about(study: Study, content: Content, head: str) -> dict[str, Any]:
    return {
        "study": study.slug,
        "title": study.title,
        "simulated": study.simulated,
        "open": study.is_open,
        "blinded": content.blinded,
        "created_at": timezone.now().isoformat(timespec="seconds"),
        "ledger": {"head": head, "entries": content.entries},
        "votes": len(content.votes),
        "excluded": len(content.excluded),
        "site_key": public_key(),
    }


def _code() -> dict[str, object]:
    """Return the versions of what computed the tables, and the hash of the lock file of this checkout."""
    lock = settings.BASE_DIR / "requirements.lock"
    return {
        "paddock": code_version(),
        "requirements_lock_sha256": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _json(document: object) -> bytes:
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _default_path(study: Study, head: str, created_at: str, *, as_zip: bool) -> Path:
    moment = "".join(character for character in created_at[:19] if character.isdigit())
    name = f"{study.slug}-{head[:12]}-{moment}"
    return Path(settings.DATA_DIR) / FOLDER / (f"{name}.zip" if as_zip else name)


def _keep(study: Study, content: Content, replayed: Replayed, manifest: bytes, target: Path) -> Snapshot:
    about = json.loads(manifest)
    row = {
        "study": study,
        "created_at": about["created_at"],
        "ledger_head": about["ledger"]["head"],
        "ledger_entries": content.entries,
        "manifest": manifest.decode(),
        "signature": sign(manifest),
        "boards": {
            board: json.loads(replayed.tables[f"tables/{board}/board.json"]) for board in replayed.boards
        },
        "path": str(target.resolve()),
    }
    # Two of one second and of the same votes are one snapshot in two places.
    kept, _ = Snapshot.objects.get_or_create(manifest_sha256=manifest_hash(manifest), defaults=row)
    return kept
