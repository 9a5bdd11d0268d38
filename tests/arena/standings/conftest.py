from __future__ import annotations

import pytest

from arena.voting.models import Rater, Study
from tests.factories import make_study
from tests.factories_voting import cast_all_pairs


@pytest.fixture
def rated_study() -> Study:
    """Three contenders, 36 votes by four raters on three prompts: enough for a board."""
    study = make_study(contenders=3, prompts=3)
    for outcomes in ("aab", "aat", "aaab", "ab"):
        cast_all_pairs(study, Rater.objects.create(), outcomes)
    return study
