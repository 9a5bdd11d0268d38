from __future__ import annotations

import pytest

from arena.voting.models import Study
from tests.factories_voting import make_rated_study


@pytest.fixture
def rated_study() -> Study:
    """Three contenders, 36 votes by four raters on three prompts: enough for a board."""
    return make_rated_study()
