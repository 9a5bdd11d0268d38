from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from arena.runs.models import Run
from arena.voting.models import Study
from tests.factories import SETTINGS, make_run, make_study

pytestmark = pytest.mark.django_db
WIDE = {**SETTINGS, "width": 128}
study_changes = import_module("arena.voting.migrations.0003_study_changes")


def _migrated(study: Study) -> list[dict[str, object]]:
    Study.objects.update(clip_settings=[])
    study_changes.keep_clip_settings(apps, None)
    study.refresh_from_db()
    return list(study.clip_settings)


def test_a_study_from_before_keeps_the_settings_that_it_was_created_on() -> None:
    study = make_study()
    contenders = list(study.contenders.all())
    for settings, hours in ((SETTINGS, -1), (WIDE, 1)):
        run = make_run(study.suites.get(), contenders, settings=settings)
        Run.objects.filter(pk=run.pk).update(created_at=timezone.now() + timedelta(hours=hours))
    assert _migrated(study) == [SETTINGS]


def test_a_study_from_before_without_a_run_keeps_the_settings_of_its_clips() -> None:
    assert _migrated(make_study()) == [SETTINGS]
