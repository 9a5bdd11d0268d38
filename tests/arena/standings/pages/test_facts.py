from __future__ import annotations

import pytest

from arena.runs.models import Clip
from arena.standings.pages.facts import Facts, contender_facts
from arena.standings.pages.finding import find_board
from arena.voting.models import Study
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def _facts(study: Study) -> list[Facts]:
    found = contender_facts(find_board(study.slug, "t2v-audio", {}))
    return [found[slug] for slug in study.contenders.order_by("pk").values_list("slug", flat=True)]


def _record(study: Study, position: int, costs: list[float | None], wall_s: float) -> None:
    contender = study.contenders.order_by("pk")[position]
    for clip, cost in zip(Clip.objects.filter(job__contender=contender).order_by("pk"), costs, strict=True):
        clip.provenance = {"cost_usd": cost, "wall_time_s": wall_s}
        clip.probe = {"duration_s": 5.0}
        clip.save()


def test_price_and_speed_are_those_of_the_jobs() -> None:
    study = make_study(contenders=3, prompts=2)
    _record(study, 0, [0.1, 0.3], 12.0)
    _record(study, 1, [0.5, None], 3.0)
    first, second, third = _facts(study)
    assert [first.price_per_minute_usd, second.price_per_minute_usd] == pytest.approx([60 * 0.4 / 10, 6.0])
    assert [first.seconds_per_clip, second.seconds_per_clip] == [12.0, 3.0]
    assert third == Facts()


def test_a_list_price_stands_in_where_no_cost_is_recorded() -> None:
    study = make_study(contenders=2, prompts=1)
    study.contenders.update(price_per_minute_usd=4.0)
    _record(study, 0, [0.1], 1.0)
    assert [facts.price_per_minute_usd for facts in _facts(study)] == [pytest.approx(1.2), 4.0]


def test_copied_clips_have_no_speed() -> None:
    study = make_study(contenders=1, prompts=1)
    study.contenders.update(generator="folder")
    _record(study, 0, [None], 0.01)
    assert _facts(study) == [Facts()]


def test_a_new_clip_moves_the_facts() -> None:
    study = make_study(contenders=2, prompts=1)
    _record(study, 0, [0.1], 1.0)
    assert _facts(study)[0].price_per_minute_usd == pytest.approx(1.2)
    make_study("other")
    _record(study, 0, [0.2], 1.0)
    make_study("third")
    assert _facts(study)[0].price_per_minute_usd == pytest.approx(2.4)
