from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from arena.runs.claims import claim_job
from arena.runs.clips import make_clip
from arena.runs.models import Rendition
from tests.factories import make_contender, make_prompt, make_rendition, make_suite
from tests.factories_runs import make_queued_job

pytestmark = pytest.mark.django_db


def _make() -> Rendition:
    job = claim_job(job_id=make_queued_job().pk)
    assert job is not None
    make_clip(job)
    return Rendition.objects.get(clip__job=job)


def _measure() -> str:
    out = StringIO()
    call_command("measure_clips", stdout=out)
    return out.getvalue()


def test_a_clip_is_measured_as_it_is_made_and_again_the_same_from_its_file() -> None:
    made = _make()
    assert made.loudness_lufs == pytest.approx(made.recipe["loudness_lufs"])
    assert made.motion is not None
    assert 0 < made.motion < 255
    Rendition.objects.update(loudness_lufs=None, motion=None)
    assert _measure() == "Measured 1 clips.\n"
    again = Rendition.objects.get()
    assert (again.loudness_lufs, again.motion) == (made.loudness_lufs, made.motion)
    assert _measure() == "Measured 0 clips.\n"


def test_a_clip_without_its_file_is_named() -> None:
    lost = make_rendition(make_contender(), make_prompt(make_suite(), "a"))
    Rendition.objects.filter(pk=lost.pk).update(name="lost.mp4")
    with pytest.raises(CommandError, match=r"1 clips have no file in the storage, such as lost\.mp4"):
        _measure()
