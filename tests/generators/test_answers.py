from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from generators import registry
from generators.answers import Order, UnexpectedFault, answer, read_answer
from generators.base import FileIdentity, GenerationError, Generator, QuotaExceeded, Request, Result
from generators.choices import SettingsError
from generators.full_disk import DiskFull
from generators.toyworld.generator import ToyWorld
from tests.factories_generators import make_request


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Odd(GenerationError):
    kind = "a kind far longer than any column of a database takes"
    retryable = True


def _raised(error: Exception, folder: Path) -> Exception:
    """Return the exception that a caller gets for an error of the generator."""

    class Failing(ToyWorld):
        def generate(self, request: Request, out_dir: Path) -> Result:
            raise error

    message = answer(_order(folder), lambda name, settings: Failing({}))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each test says which
        read_answer(message)
    return caught.value


def _order(folder: Path, **settings: object) -> Order:
    return Order("toy-world", settings, make_request(), folder / "out")


@pytest.mark.parametrize("image", [None, Path("a/start.png")])
def test_an_order_comes_through_unchanged(tmp_path: Path, image: Path | None) -> None:
    request = make_request(
        track="i2v" if image else "t2v", reference_image=image, prompt="馬\u2028 \U0001f40e"
    )
    order = Order("toy-world", {"flaw": "none"}, request, tmp_path)
    assert Order.decode(order.encode()) == order


def test_a_clip_comes_through_with_its_origin(tmp_path: Path) -> None:
    made = read_answer(answer(_order(tmp_path), registry.create))
    assert made.path.is_file()
    assert made.provenance["generator"] == "toy-world"
    assert made.identity == FileIdentity.of(made.path)
    assert made.identity.sha256 == made.provenance["sha256"]


def test_an_error_of_the_contract_keeps_its_kind(tmp_path: Path) -> None:
    error = _raised(QuotaExceeded("no money left"), tmp_path)
    assert isinstance(error, GenerationError)
    assert (str(error), error.kind, error.retryable) == ("no money left", "quota", False)


def test_a_kind_of_a_third_party_is_cut_to_a_column(tmp_path: Path) -> None:
    error = _raised(Odd("x"), tmp_path)
    assert isinstance(error, GenerationError)
    assert (error.kind, error.retryable) == ("a kind far longer than any colum", True)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("seed"), "KeyError: 'seed'"),
        (ValueError("caf\udce9\0"), "ValueError: caf\udce9\0"),
        (Unreadable(), "Unreadable: an error whose text can't be read (RuntimeError)"),
        (ValueError("x" * 10**6), f"ValueError: {'x' * 20_000}"),
    ],
    ids=["key", "surrogate", "unreadable", "long"],
)
def test_an_error_outside_the_contract_is_unexpected_and_has_a_trace(
    tmp_path: Path, error: Exception, message: str
) -> None:
    heard = _raised(error, tmp_path)
    assert isinstance(heard, UnexpectedFault)
    assert (str(heard), heard.kind) == (message, "unexpected")
    assert heard.trace


def test_a_full_disk_is_no_fault_of_the_generator(tmp_path: Path) -> None:
    assert isinstance(_raised(OSError(28, "No space left on device"), tmp_path), DiskFull)


def _create_without_package(name: str, settings: Mapping[str, object]) -> Generator:
    raise ModuleNotFoundError("No module named 'torch'")


@pytest.mark.parametrize(
    ("order_changes", "message"),
    [({"flaw": "odd"}, "toy-world: 'flaw' can't be 'odd'")],
)
def test_settings_that_do_not_fit_are_told_as_such(
    tmp_path: Path, order_changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        read_answer(answer(_order(tmp_path, **order_changes), registry.create))
    with pytest.raises(SettingsError, match="No module named 'torch'"):
        read_answer(answer(_order(tmp_path), _create_without_package))
