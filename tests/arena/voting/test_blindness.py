"""Nothing that a browser receives before a vote names a contender: every response there is, walked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from arena.runs.models import Clip, Rendition
from arena.voting.ballots import sign_ballot
from arena.voting.models import Ballot, Study
from tests.factories import make_ballot, store_bytes
from tests.factories_voting import answer, answer_url, media_url, open_page, press_start

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as ClientResponse

pytestmark = pytest.mark.django_db
ORIGINAL = "take-7-final-of-zebra.mp4"
NAMES = (
    "zebra",  # slug, name, maker and original file of one
    "aardvark",  # and of the other
    "9000",
    "toy-world",  # the generator
    "toyworld",
    "wrong-attributes",  # its settings
)
LINKS = re.compile(r"""(?:src|href|action|poster|content|data-solver)="(/[^"]*)\"""")
IMPORTS = re.compile(r"""(?:from|import)\s+"(\./[^"]+)\"""")
Receive = Callable[..., bytes]


@pytest.fixture
def study(produced_study: Study) -> Study:
    """Two contenders with telling names and clips from the real production, for people, with an image."""
    Study.objects.update(simulated=False)
    Clip.objects.update(name=ORIGINAL)
    kept = store_bytes(b"an image", "references", "png")
    produced_study.suites.get().prompts.update(reference_name=kept.name, reference_sha256=kept.sha256)
    produced_study.refresh_from_db()
    return produced_study


@pytest.fixture
def told(study: Study) -> list[str]:
    """Return everything that would tell a contender: names, and digests and stored names of files."""
    files = [
        digest for row in Rendition.objects.values_list("sha256", "clip__sha256", "name") for digest in row
    ]
    return [*NAMES, ORIGINAL, *files]


@pytest.fixture
def receive(client: Client, told: list[str]) -> Receive:
    """Return a function that requests an address, checks all of the response, and returns its body."""

    def receive(url: str, status: int = 200, post: dict[str, str] | None = None, **headers: str) -> bytes:
        response = (
            client.get(url, headers=headers) if post is None else client.post(url, post, headers=headers)
        )
        assert response.status_code == status, url
        body = response.getvalue()
        assert _found(told, response, body) == [], url
        return body

    return receive


def _found(told: list[str], response: ClientResponse, body: bytes) -> list[str]:
    head = f"{response.reason_phrase} {response.headers} {response.cookies}"
    received = (head.encode() + body).lower()
    return [name for name in told if name.lower().encode() in received]


def _linked(html: bytes) -> list[str]:
    return sorted(set(LINKS.findall(html.decode())))


def test_the_check_itself_finds_names_once_they_are_told(
    client: Client, study: Study, told: list[str]
) -> None:
    ballot = open_page(client, study)
    response = client.get(answer(client, ballot).headers["Location"])
    assert {"zebra", "aardvark", "9000"} <= set(_found(told, response, response.content))


def test_the_way_to_a_ballot_and_all_that_its_page_loads(receive: Receive, study: Study) -> None:
    """Without scripts these are all requests; with them, ballot.js and what it imports come in addition."""
    assert f"/studies/{study.slug}/start/" in _linked(receive("/"))
    assert f"/studies/{study.slug}/start/" in _linked(receive(f"/studies/{study.slug}/start/"))
    receive(f"/studies/{study.slug}/", 302)
    receive(f"/studies/{study.slug}/start/", 302, post={})
    page = receive(f"/studies/{study.slug}/")
    ballot = Ballot.objects.get()
    links = _linked(page)
    unsigned = answer_url(ballot).split(":")[0]  # the rest depends on the second that it is signed in
    action = next(url for url in links if url.startswith(unsigned) and url.endswith("/"))
    for expected in (media_url(ballot, "a"), media_url(ballot, "b"), f"{action}reference"):
        assert expected in links
    for url in links:
        if url not in (action, "/language/"):  # these two take the vote and the choice of a language
            receive(url)
        if "/media/" in url:
            receive(url, status=206, range="bytes=0-99")


def test_every_script_with_what_it_imports(receive: Receive, study: Study) -> None:
    receive(f"/studies/{study.slug}/start/", 302, post={})
    pages = receive(f"/studies/{study.slug}/")
    Study.objects.update(terms={"work_bits": 1})
    pages += receive(f"/studies/{study.slug}/work/")
    waiting = [url for url in _linked(pages) if url.endswith(".js")]
    assert "/static/ballot.js" in waiting
    seen: set[str] = set()
    while waiting:
        url = waiting.pop()
        seen.add(url)
        imported = (f"/static/{name[2:]}" for name in IMPORTS.findall(receive(url).decode()))
        waiting += [name for name in imported if name not in seen]
    expected = {path.name for path in (settings.BASE_DIR / "arena" / "static").glob("*.js")}
    texts = {url for url in seen if url.startswith("/texts/")}
    assert seen - texts == {f"/static/{name}" for name in expected}
    assert len(texts) == 1


def test_what_the_clips_hold(receive: Receive, client: Client, study: Study) -> None:
    """From their first to their last byte; both as long as each other."""
    ballot = open_page(client, study)
    a, b = receive(media_url(ballot, "a")), receive(media_url(ballot, "b"))
    assert len(a) == len(b)
    assert a != b


def test_asking_for_the_names_before_the_vote(receive: Receive, client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    receive(reverse("reveal", args=[sign_ballot(ballot)]), status=302)


def test_asking_for_the_names_without_a_vote_on_an_expired_or_skipped_ballot(
    receive: Receive, client: Client, study: Study
) -> None:
    for state in (Ballot.State.EXPIRED, Ballot.State.SKIPPED):
        ballot = open_page(client, study)
        Ballot.objects.filter(pk=ballot.pk).update(state=state)
        receive(reverse("reveal", args=[sign_ballot(ballot)]), status=302)
        Ballot.objects.all().delete()


def test_asking_for_the_names_on_somebody_elses_vote(receive: Receive, study: Study) -> None:
    voted = _voted_by_another(study)
    receive(reverse("reveal", args=[sign_ballot(voted)]), status=403)
    receive(reverse("reveal", args=["damaged"]), status=400)


def test_a_skip_and_the_page_after_the_last_pair(receive: Receive, client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    receive(answer_url(ballot), status=302, post={"outcome": "skip"})
    assert b"Nothing to judge yet" in receive(f"/studies/{study.slug}/")


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json"])
def test_every_refusal(receive: Receive, client: Client, study: Study, accept: str) -> None:
    ballot = open_page(client, study)
    foreign = make_ballot(study)
    receive(answer_url(ballot), 400, {"outcome": "nonsense"}, accept=accept)
    receive(answer_url(foreign), 403, {"outcome": "a"}, accept=accept)
    receive("/ballots/damaged/", 400, {"outcome": "a"}, accept=accept)
    receive(media_url(foreign, "a"), 400, accept=accept)
    receive(f"{answer_url(foreign)}reference", 403, accept=accept)
    with time_machine.travel(ballot.expires_at + timedelta(seconds=1)):
        receive(answer_url(ballot), 410, {"outcome": "a"}, accept=accept)
        receive(media_url(ballot, "a"), 410, accept=accept)
    Study.objects.update(is_open=False)
    receive(answer_url(ballot), 410, {"outcome": "a"}, accept=accept)
    receive(f"/studies/{study.slug}/", 410, accept=accept)
    Study.objects.update(simulated=True)
    receive(f"/studies/{study.slug}/", 403, accept=accept)


def test_wrong_turns(receive: Receive, client: Client, study: Study) -> None:
    ballot = open_page(client, study)
    for url, status in (("/nowhere/", 404), ("/studies/nowhere/", 404), (answer_url(ballot), 302)):
        receive(url, status)
    receive(media_url(ballot, "a"), 416, range="bytes=99999999-")


def test_two_ballots_on_one_pair_share_no_address(study: Study) -> None:
    pages = []
    for client in (Client(), Client()):
        press_start(client, study)
        pages.append(client.get(f"/studies/{study.slug}/").content)
    media = [{url for url in _linked(page) if url.startswith("/media/")} for page in pages]
    answers = [{url for url in _linked(page) if url.startswith("/ballots/")} for page in pages]
    assert [len(urls) for urls in media] == [2, 2]
    assert media[0] & media[1] == answers[0] & answers[1] == set()


def _voted_by_another(study: Study) -> Ballot:
    """Somebody else's ballot on the pair, voted on."""
    other = Client()
    ballot = open_page(other, study)
    answer(other, ballot)
    return ballot
