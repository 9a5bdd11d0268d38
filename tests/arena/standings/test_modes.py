from __future__ import annotations

import json
from collections import Counter
from io import StringIO
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.core.cache import cache
from django.core.management import call_command

from analysis.command import main
from analysis.report.build import build_report
from arena.runs.models import Rendition
from arena.standings.boards import current_standing
from arena.standings.breaks import board_breaks
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.reports import rate_board
from arena.standings.slices import Slice
from arena.standings.snapshots.making import make_snapshot
from arena.standings.snapshots.verifying import verify_snapshot
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Rater, Study, Vote
from arena.voting.terms import Terms
from arena.voting.votes import cast_vote
from generators.base import Track
from tests.factories import make_ballot, make_study

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"
MODES = ("both", "muted", "sound")


def _make_study(contenders: int, raters: int) -> Study:
    """Have raters judge every pair in every mode: sound favours others than the picture does."""
    study = make_study(contenders=contenders, prompts=3, terms=Terms(modes=MODES).stored)
    picture = np.linspace(0, 2.4, contenders)
    strengths = {"muted": picture, "sound": np.roll(picture, 1)}
    strengths["both"] = 0.7 * strengths["muted"] + 0.3 * strengths["sound"]
    rng, people = np.random.default_rng(1), [Rater.objects.create() for _ in range(raters)]
    places = {
        pk: place for place, pk in enumerate(study.contenders.order_by("pk").values_list("pk", flat=True))
    }
    for prompt in study.suites.get().prompts.all():
        shown = list(Rendition.objects.filter(clip__job__prompt=prompt).select_related("clip__job__prompt"))
        for (a, b), mode, rater in product(combinations(shown, 2), MODES, people):
            gap = (
                strengths[mode][places[a.clip.job.contender_id]]
                - strengths[mode][places[b.clip.job.contender_id]]
            )
            outcome = "a" if rng.random() < 1 / (1 + np.exp(-gap)) else "b"
            cast_vote(ballot=make_ballot(study, rater, pair=(a, b), mode=mode), outcome=outcome)
    return study


def test_snapshots_breaks_and_exports_keep_the_modes_apart(tmp_path: Path) -> None:
    study = _make_study(contenders=3, raters=2)
    standing = current_standing(study=study, track=TRACK)
    assert standing.votes == 18
    make_snapshot(study, tmp_path / "frozen")
    assert verify_snapshot(tmp_path / "frozen").tables == 6
    frozen = study.snapshots.get()
    for mode, name in (("", TRACK), ("muted", f"{TRACK}/muted"), ("sound", f"{TRACK}/sound")):
        board = current_standing(study=study, track=TRACK, part=Slice(mode=mode)).board
        assert board is not None
        assert [row["rating"] for row in frozen.boards[name]["rows"]] == [
            pytest.approx(row.rating, abs=1e-3) for row in board.rows
        ]
        assert (tmp_path / "frozen" / "figures" / name / "forest.svg").is_file()
    assert Counter(pd.read_parquet(tmp_path / "frozen" / "votes.parquet")["mode"]) == dict.fromkeys(MODES, 18)
    out = StringIO()
    call_command("export", "study", "--what=votes", "--format=csv", stdout=out)
    out.seek(0)
    assert Counter(pd.read_csv(out)["mode"]) == dict.fromkeys(MODES, 18)
    exclude_vote(vote=Vote.objects.filter(ballot__mode="muted")[0], rule="robot", reason="Asleep.")
    cache.clear()
    assert board_breaks(study=study, track=TRACK) == ()
    exclude_vote(vote=Vote.objects.filter(ballot__mode="both")[0], rule="robot", reason="Asleep.")
    (found,) = board_breaks(study=study, track=TRACK)
    assert found.votes == 1


@pytest.mark.slow
def test_reports_split_the_joint_preference_into_picture_and_sound(tmp_path: Path) -> None:
    """The board's own report, and one on the exported file, say what picture and sound are worth."""
    study = _make_study(contenders=5, raters=6)
    report = build_report(rate_board(BoardPage(study, Track.T2V_AUDIO)), slices=[])
    (split,) = (section for section in report.sections if section.title == "Picture and sound")
    assert split.sentences[0].startswith("100 points of rating mute are worth ")
    votes, written = tmp_path / "votes.json", tmp_path / "report.md"
    call_command("export", "study", "--what=votes", "--format=json", f"--output={votes}")
    assert len(json.loads(votes.read_text())["votes"]) == 540
    main(["report", str(votes), "--out", str(written)])
    assert split.sentences[0] in written.read_text(encoding="utf-8")
