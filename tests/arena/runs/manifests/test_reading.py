from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from arena.runs.manifests import reading
from tests.factories_manifests import export_manifest, make_finished_run, make_two, write_lines

pytestmark = pytest.mark.django_db
Lines = list[dict[str, Any]]


def _refusal(path: Path) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("verify_run", path)
    return str(caught.value)


@pytest.mark.slow
def test_each_damaged_field_is_one_message_with_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    export_manifest(make_finished_run(contenders=make_two()), path)
    whole = path.read_text(encoding="utf-8")
    for damage, message in DAMAGES:
        write_lines(path, _damaged(whole, damage))
        told = _refusal(path)
        assert told.startswith(f"{path}, {message}"), told
        assert len(told.splitlines()) == 1


def _damaged(whole: str, damage: Callable[[Lines], object]) -> Lines:
    lines = [json.loads(line) for line in whole.splitlines()]
    damage(lines)
    return lines


def _set(line: int, value: object, *names: str) -> Callable[[Lines], object]:
    def change(lines: Lines) -> None:
        fields = lines[line - 1]
        for name in names[:-1]:
            fields = fields[name]
        fields[names[-1]] = value

    return change


def _drop(line: int, name: str) -> Callable[[Lines], object]:
    return lambda lines: lines[line - 1].pop(name)


DAMAGES: list[tuple[Callable[[Lines], object], str]] = [
    (_set(1, 2, "paddock_manifest"), "line 1, field 'paddock_manifest': must be 1, the format of this"),
    (_drop(1, "paddock_manifest"), "line 1, field 'paddock_manifest': must be 1, the format of this"),
    (_set(1, "t4v", "track"), "line 1, field 'track': must be one of t2v, i2v, t2v-audio, i2v-audio; got '"),
    (_set(1, 13, "settings", "width"), "line 1, field 'settings': must be a clip's length, size and rate ("),
    (_set(1, {}, "settings"), "line 1, field 'settings': must be a clip's length, size and rate ('duration"),
    (_set(1, "none", "suite_hash"), "line 1, field 'suite_hash': must be a SHA-256 of 64 hexadecimal digit"),
    (_set(1, {"flaw": "none"}, "contenders", "stutter", "settings"),
     "line 1, field 'contenders.stutter.settings_hash': must be that of the generator and its settings, "),
    (_set(1, 3, "jobs"), "line 1, field 'jobs': must be the number of lines that follow; got 3, and 2 foll"),
    (lambda lines: lines.pop(), "line 1, field 'jobs': must be the number of lines that follow; got 2, and"),
    (_set(2, "nobody", "contender"), "line 2, field 'contender': must be one of stutter, truth; got 'nobod"),
    (_set(2, "0" * 64, "contender_hash"), "line 2, field 'contender_hash': must be that of line 1, "),
    (_set(3, "another text", "text"), "line 3, field 'prompt_hash': must be that of the prompt's text and"),
    (_set(3, -1, "seed"), "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; got -1."),
    (_set(3, True, "seed"), "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; got"),
    (_drop(3, "seed"), "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; it is"),
    (_set(3, "ended", "state"), "line 3, field 'state': must be one of planned, submitting, unknown, "),
    (_set(3, None, "clip"), "line 3, field 'clip': must be there if the job has succeeded, and only then;"),
    (_set(3, "failed", "state"), "line 3, field 'clip': must be there if the job has succeeded, and only t"),
    (_set(3, "0", "clip", "sha256"), "line 3, field 'clip.sha256': must be a SHA-256 of 64 hexadecimal dig"),
    (_set(3, [], "clip", "provenance", "resolved"), "line 3, field 'clip.provenance.resolved': must be a m"),
    (_set(3, 7, "clip", "rendition", "recipe"), "line 3, field 'clip.rendition.recipe': must be a mapping;"),
    (lambda lines: lines.__setitem__(2, lines[1]), "line 3: truth, prompt p0, seed 0 is on line 2 already."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": must be the manifest of a run; the file is empty."),
        (b"\n", ", line 1: must be a JSON object; it is not (Expecting value"),
        (b"contender,prompt_id,seed,file\n", ", line 1: must be a JSON object; it is not (Expecting value"),
        (b"[1, 2]\n", ", line 1: must be a JSON object; got [1, 2]."),
        (b"\xff\xfe{\n", ", line 1: must be a JSON object; it is not ('utf-8' codec can't decode"),
        (b'{"paddock_manifest": NaN}\n', ", line 1: must be a JSON object; it is not (NaN is not JSON)."),
        (b'{"a": ' + b"[" * 100_000, ", line 1: must be a JSON object; it is not (maximum recursion"),
        (b'{"suite": "mine"}\n', ", line 1, field 'paddock_manifest': must be 1, the format of this version"),
        (
            b'{"paddock_manifest": 1, "content',
            ", line 1: must be a JSON object; it is not (Unterminated string",
        ),
    ],
)
def test_foreign_files_are_refused_by_their_first_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    assert _refusal(path).startswith(f"{path}{message}")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    assert (
        _refusal(tmp_path / "none.jsonl")
        == f"Can't read the manifest {tmp_path / 'none.jsonl'}: No such file or directory."
    )
    assert _refusal(tmp_path) == f"Can't read the manifest {tmp_path}: Is a directory."


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 100)
    path = tmp_path / "run.jsonl"
    path.write_bytes(b" " * 200)
    assert _refusal(path) == f"{path}, line 1: must be at most 16 MiB; it is longer."
