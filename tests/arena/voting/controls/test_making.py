from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils import timezone

from arena.media.probe import probe
from arena.runs.models import Rendition
from arena.voting.controls.models import Twin
from arena.voting.controls.twins import judged_in, twins_of
from arena.voting.models import Study
from tests.factories import make_study, store_bytes
from tests.factories_media import drumming, write_clip

pytestmark = pytest.mark.django_db


def _study(folder: Path, clips: int = 2) -> Study:
    """Make a study with clips of one second, each its own picture size."""
    study = make_study(contenders=clips)
    for number, rendition in enumerate(_renditions(study)):
        path = write_clip(folder / f"{number}.mp4", width=64 + 16 * number, height=64, sound=drumming(1.0))
        kept = store_bytes(path.read_bytes(), "originals", "mp4")
        clip = rendition.clip
        clip.name, clip.sha256 = kept.name, kept.sha256
        clip.save()
        rendition.loudness_lufs, rendition.motion = -23.0, 5.0
        rendition.save()
    return study


def _renditions(study: Study) -> list[Rendition]:
    shown = Rendition.objects.filter(clip__job__contender__studies=study)
    return list(shown.select_related("clip").order_by("pk"))


def _make(study: Study, **options: object) -> str:
    out = StringIO()
    call_command("make_twins", study.slug, stdout=out, **options)
    return out.getvalue().splitlines()[-1]


@pytest.mark.slow
def test_a_twin_has_the_form_length_and_variants_of_a_rendition_and_the_same_bytes_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "RENDITION_VARIANTS", 2)
    study = _study(tmp_path)
    assert _make(study, number=2, seed="x") == "2 copies are made; study 'study' shows 2."
    first, second = Twin.objects.order_by("pk")
    assert first.degradation != second.degradation
    shown = first.rendition
    facts = probe(Path(storages["renditions"].path(first.name)))
    assert (facts.width, facts.height, facts.fps) == (shown.width, shown.height, shown.fps)
    assert facts.duration_s == pytest.approx(shown.duration_s)
    assert [len(twin.variants) for twin in (first, second)] == [2, 2]
    hashes = {twin.rendition_id: (twin.degradation, twin.sha256, twin.variants) for twin in (first, second)}
    Twin.objects.all().delete()
    _make(study, number=2, seed="x")
    again = {twin.rendition_id: (twin.degradation, twin.sha256, twin.variants) for twin in Twin.objects.all()}
    assert again == hashes


@pytest.mark.slow
def test_renewal_retires_the_old_twins_and_each_clip_has_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "RENDITION_VARIANTS", 0)
    study = _study(tmp_path)
    _make(study, number=1, seed="x")
    old = twins_of(study).get()
    assert _make(study, number=1, seed="y", renew=True) == "1 copies are made; study 'study' shows 1."
    assert twins_of(study).get().rendition != old.rendition
    old.refresh_from_db()
    assert old.retired_at is not None


@pytest.mark.slow
def test_a_seed_used_again_makes_other_twins_than_those_that_retired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "RENDITION_VARIANTS", 0)
    study = _study(tmp_path)
    _make(study, number=2, seed="x")
    before = set(Twin.objects.values_list("rendition", "degradation"))
    Twin.objects.update(retired_at=timezone.now())
    assert _make(study, number=2, seed="x") == "2 copies are made; study 'study' shows 2."
    assert before.isdisjoint(twins_of(study).values_list("rendition", "degradation"))


def test_odd_numbers_seeds_and_studies_without_clips_are_refused() -> None:
    study = make_study(contenders=2)
    Rendition.objects.update(variants=[])
    for options, message in (
        ({"number": 0}, "number must be from 1 to 10,000; got 0"),
        ({"seed": ""}, "seed must have 1 to 64 characters; got 0"),
    ):
        with pytest.raises(CommandError, match=message):
            _make(study, **options)
    study.contenders.clear()
    with pytest.raises(CommandError, match="must have clips without a twin to make one of; got none"):
        _make(study)


@pytest.mark.parametrize(
    ("degradation", "modes"),
    [("late-sound", ["both"]), ("muffled-sound", ["both", "sound"]), ("blur", ["both", "muted"])],
)
def test_each_degradation_is_judged_where_it_is_noticed(degradation: str, modes: list[str]) -> None:
    assert judged_in(degradation, "t2v-audio", ["both", "muted", "sound"]) == modes
    assert judged_in("blur", "t2v", ["both", "muted", "sound"]) == ["both"]
