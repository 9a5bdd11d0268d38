from __future__ import annotations

from pathlib import Path

import pytest

from tests.measures import functions, lines, main, passed_bars, sources

SHORT = "def f(x: int) -> int:\n    return x\n"
LONG = "def long() -> None:\n" + "    pass\n" * 60
LENGTHY = "x = 1\n" * 331


def package(root: Path, text: str, name: str = "module.py") -> Path:
    path = root / "elo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_short_functions_in_short_modules_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package(tmp_path, SHORT)
    main(tmp_path)
    assert "1 functions: median 2 lines" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "fault"),
    [(LONG, "long has 61 lines; allowed: 60"), (LENGTHY + SHORT, "has 333 lines; allowed: 330")],
)
def test_what_passes_a_bar_is_named_and_fails(text: str, fault: str, tmp_path: Path) -> None:
    package(tmp_path, text)
    with pytest.raises(SystemExit, match=fault):
        main(tmp_path)


def test_many_functions_of_middling_length_fail_the_median_and_the_decile(tmp_path: Path) -> None:
    body = "    pass\n"
    middling = "".join(f"def f{i}() -> None:\n{body * 26}" for i in range(10))
    faults = passed_bars(list(functions(package(tmp_path, middling))), [])
    assert [fault.split(" lines")[0] for fault in faults] == [
        "The median function has 27",
        "One function in ten has 27",
    ]


def test_a_docstring_counts_as_lines_of_its_function(tmp_path: Path) -> None:
    path = package(tmp_path, 'def f() -> None:\n    """Do nothing.\n\n    At all.\n    """\n')
    assert [each.value for each in functions(path)] == [5]


def test_names_and_numbers_make_a_line_dense_and_keywords_do_not(tmp_path: Path) -> None:
    path = package(tmp_path, "a, b = c[0], d.e  # f g h\nif not True:\n    pass\n")
    assert [(each.value, each.place.split(" ", 1)[1]) for each in lines(path)] == [
        (6, "a, b = c[0], d.e  # f g h")
    ]


def test_migrations_are_left_out(tmp_path: Path) -> None:
    package(tmp_path, SHORT)
    package(tmp_path / "arena", LONG, "migrations/0001.py")
    assert [path.name for path in sources(tmp_path)] == ["module.py"]
