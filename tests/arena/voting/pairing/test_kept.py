"""Units of pools that each process keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from arena.voting.pairing import kept
from arena.voting.pairing.kept import PoolChanged, drawn_unit, kept_units
from arena.voting.pairing.models import Pool, PoolUnit
from arena.voting.pairing.pools import current_pool
from tests.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool() -> Pool:
    return current_pool(make_study(contenders=3, prompts=4))


def prompts_of(pool: Pool) -> list[int]:
    return list(pool.members.order_by("number").values_list("prompt", flat=True))


def test_units_are_those_of_the_prompts_alone(pool: Pool) -> None:
    prompts = prompts_of(pool)
    found = list(kept_units(pool, prompts[1:3]))
    assert [one.number for one in found] == [1, 2]
    rows = PoolUnit.objects.filter(pool=pool, number__in=[1, 2]).order_by("number")
    assert [(one.unit, one.clips, one.members) for one in found] == [
        (row.unit, row.clips, row.members) for row in rows
    ]


def test_only_units_of_new_prompts_are_read(
    pool: Pool, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    prompts = prompts_of(pool)
    for asked, queries in ((prompts[:2], 1), (prompts[:2], 0), (prompts, 1), (prompts, 0)):
        with django_assert_num_queries(queries):
            assert len(list(kept_units(pool, asked))) == len(asked)


def test_a_prompt_that_the_pool_lacks_has_no_unit(
    pool: Pool, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    foreign = [prompts_of(pool)[-1] + 1]
    for queries in (1, 0):
        with django_assert_num_queries(queries):
            assert not list(kept_units(pool, foreign))


def test_clips_of_a_large_unit_are_not_kept(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SMALL_UNIT", 2)
    assert [one.members for one in kept_units(pool, prompts_of(pool))] == [None] * 4


def test_units_of_prompts_beyond_the_most_are_read_each_time(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(kept, "MOST_PROMPTS", 3)
    prompts = prompts_of(pool)
    for _ in range(2):
        with django_assert_num_queries(1):
            assert len(list(kept_units(pool, prompts))) == 4


def test_a_drawn_unit_is_read_once_with_its_prompt(
    pool: Pool, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for queries in (1, 0):
        with django_assert_num_queries(queries):
            unit = drawn_unit(pool, 2)
            assert (unit.pool_id, unit.number, unit.prompt.suite_id > 0) == (pool.pk, 2, True)


def test_a_unit_that_is_gone_is_not_kept_as_missing(pool: Pool) -> None:
    with pytest.raises(PoolChanged):
        drawn_unit(pool, 4)
    last = PoolUnit.objects.get(pool=pool, number=3)
    PoolUnit.objects.create(
        pool=pool, number=4, prompt=last.prompt, seed=1, track=last.track, clips=2, members=last.members
    )
    assert drawn_unit(pool, 4).seed == 1


def test_another_database_s_pool_of_the_same_key_has_units_of_its_own(pool: Pool) -> None:
    prompts = prompts_of(pool)
    before = list(kept_units(pool, prompts)), drawn_unit(pool, 0).seed
    PoolUnit.objects.filter(pool=pool).update(seed=7)
    pool.built_at += timedelta(seconds=1)  # as of a restored backup
    after = list(kept_units(pool, prompts)), drawn_unit(pool, 0).seed
    assert ({one.unit.seed for one in before[0]}, before[1]) == ({0}, 0)
    assert ({one.unit.seed for one in after[0]}, after[1]) == ({7}, 7)
