from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from arena.media.storage import identify
from arena.runs.models import BrokenFile, Rendition
from arena.voting.ballots import sign_ballot
from arena.voting.broken_files import find_fault, retire_with
from arena.voting.controls.models import Twin
from arena.voting.models import Ballot, Control, Study, VoidReason, Vote
from arena.voting.pairing.again import pair_again
from arena.voting.pairing.drawing import outlook_of
from tests.factories import make_ballot, make_study
from tests.factories_voting import answer, make_twin_row, media_url, open_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return make_study(contenders=2, prompts=3)


@pytest.fixture
def ballot(client: Client, study: Study) -> Ballot:
    return open_page(client, study)


@pytest.fixture
def taken_away(ballot: Ballot) -> Iterator[Rendition]:
    """Take away the file on side b, and put it back at the end."""
    with storages["renditions"].open(ballot.rendition_b.name) as file:
        content = file.read()
    storages["renditions"].delete(ballot.rendition_b.name)
    yield ballot.rendition_b
    _put(ballot.rendition_b, content)


def _put(rendition: Rendition, content: bytes) -> None:
    storages["renditions"].delete(rendition.name)
    storages["renditions"].save(rendition.name, ContentFile(content))


def _content(rendition: Rendition) -> bytes:
    with storages["renditions"].open(rendition.name) as file:
        return bytes(file.read())


def _check(*arguments: str) -> str:
    out = StringIO()
    call_command("check_media", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_a_missing_file_is_found_when_it_is_served_and_the_next_page_shows_another_pair(
    client: Client, study: Study, ballot: Ballot, taken_away: Rendition, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get(media_url(ballot, "b")).status_code == 404
    ballot.refresh_from_db()
    assert (ballot.state, ballot.void_reason) == (Ballot.State.VOIDED, VoidReason.FILE)
    assert (
        f"{taken_away.name}: the file is missing. No pair shows it any more. Put the file back" in caplog.text
    )
    other = open_page(client, study)
    assert other.pk != ballot.pk
    assert taken_away.pk not in (other.rendition_a_id, other.rendition_b_id)
    assert client.get(media_url(ballot, "b")).status_code == 404
    assert BrokenFile.objects.count() == 1


def test_a_vote_on_a_broken_pair_is_refused_and_its_page_says_why(
    client: Client, ballot: Ballot, taken_away: Rendition
) -> None:
    client.get(media_url(ballot, "b"))
    assert answer(client, ballot).status_code == 409
    assert not Vote.objects.exists()
    page = client.get(reverse("voided", args=[sign_ballot(ballot)]))
    assert "damaged on our side" in page.content.decode()


def test_a_study_whose_clips_are_all_broken_says_that_no_pair_is_left(
    client: Client, study: Study, ballot: Ballot
) -> None:
    for rendition in Rendition.objects.all():
        BrokenFile.objects.create(rendition=rendition, reason="a test")
    Ballot.objects.update(state=Ballot.State.VOIDED, void_reason=VoidReason.FILE)
    assert client.get(f"/studies/{study.slug}/").status_code == 200


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda content: content[:-1], "bytes; it has"),
        (lambda content: bytes([content[0] ^ 1]) + content[1:], "the file's SHA-256 must be"),
    ],
)
def test_check_media_finds_damage_and_puts_restored_clips_back(
    study: Study, ballot: Ballot, damage: object, told: str
) -> None:
    assert "6 clips are whole." in _check("study")
    whole = _content(ballot.rendition_a)
    assert callable(damage)
    _put(ballot.rendition_a, damage(whole))
    out = StringIO()
    with pytest.raises(CommandError, match=r"1 of 6 clips are broken, and are not shown\."):
        call_command("check_media", stdout=out, stderr=out)
    assert told in out.getvalue()
    ballot.refresh_from_db()
    assert ballot.state == Ballot.State.VOIDED
    _put(ballot.rendition_a, whole)
    assert "whole again, and back in play" in _check()
    assert not BrokenFile.objects.exists()


def test_an_unknown_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nothere"):
        _check("nothere")


def test_a_missing_variant_retires_its_rendition(ballot: Ballot) -> None:
    rendition = ballot.rendition_a
    kept = identify(ContentFile(b"another encoding"), "mp4")
    rendition.variants = [[kept.sha256, kept.size_bytes]]
    rendition.save()
    assert find_fault(rendition) == "the file is missing"
    retire_with(kept.sha256, "the file is missing")
    assert [broken.rendition_id for broken in BrokenFile.objects.all()] == [rendition.pk]


def test_a_twin_whose_file_is_missing_retires_and_its_open_ballot_is_void(study: Study) -> None:
    rendition = Rendition.objects.order_by("pk")[0]
    twin, whole = make_twin_row(rendition), make_twin_row(rendition, "noise")
    ballot = make_ballot(study, control=Control.GOLD, twin=twin, twin_side="b")
    assert _check().endswith("8 clips are whole.\n")
    storages["renditions"].delete(twin.name)
    with pytest.raises(CommandError, match="1 of 8 clips are broken"):
        _check()
    assert list(Twin.objects.in_use()) == [whole]
    ballot.refresh_from_db()
    assert (ballot.state, ballot.void_reason) == (Ballot.State.VOIDED, VoidReason.FILE)
    assert _check("study").endswith("7 clips are whole.\n")
    assert pair_again(outlook_of(study, ballot.rater), at_once=True) is None


def test_a_twin_that_is_missing_when_it_is_served_retires(study: Study) -> None:
    twin = make_twin_row(Rendition.objects.order_by("pk")[0])
    storages["renditions"].delete(twin.name)
    retire_with(twin.sha256, "the file is missing")
    assert not Twin.objects.in_use().exists()
