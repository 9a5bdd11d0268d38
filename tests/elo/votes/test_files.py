"""Files as people have them: read, or refused in one short line."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from elo import Votes
from elo.command import main
from elo.votes import reading, unpacking

ROWS = [("x", "y", "a"), ("y", "x", "a"), ("y", "é, z", "tie"), ("é, z", "y", "both_bad")] * 3
NAMES = ["contender_a", "contender_b", "outcome"]
CSV = "contender_a,contender_b,outcome\n" + "".join(f'"{a}","{b}",{end}\n' for a, b, end in ROWS)
FRAME = pd.DataFrame(ROWS, columns=NAMES)
PLAIN = Votes.from_frame(FRAME)
ANY_FILE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return held.getvalue()


def same(votes: Votes) -> bool:
    columns = ("contender_a", "contender_b", "outcome")
    equal = all(getattr(votes, name).tolist() == getattr(PLAIN, name).tolist() for name in columns)
    return equal and votes.contenders == PLAIN.contenders


def assert_rated_or_refused(path: Path, *options: str) -> None:
    """Check that the command rates the file, or refuses it in a short line."""
    with pytest.MonkeyPatch.context() as patch:
        out, err = io.StringIO(), io.StringIO()
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        code: object = 0
        try:
            main([str(path), *options])
        except SystemExit as end:
            code = end.code
    said = err.getvalue()
    assert code in (0, 2)
    assert all(len(line) < 600 for line in said.splitlines())
    assert "contender" in out.getvalue() if code == 0 else said.count("\n") == 1


def read(content: bytes | str, folder: Path) -> Votes:
    path = folder / "votes.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Votes.read(path)


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(CSV.encode()),
        bz2.compress(CSV.encode()),
        lzma.compress(CSV.encode()),
        pa.compress(CSV.encode(), codec="zstd", asbytes=True),
        zipped(("votes.csv", CSV.encode())),
        zipped(("data/", b""), ("data/votes.csv", CSV.encode()), ("__MACOSX/data/._votes.csv", b"\0")),
        zipped(("votes.csv.gz", gzip.compress(CSV.encode()))),
        gzip.compress(FRAME.to_parquet()),
        gzip.compress(FRAME.to_json(orient="records").encode()),
    ],
    ids=["gz", "bz2", "xz", "zst", "zip", "zip of a folder", "gz in zip", "parquet.gz", "json.gz"],
)
def test_packed_files_are_read(content: bytes, tmp_path: Path) -> None:
    assert same(read(content, tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b"")),
            "is a spreadsheet .*Save the sheet as CSV",
        ),
        (zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")), "is a spreadsheet"),
        (
            zipped(("a.csv", b"1"), ("b.csv", b"2")),
            r"must hold one file of votes; it holds 2: a.csv, b.csv\.",
        ),
        (zipped(), "it holds 0: none"),
        (gzip.compress(CSV.encode())[:-9], "is damaged"),
        (gzip.compress(CSV.encode())[:20] + b"\xff" * 30, "is damaged"),
        (lzma.compress(CSV.encode())[:-20], "is damaged"),
        (b"PK\x03\x04" + b"\0" * 40, "is damaged"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 40, "is damaged"),
        (
            gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV.encode())))),
            "is packed 3 times and more",
        ),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "is an Excel workbook"),
        (b"a" * 257 + b"ustar" + b"\0" * 300, "is a tar archive"),
        (b"PAR1" + b"\0" * 100, "is damaged"),
        (b"ARROW1" + b"\0" * 100, "is damaged"),
        (b"\x93NUMPY\x01\0v\0", "neither text nor Parquet nor Arrow"),
    ],
    ids=[  # of their own: gzip writes the time, so that two workers would name their tests differently
        "workbook",
        "sheet of OpenDocument",
        "zip of two",
        "zip of none",
        "cut gz",
        "broken gz",
        "cut xz",
        "broken zip",
        "broken zst",
        "gz four times",
        "old workbook",
        "tar",
        "broken Parquet",
        "broken Arrow",
        "NumPy",
    ],
)
def test_what_cannot_be_read_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"votes\.csv .*{message}"):
        read(content, tmp_path)


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, lambda text: zipped(("v", text))]
)
def test_a_bomb_is_stopped_at_the_limit(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1 << 21)
    with pytest.raises(ValueError, match="must hold at most 2 MiB; it holds more"):
        read(pack(b"\0" * (1 << 22)), tmp_path)


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(CSV.encode()),))
    writer.start()
    assert same(Votes.read(pipe))
    writer.join()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_other_encodings_are_read_and_a_guess_is_noted(encoding: str, form: str, tmp_path: Path) -> None:
    text = CSV if form == "csv" else json.dumps(FRAME.to_dict("records"), ensure_ascii=False)
    votes = read(text.encode(encoding), tmp_path)
    assert same(votes)
    guessed = ("votes.csv is not UTF-8 and was read as Windows-1252.",)
    assert votes.notes == (guessed if encoding == "cp1252" else ())


SPREADSHEETS = {
    "semicolons": CSV.replace("é, z", "é; z").replace(",", ";"),
    "tabs": CSV.replace("é, z", "é\t z").replace(",", "\t"),
    "a line sep=": "sep=;\n" + CSV.replace("é, z", "é; z").replace(",", ";"),
    "a quoted line sep=": '"sep=|"\r\n' + CSV.replace("é, z", "é| z").replace(",", "|"),
    "spaces after commas": CSV.replace("é, z", "é_z").replace(",", ", "),
    "headings in camel case": CSV.replace("contender_a,contender_b", "modelA,modelB"),
    "capital headings": CSV.replace("contender_a,contender_b,outcome", "Contender A,CONTENDER-B, Outcome"),
    "blank lines first": "\n  \n" + CSV,
    "a row of commas first": ",,\n" + CSV,
    "blank lines and rows within and last": CSV.replace("tie\n", "tie\n\n,,\n") + ",,\n,,\n\n",
    "spaces around values": CSV.replace('"x"', '" x "').replace("tie", " tie "),
    "words in capitals": CSV.replace(",a\n", ",A\n").replace("tie", "Tie").replace("both_bad", "Both Bad"),
    "quotes around all": CSV.replace(
        "contender_a,contender_b,outcome", '"contender_a","contender_b","outcome"'
    ),
    "line ends of Windows": CSV.replace("\n", "\r\n"),
    "line ends of old": CSV.replace("\n", "\r"),
    "a last column without a name": CSV.replace("outcome\n", "outcome,\n")
    .replace("tie\n", "tie,\n")
    .replace(",a\n", ",a,\n")
    .replace("both_bad\n", "both_bad,\n"),
    "no end of the last line": CSV.rstrip("\n"),
}


@pytest.mark.parametrize("fast", [True, False], ids=["pyarrow", "python"])
@pytest.mark.parametrize("kind", SPREADSHEETS)
def test_what_spreadsheets_write_is_read(
    kind: str, fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        monkeypatch.setattr(reading, "has_pyarrow", lambda: False)
    votes = read(SPREADSHEETS[kind], tmp_path)
    assert len(votes.outcome) == len(ROWS)
    assert votes.outcome.tolist() == PLAIN.outcome.tolist()
    assert [name[:1] for name in votes.contenders] == ["x", "y", "é"]


def test_decimal_commas_are_read_between_semicolons(tmp_path: Path) -> None:
    votes = read("left;right;winner;weight\nx;y;left;0,5\ny;x;left;2\n", tmp_path)
    assert votes.weight.tolist() == [0.5, 2.0]


def test_a_line_of_another_width_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 3 has 2 fields, and the header 3"):
        read("left,right,winner\nx,y,left\nx,y\n", tmp_path)


@pytest.mark.parametrize("fast", [True, False], ids=["pyarrow", "python"])
def test_fields_of_any_length_are_read(fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fast:
        monkeypatch.setattr(reading, "has_pyarrow", lambda: False)
    long = "word, " * 600_000
    votes = read(f'left,right,winner,prompt\nx,y,left,"{long}"\ny,x,left,p\n', tmp_path)
    assert votes.prompts == 2


SHAPES = {
    "records": FRAME.to_json(orient="records"),
    "lines": FRAME.to_json(orient="records", lines=True),
    "columns": FRAME.to_json(),
    "index": FRAME.to_json(orient="index"),
    "split": FRAME.to_json(orient="split"),
    "table": FRAME.to_json(orient="table"),
    "lists": json.dumps(FRAME.to_dict("list")),
    "header and rows": json.dumps([NAMES, *map(list, ROWS)]),
    "arrays on lines": "\n".join(map(json.dumps, [NAMES, *map(list, ROWS)])),
    **{
        key: json.dumps({"made": "today", key: FRAME.to_dict("records")})
        for key in ("votes", "data", "rows", "what-i-call-it")
    },
    "wrapped columns": json.dumps({"data": FRAME.to_dict("list")}),
    "commas between lines": ",\n".join(map(json.dumps, FRAME.to_dict("records"))),
    "printed over lines": "\n".join(json.dumps(row, indent=2) for row in FRAME.to_dict("records")),
    "blank lines": "\n\n" + FRAME.to_json(orient="records", lines=True).replace("\n", "\n\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_json_is_read_in_each_shape(shape: str, tmp_path: Path) -> None:
    assert same(read(SHAPES[shape], tmp_path))


def test_lines_of_json_may_hold_other_line_ends(tmp_path: Path) -> None:
    rows = [
        {"left": "x", "right": "y", "winner": end, "prompt": f"a\u2028b\u2029c\x85{end}"}
        for end in ("left", "right")
    ]
    votes = read("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), tmp_path)
    assert votes.prompts == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"left": "x"},\n {]', "is no JSON: .* in line 2"),
        ('{"left": "x"}\n{"left"', "is no JSON: .* in line 2"),
        ("[" * 100_000, "is no JSON: it is nested too deeply"),
        (f"[{'9' * 10_000}]", "is no JSON: it holds a number that is too long"),
        ('{"columns": ["a", "b"], "data": [[1]]}', "row 0 has not one value for each of the 2 columns"),
        ('{"left": ["x", "y"], "right": ["y"], "winner": ["left", "left"]}', "its columns differ in length"),
        ("[[1, 2]]", "one JSON object for each vote"),
        ('{"votes": []}', "They have: no columns"),
        ('{"a": 1}', "lack contender_a, contender_b, outcome. They have: a"),
        (f'{{"{"long" * 500}": 1}}', r"They have: (long){7}lo\.\.\."),
        ('[{"left": "x", "right": "y", "winner": "left", "weight": 1e999}]', "Weight inf in row 0"),
    ],
)
def test_json_of_no_shape_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        read(text, tmp_path)
    assert len(str(refusal.value)) < 600


TURNS = [[{"role": "user", "content": text}] for text in ("one", "two", "one")]


@pytest.mark.parametrize("prompts", [TURNS, [{"text": "one"}, {"text": "two"}, {"text": "one"}]])
@pytest.mark.parametrize("form", ["json", "parquet", "arrow", "frame"])
def test_conversations_are_prompts(prompts: list[Any], form: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"model_a": list("xyx"), "model_b": list("yxy"), "winner": "tie", "prompt": prompts})
    if form == "frame":
        votes = Votes.from_frame(frame)
    elif form == "arrow":
        votes = Votes.from_arrow(pa.Table.from_pandas(frame))
    else:
        path = tmp_path / "votes"
        frame.to_parquet(path) if form == "parquet" else path.write_text(frame.to_json(orient="records"))
        votes = Votes.read(path)
    assert votes.prompt is not None
    assert votes.prompt.tolist() == [0, 1, 0]


@pytest.mark.parametrize("says", [(True, False), ("True", "False"), ("yes", "no"), (1, 0)])
@pytest.mark.parametrize("name", ["anony", "blind"])
def test_votes_that_were_not_blind_are_left_out_and_counted(
    says: tuple[Any, Any], name: str, tmp_path: Path
) -> None:
    yes, no = says
    frame = FRAME.assign(**{name: [yes, no, yes, yes] * 3})
    for votes in (
        Votes.from_frame(frame),
        read(frame.to_csv(index=False), tmp_path),
        read(frame.to_json(), tmp_path),
    ):
        assert len(votes.outcome) == 9
        assert votes.notes == (
            "Left out 3 votes that were not blind: the column anony (or blind) says false.",
        )


def test_if_no_vote_was_blind_that_is_said() -> None:
    with pytest.raises(
        ValueError, match=r"Left out 12 votes that were not blind.*Drop the column to count them"
    ):
        Votes.from_frame(FRAME.assign(anony=False))


def test_names_in_several_unicode_forms_or_with_blanks_are_one_and_case_is_pointed_out() -> None:
    votes = Votes.from_columns(
        contender_a=["caf\u00e9", "cafe\u0301", " Beta", "beta"],
        contender_b=["Beta", "Beta\u00a0", "caf\u00e9 ", "Beta"],
        outcome=["a", "b", "tie", "a"],
        rater=["r\u00e9", "re\u0301", "r2", "r2"],
    )
    assert votes.contenders == ("Beta", "beta", "caf\u00e9")
    assert votes.raters == 2
    assert votes.notes == (
        "Took the spellings of 'Beta', 'caf\u00e9' for one (blanks, Unicode forms).",
        "'Beta' and 'beta' differ in case alone and are rated apart; are they one?",
        "Took 1 further spellings of raters for one (blanks, Unicode forms).",
    )


def test_names_that_no_text_can_hold_are_escaped(tmp_path: Path) -> None:
    assert read('[{"left": "x\\ud800", "right": "y", "winner": "left"}]', tmp_path).contenders == (
        "x\\ud800",
        "y",
    )


@pytest.mark.parametrize(
    "name", ["judge", "worker", "user", "annotator", "Worker ID", "user-id", "Rater", "WorkerId"]
)
def test_raters_are_known_by_other_names(name: str, tmp_path: Path) -> None:
    votes = read(FRAME.assign(**{name: list("abc") * 4}).to_csv(index=False), tmp_path)
    assert votes.rater_labels == ("a", "b", "c")
    assert votes.notes == ()


def test_of_two_names_for_raters_the_one_read_is_noted() -> None:
    votes = Votes.from_frame(FRAME.assign(user="u", judge=list("abc") * 4))
    assert votes.raters == 3
    assert votes.notes == ("Read judge as rater, not user.",)
    assert Votes.from_frame(FRAME.assign(user="u", rater="r")).notes == ("Read rater as rater, not user.",)


def test_notes_reach_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(CSV + "x,x,a\n")
    for form in ("table", "csv", "json", "latex"):
        main([str(path), "--format", form])
        out, err = capsys.readouterr()
        assert err == "elo: Left out 1 vote of a contender against itself.\n"
        assert ("against itself" in out) == (form != "csv")


@given(content=st.binary(max_size=400))
@example(content=b"\xff\xfea")
@example(content=b'left,right,winner\n"x')
@example(content=b"\x1f\x8b\x08\0")
@ANY_FILE
def test_any_bytes_are_rated_or_refused_in_a_short_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "votes"
    path.write_bytes(content)
    assert_rated_or_refused(path, "--clusters", "prompt")


@given(
    text=st.text(alphabet='left,right;winner\t"\n\r xya|= \ufeffé0.5', max_size=200),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
@ANY_FILE
def test_any_text_below_a_header_is_rated_or_refused_in_a_short_line(
    text: str, delimiter: str, tmp_path: Path
) -> None:
    path = tmp_path / "votes"
    path.write_text(f"{delimiter.join(['left', 'right', 'winner', 'weight', 'judge'])}\n{text}", newline="")
    assert_rated_or_refused(path)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["x", "y", "left", "tie"]),
    lambda each: (
        st.lists(each, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["left", "right", "winner", "judge", "weight", "data", "columns", "anony", "0", ""]
            ),
            each,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(
    value=JSON | st.lists(st.fixed_dictionaries(dict.fromkeys(("left", "right", "winner"), JSON)), max_size=4)
)
@example(value=[{"left": "x", "right": "y", "winner": {}}])
@example(value={"data": {"data": {"data": []}}})
@example(value=[{"left": "x", "right": "y", "winner": "left", "weight": 10**400}])
@ANY_FILE
def test_any_json_is_rated_or_refused_in_a_short_line(value: object, tmp_path: Path) -> None:
    path = tmp_path / "votes"
    path.write_text(json.dumps(value))
    assert_rated_or_refused(path, "--clusters", "rater")
