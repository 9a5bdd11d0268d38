from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from arena.media.storage import StoredFile
from arena.runs.claims import claim_job
from arena.runs.clips import make_clip
from arena.runs.models import Rendition
from tests.factories_runs import accounted_files, make_queued_job, stored_files

pytestmark = pytest.mark.django_db


def _make(number: int) -> Rendition:
    job = claim_job(job_id=make_queued_job().pk)
    assert job is not None
    with override_settings(RENDITION_VARIANTS=number):
        make_clip(job)
    return Rendition.objects.get()


def test_a_rendition_is_stored_with_its_variants() -> None:
    rendition = _make(2)
    files = [StoredFile.named(sha256, size, "mp4") for sha256, size in rendition.variants]
    assert len({rendition.name, *(file.name for file in files)}) == 3
    assert stored_files() == accounted_files()


def test_variants_of_earlier_renditions_are_the_ones_that_a_new_clip_would_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = _make(2).variants
    Rendition.objects.update(variants=[])
    for told in ("1 renditions have variants now", "0 renditions have variants now"):
        call_command("make_variants")
        assert told in capsys.readouterr().out
    assert Rendition.objects.get().variants == expected
    assert stored_files() == accounted_files()


def test_without_variants_a_rendition_is_stored_alone_and_the_command_says_why() -> None:
    assert _make(0).variants == []
    with (
        override_settings(RENDITION_VARIANTS=0),
        pytest.raises(CommandError, match="must be at least 1; got 0"),
    ):
        call_command("make_variants")
