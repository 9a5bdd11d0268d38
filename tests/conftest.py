from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings

# No expectation depends on a machine's speed: an example may take as long as it takes.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def own_data_dir(tmp_path: Path) -> Iterator[Path]:
    """Each test has media, claims and drafts of its own; nothing outlasts it."""
    cache.clear()
    storages: dict[str, Any] = dict(settings.STORAGES)
    for alias in ("originals", "renditions", "references"):
        storages[alias] = {**storages[alias], "OPTIONS": {"location": tmp_path / "media" / alias}}
    own = {"DATA_DIR": tmp_path, "STORAGES": storages}
    # Tests answer at once, and two variants are enough to tell whether a clip has some.
    with override_settings(**own, WATCHING_REQUIRED=False, RENDITION_VARIANTS=2):
        yield tmp_path
