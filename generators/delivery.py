"""Deliver a clip: the steps around writing its file, which are the same for every generator."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from generators.base import (
    FileIdentity,
    Generator,
    InvalidInput,
    InvalidResult,
    Provenance,
    Request,
    Result,
)
from generators.replacing import replacing


@dataclass(frozen=True, kw_only=True)
class Made:
    """Facts of a clip that only its writer knows."""

    resolved: Mapping[str, object]
    """Settings that were actually used, and under `not_honoured` the names of those asked for in vain."""
    cost_usd: float | None
    """US dollars; None where the cost is unknown."""
    seed: int | None = None
    """Seed that was used; None stands for the one requested."""
    provider_request_id: str | None = None
    libraries: Iterable[str] = ()
    """Distributions whose versions the clip depends on."""


Write = Callable[[Path], Made]
"""Function that writes a clip's file to the given path. The path ends in `.part`, which names no format."""


def deliver(generator: Generator, request: Request, out_dir: Path, suffix: str, write: Write) -> Result:
    """Make one clip by a generator's own `write`, and return its file with its origin.

    Args:
        generator: The generator that is asked, named in the provenance.
        request: The clip to make.
        out_dir: Folder for the file; made if missing.
        suffix: End of the file's name, such as `.mp4`.
        write: Writes the file to the path that it is given. It may raise; then no file is left behind.

    Raises:
        InvalidInput: The generator doesn't make clips for the request's track.
        InvalidResult: `write` returned without having written the file.
    """
    require_track(generator, request)
    started = time.monotonic()
    out_dir.mkdir(parents=True, exist_ok=True)
    path = clip_path(generator, request, out_dir, suffix)
    with replacing(path) as draft:
        made = write(draft)
        if not draft.is_file():
            raise InvalidResult(
                f"{generator.name} must write its clip to the path that it is given; it wrote no file there. "
                "Correct the generator."
            )
    wall_time_s = time.monotonic() - started
    identity = FileIdentity.of(path)
    return Result(path, _provenance(generator, request, made, identity, wall_time_s), identity)


def require_track(generator: Generator, request: Request) -> None:
    """Raise InvalidInput if the generator doesn't make clips for the request's track."""
    if request.track not in generator.tracks:
        known = ", ".join(sorted(generator.tracks))
        raise InvalidInput(f"{generator.name} doesn't make '{request.track}' clips. It makes: {known}.")


def clip_path(generator: Generator, request: Request, out_dir: Path, suffix: str) -> Path:
    """Return a file name that no other generator, setting or request shares."""
    asked = (generator.name, generator.version, sorted(generator.settings.items()), request.as_dict())
    return out_dir / f"{hashlib.sha256(repr(asked).encode()).hexdigest()[:24]}{suffix}"


def library_versions(distributions: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each distribution that pip knows; leave out the others.

    A package may be used without a record of its own, as with a fork that is installed under another name.
    """
    found = {}
    for name in distributions:
        with suppress(PackageNotFoundError):
            found[name] = _installed(name)
    return found


@cache
def _installed(name: str) -> str:
    """Return the version of a distribution; reading it takes longer than many a clip's other facts."""
    return version(name)


def _provenance(
    generator: Generator, request: Request, made: Made, identity: FileIdentity, wall_time_s: float
) -> Provenance:
    return Provenance(
        generator=generator.name,
        generator_version=generator.version,
        settings=generator.settings,
        request=request,
        seed=request.seed if made.seed is None else made.seed,
        resolved=made.resolved,
        provider_request_id=made.provider_request_id,
        cost_usd=made.cost_usd,
        wall_time_s=wall_time_s,
        library_versions=library_versions(made.libraries),
        sha256=identity.sha256,
    )
