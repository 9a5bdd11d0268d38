"""Messages between the arena and a process that runs generators. They are JSON, which runs no code."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from generators.base import FileIdentity, GenerationError, Generator, Request
from generators.choices import SettingsError
from generators.full_disk import DiskFull, is_disk_full
from generators.registry import UnknownGeneratorError
from generators.results import CheckedClip, check_result

LONGEST_TEXT = 20_000
LONGEST_KIND = 32


@dataclass(frozen=True)
class Order:
    """Clip that is wanted: the generator with its settings, the request, and the folder for the file."""

    generator: str
    settings: Mapping[str, object]
    request: Request
    out_dir: Path

    def encode(self) -> bytes:
        """Return the order as JSON."""
        asked = {"request": self.request.as_dict(), "out_dir": str(self.out_dir)}
        return json.dumps({"generator": self.generator, "settings": dict(self.settings), **asked}).encode()

    @staticmethod
    def decode(message: bytes) -> Order:
        """Return the order that `encode` wrote."""
        fields: dict[str, Any] = json.loads(message)
        asked = fields["request"]
        if asked["reference_image"] is not None:
            asked["reference_image"] = Path(asked["reference_image"])
        return Order(fields["generator"], fields["settings"], Request(**asked), Path(fields["out_dir"]))


class UnexpectedFault(GenerationError):
    """Error outside the contract."""

    kind = "unexpected"
    trace: str
    """Traceback of the error, from the generator's process."""

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


@dataclass(frozen=True)
class _Failure:
    kind: str
    message: str
    retryable: bool = False
    trace: str = ""


Create = Callable[[str, Mapping[str, object]], Generator]
"""Function that makes a generator by name and settings, as `registry.create` does."""


def make(order: Order, create: Create) -> CheckedClip:
    """Make the clip of an order in this process.

    Raises:
        InvalidResult: The result can't be taken in.
        SettingsError: The settings don't fit the generator, or there is none of that name.
        Exception: Any error that the generator raised.
    """
    try:
        generator = create(order.generator, order.settings)
    except (UnknownGeneratorError, ImportError) as error:
        raise SettingsError(_text_of(error)) from error
    return check_result(generator.generate(order.request, order.out_dir))


def answer(order: Order, create: Create) -> bytes:
    """Make the clip of an order; return the clip or the error as a message."""
    try:
        made = make(order, create)
    except Exception as error:
        return json.dumps({"failure": asdict(_describe(error))}).encode()
    fields = {"path": str(made.path), "provenance": made.provenance, "identity": asdict(made.identity)}
    return json.dumps(fields).encode()


def read_answer(message: bytes) -> CheckedClip:
    """Return the clip of an answer, or raise the error in it.

    Raises:
        GenerationError: The generator made no clip; an error outside the contract is an `UnexpectedFault`.
        SettingsError: The settings don't fit the generator, or there is none of that name.
        DiskFull: There was no space for the clip.
    """
    fields: dict[str, Any] = json.loads(message)
    if "failure" in fields:
        raise _as_error(_Failure(**fields["failure"]))
    identity = FileIdentity(**fields["identity"])
    return CheckedClip(Path(fields["path"]), fields["provenance"], identity)


def _describe(error: Exception) -> _Failure:
    if is_disk_full(error):
        return _Failure("disk_full", _text_of(error))
    if isinstance(error, SettingsError):
        return _Failure("settings", _text_of(error))
    if isinstance(error, GenerationError):
        return _Failure(str(error.kind)[:LONGEST_KIND], _text_of(error), bool(error.retryable))
    trace = "".join(traceback.format_exception(error))[-LONGEST_TEXT:]
    return _Failure("unexpected", f"{type(error).__name__}: {_text_of(error)}", trace=trace)


def _text_of(error: Exception) -> str:
    try:
        return str(error)[:LONGEST_TEXT]
    except Exception as second:  # third parties write __str__, too
        return f"an error whose text can't be read ({type(second).__name__})"


def _as_error(failure: _Failure) -> Exception:
    if failure.kind == "disk_full":
        return DiskFull(failure.message)
    if failure.kind == "settings":
        return SettingsError(failure.message)
    if failure.kind == "unexpected":
        return UnexpectedFault(failure.message, failure.trace)
    error = GenerationError(failure.message)
    error.kind, error.retryable = failure.kind, failure.retryable
    return error
