from __future__ import annotations

from collections.abc import Callable

import pytest

from arena.runs.models import Rendition
from arena.voting.models import Study
from arena.voting.native_terms import usable_covariates
from tests.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return make_study(contenders=3, prompts=4)


def _give(study: Study, duration_s: Callable[[int, int], float]) -> tuple[str, ...]:
    """Give each clip a duration by its contender's number and its prompt's; return the usable covariates."""
    contenders = list(study.contenders.order_by("pk"))
    prompts = list(study.suites.get().prompts.order_by("pk"))
    for rendition in Rendition.objects.select_related("clip__job"):
        job = rendition.clip.job
        places = (
            [row.pk for row in contenders].index(job.contender_id),
            [row.pk for row in prompts].index(job.prompt_id),
        )
        Rendition.objects.filter(pk=rendition.pk).update(duration_s=duration_s(*places))
    return usable_covariates(study.clip_settings, contenders)


def test_what_is_alike_everywhere_is_no_covariate(study: Study) -> None:
    assert _give(study, lambda _contender, _prompt: 2.0) == ()


def test_what_contender_and_prompt_explain_can_not_be_told_from_them(study: Study) -> None:
    assert _give(study, lambda contender, prompt: 2.0 + contender + 3 * prompt) == ()
    Rendition.objects.order_by("pk")[0].delete()  # also where a clip is missing
    assert _give(study, lambda contender, prompt: 2.0 + contender + 3 * prompt) == ()


def test_what_varies_among_the_clips_of_a_contender_is_a_covariate(study: Study) -> None:
    assert _give(study, lambda contender, prompt: 2.0 + contender * prompt) == ("duration",)


def test_loudness_is_a_covariate_where_sound_is_judged(study: Study) -> None:
    for number, rendition in enumerate(Rendition.objects.order_by("pk")):
        Rendition.objects.filter(pk=rendition.pk).update(loudness_lufs=-20.0 - number**2)
    assert usable_covariates(study.clip_settings, list(study.contenders.all())) == ("loudness",)


def test_without_clips_there_is_none(study: Study) -> None:
    Rendition.objects.all().delete()
    assert usable_covariates(study.clip_settings, list(study.contenders.all())) == ()
