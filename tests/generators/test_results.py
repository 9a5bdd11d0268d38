from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generators.base import FileIdentity, InvalidResult, Result, file_sha256
from generators.results import check_result
from tests.factories_generators import make_clip


def _refusal(result: object) -> str:
    with pytest.raises(InvalidResult) as caught:
        check_result(result)
    return str(caught.value)


def _changed(result: Result, **fields: Any) -> Result:  # noqa: ANN401 - of any kind
    return replace(result, provenance=replace(result.provenance, **fields))


@pytest.fixture
def made(tmp_path: Path) -> Result:
    return make_clip(tmp_path)


def test_a_sound_result_is_plain_data(made: Result) -> None:
    checked = check_result(_changed(made, resolved={"sizes": (1, 2.5), "text": "馬", "none": None}))
    assert checked.path == made.path
    assert checked.provenance["resolved"] == {"sizes": [1, 2.5], "text": "馬", "none": None}
    assert json.loads(json.dumps(checked.provenance, allow_nan=False)) == checked.provenance


@pytest.mark.parametrize(
    ("value", "place", "refusal"),
    [
        (float("nan"), "", "a finite number; got nan."),
        (float("-inf"), "", "a finite number; got -inf."),
        ([0, {"x": float("inf")}], ".1.x", "a finite number; got inf."),
        ("a\0b", "", "text without NUL and lone surrogates; got 'a\\x00b'."),
        ("caf\udce9", "", "text without NUL and lone surrogates; got 'caf\\udce9'."),
        (Path("a"), "", "text, a number, true, false, null, a list or a mapping; got PosixPath."),
        (b"a", "", "text, a number, true, false, null, a list or a mapping; got bytes."),
        ({1: "a"}, "", "a mapping whose keys are texts; got the key 1."),
        (10**400, "", "a number up to 9223372036854775807; got a larger one."),
    ],
)
def test_what_json_cannot_hold_is_named_by_its_place(
    made: Result, value: object, place: str, refusal: str
) -> None:
    told = _refusal(_changed(made, resolved={"guidance": value}))
    assert told == f"provenance.resolved.guidance{place} must be {refusal} Correct the generator."


@pytest.mark.parametrize("field", ["cost_usd", "wall_time_s"])
def test_every_field_of_a_provenance_is_checked(made: Result, field: str) -> None:
    assert _refusal(_changed(made, **{field: float("nan")})).startswith(
        f"provenance.{field} must be a finite"
    )


def test_a_provenance_that_holds_itself_is_refused(made: Result) -> None:
    loop: dict[str, object] = {}
    loop["again"] = loop
    assert "must be nested at most 32 deep; got more." in _refusal(_changed(made, resolved=loop))


def test_a_huge_provenance_is_refused(made: Result) -> None:
    told = _refusal(_changed(made, resolved={"log": "x" * 2**21}))
    assert told == "provenance must be at most 1 MiB as JSON; got 2.0 MiB. Correct the generator."


@pytest.mark.parametrize("field", ["settings", "resolved", "library_versions", "request"])
def test_a_field_of_another_type_is_refused(made: Result, field: str) -> None:
    told = _refusal(_changed(made, **{field: None}))
    assert told.startswith("provenance must be made of the fields of Provenance; got ")


def test_a_result_has_a_file_of_its_own(made: Result, tmp_path: Path) -> None:
    told = "result.path must be the file of the clip; got '{}', which does not exist. Correct the generator."
    assert _refusal(replace(made, path=tmp_path / "gone.mp4")) == told.format("gone.mp4")
    assert _refusal(replace(made, path=tmp_path)) == told.format(tmp_path.name)
    assert _refusal(replace(made, path=Path("/dev/zero"))) == told.format("zero")


def test_the_file_is_the_one_that_the_provenance_names(made: Result) -> None:
    assert _refusal(_changed(made, sha256="0" * 64)).startswith(
        "provenance.sha256 must be that of the file, "
    )


def test_an_unchanged_file_is_hashed_once(made: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    again = FileIdentity.of(made.path)
    assert made.identity == again
    monkeypatch.setattr("hashlib.file_digest", lambda file, name: pytest.fail(f"hashed again: {file.name}"))
    assert check_result(made).identity == again


def test_a_file_that_changed_after_it_was_delivered_is_refused(made: Result) -> None:
    content = bytearray(made.path.read_bytes())
    content[-1] ^= 1
    made.path.write_bytes(content)
    found = file_sha256(made.path)
    told = f"provenance.sha256 must be that of the file, {found}; got '{made.provenance.sha256}'."
    assert _refusal(made).startswith(told)


def test_a_result_without_an_identity_is_hashed_by_its_receiver(made: Result) -> None:
    assert check_result(replace(made, identity=None)).identity == FileIdentity.of(made.path)


@pytest.mark.parametrize("result", [None, "clip.mp4", ("clip.mp4", {})])
def test_what_is_no_result_is_refused(result: object) -> None:
    assert _refusal(result).startswith(f"result must be a Result; got {type(result).__name__}.")
