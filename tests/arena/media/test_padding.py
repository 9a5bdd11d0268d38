from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.http import StreamingHttpResponse
from hypothesis import given
from hypothesis import strategies as st

from arena.media.audit import find_leaks
from arena.media.normalise import normalise
from arena.media.padding import STEP_BYTES, PaddedFile, padded_size
from arena.media.probe import probe
from arena.media.profile import Profile
from arena.media.ranges import ranged_response
from tests.factories_media import tone, write_clip

CONTENT = b"\x00\x00\x00\x0cftypisom" * 5
WHOLE = CONTENT + b"\x00\x00\x00\x28free" + bytes(32)


def padded() -> PaddedFile:
    return PaddedFile(io.BytesIO(CONTENT), len(CONTENT), 100)


def test_both_sides_get_one_length_in_steps_of_64_kib() -> None:
    assert padded_size(1) == STEP_BYTES
    assert padded_size(STEP_BYTES - 8) == STEP_BYTES
    assert padded_size(STEP_BYTES - 7) == 2 * STEP_BYTES
    assert padded_size(200_000, 10) == padded_size(10, 200_000) == 4 * STEP_BYTES


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=4))
def test_every_file_has_room_for_the_box(sizes: list[int]) -> None:
    length = padded_size(*sizes)

    assert length % STEP_BYTES == 0
    assert 8 <= length - max(sizes) < STEP_BYTES + 8


def test_the_file_comes_first_and_then_a_box_of_zeros() -> None:
    assert padded().read() == WHOLE


@given(st.integers(0, 120), st.integers(0, 120))
def test_any_part_is_the_same_part_of_the_whole(start: int, length: int) -> None:
    file = io.BufferedReader(padded())
    file.seek(start)

    assert file.read(length) == WHOLE[start : start + length]


def test_seeking_from_here_and_from_the_end() -> None:
    file = padded()

    assert file.seek(-32, io.SEEK_END) == 68
    assert file.seek(-8, io.SEEK_CUR) == file.tell() == 60
    assert file.read(4) == b"\x00\x00\x00\x28"
    with pytest.raises(ValueError, match="before the beginning"):
        file.seek(-1)


def test_closing_it_closes_the_file() -> None:
    inner = io.BytesIO(CONTENT)
    PaddedFile(inner, len(CONTENT), 100).close()

    assert inner.closed


@pytest.mark.parametrize("length", [0, 60, 67, 60 + 2**32])
def test_a_length_without_room_for_a_box_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"more than 60; got .*padded_size\(\)"):
        PaddedFile(io.BytesIO(CONTENT), 60, length)


@pytest.mark.django_db  # Closing a response also closes the database connections that have grown old.
def test_a_padded_rendition_plays_and_is_as_clean_as_before(tmp_path: Path) -> None:
    target = tmp_path / "rendition.mp4"
    source = write_clip(tmp_path / "clip.mp4", sound=tone(1.0))
    size = normalise(source, target, Profile("small", 64, 64, 24), with_sound=True).size_bytes
    length = padded_size(size)
    served = tmp_path / "served.mp4"
    response = ranged_response(PaddedFile(target.open("rb"), size, length), length, None, "video/mp4")
    assert isinstance(response, StreamingHttpResponse)
    served.write_bytes(b"".join(response))
    response.close()

    assert served.stat().st_size == length
    assert probe(served) == probe(target)
    assert find_leaks(served) == []
