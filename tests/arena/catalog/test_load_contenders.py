from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from arena.catalog.models import Contender
from tests.factories import write_file

pytestmark = pytest.mark.django_db


def _load(path: Path) -> list[str]:
    out = StringIO()
    call_command("load_contenders", path, stdout=out)
    return out.getvalue().splitlines()


def test_it_says_what_it_loaded() -> None:
    path = settings.BASE_DIR / "suites" / "toy-world.contenders.yaml"
    slugs = ["truth", "late-sound", "stutter", "wrong-attributes"]
    slugs += ["happyhorse", "happyhorse-base", "happyhorse-2step", "cascade"]
    assert _load(path) == [f"Loaded {slug}" for slug in slugs]
    assert _load(path) == [f"Already loaded: {slug}" for slug in slugs]


def test_a_malformed_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        _load(write_file(tmp_path / "contenders.yaml", "contenders: []\n"))
    assert str(caught.value).splitlines() == [
        "contenders.yaml:1: contenders: must be a list with at least one entry; got [].",
        "Nothing was loaded.",
    ]
    assert not Contender.objects.exists()
