from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from arena.runs.models import Clip
from arena.voting.models import Study
from arena.voting.openings import close_study
from tests.factories import make_study
from tests.factories_marks import panning, write_marked, write_scene

pytestmark = pytest.mark.django_db
REMARK = [["mark", "in the bottom right"], ["size", "64×64, not 128×128"]]
NAMED = r"got 1 with one \(contender-\d+, prompt p0, seed 0, in the bottom right\)\..*--allow-marked$"


@pytest.fixture
def marked_study() -> Study:
    """Make an open study of two clips, of which one has a mark."""
    study = make_study(contenders=2)
    clip = Clip.objects.all()[0]
    clip.remarks = REMARK
    clip.save()
    return study


def _create(study: Study, **options: object) -> str:
    out = StringIO()
    call_command(
        "create_study", "another", title="Another", tracks="t2v-audio", suites=study.suites.get().name,
        contenders=",".join(each.slug for each in study.contenders.all()), stdout=out, **options,
    )  # fmt: skip
    return out.getvalue()


def test_a_study_is_not_created_on_a_marked_clip_and_names_it(marked_study: Study) -> None:
    with pytest.raises(CommandError, match=NAMED):
        _create(marked_study)
    assert not Study.objects.filter(slug="another").exists()


def test_a_study_is_created_on_a_marked_clip_where_that_is_allowed(marked_study: Study) -> None:
    assert "Created study another" in _create(marked_study, allow_marked=True)
    assert Study.objects.get(slug="another").is_open


def test_other_remarks_are_no_mark(marked_study: Study) -> None:
    Clip.objects.exclude(remarks=[]).update(remarks=REMARK[1:])
    assert "Created study another" in _create(marked_study)


def test_a_study_is_not_opened_again_on_a_marked_clip_unless_that_is_allowed(marked_study: Study) -> None:
    close_study(study=marked_study)
    with pytest.raises(CommandError, match=NAMED):
        call_command("reopen_study", marked_study.slug)
    call_command("reopen_study", marked_study.slug, allow_marked=True, stdout=StringIO())
    assert Study.objects.get(slug=marked_study.slug).is_open


@pytest.mark.slow
def test_clips_of_folders_are_searched_for_marks(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("plain", "marked")]
    for folder in folders:
        folder.mkdir()
    write_scene(folders[0] / "kite.mp4", panning)
    write_marked(folders[1] / "kite.mp4", (470, 320))
    arguments = ["add_clips", "mine", *map(str, folders)]
    named = r"got 1 with one \(marked, prompt kite, seed 0, in the bottom right\)"
    with pytest.raises(CommandError, match=named):
        call_command(*arguments, workers=1, stdout=StringIO())
    assert not Study.objects.filter(slug="mine").exists()
    call_command(*arguments, workers=1, allow_marked=True, stdout=StringIO())
    assert Study.objects.get(slug="mine").is_open
