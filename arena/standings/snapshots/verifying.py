"""Verification of a snapshot: its files against the signed manifest, its tables against its votes."""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from arena.standings.snapshots.manifest import BadSnapshot, check_files, read_manifest
from arena.standings.snapshots.package import Package, open_package
from arena.standings.snapshots.replay import FIT, replay
from arena.standings.snapshots.votes import BadVotes


class Verified(NamedTuple):
    """What was found equal."""

    manifest: dict[str, Any]
    files: int
    tables: int
    """Number of tables that the votes gave again, to the last printed digit."""


def verify_snapshot(path: Path, key: str = "") -> Verified:
    """Check a snapshot's signature and files, and compute its tables from its votes; needs no database.

    Args:
        path: folder or zip file.
        key: public key that must have signed it, in Base64; empty for any.

    Raises:
        BadPackage: it is no folder or zip file that could be a snapshot.
        BadSnapshot: something differs from what the site signed, or a table from what the votes give.
        MissingParquet: pyarrow isn't installed.
        UnusableKey: the key is malformed.
        FileNotFoundError: there is nothing at the path.
    """
    package = open_package(path)
    manifest = read_manifest(package, key)
    check_files(package, manifest)
    return Verified(manifest, len(package.sizes), _replayed(package))


def _replayed(package: Package) -> int:
    try:
        tables = replay(package.read("votes.parquet"), _fits(package)).tables
    except KeyError as error:
        raise BadSnapshot(f"{error.args[0]} is missing, and the manifest doesn't list it.") from error
    except BadVotes as error:
        raise BadSnapshot(str(error)) from error
    stored = {name for name in package.sizes if name.startswith("tables/")}
    for name in sorted(stored ^ tables.keys()):
        where = "the snapshot" if name in stored else "the replay"
        raise BadSnapshot(f"{name} is only in {where}: the snapshot and its votes have different tables.")
    for name, content in sorted(tables.items()):
        _compare(name, package.read(name), content)
    return len(tables)


def _fits(package: Package) -> dict[str, dict[str, Any]]:
    try:
        tracks = json.loads(package.read("fit.json"))["tracks"]
        return {
            track: {name: {"covariates": [], **fit}[name] for name in FIT}
            for track, fit in tracks.items()
            if "missing" not in fit
        }
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        if "fit.json" not in package.sizes:
            raise BadSnapshot("fit.json is missing, and the manifest doesn't list it.") from error
        raise BadSnapshot(
            f"fit.json must have {', '.join(FIT)} for each track; got something else."
        ) from error


def _compare(name: str, stored: bytes, replayed: bytes) -> None:
    """Raise BadSnapshot with the first line in which a stored table differs from the replayed one."""
    lines = zip_longest(stored.decode("utf-8", "replace").split("\n"), replayed.decode().split("\n"))
    for number, (here, again) in enumerate(lines, 1):
        if here != again:
            raise BadSnapshot(
                f"{name} differs from its replay at line {number}: {here!r}, replayed {again!r}."
            )
