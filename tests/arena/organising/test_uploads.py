from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from arena.catalog.models import Contender
from arena.organising.models import AuditEntry, Role
from arena.organising.permissions import owner_of
from arena.organising.uploads import pages
from arena.organising.uploads.matching import (
    Answer,
    InvalidMatch,
    change_matches,
    match_name,
    read_manifest,
    standing_of,
)
from arena.organising.uploads.models import Upload, UploadedClip
from arena.organising.uploads.taking_in import take_in
from arena.runs.driver import produce
from arena.runs.models import Job, Run
from arena.voting.sources import CantAdd
from arena.voting.studies import create_study
from generators.base import Request, Track
from generators.toyworld.generator import ToyWorld
from tests.factories import CAPTION, make_contender, make_prompt, make_suite
from tests.factories_organising import client_of, make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Content of four different short clips."""
    folder = tmp_path_factory.mktemp("videos")
    asked = [Request(Track.T2V_AUDIO, CAPTION, seed, 0.5, 64, 64, 12, "p") for seed in range(4)]
    return [ToyWorld({"flaw": "none"}).generate(one, folder).path.read_bytes() for one in asked]


@pytest.fixture
def organiser() -> Client:
    return client_of(Role.ORGANISER)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Collect the runs that a page starts; nothing makes them."""
    runs: list[Run] = []
    monkeypatch.setattr(pages, "start_in_background", runs.append)
    return runs


def _start(client: Client, **fields: object) -> str:
    answer = client.post("/organise/clips/", {"title": "Spring", "source": "names", **fields})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def _send(
    client: Client, address: str, files: Sequence[tuple[str, bytes]], model: str = "", **fields: object
) -> str:
    sent = [SimpleUploadedFile(name, content, "video/mp4") for name, content in files]
    return client.post(f"{address}upload/", {"contender": model, "files": sent, **fields}).content.decode()


def _files(videos: list[bytes], *names: str) -> list[tuple[str, bytes]]:
    return list(zip(names, videos, strict=False))


def test_two_folders_become_a_run_with_its_contenders_and_prompts(
    organiser: Client, videos: list[bytes], started: list[Run]
) -> None:
    address = _start(organiser)
    assert "2 files kept, 0 refused" in _send(
        organiser, address, _files(videos, "a-ball.mp4", "two.mp4"), "One"
    )
    assert "disabled" in organiser.get(address).content.decode()
    _send(organiser, address, _files(videos[2:], "a-ball.mp4", "two.mp4"), "Two")
    answer = organiser.post(f"{address}take-in/")
    (run,) = started
    assert answer.headers["Location"] == f"/organise/runs/{run.pk}/"
    assert sorted(run.contenders.values_list("slug", flat=True)) == ["one", "two"]
    assert list(run.suite.prompts.values_list("key", "text")) == [("a-ball", "a ball"), ("two", "two")]
    assert owner_of(run) is not None
    assert produce(run, workers=1, report=lambda _: None) == {Job.State.SUCCEEDED: 4}
    assert AuditEntry.objects.filter(action="took in clips of").count() == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.mp4", b"no video at all", "not a playable video"),
        ("a.mp4", b"#EXTM3U\nfile:///etc/passwd\n", "not a playable video"),
        ("a.txt", None, "Its name must end in .mp4"),
        ("a.mp4", b"", "empty"),
        (f"{'x' * 201}.mp4", None, "at most 200 printable characters"),
    ],
)
def test_a_file_that_is_refused_says_why_and_leaves_nothing(
    organiser: Client, videos: list[bytes], name: str, content: bytes | None, reason: str
) -> None:
    address = _start(organiser)
    page = _send(organiser, address, [(name, videos[0] if content is None else content)], "One")
    assert "0 files kept" in page
    assert reason in page
    assert not UploadedClip.objects.exists()
    assert not Upload.objects.get().folder.exists()


def test_content_is_named_by_what_it_is_and_kept_once(organiser: Client, videos: list[bytes]) -> None:
    address = _start(organiser)
    page = _send(organiser, address, [("a.mkv", videos[0]), ("b.mp4", videos[0])], "One")
    assert "The same content was sent before" in page
    clip = UploadedClip.objects.get()
    assert clip.stored_name.endswith(".mp4")
    assert (clip.upload.folder / clip.stored_name).read_bytes() == videos[0]


def test_files_beyond_a_limit_are_refused_and_the_others_kept(organiser: Client, videos: list[bytes]) -> None:
    address = _start(organiser)
    with override_settings(UPLOAD_MAX_FILES=2):
        page = _send(organiser, address, _files(videos, "a.mp4", "b.mp4", "c.mp4"), "One")
    assert "At most 2 files are taken at once" in page
    assert sorted(UploadedClip.objects.values_list("file_name", flat=True)) == ["a.mp4", "b.mp4"]
    with override_settings(UPLOAD_MAX_BYTES=100):
        sent = {"files": SimpleUploadedFile("d.mp4", videos[3])}
        assert organiser.post(f"{address}upload/", sent).status_code == 413


def test_a_name_that_belongs_to_another_contender_is_refused(organiser: Client, videos: list[bytes]) -> None:
    make_contender("one")
    page = _send(organiser, _start(organiser), _files(videos, "a.mp4"), "One")
    assert "exists already, with clips from elsewhere" in page


def test_a_manifest_says_whose_clip_answers_what(organiser: Client, videos: list[bytes]) -> None:
    table = b"contender,prompt_id,seed,file\nOne,ball,3,x.mp4\nTwo,ball,3,in/y.mp4\n"
    files = _files(videos, "x.mp4", "y.mp4")
    _send(organiser, _start(organiser), files, manifest=SimpleUploadedFile("m.csv", table))
    rows = UploadedClip.objects.values_list("contender", "prompt_key", "seed")
    assert list(rows) == [("one", "ball", 3), ("two", "ball", 3)]
    assert standing_of(Upload.objects.get()).obstacles == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xff", "must be a CSV in UTF-8"),
        (b"a,b\n1,2\n", "must have the columns contender, prompt_id, seed, file"),
        (b"contender,prompt_id,seed,file\na,b,x,c.mp4\n", "line 2: seed must be a whole number"),
        (b"contender,prompt_id,seed,file\na,b,1,c.mp4\na,b,2,c.mp4\n", "line 3 must name a contender"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InvalidMatch, match=message):
        read_manifest(content)


def test_names_are_matched_to_a_suites_prompts_and_the_rest_by_hand(
    organiser: Client, videos: list[bytes], started: list[Run]
) -> None:
    suite = make_suite("scenes", prompts=0)
    make_prompt(suite, "ball", seeds=[0, 1])
    make_prompt(suite, "cat", seeds=[0])
    address = _start(organiser, source="suite", suite="scenes@1")
    _send(organiser, address, _files(videos, "Ball-1.mp4", "whatever.mp4"), "One")
    _send(organiser, address, _files(videos[2:], "ball.mp4"), "Two")
    upload = Upload.objects.get()
    standing = standing_of(upload)
    assert [clip.file_name for clip in standing.unmatched] == ["whatever.mp4"]
    assert len(standing.missing) == 4
    clip = standing.unmatched[0]
    form = {"clip": [clip.pk], f"prompt-{clip.pk}": "ball", f"seed-{clip.pk}": "7"}
    assert "seed of prompt" in organiser.post(address, form).content.decode()
    organiser.post(address, {**form, f"seed-{clip.pk}": "1"})
    assert "Two clips answer the same prompt and seed" in organiser.get(address).content.decode()
    organiser.post(address, {**form, f"seed-{clip.pk}": "0"})
    assert organiser.post(f"{address}take-in/").status_code == 302
    assert started[0].suite == suite
    assert started[0].jobs.count() == 3


def test_prompts_that_a_study_shows_are_not_added_to(videos: list[bytes], organiser: Client) -> None:
    address = _start(organiser)
    _send(organiser, address, _files(videos, "a.mp4"), "One")
    _send(organiser, address, _files(videos[1:], "a.mp4"), "Two")
    upload, person = Upload.objects.get(), make_person()
    run = take_in(upload=upload, by=person)
    create_study(
        slug="s",
        title="S",
        tracks=[Track(run.track)],
        suites=[run.suite],
        contenders=list(Contender.objects.all()),
        runs=[run],
    )
    with pytest.raises(CantAdd, match="since study 's' shows them"):
        take_in(upload=upload, by=person)


def test_a_member_sees_only_their_own_uploads(organiser: Client) -> None:
    member = make_person(Role.MEMBER)
    own, foreign = _start(signed_in(member)), _start(organiser)
    assert signed_in(member).get(own).status_code == 200
    assert signed_in(member).get(foreign).status_code == 404
    assert organiser.get(own).status_code == 200


def test_files_need_our_form(videos: list[bytes]) -> None:
    user = make_person()
    address = _start(signed_in(user))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    sent = {"contender": "One", "files": SimpleUploadedFile("a.mp4", videos[0])}
    assert client.post(f"{address}upload/", sent).status_code == 403
    assert not UploadedClip.objects.exists()


@pytest.mark.parametrize("title", ["", "  ", "x" * 121, "a\nb"])
def test_an_upload_has_a_name(organiser: Client, title: str) -> None:
    answer = organiser.post("/organise/clips/", {"title": title, "source": "names"})
    assert answer.status_code == 422
    assert not Upload.objects.exists()


def test_a_list_of_prompts_is_checked_first(organiser: Client) -> None:
    for name, content in (("p.exe", b"a"), ("p.csv", b"id,text\n"), ("p.csv", b"\xff")):
        sent = {"title": "T", "source": "list", "prompts": SimpleUploadedFile(name, content)}
        assert organiser.post("/organise/clips/", sent).status_code == 422
    assert not Upload.objects.exists()


def test_a_hand_can_choose_only_prompts_that_there_are(organiser: Client, videos: list[bytes]) -> None:
    _send(organiser, _start(organiser), _files(videos, "a.mp4"), "One")
    clip = UploadedClip.objects.get()
    with pytest.raises(InvalidMatch, match="is not in the list"):
        change_matches(clip.upload, {clip.pk: ("nothing", "0", False)})


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("ball.mp4", Answer("ball", 0)),
        ("Ball-12.MOV", Answer("ball", 12)),
        ("cat-1.mp4", Answer("cat-1", 0)),
        ("dog.mp4", Answer("", 0)),
        (f"ball-{'9' * 30}.mp4", Answer("", 0)),
    ],
)
def test_a_name_means_a_prompt_and_a_seed(name: str, answer: Answer) -> None:
    assert match_name(name, {"ball": "", "cat-1": ""}) == answer


def test_the_folder_of_an_upload_lies_in_the_data_folder(own_data_dir: Path) -> None:
    upload = Upload(pk=7)
    assert upload.folder == own_data_dir / "uploads" / "7"
