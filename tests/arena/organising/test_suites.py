from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.test import Client
from PIL import Image

from arena.catalog.models import Prompt, Suite
from arena.catalog.suites import load_suite
from arena.organising import suite_upload
from arena.organising.models import AuditEntry, Role
from arena.organising.permissions import own
from arena.organising.receiving import Quota
from tests.factories import make_prompt, make_suite
from tests.factories_organising import client_of, make_person, signed_in

pytestmark = pytest.mark.django_db
YAML = """suite: shapes
title: Shapes
prompts:
  - id: circle
    text: a red circle
    tags: [round]
  - id: square
    text: a blue square
"""
WITH_IMAGE = (
    "suite: shapes\ntitle: Shapes\nprompts:\n  - {id: circle, text: a circle, image: images/circle.png}\n"
)
UPLOAD = "/organise/suites/upload/"


def _png() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, "PNG")
    return content.getvalue()


def _upload(
    client: Client,
    text: str | bytes,
    name: str = "shapes.yaml",
    images: Mapping[str, bytes] = MappingProxyType({}),
) -> tuple[int, str]:
    """Upload a suite; return the status and text of the page that people then see."""
    content = text.encode() if isinstance(text, str) else text
    files = [SimpleUploadedFile(image.replace("_", "."), data) for image, data in images.items()]
    page = client.post(UPLOAD, {"suite": SimpleUploadedFile(name, content), "images": files}, follow=True)
    return page.status_code, page.text


def test_a_suite_is_uploaded_and_shown() -> None:
    status, page = _upload(client_of(Role.ORGANISER), YAML)
    assert (status, "Uploaded shapes, version 1." in page) == (200, True)
    assert "a red circle" in page
    entry = AuditEntry.objects.first()
    assert entry
    assert (entry.action, entry.subject, entry.details) == (
        "uploaded", "shapes v1", {"file": "shapes.yaml", "prompts": 2},
    )  # fmt: skip


def test_the_upload_stores_what_the_command_stores(tmp_path: Path) -> None:
    _upload(client_of(Role.ORGANISER), YAML)
    file = tmp_path / "shapes.yaml"
    file.write_text(YAML, encoding="utf-8")
    assert load_suite(path=file) == (Suite.objects.get(), False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "shapes.jsonl",
            '{"suite": "shapes", "title": "Shapes"}\n{"id": "circle", "text": "a red circle"}\n',
        ),
        ("shapes.csv", "id,text,tags,seeds\ncircle,a red circle,round|red,0|1\n"),
        ("shapes.csv", "text;id\na red circle;circle\n"),
    ],
)
def test_jsonl_and_csv_are_taken(name: str, text: str) -> None:
    assert "version 1" in _upload(client_of(Role.ORGANISER), text, name)[1]
    prompt = Prompt.objects.get()
    assert (prompt.suite.name, prompt.suite.title, prompt.key, prompt.text) == (
        "shapes", "Shapes", "circle", "a red circle",
    )  # fmt: skip
    assert (prompt.tags, prompt.seeds) == ((["round", "red"], [0, 1]) if "tags" in text else ([], [0]))


def test_each_problem_is_shown_with_its_line() -> None:
    wrong = YAML.replace("id: square", "id: circle").replace("title: Shapes\n", "")
    status, page = _upload(client_of(Role.ORGANISER), wrong)
    assert (status, Suite.objects.count()) == (422, 0)
    assert "<strong>Line 1</strong> title: is missing" in page
    assert "<strong>Line 6</strong> prompts.1.id: &#x27;circle&#x27; is taken by the entry of line 3." in page
    assert '<code dir="auto">- id: circle</code>' in page


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("shapes.exe", "MZ", "suite must be a .yaml, .yml, .jsonl, .csv file; got &#x27;.exe&#x27;"),
        ("shapes.yaml", b"\xff\xfe", "not UTF-8"),
        ("shapes.yaml", b"\x89PNG\r\n\x1a\n\0\0", "Line 1"),
        ("shapes.yaml", "a: &a [*a]", "aliases and tags"),
        ("shapes.csv", "id\ncircle\n", "columns must be id, text"),
        ("Shapes.csv", "id,text\ncircle,a circle\n", "must be 1 to 64 of a-z"),
        ("shapes.jsonl", "[]\n", "the first line must be the head"),
    ],
)
def test_a_rejected_file_names_its_reason(name: str, text: str | bytes, says: str) -> None:
    status, page = _upload(client_of(Role.ORGANISER), text, name)
    assert (status, says in page) == (422, True)
    assert Suite.objects.count() == 0


def test_a_form_without_a_file_says_so() -> None:
    page = client_of(Role.ORGANISER).post(UPLOAD, {})
    assert (page.status_code, "suite must be a file; got none" in page.text) == (422, True)


def test_images_come_with_the_suite_and_are_shown() -> None:
    client = client_of(Role.ORGANISER)
    _, page = _upload(client, WITH_IMAGE, images={"circle_png": _png()})
    prompt = Prompt.objects.get()
    address = f"/organise/suites/images/{prompt.pk}/"
    assert f'src="{address}"' in page
    image = client.get(address)
    assert (b"".join(image), image.headers["Content-Type"]) == (_png(), "image/png")


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ({}, "circle.png&#x27; is missing"),
        ({"circle_png": b"<script>"}, "is not a whole, readable image"),
        ({"circle_png": _png(), "square_png": _png()}, "square.png: no prompt names this image"),
        ({"circle_svg": b"<svg/>"}, "circle.svg: images must be .png"),
    ],
)
def test_images_that_are_missing_foreign_or_no_images_are_refused(
    images: dict[str, bytes], says: str
) -> None:
    status, page = _upload(client_of(Role.ORGANISER), WITH_IMAGE, images=images)
    assert (status, says in page) == (422, True)
    assert not Suite.objects.exists()
    assert not storages["references"].exists("")


def test_an_image_outside_the_suites_folder_is_not_written(tmp_path: Path) -> None:
    outside = WITH_IMAGE.replace("images/circle.png", "../../circle.png")
    status, page = _upload(client_of(Role.ORGANISER), outside, images={"circle_png": _png()})
    assert status == 422
    assert "circle.png: no prompt names this image" in page


def test_too_many_files_and_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(Role.ORGANISER)
    many = {f"i{number}_png": b"x" for number in range(suite_upload.MOST_IMAGES + 1)}
    status, page = _upload(client, YAML, images=many)
    assert (status, "files must be at most 501, of 256 MiB together; got more." in page) == (413, True)
    monkeypatch.setattr(Quota, "__init__", _small)
    status, page = _upload(client, YAML)
    assert (status, "Nothing was stored" in page) == (413, True)


def _small(quota: Quota, request: HttpRequest, most_files: int, most_bytes: int) -> None:
    TemporaryFileUploadHandler.__init__(quota, request)
    quota.files_left, quota.bytes_left, quota.says, quota.made = 1, len(YAML) - 1, "bytes must be fewer.", []


def test_nothing_of_a_strangers_upload_is_read(client: Client) -> None:
    page = client.post(UPLOAD, {"suite": SimpleUploadedFile("shapes.yaml", YAML.encode())})
    assert page.headers["Location"].startswith("/organise/sign-in/")
    assert client_of(Role.VIEWER).post(UPLOAD, {"suite": "x"}).status_code == 403


def test_an_upload_needs_the_forms_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person())
    page = client.post(UPLOAD, {"suite": SimpleUploadedFile("shapes.yaml", YAML.encode())})
    assert page.status_code == 403
    assert not Suite.objects.exists()


def test_the_same_content_changes_nothing_and_other_content_is_the_next_version() -> None:
    client = client_of(Role.ORGANISER)
    _upload(client, YAML)
    assert "Nothing changed: this is already shapes, version 1." in _upload(client, YAML)[1]
    _, page = _upload(client, YAML.replace("a red circle", "a green circle"))
    assert "What changed since version 1" in page
    diff = client.get("/organise/suites/shapes/diff/?before=1&after=2").text
    assert '<li class="changed" dir="auto">~ circle</li>' in diff
    assert "text: a red circle → a green circle" in diff
    assert "0 removed, 0 added, 1 changed, 1 unchanged." in diff


def test_a_member_owns_what_they_uploaded_and_cannot_change_anothers() -> None:
    member = client_of(Role.MEMBER)
    _upload(member, YAML)
    _upload(member, YAML.replace("a red circle", "a green circle"))
    assert Suite.objects.count() == 2
    other = client_of(Role.MEMBER)
    assert _upload(other, YAML.replace("a red circle", "a pink circle"))[0] == 403
    assert other.get("/organise/suites/shapes/").status_code == 403
    assert "Shapes" not in other.get("/organise/suites/").text
    assert "Shapes" in member.get("/organise/suites/").text
    assert Suite.objects.count() == 2


def test_images_of_others_are_refused() -> None:
    suite, owner = make_suite(prompts=0), make_person(Role.MEMBER)
    own(owner, suite)
    prompt = make_prompt(suite, "p", reference_name="nowhere.png")
    address = f"/organise/suites/images/{prompt.pk}/"
    assert client_of(Role.MEMBER).get(address).status_code == 403
    assert signed_in(owner).get(address).status_code == 404  # its file is missing


def test_prompts_are_narrowed_by_tag() -> None:
    client = client_of(Role.ORGANISER)
    _upload(client, YAML)
    page = client.get("/organise/suites/shapes/?tag=round").text
    assert ("a red circle" in page, "a blue square" in page) == (True, False)


@pytest.mark.parametrize("query", ["?version=9", "?version=x"])
def test_an_unknown_suite_or_version_is_not_found(query: str) -> None:
    client = client_of(Role.ORGANISER)
    _upload(client, YAML)
    assert client.get(f"/organise/suites/shapes/{query}").status_code == 404
    assert client.get("/organise/suites/nowhere/").status_code == 404


def test_the_list_costs_the_same_number_of_queries_for_many_suites(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    client = client_of(Role.ORGANISER)
    for _ in range(5):
        make_suite()
    with django_assert_num_queries(3):  # type: ignore[operator]
        client.get("/organise/suites/")
