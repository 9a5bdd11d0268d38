from __future__ import annotations

import io

import pytest
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from arena.media import ranges
from arena.media.ranges import ranged_response

CONTENT = bytes(range(100))


def ask(header: str | None, content: bytes = CONTENT) -> tuple[HttpResponseBase, bytes]:
    response = ranged_response(io.BytesIO(content), len(content), header, "video/mp4")
    body = b"".join(response) if isinstance(response, StreamingHttpResponse) else b""
    return response, body


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=9-3",
        "bytes=0-1,5-6",
        "seconds=0-1",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=\u0661-\u0662",
        f"bytes=0-{'9' * 5000}",
    ],
)
def test_without_one_well_formed_range_the_whole_file_is_sent(header: str | None) -> None:
    response, body = ask(header)

    assert (response.status_code, body) == (200, CONTENT)
    assert response["Content-Length"] == "100"
    assert "Content-Range" not in response


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=0-", 0, 99),
        ("bytes=-7", 93, 99),
        ("bytes=-500", 0, 99),
        ("bytes=95-500", 95, 99),
        ("Bytes= 10-19 ", 10, 19),
    ],
)
def test_one_range_is_sent(header: str, first: int, last: int) -> None:
    response, body = ask(header)

    assert (response.status_code, body) == (206, CONTENT[first : last + 1])
    assert response["Content-Range"] == f"bytes {first}-{last}/100"
    assert response["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_of_the_file_is_refused(header: str) -> None:
    response, body = ask(header)

    assert (response.status_code, body) == (416, b"")
    assert (response["Content-Range"], response["Content-Length"]) == ("bytes */100", "0")


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5"])
def test_an_empty_file_has_no_ranges(header: str) -> None:
    assert ask(header, b"")[0].status_code == 416


@pytest.mark.parametrize("header", [None, "bytes=10-19", "bytes=100-"])
def test_no_header_tells_files_apart(header: str | None) -> None:
    response, _ = ask(header)

    assert set(response.headers) <= {
        "Accept-Ranges",
        "Cache-Control",
        "Content-Length",
        "Content-Range",
        "Content-Type",
    }
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Type"] == "video/mp4"


@pytest.mark.django_db  # Closing a response also closes the database connections that have grown old.
@pytest.mark.parametrize("header", [None, "bytes=10-19", "bytes=100-"])
def test_the_file_is_closed_even_if_nobody_reads(header: str | None) -> None:
    file = io.BytesIO(CONTENT)
    ranged_response(file, len(CONTENT), header, "video/mp4").close()

    assert file.closed


def test_a_file_is_sent_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "CHUNK_BYTES", 16)
    response = ranged_response(io.BytesIO(CONTENT), 100, "bytes=5-44", "video/mp4")

    assert isinstance(response, StreamingHttpResponse)
    assert [len(chunk) for chunk in response] == [16, 16, 8]
