from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import BigIntegerField, Count, DateTimeField, UUIDField
from django.test.utils import CaptureQueriesContext

from arena.prepared import Given, Prepared, PreparedUpdate, insert, insert_unless_taken, prepared_cursor
from arena.voting.models import Ballot, Rater, Study, Vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db

RATER = Given("rater", UUIDField())
OF_RATER = Prepared(lambda: Ballot.objects.select_related("study", "rendition_a__clip").filter(rater=RATER))


def test_rows_are_those_of_the_query_with_values_of_each_run() -> None:
    study = make_study(prompts=2)
    first, second = (make_ballot(study) for _ in range(2))
    keys = Prepared(
        lambda: Ballot.objects.filter(pk=Given("key", UUIDField())).values_list("pk", "issued_at")
    )
    for ballot in (first, second):
        assert keys.rows(key=ballot.pk) == [[ballot.pk, ballot.issued_at]]
    assert keys.rows(key=uuid.uuid4()) == []


def test_objects_are_as_the_query_makes_them_with_their_related_rows() -> None:
    ballot = make_ballot(make_study())
    plain = Ballot.objects.select_related("study", "rendition_a__clip").get(pk=ballot.pk)
    found = OF_RATER.first(rater=ballot.rater_id)
    assert found is not None
    for name in ("id", "state", "propensity", "issued_at", "expires_at", "prompt_id"):
        assert getattr(found, name) == getattr(plain, name)
    with CaptureQueriesContext(connection) as context:
        assert found.study.clip_settings == plain.study.clip_settings
        assert found.rendition_a.clip.provenance == plain.rendition_a.clip.provenance
    assert not context.captured_queries
    assert not found._state.adding


def test_annotations_become_attributes() -> None:
    ballot = make_ballot(make_study())
    counted = Prepared(lambda: Rater.objects.filter(pk=RATER).annotate(issued=Count("ballots")))
    found = counted.first(rater=ballot.rater_id)
    assert found is not None
    assert vars(found)["issued"] == 1
    assert counted.first(rater=uuid.uuid4()) is None


def test_several_values_of_a_list_are_given_by_name() -> None:
    one, two, _ = (make_study(slug) for slug in ("one", "two", "three"))
    pair: list[Any] = [Given(name, BigIntegerField()) for name in "ab"]
    query = Prepared(lambda: Study.objects.filter(pk__in=pair).order_by("pk"))
    assert query.objects(a=two.pk, b=one.pk) == [one, two]


def test_an_update_changes_the_rows_and_counts_them() -> None:
    ballot = make_ballot(make_study())
    close = PreparedUpdate(
        lambda: Ballot.objects.filter(pk=Given("key", UUIDField()), state="open"),
        expires_at=Given("at", DateTimeField()),
        state="skipped",
    )
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC) + timedelta(days=1000)
    assert [close.run(key=ballot.pk, at=at), close.run(key=ballot.pk, at=at)] == [1, 0]
    ballot.refresh_from_db()
    assert (ballot.state, ballot.expires_at) == ("skipped", at)


def test_a_row_is_inserted_as_its_model_saves_it() -> None:
    vote = cast(make_study(), playback={"watched_a_s": 1.5})
    stored = Vote.objects.get()
    assert (vote.pk, vote._state.adding) == (stored.pk, False)
    assert (stored.playback, stored.created_at) == ({"watched_a_s": 1.5}, vote.created_at)
    rater = Rater()
    insert(rater)
    assert Rater.objects.get(pk=rater.pk).created_at == rater.created_at


def test_a_row_that_breaks_a_constraint_is_refused() -> None:
    vote = cast(make_study())
    with pytest.raises(IntegrityError):
        insert(Vote(ballot=vote.ballot, outcome="a", created_at=vote.created_at))


def test_a_row_whose_number_is_taken_is_left_out() -> None:
    first = make_ballot(make_study(), number=1)
    second = Ballot.objects.get(pk=first.pk)
    second.pk, second.state = uuid.uuid4(), "skipped"
    assert not insert_unless_taken(second)
    second.number = 2
    assert insert_unless_taken(second)
    assert list(Ballot.objects.order_by("number").values_list("pk", flat=True)) == [first.pk, second.pk]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone prepares statements")
def test_postgresql_prepares_a_query_once_and_plain_ones_never() -> None:
    ballot = make_ballot(make_study())
    for _ in range(2):
        assert OF_RATER.first(rater=ballot.rater_id) == ballot
        Ballot.objects.get(pk=ballot.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%%voting_ballot%%'"
        )
        statements = [statement for (statement,) in cursor.fetchall()]
    assert sum("production_clip" in statement for statement in statements) == 1
    assert not any(str(ballot.pk) in statement for statement in statements)


def test_a_prepared_cursor_is_seen_by_those_who_watch_queries() -> None:
    with CaptureQueriesContext(connection) as context, prepared_cursor() as cursor:
        cursor.execute("SELECT %s + 1", [1])
        assert cursor.fetchone() == (2,)
    assert len(context) == 1
