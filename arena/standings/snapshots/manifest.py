"""Manifest of a snapshot: what it is, and the SHA-256 of each of its files; the site signs its bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from arena.canonical import canonical_bytes
from arena.signing import UnusableKey, is_signed, read_public_key
from arena.standings.snapshots.package import Package

NAME, SIGNATURE = "manifest.json", "manifest.sig"
OWN = (NAME, SIGNATURE)
FORMAT, VERSION = "paddock-snapshot", 2
READABLE = (1, 2)
"""Versions that this code verifies; the first has no features of clips."""
LARGEST = 16 * 2**20
"""Size in bytes beyond which no manifest is read."""


class BadSnapshot(ValueError):
    """Snapshot that is not what its site signed; the message names what differs."""


def write_manifest(about: Mapping[str, object], files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of files: RFC 8785 JSON of what the snapshot is, with each file's hash and size."""
    listed = {name: {"sha256": _hash(content), "size_bytes": len(content)} for name, content in files.items()}
    return canonical_bytes({"format": FORMAT, "version": VERSION, **about, "files": listed})


def read_manifest(package: Package, key: str = "") -> dict[str, Any]:
    """Return the manifest of a snapshot after checking its form and signature.

    Args:
        package: the snapshot.
        key: public key that must have signed it; empty for any.

    Raises:
        BadSnapshot: the manifest is missing, malformed, changed, or signed by another key.
        UnusableKey: the key is malformed.
    """
    for name in OWN:
        if name not in package.sizes:
            raise BadSnapshot(f"{name} is missing. Get the snapshot again.")
        if package.sizes[name] > LARGEST:
            raise BadSnapshot(
                f"{name} must be at most {LARGEST >> 20} MiB; got {package.sizes[name]:,} bytes."
            )
    content = package.read(NAME)
    manifest = _parse(content)
    _check_signature(content, package.read(SIGNATURE), manifest["site_key"], key)
    return manifest


def _parse(content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
        is_canonical = canonical_bytes(manifest) == content
    except (ValueError, TypeError, RecursionError):
        manifest, is_canonical = None, False
    if not is_canonical or not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadSnapshot(
            f"{NAME} must be a snapshot's manifest in canonical JSON (RFC 8785); got another file."
        )
    if manifest.get("version") not in READABLE:
        raise BadSnapshot(
            f"The snapshot must have version {VERSION} or an older one; got {manifest.get('version')!r}. "
            "Take a newer Paddock."
        )
    if not isinstance(manifest.get("site_key"), str) or not _is_list_of_files(manifest.get("files")):
        raise BadSnapshot(f"{NAME} must have site_key and files; got something else under them.")
    return manifest


def _is_list_of_files(files: object) -> bool:
    return isinstance(files, dict) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("sha256"), str)
        and isinstance(entry.get("size_bytes"), int)
        for entry in files.values()
    )


def _check_signature(content: bytes, signature: bytes, signed_by: str, key: str) -> None:
    try:
        whole = is_signed(content, signature.decode("ascii", "replace").strip(), signed_by)
    except UnusableKey as error:
        raise BadSnapshot(f"{NAME} names no usable site_key. {error}") from error
    if not whole:
        raise BadSnapshot(
            f"{NAME} was changed after it was signed, or {SIGNATURE} was: they don't fit together."
        )
    if key and read_public_key(key) != read_public_key(signed_by):
        raise BadSnapshot(
            f"The snapshot is signed by a foreign key, {signed_by}; the key asked for is {key}."
        )


def check_files(package: Package, manifest: Mapping[str, Any]) -> None:
    """Compare every file with the manifest.

    Raises:
        BadSnapshot: a file is missing, changed, or not in the manifest; the message names the first.
    """
    listed: Mapping[str, Mapping[str, Any]] = manifest["files"]
    for name in sorted(listed.keys() - package.sizes.keys()):
        raise BadSnapshot(f"{name} is missing, and the manifest lists it.")
    for name in sorted(package.sizes.keys() - listed.keys() - set(OWN)):
        raise BadSnapshot(f"{name} is in the snapshot, and the manifest doesn't list it.")
    for name, entry in sorted(listed.items()):
        if package.sizes[name] != entry["size_bytes"] or _hash(package.read(name)) != entry["sha256"]:
            raise BadSnapshot(f"{name} was changed: it isn't the file whose SHA-256 the manifest has.")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest_hash(manifest: bytes) -> str:
    """Return the SHA-256 of a manifest, by which a snapshot is known."""
    return _hash(manifest)
