from __future__ import annotations

import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make clips in this process, which has the packages loaded."""
    monkeypatch.setattr(settings, "GENERATORS_IN_PROCESS", True)
