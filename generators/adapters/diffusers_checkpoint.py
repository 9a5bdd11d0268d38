"""Find a checkpoint in diffusers' layout on this machine, and read its tensors' sizes; fetch nothing."""

from __future__ import annotations

import hashlib
import json
import shlex
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from generators.adapters.diffusers_models import LocalModel
from generators.base import Unavailable

_INDEX = "model_index.json"
_EDGE = 1 << 20
"""Bytes at each end of a file that its fingerprint covers."""


class MissingCheckpoint(Unavailable, FileNotFoundError):
    """Checkpoint that isn't there or isn't whole. The message holds the command that fetches it."""


@dataclass(frozen=True)
class Weight:
    """One weight tensor of a checkpoint."""

    name: str
    count: int
    """Number of elements."""


@dataclass(frozen=True)
class Checkpoint:
    """Folder of a checkpoint, with `model_index.json` and a folder for each component."""

    folder: Path
    index: Mapping[str, Any]
    """Content of `model_index.json`: the class of the pipeline and of each component."""

    @property
    def pipeline(self) -> str:
        """Name of the pipeline's class."""
        return str(self.index.get("_class_name"))

    @cached_property
    def weights(self) -> Mapping[str, tuple[Weight, ...]]:
        """Tensors of each component that has weights, from the headers of its files."""
        found = {
            name: tuple(tensor for path in self._files(name) for tensor in _read_header(path))
            for name in self.index
            if not name.startswith("_")
        }
        return {name: tensors for name, tensors in found.items() if tensors}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the names, sizes, first and last MiB of all files with weights, in hexadecimal.

        A hash of all bytes, up to 80 GB, would take longer than a clip.
        """
        digest = hashlib.sha256()
        for name in sorted(self.index):
            for path in self._files(name):
                size = path.stat().st_size
                digest.update(f"{name}/{path.name} {size}\n".encode())
                with path.open("rb") as file:
                    digest.update(file.read(_EDGE))
                    file.seek(max(size - _EDGE, 0))
                    digest.update(file.read(_EDGE))
        return digest.hexdigest()

    def _files(self, component: str) -> list[Path]:
        return sorted((self.folder / component).glob("*.safetensors"))


def command(model: LocalModel, folder: Path | None) -> str:
    """Return the command that fetches a model into a folder, or into the hub's cache."""
    target = [] if folder is None else ["--local-dir", str(folder)]
    return shlex.join(["hf", "download", model.repo, *target])


def find_checkpoint(model: LocalModel, folder: Path | None, pipelines: frozenset[str]) -> Checkpoint:
    """Find a model's checkpoint.

    Args:
        model: The model's row.
        folder: Folder that holds it; None for the hub's cache.
        pipelines: Classes of pipelines that can load it.

    Raises:
        MissingCheckpoint: It isn't there, or a component lacks its weights.
        Unavailable: It belongs to another kind of model.
    """
    place = _cached(model) if folder is None else folder
    if place is None or not (place / _INDEX).is_file():
        where = "the hub's cache" if folder is None else str(folder)
        raise MissingCheckpoint(
            f"{model.id}: {_INDEX} not found in {where}. Get the checkpoint by: {command(model, folder)}"
        )
    found = Checkpoint(place, _read_index(place / _INDEX))
    if found.pipeline not in pipelines:
        raise Unavailable(
            f"{model.id}: the checkpoint must be of {' or '.join(sorted(pipelines))}; {place} holds one of "
            f"{found.pipeline}. Get the right one by: {command(model, folder)}"
        )
    _require_shards(model, found, folder)
    return found


def _cached(model: LocalModel) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model.repo, _INDEX)
    return Path(found).parent if isinstance(found, str) else None


def _read_index(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unavailable(f"{path} must be JSON; it cannot be read: {error}. Fetch it again.") from error
    return content if isinstance(content, dict) else {}


def _require_shards(model: LocalModel, found: Checkpoint, folder: Path | None) -> None:
    """Raise MissingCheckpoint if a component of the model's row has no weights, or not all of its shards."""
    missing = [f"{part}/*.safetensors" for part in _required(model, found) if part not in found.weights]
    for index in sorted(found.folder.glob("*/*.safetensors.index.json")):
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        missing += [
            f"{index.parent.name}/{each}" for each in sorted(shards) if not (index.parent / each).is_file()
        ]
    if missing:
        raise MissingCheckpoint(
            f"{model.id}: {', '.join(missing)} not found in {found.folder}. "
            f"Get the rest by: {command(model, folder)}"
        )


def _required(model: LocalModel, found: Checkpoint) -> Iterator[str]:
    """Yield the components that have weights by the model's row and are used by the checkpoint."""
    for part in model.parameters_b:
        if found.index.get(part, [None])[0] is not None:
            yield part


def _header(path: Path) -> bytes:
    """Return the JSON header of a safetensors file."""
    with path.open("rb") as file:
        size = file.read(8)
        return file.read(struct.unpack("<Q", size)[0]) if len(size) == 8 else b""


def _read_header(path: Path) -> Iterator[Weight]:
    try:
        header = json.loads(_header(path))
    except (ValueError, MemoryError, OverflowError) as error:
        raise MissingCheckpoint(
            f"{path} must be a whole safetensors file; got a damaged one. Delete it and fetch it again."
        ) from error
    for name, entry in header.items():
        if name != "__metadata__":
            count = 1
            for side in entry["shape"]:
                count *= side
            yield Weight(name, count)
