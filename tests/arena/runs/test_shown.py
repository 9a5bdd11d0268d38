from __future__ import annotations

from dataclasses import asdict

import pytest

from arena.media.changes import foresee
from arena.media.probe import probe
from arena.media.profile import Profile
from arena.runs.models import Rendition
from arena.runs.shown import describe_changes
from tests.factories import make_contender, make_rendition, make_run, make_suite
from tests.factories_media import write_clip

pytestmark = pytest.mark.django_db


def test_changes_are_counted_for_each_contender(tmp_path_factory: pytest.TempPathFactory) -> None:
    facts = probe(write_clip(tmp_path_factory.mktemp("clips") / "a.mp4", width=64, height=64, fps=12))
    cut = asdict(foresee(facts, Profile("ballot", 64, 64, 12), with_sound=False, duration_s=0.5))
    kept = asdict(foresee(facts, Profile("ballot", 64, 64, 12), with_sound=False))
    older = {name: value for name, value in cut.items() if not name.startswith("gain")}
    suite, contender = make_suite(prompts=4), make_contender("alpha")
    recipes = [{"changes": cut}, {"changes": kept}, {"changes": older}, {}]
    for prompt, recipe in zip(suite.prompts.all(), recipes, strict=True):
        rendition = make_rendition(contender, prompt)
        Rendition.objects.filter(pk=rendition.pk).update(recipe=recipe)
    run = make_run(suite, [contender])
    assert describe_changes(run) == ["alpha: 4 clips shown cut by 0.50 s at the end (2 of them)"]
