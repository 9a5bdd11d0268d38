from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.command import main
from analysis.figures.style import Figure
from analysis.report.build import build_report
from analysis.report.markdown import to_markdown
from analysis.report.page import to_html
from analysis.report.paper import COLUMNS, figure_pages, to_pdf
from analysis.report.parts import Report, Section, Table, TableColumn, number
from analysis.report.writing import replace_file, write_report
from analysis.subject import rate_frame
from tests.factories_frames import Study, draw_modes

FRAME = Study(votes=400, contenders=3, prompts=8, raters=10, ties=0.1).draw(1)


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(rate_frame(FRAME), title="Ratings <of> $3 & more")


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return to_html(report)


class Reader(HTMLParser):
    """Collects what a page would load, its ids, and its open elements."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        self.loaded += [str(known[name]) for name in ("src", "href", "xlink:href") if name in known]
        self.ids += [str(known["id"])] if "id" in known else []


def test_the_page_loads_nothing_and_runs_nothing(html: str) -> None:
    page = Reader()
    page.feed(html)
    assert {link for link in page.loaded if not link.startswith("#")} == set()
    assert {"script", "link", "img", "iframe"} & set(page.tags) == set()
    assert "@import" not in html


def test_ids_are_unique_so_that_figures_keep_apart(html: str) -> None:
    page = Reader()
    page.feed(html)
    assert len(page.ids) == len(set(page.ids)) > 20
    assert {link.removeprefix("#") for link in page.loaded} <= set(page.ids)


@pytest.mark.slow
def test_names_are_escaped() -> None:
    frame = FRAME.replace({"m0": "<script>alert(1)</script>", "m1": "a|b *c* $x$"})
    report = build_report(rate_frame(frame), slices=[])
    page = to_html(report)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert r"a\|b \*c\*" in to_markdown(report, "figures")


@pytest.mark.slow
def test_the_same_votes_give_the_same_bytes(report: Report, html: str) -> None:
    again = build_report(rate_frame(FRAME), title=report.title)
    assert to_html(again) == html


@pytest.mark.parametrize(
    "suffix",
    ["html", pytest.param("md", marks=pytest.mark.slow), pytest.param("pdf", marks=pytest.mark.slow)],
)
def test_the_command_writes_each_kind(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    votes, out = tmp_path / "votes.parquet", tmp_path / f"report.{suffix}"
    FRAME.to_parquet(votes)
    main(["report", str(votes), "--out", str(out), "--slices", "tags"])
    start = {"html": b"<!doctype html>", "md": b"# Ratings from votes", "pdf": b"%PDF-"}[suffix]
    assert out.read_bytes().startswith(start)
    assert str(out) in capsys.readouterr().err


@pytest.mark.slow
def test_markdown_links_figures_that_are_there(tmp_path: Path, report: Report) -> None:
    write_report(report, tmp_path / "report.md")
    write_report(report, tmp_path / "report.md")
    linked = re.findall(r"\]\((\S+\.svg)\)", (tmp_path / "report.md").read_text(encoding="utf-8"))
    assert len(linked) == len(report.figures) > 5
    assert all((tmp_path / link).read_text(encoding="utf-8").rstrip().endswith("</svg>") for link in linked)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.figures", "report.md"]


@pytest.mark.slow
def test_a_pdf_has_pages_of_text_and_of_figures(report: Report) -> None:
    pages = len(re.findall(rb"/Type /Page\b", to_pdf(report)))
    assert pages > len(figure_pages(report.figures)) > 1


def test_figures_share_pages_in_order_as_far_as_they_fit() -> None:
    heights = [3.0, 3.0, 3.0, 9.0, 12.0, 1.0]
    figures = [Figure(str(place), "", lambda _: None, height) for place, height in enumerate(heights)]
    pages = [[figure.name for figure in page] for page in figure_pages(figures)]
    assert pages == [["0", "1"], ["2"], ["3"], ["4"], ["5"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="outcome"), "The votes lack outcome"),
        (lambda frame: frame.assign(outcome="draw"), "Unknown outcome 'draw'"),
        (lambda frame: frame.assign(outcome="a", contender_a="x", contender_b="y"), "finite rating"),
        (lambda frame: frame.head(0), "no votes to rate"),
        (lambda frame: frame.assign(track=["t2v", "i2v"] * 200), "Choose one by --track"),
    ],
)
def test_votes_that_allow_no_report_are_refused_and_nothing_is_written(
    tmp_path: Path, change: object, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    votes = tmp_path / "votes.csv"
    change(FRAME).to_csv(votes, index=False)  # type: ignore[operator]
    with pytest.raises(SystemExit) as stopped:
        main(["report", str(votes), "--out", str(tmp_path / "report.html")])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["votes.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "report.docx"], "one of .html, .md, .pdf"),
        (["--out", "report.html", "--track", "t9v"], "--track must be one of t2v; got t9v"),
        (["--out", "report.html", "--slices", "colour"], "got 'colour'"),
        (["--out", "report.html", "--covariates", "loudness"], "lack loudness"),
    ],
)
def test_wrong_options_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    FRAME.to_json(tmp_path / "votes.json", orient="records")
    with pytest.raises(SystemExit) as stopped:
        main(["report", "votes.json", *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["votes.json"]


def test_a_file_that_cannot_replace_another_leaves_it_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.slow
def test_wide_tables_are_parted_to_fit_the_page() -> None:
    frame = Study(contenders=20, votes=1500).draw(1)
    frame[["contender_a", "contender_b"]] = (
        "contender-with-a-long-name-" + frame[["contender_a", "contender_b"]]
    )
    report = build_report(rate_frame(frame), slices=[])
    from analysis.report.paper import _lines

    assert max(len(line) for block in _lines(report) for line in block) <= COLUMNS + 1


def test_numbers_are_written_for_people() -> None:
    assert number(1234.5) == "1,234"
    assert number(-0.2) == "0"
    assert number(-12.3, 1) == "−12.3"
    assert number(float("nan")) == "–"


def test_a_table_says_how_many_rows_it_leaves_out() -> None:
    table = Table("t", FRAME, (TableColumn("who", lambda row: row["contender_a"]),), most=3)
    assert len(table.rows()) == 3
    assert "The first 3 of 400 rows." in to_html(Report("x", (), (Section("s", tables=(table,)),)))


@pytest.mark.slow
def test_figures_leave_matplotlibs_settings_as_they_were() -> None:
    program = (
        "import matplotlib, sys; before = matplotlib.rcParams.copy()\n"
        "import numpy, pandas\nfrom analysis.figures.charts import power_curve\n"
        "plan = pandas.DataFrame({'gap': [1.0, 2.0], 'head_to_head': [4.0, 1.0], 'votes': [9.0, 3.0]})\n"
        "assert power_curve(plan).png().startswith(b'\\x89PNG')\n"
        "assert power_curve(plan).pdf().startswith(b'%PDF')\n"
        "assert matplotlib.rcParams.copy() == before and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
def test_the_package_loads_neither_pandas_nor_matplotlib() -> None:
    program = "import sys, analysis, analysis.command; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert {"pandas", "matplotlib", "django"} & set(loaded.split()) == set()


@pytest.mark.slow
def test_votes_in_three_modes_are_rated_by_the_joint_ones_and_split(tmp_path: Path) -> None:
    votes, out = tmp_path / "votes.csv", tmp_path / "report.md"
    draw_modes(1, contenders=5).to_csv(votes, index=False)
    main(["report", str(votes), "--out", str(out)])
    text = out.read_text(encoding="utf-8")
    assert "1,500 votes, 5 contenders" in text
    assert "100 points of rating mute are worth" in text


def test_the_votes_of_other_tools_are_read_as_they_are(tmp_path: Path) -> None:
    """FastChat's layout and evalica's give the board of our own."""
    words = {"a": "model_a", "b": "model_b", "tie": "tie", "both_bad": "tie (bothbad)"}
    sides = {"a": "left", "b": "right", "tie": "tie", "both_bad": "tie"}
    layouts = {
        "fastchat": (["model_a", "model_b", "winner"], words),
        "evalica": (["left", "right", "winner"], sides),
    }
    ours = FRAME[["contender_a", "contender_b", "outcome"]]
    boards = [rate_frame(ours).board.rows]
    for columns, outcomes in layouts.values():
        theirs = ours.assign(outcome=ours["outcome"].map(outcomes)).set_axis(columns, axis=1)
        boards.append(rate_frame(theirs).board.rows)
    assert [(row.contender, row.rating, row.lower) for row in boards[1]] == [
        (row.contender, row.rating, row.lower) for row in boards[0]
    ]
    assert [row.rating for row in boards[2]] == [row.rating for row in boards[0]]


@pytest.mark.slow
def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, report: Report) -> None:
    (tmp_path / "report.figures").mkdir()
    (tmp_path / "report.figures" / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match=r"it has thesis\.tex"):
        write_report(report, tmp_path / "report.md")
    assert (tmp_path / "report.figures" / "thesis.tex").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.figures"]


@pytest.mark.slow
def test_square_tables_of_many_contenders_are_left_to_their_figures() -> None:
    report = build_report(rate_frame(Study(contenders=16, votes=1500).draw(1)), slices=[])
    matrix = next(table for table in report.tables if table.name == "win-matrix")
    assert not matrix.is_shown
    assert len(matrix.frame) == 16
    assert to_html(report).count('aria-label="win-matrix"') == 0
