from __future__ import annotations

from pathlib import Path

import pytest

from tests.docstrings import CHECKED, PUBLISHED, UNPUBLISHED, faults_of, main

ROOT = Path(__file__).parent.parent
PLAIN = Path("elo/plain.py")
MODEL = Path("elo/models/model.py")

COMPLETE = '''
def rate(votes: Floats) -> Floats:
    """Return strengths, shape (K,), from votes of shape (K, K) (Bradley and Terry 1952).

    Raises:
        ValueError: there are no votes.
    """
    if not len(votes):
        raise ValueError("votes must be at least one; got 0.")
    return votes
'''


def faults(text: str, path: Path = PLAIN) -> list[str]:
    return [fault.split(": ", 1)[1] for fault in faults_of(text, path)]


def test_a_docstring_that_says_everything_passes() -> None:
    assert faults(COMPLETE, MODEL) == []


@pytest.mark.parametrize(
    ("left_out", "fault"),
    [
        (", shape (K,), from votes of shape (K, K)", "must give the shapes"),
        ("        ValueError: there are no votes.\n", "must say when it raises ValueError"),
        (" (Bradley and Terry 1952)", "must name its source"),
    ],
)
def test_what_is_left_out_is_named(left_out: str, fault: str) -> None:
    (found,) = faults(COMPLETE.replace(left_out, ""), MODEL)
    assert found.startswith(fault)


def test_a_fault_gives_file_line_and_name() -> None:
    (fault,) = faults_of("class Tally:\n    def merge(self) -> int:\n        return 1\n", PLAIN)
    assert fault == "elo/plain.py:2 Tally.merge: needs a docstring"


@pytest.mark.parametrize(
    "text",
    [
        "def _private() -> None: ...",
        "class _Private:\n    def method(self) -> None: ...",
        "class Public:\n    def __len__(self) -> int: ...\n    def _private(self) -> None: ...",
        'def outer() -> None:\n    """Do it."""\n    def inner() -> None: ...',
    ],
)
def test_what_is_private_or_nested_needs_no_docstring(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize("path", [Path("elo/_private.py"), Path("elo/models/_private.py")])
def test_private_modules_are_not_read(path: Path) -> None:
    assert faults("def public() -> None: ...", path) == []


@pytest.mark.parametrize(
    "annotation",
    [
        "Floats",
        "np.ndarray",
        "NDArray[np.intp]",
        "torch.Tensor",
        "list[Floats] | None",
        "tuple[Codes, Codes]",
    ],
)
@pytest.mark.parametrize("place", ["argument", "keyword", "result"])
def test_arrays_need_shapes_wherever_they_are_annotated(annotation: str, place: str) -> None:
    head = {
        "argument": f"(x: {annotation}) -> int",
        "keyword": f"(*, x: {annotation}) -> int",
        "result": f"() -> {annotation}",
    }
    (fault,) = faults(f'def f{head[place]}:\n    """Do it."""\n')
    assert fault.startswith("must give the shapes")


@pytest.mark.parametrize(
    "said",
    [
        "shape (N,)",
        "(N, 4)",
        "(K + 1,)",
        "(..., K, K)",
        "(4 M, n)",
        "(2 * K, 1)",
        "(rounds, P)",
        "a scalar",
        "any shape",
    ],
)
def test_shapes_in_parentheses_and_words_for_them_are_known(said: str) -> None:
    assert faults(f'def f(x: Floats) -> int:\n    """Do it with {said.replace("4 M", "4*M")}."""\n') == []


@pytest.mark.parametrize(
    "said", ["(shown left, by name)", "(Hunter 2004, Annals of Statistics)", "(by default)"]
)
def test_other_words_in_parentheses_are_no_shape(said: str) -> None:
    assert len(faults(f'def f(x: Floats) -> int:\n    """Do it {said}."""\n')) == 1


def test_numbers_and_text_need_no_shapes() -> None:
    assert faults('def f(x: float, y: str) -> int:\n    """Do it."""\n') == []


def test_errors_of_nested_functions_and_errors_raised_again_are_left_out() -> None:
    text = """
def f() -> None:
    \"\"\"Do it.\"\"\"
    def inner() -> None:
        raise KeyError
    try:
        inner()
    except KeyError:
        raise
"""
    assert faults(text) == []


def test_an_error_that_another_function_makes_needs_a_section() -> None:
    text = 'def f() -> None:\n    """Do it.{}"""\n    raise _made()\n'
    assert faults(text.format("")) == ["must say when it raises Raises"]
    assert faults(text.format("\n\n    Raises:\n        ValueError: always.\n    ")) == []


@pytest.mark.parametrize("said", ["(Elo 1978)", "as in ISO 639", "BT.709", "x = A u", "H^-1 M H^-1", "arXiv"])
def test_papers_standards_and_equations_are_sources(said: str) -> None:
    assert faults(f'def f() -> int:\n    """Do it, {said}."""\n', MODEL) == []


def test_a_source_of_the_module_serves_all_its_functions() -> None:
    text = 'def f() -> int:\n    """Do it."""\n'
    assert len(faults(text, MODEL)) == 1
    assert faults(f'"""By Elo (1978)."""\n{text}', MODEL) == []


def test_modules_that_compute_nothing_published_need_no_source() -> None:
    text = 'def f() -> int:\n    """Do it."""\n'
    assert faults(text, PLAIN) == []
    assert all(faults(text, Path(name)) == [] for name in UNPUBLISHED)


def test_the_tables_name_folders_and_modules_that_exist() -> None:
    assert [name for name in (*CHECKED, *PUBLISHED) if not (ROOT / name).is_dir()] == []
    assert [name for name in UNPUBLISHED if not (ROOT / name).is_file()] == []
    assert all(str(Path(name).parent) in PUBLISHED for name in UNPUBLISHED)


def test_a_package_with_a_fault_fails(tmp_path: Path) -> None:
    (tmp_path / "elo").mkdir()
    (tmp_path / "elo" / "module.py").write_text("def f() -> None: ...\n")
    with pytest.raises(SystemExit, match="f: needs a docstring\n1 docstrings to complete"):
        main(tmp_path)


def test_this_tree_passes() -> None:
    main(ROOT)
