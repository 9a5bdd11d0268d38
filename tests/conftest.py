from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def own_data_dir(settings: Settings, tmp_path: Path) -> Path:
    """Each test has media, claims and drafts of its own; nothing outlasts it."""
    cache.clear()
    settings.DATA_DIR = tmp_path
    storages = dict(settings.STORAGES)
    for alias in ("originals", "renditions", "references"):
        location = tmp_path / "media" / alias
        storages[alias] = {**storages[alias], "OPTIONS": {"location": location}}
    settings.STORAGES = storages
    return tmp_path
