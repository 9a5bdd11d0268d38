from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.command import main
from analysis.published import PublishedBoard
from analysis.report.build import build_report
from analysis.report.comparison_sections import clustering_section, history_section, published_section
from analysis.report.parts import Section
from analysis.subject import Subject, rate_frame
from analysis.tables.costs import Costs
from tests.factories_frames import draw_tastes

FRAME = draw_tastes(1)
FRAME["at"] = pd.Timestamp("2026-02-01", tz="UTC") + pd.to_timedelta(np.arange(len(FRAME)), unit="min")


@pytest.fixture(scope="module")
def subject() -> Subject:
    return rate_frame(FRAME)


def text(section: Section) -> str:
    return " ".join(section.sentences)


def test_the_report_says_how_much_clustering_widens_and_which_claims_it_takes_back(subject: Subject) -> None:
    section = clustering_section(subject)
    assert "times as wide as those that take votes as independent" in text(section)
    assert "of 5 pairs of neighbours differ with clustering" in text(section)
    assert section.figures[0].svg().count("votes taken as independent") == 1


def test_the_report_says_how_ratings_moved(subject: Subject) -> None:
    section = history_section(subject)
    assert text(section).startswith(
        "Since the first 1,000 of 2,000 votes, the rating that moved most is that of m"
    )
    assert section.figures[0].svg().startswith("<?xml")


def test_the_report_says_where_a_published_board_differs(subject: Subject) -> None:
    rows = pd.DataFrame(
        {
            "contender": ["m0", "m1", "m2", "elsewhere"],
            "rating": [1500.0, 1000.0, 990.0, 900.0],
            "lower": [1490.0, 990.0, 980.0, np.nan],
            "upper": [1510.0, 1010.0, 1000.0, np.nan],
            "votes": [100.0, 100.0, 90.0, np.nan],
        }
    )
    section = published_section(subject, PublishedBoard("2026-05-01", "Elo", rows), "published-1")
    assert "3 contenders are on the published board of 2026-05-01 and on ours" in text(section)
    assert "Beyond what both intervals allow differ: m0 by −" in text(section)
    assert "Their intervals are 20 points wide (median)." in text(section)
    assert "Only on theirs: elsewhere." in text(section)
    assert section.title == "Beside the published board of 2026-05-01, Elo"
    assert "published" in section.figures[0].svg()


@pytest.mark.slow
def test_prices_give_the_cheapest_study(subject: Subject) -> None:
    report = build_report(subject, slices=[], gaps=(30.0,), costs=Costs(0.1, 4))
    section = next(each for each in report.sections if each.title == "Planning")
    assert "At 0.1 for a vote and 4 for a prompt's clips, the cheapest study" in text(section)
    assert [table.name for table in section.tables] == ["power", "costs"]


@pytest.mark.slow
def test_what_cannot_be_concluded_is_said_with_numbers(subject: Subject) -> None:
    report = build_report(subject, slices=[])
    section = next(each for each in report.sections if each.title == "What they do not show")
    assert "Votes like these find a true gap of less than" in text(section)
    assert "Caution: there are only 15 prompts" in text(section)


@pytest.mark.slow
def test_the_command_sets_a_published_board_beside(tmp_path: Path) -> None:
    votes, boards, out = (tmp_path / name for name in ("votes.csv", "boards.csv", "report.md"))
    FRAME.to_csv(votes, index=False)
    boards.write_text("contender,rating,date\nm0,1100,2026-05-01\nm1,1000,2026-05-01\n", encoding="utf-8")
    options = ["--published", str(boards), "--gaps", "20,40", "--vote-cost", "0.1", "--prompt-cost", "4"]
    main(["report", str(votes), "--out", str(out), *options])
    written = out.read_text(encoding="utf-8")
    assert "## Beside the published board of 2026-05-01" in written
    assert "a true gap of 40 points has" in written


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--vote-cost", "1"], "--vote-cost and --prompt-cost must come together"),
        (["--vote-cost", "0", "--prompt-cost", "1"], "--vote-cost must be a finite number above 0; got 0"),
        (["--gaps", "0,10"], "--gaps must be rating points above 0; got 0, 10"),
        (["--published", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_options_that_cannot_be_followed_are_refused_and_nothing_is_written(
    tmp_path: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    votes = tmp_path / "votes.csv"
    FRAME.to_csv(votes, index=False)
    with pytest.raises(SystemExit) as stopped:
        main(["report", str(votes), "--out", str(tmp_path / "report.html"), *options])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["votes.csv"]
