from __future__ import annotations

import pytest

from arena.runs.clip_settings import ClipSettings
from arena.runs.driver import produce
from arena.runs.models import Job
from arena.runs.runs import plan_run
from arena.voting.models import Study
from arena.voting.pairing import kept
from arena.voting.studies import create_study
from generators.base import Track
from generators.toyworld.world.flaws import is_mistaken
from generators.toyworld.world.grammar import parse
from tests.factories import CAPTION, make_contender, make_suite

CLIP_SETTINGS = ClipSettings(duration_s=0.8, width=128, height=128, fps=12)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Forget units of pools: where time stands still, pools of two tests have one key and one date."""
    kept._by_prompt.cache_clear()
    kept._drawn.cache_clear()


@pytest.fixture
def produced_study() -> Study:
    """Make a simulated study of one pair, with clips made as the arena makes them.

    `zebra-9000` is right; `aardvark-9000` shows something else than the caption says.
    """
    mistaken_seed = next(seed for seed in range(3) if is_mistaken(parse(CAPTION), seed))
    contenders = [
        make_contender("zebra-9000", maker="Zebra Works", settings={"flaw": "none"}),
        make_contender("aardvark-9000", maker="Aardvark Works", settings={"flaw": "wrong-attributes"}),
    ]
    suite = make_suite(seeds=[mistaken_seed])
    run = plan_run(
        suite=suite, contenders=contenders, seeds=[], track=Track.T2V_AUDIO, clip_settings=CLIP_SETTINGS
    )
    states = produce(run, workers=1, report=lambda _: None)
    assert states == {Job.State.SUCCEEDED: 2}
    study, _ = create_study(
        slug="produced", title="Produced", tracks=[Track.T2V_AUDIO], suites=[suite], contenders=contenders,
        simulated=True,
    )  # fmt: skip
    return study
