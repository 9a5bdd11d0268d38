"""Check a generator's result: the file exists, and every database can hold its origin."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generators.base import FileIdentity, InvalidResult, Provenance, Result

LARGEST_PROVENANCE_BYTES = 2**20
LARGEST_NUMBER = 2**63 - 1
DEEPEST = 32


@dataclass(frozen=True)
class CheckedClip:
    """Clip file with its origin as plain data."""

    path: Path
    provenance: dict[str, object]
    """Texts, finite numbers, true, false, null, lists and mappings; at most 1 MiB as JSON."""
    identity: FileIdentity
    """Hash of the file, which is the one that the provenance names."""


def check_result(result: object) -> CheckedClip:
    """Return a generator's result with its provenance as plain data.

    Raises:
        InvalidResult: The file is missing or another one, or the provenance can't be stored as JSON.
    """
    if not isinstance(result, Result):
        raise _invalid("result", "a Result", type(result).__name__)
    path = Path(result.path)
    if not path.is_file():
        raise _invalid("result.path", "the file of the clip", f"{path.name!r}, which does not exist")
    if not isinstance(result.provenance, Provenance):
        raise _invalid("result.provenance", "a Provenance", type(result.provenance).__name__)
    identity = _identify(result, path)
    return CheckedClip(path, _read_provenance(result.provenance, identity), identity)


def _identify(result: Result, path: Path) -> FileIdentity:
    """Return the identity that the generator took, if the file is still in that state; else hash the file."""
    taken = result.identity
    if isinstance(taken, FileIdentity) and taken.is_current(path.stat()):
        return taken
    return FileIdentity.of(path)


def _read_provenance(provenance: Provenance, identity: FileIdentity) -> dict[str, object]:
    try:
        fields = provenance.as_dict()
    except (AttributeError, TypeError, ValueError) as error:
        raise _invalid("provenance", "made of the fields of Provenance", str(error)) from error
    plain = {name: _plain(value, f"provenance.{name}", 1) for name, value in fields.items()}
    size_bytes = len(json.dumps(plain))
    if size_bytes > LARGEST_PROVENANCE_BYTES:
        raise _invalid("provenance", "at most 1 MiB as JSON", f"{size_bytes / 2**20:.1f} MiB")
    if plain["sha256"] != identity.sha256:
        raise _invalid("provenance.sha256", f"that of the file, {identity.sha256}", repr(plain["sha256"]))
    return plain


def _plain(value: object, place: str, depth: int) -> object:
    if depth > DEEPEST:
        raise _invalid(place[:80], f"nested at most {DEEPEST} deep", "more")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, int | float):
        return _number(value, place)
    if isinstance(value, Mapping):
        return {_key(name, place): _plain(item, f"{place}.{name}", depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}.{index}", depth + 1) for index, item in enumerate(value)]
    raise _invalid(place, "text, a number, true, false, null, a list or a mapping", type(value).__name__)


def _key(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise _invalid(place, "a mapping whose keys are texts", f"the key {name!r}")
    return _text(name, place)


def _text(value: str, place: str) -> str:
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _invalid(place, "text without NUL and lone surrogates", ascii(value[:80]))
    return str.__str__(value)  # an enumeration's member is a text, too


def _number(value: float, place: str) -> float:
    if isinstance(value, int):
        if abs(value) > LARGEST_NUMBER:
            raise _invalid(place, f"a number up to {LARGEST_NUMBER}", "a larger one")
        return int(value)
    if not math.isfinite(value):
        raise _invalid(place, "a finite number", str(float(value)))
    return float(value)


def _invalid(place: str, requirement: str, found: str) -> InvalidResult:
    return InvalidResult(f"{place} must be {requirement}; got {found}. Correct the generator.")
