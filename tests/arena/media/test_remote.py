"""A store over HTTP that answers as S3's GetObject does: 206 for a range, 404 for a key that isn't there."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any, NamedTuple

import pytest
from django.core.files.base import File
from django.core.files.storage import Storage
from django.http import StreamingHttpResponse

from arena.media.padding import PaddedFile, padded_size
from arena.media.ranges import ranged_response
from arena.media.remote import RemoteFile, StoreFailure
from arena.media.storage import identify, open_stored, store

SECRET = "X-Amz-Signature=5ec2e7"
CONTENT = bytes(range(256)) * 1024


class Asked(NamedTuple):
    path: str
    range: str
    sent_bytes: int


class Bucket(ThreadingHTTPServer):
    """Objects by path; what was asked for and sent is kept."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Objects)
        self.objects: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.serves_ranges = True
        self.breaks_off_after: int | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Objects(BaseHTTPRequestHandler):
    server: Bucket

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        content = self.server.objects.get(path)
        if content is None or SECRET not in self.path:
            self.send_error(404 if content is None else 403)
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        ranged = asked is not None and self.server.serves_ranges
        part = content
        if asked and ranged:
            first, last = int(asked[1]), int(asked[2] or len(content) - 1)
            part = content[first : last + 1]
        # Before the headers: a client may go on, and its test end, as soon as it has them.
        self.server.asked.append(Asked(path, self.headers["Range"] or "", len(part)))
        if ranged:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part[: self.server.breaks_off_after])

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


class SignedStorage(Storage):
    """Writes to the bucket, and signs addresses for reading, as django-storages does for S3."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def url(self, name: str | None) -> str:
        return f"{self.bucket.address}/{name}?{SECRET}"

    def exists(self, name: str) -> bool:
        return f"/{name}" in self.bucket.objects

    def _save(self, name: str, content: File[Any]) -> str:
        self.bucket.objects[f"/{name}"] = content.read()
        return name

    def _open(self, name: str, mode: str = "rb") -> IO[Any]:
        raise AssertionError("Opening an object by its storage fetches all of it.")


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with Bucket() as bucket:
        threading.Thread(target=bucket.serve_forever, args=(0.01,), daemon=True).start()
        yield bucket
        bucket.shutdown()


@pytest.fixture
def bucket(server: Bucket) -> Bucket:
    server.objects.clear()
    server.asked.clear()
    server.serves_ranges, server.breaks_off_after = True, None
    return server


@pytest.fixture
def clip(bucket: Bucket) -> str:
    """Return the name of a stored clip of 256 KiB."""
    file = io.BytesIO(CONTENT)
    return store(file, SignedStorage(bucket), identify(file, "mp4")).name


def ask(bucket: Bucket, name: str, header: str | None) -> bytes:
    """Fetch a padded clip in the same way as a browser's request does."""
    padded = padded_size(len(CONTENT))
    file = PaddedFile(open_stored(name, SignedStorage(bucket)), len(CONTENT), padded)
    response = ranged_response(file, padded, header, "video/mp4")
    assert isinstance(response, StreamingHttpResponse)
    content = b"".join(response)
    file.close()
    return content


@pytest.mark.parametrize(
    ("header", "asked", "sent_bytes"),
    [
        ("bytes=0-1", "bytes=0-1", 2),
        ("bytes=1000-200999", "bytes=1000-200999", 200_000),
        ("bytes=262143-262143", "bytes=262143-262143", 1),
        ("bytes=262000-", "bytes=262000-262143", 144),
        ("bytes=262000-262160", "bytes=262000-262143", 144),
        (None, "bytes=0-262143", 262_144),
    ],
)
def test_a_part_is_fetched_by_one_request_for_those_bytes_alone(
    bucket: Bucket, clip: str, header: str | None, asked: str, sent_bytes: int
) -> None:
    content = ask(bucket, clip, header)
    first = int(asked[6:].partition("-")[0])

    assert content.startswith(CONTENT[first : first + sent_bytes])
    assert bucket.asked == [Asked(f"/{clip}", asked, sent_bytes)]


@pytest.mark.parametrize("header", ["bytes=262144-", "bytes=262150-262155", "bytes=-7"])
def test_the_padding_needs_nothing_from_the_store(bucket: Bucket, clip: str, header: str) -> None:
    ask(bucket, clip, header)

    assert bucket.asked == []


def test_a_remote_file_is_read_as_a_local_one_is(bucket: Bucket, clip: str) -> None:
    with open_stored(clip, SignedStorage(bucket)) as file:
        assert file.read(3) == CONTENT[:3]
        assert file.read(3) == CONTENT[3:6]
        file.seek(262_140)
        assert file.tell() == 262_140
        assert file.read() == CONTENT[262_140:]

    assert [asked.range for asked in bucket.asked] == ["bytes=0-", "bytes=262140-"]


def test_reading_on_asks_only_once(bucket: Bucket, clip: str) -> None:
    file = RemoteFile(SignedStorage(bucket).url(clip), clip)
    file.bound(range(10, 5000))
    chunks = iter(lambda: file.read(64), b"")

    assert b"".join(chunk for chunk in chunks if chunk) == CONTENT[10:5000]
    assert len(bucket.asked) == 1


def test_a_file_that_is_not_there(bucket: Bucket) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file 'ab/cd/x\.mp4'"):
        ask(bucket, "ab/cd/x.mp4", None)


def refuse(bucket: Bucket, url: str, reason: str) -> None:
    with pytest.raises(StoreFailure, match=reason) as error:
        RemoteFile(url, "x.mp4").read()
    assert SECRET not in str(error.value)
    assert bucket.address not in str(error.value)


def test_an_answer_that_is_no_file_is_told_without_the_signed_address(bucket: Bucket, clip: str) -> None:
    refuse(bucket, f"{bucket.address}/{clip}?expired", "answered 403 when asked for 'x.mp4'")


def test_a_store_that_does_not_answer(bucket: Bucket) -> None:
    with Bucket() as gone:
        url = f"{gone.address}/x.mp4?{SECRET}"

    refuse(bucket, url, "can't be reached for 'x.mp4'")


def test_a_store_without_ranges_is_not_read_from_the_wrong_place(bucket: Bucket, clip: str) -> None:
    bucket.serves_ranges = False

    refuse(bucket, SignedStorage(bucket).url(clip), "doesn't serve byte ranges; it answered 200")


def test_a_connection_that_breaks_off_is_not_the_end_of_the_file(bucket: Bucket, clip: str) -> None:
    bucket.breaks_off_after = 1000

    refuse(bucket, SignedStorage(bucket).url(clip), "broke off while 'x.mp4' was read")


def test_the_end_is_not_known_before_it_is_read(bucket: Bucket, clip: str) -> None:
    with pytest.raises(io.UnsupportedOperation, match="from the end"):
        RemoteFile(SignedStorage(bucket).url(clip), clip).seek(0, io.SEEK_END)
