from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import Storage, storages
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.media.padding import STEP_BYTES, padded_size
from arena.media.remote import RemoteFile
from arena.runs.models import Rendition
from arena.voting.media_addresses import Side, media_tokens, read_media_token
from arena.voting.models import Ballot, Study
from arena.voting.raters import remember_rater
from tests.factories import make_ballot, make_contender, make_rendition, make_study
from tests.factories_voting import answer, answer_url, fetch, media_url, media_url_of, open_page

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
    for url, rendition in zip(_urls(ballot), (ballot.rendition_a, ballot.rendition_b), strict=True):
        _, content = fetch(client, url)
        original = _content(rendition)
        box = content[len(original) :]
        assert content.startswith(original)
        assert (int.from_bytes(box[:4], "big"), box[4:8]) == (len(box), b"free")
        assert not any(box[8:])


def test_both_sides_are_answered_with_the_same_headers_and_length(client: Client, ballot: Ballot) -> None:
    (a, content_a), (b, content_b) = (fetch(client, url) for url in _urls(ballot))
    assert (a.status_code, b.status_code) == (200, 200)
    assert a.headers == b.headers
    assert len(content_a) == len(content_b) == int(a.headers["Content-Length"])
    assert int(a.headers["Content-Length"]) % STEP_BYTES == 0


def test_headers_tell_only_what_every_clip_has_in_common(client: Client, ballot: Ballot) -> None:
    headers = fetch(client, media_url(ballot, "a"))[0].headers
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
    for url in _urls(ballot):
        _, whole = fetch(client, url)
        response, part = fetch(client, url, range=asked)
        start = first % len(whole)
        stop = len(whole) if last is None else last + 1
        assert response.status_code == 206
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert part == whole[start:stop]


def test_a_range_beyond_the_end_is_refused_alike_on_both_sides(client: Client, ballot: Ballot) -> None:
    asked = {"range": "bytes=99999999-"}
    a, b = (client.get(url, headers=asked) for url in _urls(ballot))
    assert (a.status_code, b.status_code) == (416, 416)
    assert a.headers == b.headers


def test_a_head_request_gets_the_headers_alone(client: Client, ballot: Ballot) -> None:
    response = client.head(media_url(ballot, "a"))
    assert response.headers == fetch(client, media_url(ballot, "a"))[0].headers
    assert response.getvalue() == b""


def test_a_clip_can_be_watched_again_after_the_vote(client: Client, ballot: Ballot) -> None:
    answer(client, ballot)
    assert fetch(client, media_url(ballot, "a"))[0].status_code == 200


@pytest.mark.parametrize("side", ["a", "b"])
def test_an_expired_ballot_shows_nothing_more(client: Client, ballot: Ballot, side: Side) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.BALLOT_LIFETIME_S + 1)):
        response = client.get(media_url(ballot, side))
    assert response.status_code == 410
    assert "This pair has expired" in response.content.decode()


def test_somebody_elses_clip_looks_like_one_that_never_was(
    client: Client, study: Study, ballot: Ballot
) -> None:
    other = Client()
    open_page(other, study)
    with time_machine.travel(timezone.now(), tick=False):
        refused = [other.get(media_url(ballot, "a")), client.get(media_url_of("A" * 27))]
    assert [response.status_code for response in refused] == [400, 400]
    pages = {page.content.replace(page.request["PATH_INFO"].encode(), b"") for page in refused}
    assert len(pages) == 1


@pytest.mark.parametrize("ours", [True, False])
def test_a_browser_without_our_cookie_is_told_so_whatever_it_asks_for(ballot: Ballot, ours: bool) -> None:
    response = Client().get(media_url(ballot, "a") if ours else media_url_of("A" * 27))
    assert response.status_code == 403
    assert "Your browser sent no cookie" in response.content.decode()


def test_the_names_page_plays_the_clips_again_however_late(client: Client, ballot: Ballot) -> None:
    _, before = fetch(client, media_url(ballot, "a"))
    answer(client, ballot)
    with time_machine.travel(ballot.expires_at + timedelta(days=9)):
        page = client.get(f"{answer_url(ballot)}result/").content.decode()
        first, _ = re.findall(r'src="(/media/.*?)"', page)
        response, after = fetch(client, first)
    assert (response.status_code, after) == (200, before)


def test_an_address_tells_nothing_about_its_clip(client: Client, study: Study, ballot: Ballot) -> None:
    """Two ballots on one pair have four addresses of one length, without a byte of what they carry."""
    other = open_page(Client(), study)
    assert {other.rendition_a, other.rendition_b} == {ballot.rendition_a, ballot.rendition_b}
    tokens = {token for shown in (ballot, other) for token in media_tokens(shown).values()}
    assert len(tokens) == 4
    assert {len(token) for token in tokens} == {142}
    sealed = [base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) for token in tokens]
    digests = [bytes.fromhex(one.sha256) for one in (ballot.rendition_a, ballot.rendition_b)]
    hidden = [*digests, ballot.pk.bytes, ballot.rater_id.bytes]
    assert [found for found in hidden if any(found in one for one in sealed)] == []


def test_an_address_that_was_changed_anywhere_is_refused(client: Client, ballot: Ballot) -> None:
    token = media_tokens(ballot)["a"]
    for position in range(0, len(token), 7):
        other = "A" if token[position] != "A" else "B"
        changed = token[:position] + other + token[position + 1 :]
        assert client.get(media_url_of(changed)).status_code == 400


def test_the_length_is_that_of_the_longest_clip_of_prompt_and_seed(client: Client, study: Study) -> None:
    """Else it would tell which of the other clips of the prompt a side is not."""
    third = make_contender()
    study.contenders.add(third)
    make_rendition(third, study.suites.get().prompts.get(), content=b"longest" * 2**15)
    shown = list(Rendition.objects.order_by("size_bytes")[:2])
    ballot = make_ballot(study, open_page(client, study).rater, pair=shown, state=Ballot.State.SKIPPED)
    for url in _urls(ballot):
        assert len(fetch(client, url)[1]) == padded_size(7 * 2**15)


def test_the_length_follows_variants_that_are_made_after_it_was_remembered(ballot: Ballot) -> None:
    remembered = read_media_token(media_tokens(ballot)["a"]).padded_bytes
    longer = remembered + STEP_BYTES
    Rendition.objects.filter(pk=ballot.rendition_a_id).update(variants=[("ab" * 32, longer)])
    cache.delete(f"shown:{ballot.rendition_a_id}")
    for token in media_tokens(ballot).values():
        assert read_media_token(token).padded_bytes > longer


@pytest.mark.parametrize(("mode", "without"), [("both", None), ("muted", "sound"), ("sound", "picture")])
def test_what_a_mode_does_not_judge_is_not_served(ballot: Ballot, mode: str, without: str | None) -> None:
    ballot.mode = mode
    served = [read_media_token(token) for token in media_tokens(ballot).values()]
    assert [clip.without for clip in served] == [without] * 2
    assert all(bool(clip.salt) == bool(without) for clip in served)
    assert len({clip.padded_bytes for clip in served}) == 1


def test_a_clip_takes_no_query(
    client: Client, ballot: Ballot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for url in _urls(ballot):
        with django_assert_num_queries(0):
            fetch(client, url)


def _urls(ballot: Ballot) -> tuple[str, str]:
    return media_url(ballot, "a"), media_url(ballot, "b")


def _content(rendition: Rendition) -> bytes:
    return SHORT if rendition.size_bytes == len(SHORT) else LONG


def test_a_clip_whose_file_is_gone_is_not_found(client: Client, ballot: Ballot) -> None:
    storages["renditions"].delete(ballot.rendition_a.name)
    assert client.get(media_url(ballot, "a")).status_code == 404


def test_a_store_that_does_not_answer_is_told(
    client: Client, ballot: Ballot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_listens(name: str, _: Storage) -> RemoteFile:
        return RemoteFile("http://127.0.0.1:1/clip.mp4", name)

    monkeypatch.setattr("arena.voting.files.open_stored", nobody_listens)
    response = client.get(media_url(ballot, "a"))
    assert response.status_code == 503
    assert "can&#x27;t be loaded now" in response.content.decode()


def test_a_rendition_with_variants_is_shown_as_one_of_them_with_other_bytes_on_each_ballot(
    produced_study: Study,
) -> None:
    Study.objects.update(simulated=False)
    client, received = Client(), []
    shown = Rendition.objects.order_by("pk")
    for _ in range(4):
        ballot = make_ballot(produced_study, pair=list(shown))
        address = media_url(ballot, "a")
        answered = HttpResponse()
        remember_rater(answered, ballot.rater)
        client.cookies.update(answered.cookies)
        whole = fetch(client, address)[1]
        assert fetch(client, address, range="bytes=3000-3999")[1] == whole[3000:4000]
        received.append(whole)
    assert len({len(content) for content in received}) == 1
    assert len(set(received)) == 4
