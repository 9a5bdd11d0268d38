from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.clips import Clips, make_clips
from tests.providers.server import Server


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Encode the files that fake providers serve."""
    return make_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def server(clips: Clips) -> Iterator[Server]:
    """Start fake providers that nobody has asked anything yet."""
    with Server(clips).running() as running:
        yield running
