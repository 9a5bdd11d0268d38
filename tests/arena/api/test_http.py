from __future__ import annotations

import pytest
from django.test import Client

from arena.voting.models import Study
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address", ["boards", "boards/study/t2v-audio", "studies/study/head", "openapi.json"]
)
def test_an_answer_that_the_client_has_is_not_sent_again(
    address: str, rated_study: Study, client: Client
) -> None:
    first = client.get(f"/api/v1/{address}")
    tag = first["ETag"]
    assert first["Cache-Control"] == "no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(f"/api/v1/{address}", headers={"if-none-match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert client.get(f"/api/v1/{address}", headers={"if-none-match": '"other"'}).status_code == 200


def test_another_vote_gives_another_tag(rated_study: Study, client: Client) -> None:
    tag = client.get("/api/v1/boards/study/t2v-audio")["ETag"]
    cast(rated_study)
    changed = client.get("/api/v1/boards/study/t2v-audio", headers={"if-none-match": tag})
    assert changed.status_code == 200


def test_head_has_the_headers_of_get(rated_study: Study, client: Client) -> None:
    get, head = (method("/api/v1/boards") for method in (client.get, client.head))
    assert head.content == b""
    assert (head.status_code, head["ETag"], head["Content-Length"]) == (
        200,
        get["ETag"],
        str(len(get.content)),
    )


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods_are_refused(method: str, client: Client) -> None:
    response = getattr(client, method)("/api/v1/boards", headers={"accept": "text/html"})
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["title"] == f"This address doesn’t take {method.upper()}"


@pytest.mark.parametrize(
    ("address", "detail"),
    [
        ("boards/nope/t2v", "Unknown study 'nope'. Known: other, study."),
        ("boards/study/t2x", "Unknown track 't2x'. Known: t2v-audio."),
        ("boards/study/t2v-audio?tag=x", "Unknown tag 'x'. Known: none."),
        ("studies/nope", "Unknown study 'nope'. Known: other, study."),
        ("suites/nope/1", "Unknown suite 'nope@1'. Known: "),
        ("contenders/nope", "Unknown contender 'nope'. Known: "),
        ("boards/study/t2v-audio/pairs/nope/x", "Unknown contender 'nope'. Known: "),
        ("snapshots/nope", "Unknown snapshot 'nope'. Known: none."),
        ("snapshots?study=nope", "Unknown study 'nope'. Known: other, study."),
    ],
)
def test_an_unknown_name_is_told_with_the_known(
    address: str, detail: str, rated_study: Study, client: Client
) -> None:
    make_study("other")
    response = client.get(f"/api/v1/{address}", headers={"accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["detail"].startswith(detail)


def test_a_pair_is_of_two(rated_study: Study, client: Client) -> None:
    slug = rated_study.contenders.all()[0].slug
    response = client.get(f"/api/v1/boards/study/t2v-audio/pairs/{slug}/{slug}")
    assert (
        response.json()["detail"] == f"A pair must be two contenders; got '{slug}' twice. Name another one."
    )


def test_a_wrong_parameter_is_named(client: Client) -> None:
    response = client.get("/api/v1/studies?limit=many&offset=-1")
    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
    assert [error["parameter"] for error in response.json()["errors"]] == ["limit", "offset"]


@pytest.mark.parametrize("address", ["", "nope", "boards/study", "boards/%00/t2v"])
def test_other_addresses_are_problems(address: str, client: Client) -> None:
    response = client.get(f"/api/v1/{address}", headers={"accept": "text/html"})
    assert response.status_code in (400, 404)
    assert response["Content-Type"] == "application/problem+json"


def test_a_request_that_cannot_be_read_is_a_problem(client: Client) -> None:
    response = client.generic("POST", "/api/v1/boards", b"<a/>", content_type="text/xml; charset=utf-7")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_a_fault_of_ours_is_a_problem(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr("arena.api.studies.studies", lambda: 1 / 0)
    response = client.get("/api/v1/studies", headers={"accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert "division" not in response.content.decode()
