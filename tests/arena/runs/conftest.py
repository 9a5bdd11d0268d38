from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.providers.clips import Clips, make_clips
from tests.providers.contract import MODELS, variables
from tests.providers.server import Server


@pytest.fixture(scope="package")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Encode the files that fake providers serve."""
    return make_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def server(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Start fake providers, and point all adapters to them."""
    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", True)
    with Server(clips).running() as running:
        for provider in MODELS:
            for name, value in variables(running, provider, tmp_path).items():
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOSTED_POLL_S", "0.01")
        yield running
