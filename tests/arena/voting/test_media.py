from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.media.padding import STEP_BYTES
from arena.media.remote import RemoteFile
from arena.runs.models import Rendition
from arena.voting.models import Ballot, Study
from tests.factories import make_contender, make_rendition, make_study
from tests.factories_voting import answer, fetch, media_url, open_page

pytestmark = pytest.mark.django_db
SHORT, LONG = b"short clip" * 10, b"a much longer clip" * 9000


@pytest.fixture
def study() -> Study:
    """Make a study of one pair whose two files have very different lengths."""
    study = make_study(contenders=0)
    for content in (SHORT, LONG):
        contender = make_contender()
        study.contenders.add(contender)
        make_rendition(contender, study.suites.get().prompts.get(), content=content)
    return study


@pytest.fixture
def ballot(client: Client, study: Study) -> Ballot:
    return open_page(client, study)


def test_each_side_serves_its_clip_followed_by_a_box_that_players_skip(
    client: Client, ballot: Ballot
) -> None:
    for token, rendition in ((ballot.media_a, ballot.rendition_a), (ballot.media_b, ballot.rendition_b)):
        _, content = fetch(client, media_url(token))
        original = _content(rendition)
        box = content[len(original) :]
        assert content.startswith(original)
        assert (int.from_bytes(box[:4], "big"), box[4:8]) == (len(box), b"free")
        assert not any(box[8:])


def test_both_sides_are_answered_with_the_same_headers_and_length(client: Client, ballot: Ballot) -> None:
    (a, content_a), (b, content_b) = (
        fetch(client, media_url(token)) for token in (ballot.media_a, ballot.media_b)
    )
    assert (a.status_code, b.status_code) == (200, 200)
    assert a.headers == b.headers
    assert len(content_a) == len(content_b) == int(a.headers["Content-Length"])
    assert int(a.headers["Content-Length"]) % STEP_BYTES == 0


def test_headers_tell_only_what_every_clip_has_in_common(client: Client, ballot: Ballot) -> None:
    headers = fetch(client, media_url(ballot.media_a))[0].headers
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Cache-Control"] == "private, no-store"
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(headers)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=10-99", 10, 99), ("bytes=65530-", 65530, None), ("bytes=-7", -7, None)],
)
def test_a_range_gets_that_part_of_the_whole(
    client: Client, ballot: Ballot, asked: str, first: int, last: int | None
) -> None:
    for token in (ballot.media_a, ballot.media_b):
        _, whole = fetch(client, media_url(token))
        response, part = fetch(client, media_url(token), range=asked)
        start = first % len(whole)
        stop = len(whole) if last is None else last + 1
        assert response.status_code == 206
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert part == whole[start:stop]


def test_a_range_beyond_the_end_is_refused_alike_on_both_sides(client: Client, ballot: Ballot) -> None:
    asked = {"range": "bytes=99999999-"}
    a, b = (client.get(media_url(token), headers=asked) for token in (ballot.media_a, ballot.media_b))
    assert (a.status_code, b.status_code) == (416, 416)
    assert a.headers == b.headers


def test_a_head_request_gets_the_headers_alone(client: Client, ballot: Ballot) -> None:
    response = client.head(media_url(ballot.media_a))
    assert response.headers == fetch(client, media_url(ballot.media_a))[0].headers
    assert response.getvalue() == b""


def test_a_clip_can_be_watched_again_after_the_vote(client: Client, ballot: Ballot) -> None:
    answer(client, ballot)
    assert fetch(client, media_url(ballot.media_a))[0].status_code == 200


@pytest.mark.parametrize("side", ["media_a", "media_b"])
def test_an_expired_ballot_shows_nothing_more(client: Client, ballot: Ballot, side: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.BALLOT_LIFETIME_S + 1)):
        response = client.get(media_url(getattr(ballot, side)))
    assert response.status_code == 410
    assert "This pair has expired" in response.content.decode()


def test_somebody_elses_clip_looks_like_one_that_never_was(
    client: Client, study: Study, ballot: Ballot
) -> None:
    other = Client()
    open_page(other, study)
    refused = [other.get(media_url(ballot.media_a)), client.get(media_url("A" * 27))]
    assert [response.status_code for response in refused] == [400, 400]
    assert len({response.content for response in refused}) == 1


@pytest.mark.parametrize("ours", [True, False])
def test_a_browser_without_our_cookie_is_told_so_whatever_it_asks_for(ballot: Ballot, ours: bool) -> None:
    response = Client().get(media_url(ballot.media_a if ours else "A" * 27))
    assert response.status_code == 403
    assert "Your browser sent no cookie" in response.content.decode()


def test_after_the_vote_the_clips_can_be_played_again_for_good(client: Client, ballot: Ballot) -> None:
    _, before = fetch(client, media_url(ballot.media_a))
    answer(client, ballot)
    with time_machine.travel(ballot.expires_at + timedelta(days=1)):
        response, after = fetch(client, media_url(ballot.media_a))
    assert (response.status_code, after) == (200, before)


def test_two_ballots_on_one_pair_share_no_address(client: Client, study: Study, ballot: Ballot) -> None:
    other = open_page(Client(), study)
    assert {other.rendition_a, other.rendition_b} == {ballot.rendition_a, ballot.rendition_b}
    tokens = {ballot.media_a, ballot.media_b, other.media_a, other.media_b}
    assert len(tokens) == 4
    assert {len(token) for token in tokens} == {27}


def test_both_sides_take_the_same_number_of_queries(
    client: Client, ballot: Ballot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for token in (ballot.media_a, ballot.media_b):
        with django_assert_num_queries(2):
            fetch(client, media_url(token))


def _content(rendition: Rendition) -> bytes:
    return SHORT if rendition.size_bytes == len(SHORT) else LONG


def test_a_clip_whose_file_is_gone_is_not_found(client: Client, ballot: Ballot) -> None:
    storages["renditions"].delete(ballot.rendition_a.name)
    assert client.get(media_url(ballot.media_a)).status_code == 404


def test_a_store_that_does_not_answer_is_told(
    client: Client, ballot: Ballot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_listens(name: str, _: Storage) -> RemoteFile:
        return RemoteFile("http://127.0.0.1:1/clip.mp4", name)

    monkeypatch.setattr("arena.voting.files.open_stored", nobody_listens)
    response = client.get(media_url(ballot.media_a))
    assert response.status_code == 503
    assert "can&#x27;t be loaded now" in response.content.decode()
