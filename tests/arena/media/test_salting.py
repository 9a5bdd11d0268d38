from __future__ import annotations

import io
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from arena.media.boxes import walk
from arena.media.normalise import normalise
from arena.media.profile import Profile
from arena.media.salting import Part, SaltedFile, Unsaltable, most_added
from arena.media.sample_tables import read_tables
from tests.factories_media import quiet, tone, write_clip

PROFILE = Profile("small", 64, 64, 12)
SEED, OTHER = b"one ballot", b"another ballot"


@pytest.fixture(scope="module")
def rendition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendition")
    source = write_clip(folder / "clip.mp4", seconds=1.0, sound=tone(1.0))
    normalise(source, folder / "rendition.mp4", PROFILE, with_sound=True)
    return folder / "rendition.mp4"


def _salted(path: Path, seed: bytes = SEED, without: Part | None = None) -> SaltedFile:
    return SaltedFile(path.open("rb"), path.stat().st_size, seed, without)


def _frames(content: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the decoded pictures, and the decoded sound."""
    found: tuple[list[bytes], list[bytes]] = [], []
    with av.open(io.BytesIO(content), "r") as container:
        for frame in container.decode(*container.streams):
            assert isinstance(frame, av.VideoFrame | av.AudioFrame)
            found[isinstance(frame, av.AudioFrame)].append(frame.to_ndarray().tobytes())
    return found


def _decoded(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    with av.open(io.BytesIO(content), "r") as container:
        pictures = np.stack([frame.to_ndarray() for frame in container.decode(video=0)])
    with av.open(io.BytesIO(content), "r") as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    return pictures, sound


def _sizes(content: bytes) -> list[list[int]]:
    moov = next(box for box in walk(memoryview(content), holders={}) if box.kind == "moov")
    return [list(table.sizes) for table in read_tables(moov.payload)]


def test_a_salted_file_looks_and_sounds_exactly_the_same(rendition: Path) -> None:
    pictures, sound = _decoded(rendition.read_bytes())
    salted_pictures, salted_sound = _decoded(_salted(rendition).read())
    assert np.array_equal(pictures, salted_pictures)
    assert np.array_equal(sound, salted_sound)


def test_each_seed_changes_the_sizes_of_samples_in_its_own_way(rendition: Path) -> None:
    own, one, other = (
        _sizes(content)
        for content in (
            rendition.read_bytes(),
            _salted(rendition).read(),
            _salted(rendition, OTHER).read(),
        )
    )
    for track in range(2):
        assert all(more > less for less, more in zip(own[track], one[track], strict=True))
        assert one[track] != other[track]
    assert _salted(rendition).read() == _salted(rendition).read()


def test_no_bit_rate_is_stated(rendition: Path) -> None:
    boxes = {box.kind: bytes(box.payload) for box in walk(memoryview(_salted(rendition).read()))}
    assert "btrt" not in boxes
    assert bytes(11) in boxes["esds"]
    assert any(box.kind == "btrt" for box in walk(memoryview(rendition.read_bytes())))


@pytest.mark.parametrize("without", ["picture", "sound"])
def test_a_track_is_left_out_whole_and_the_other_stays_exactly_the_same(
    rendition: Path, without: Part
) -> None:
    served = _salted(rendition, without=without).read()
    kept = 1 if without == "picture" else 0
    decoded = _frames(served)
    assert decoded[1 - kept] == []
    assert decoded[kept] == _frames(rendition.read_bytes())[kept]
    assert len(_sizes(served)) == 1
    stored = rendition.read_bytes()
    moov = next(box for box in walk(memoryview(stored), holders={}) if box.kind == "moov")
    table = read_tables(moov.payload)[1 - kept]
    left_out = [stored[at : at + size] for at, size in zip(table.offsets, table.sizes, strict=True)]
    assert [sample for sample in left_out if len(sample) > 16 and sample in served] == []


@pytest.mark.parametrize("without", [None, "picture", "sound"])
def test_any_part_is_the_same_as_within_the_whole(rendition: Path, without: Part | None) -> None:
    whole, file = _salted(rendition, without=without).read(), _salted(rendition, without=without)
    for start in range(0, len(whole), 97):
        file.seek(start)
        part = file.read(400)
        assert part
        assert part == whole[start : start + len(part)]


def test_salt_adds_no_more_than_was_reserved(rendition: Path) -> None:
    size = rendition.stat().st_size
    for seed in (SEED, OTHER, b"a third"):
        assert size < _salted(rendition, seed).size_bytes <= size + most_added(1.0, 12)


def test_frames_of_silence_which_share_one_size_get_a_table(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", seconds=1.0, sound=quiet(1.0))
    normalise(source, tmp_path / "silent.mp4", PROFILE, with_sound=False)
    salted = _salted(tmp_path / "silent.mp4").read()
    assert len(set(_sizes(salted)[1])) > 1
    assert len(_decoded(salted)[0]) == 12


@pytest.mark.parametrize("content", [b"", b"short clip" * 20, b"\0\0\0\x10ftypisom\0\0\0\0" * 3])
def test_what_is_no_fast_start_mp4_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.mp4"
    path.write_bytes(content)
    with pytest.raises(Unsaltable, match="damaged"):
        _salted(path)


def test_a_file_that_was_cut_is_refused_where_bytes_are_missing(rendition: Path, tmp_path: Path) -> None:
    size, path = rendition.stat().st_size, tmp_path / "cut.mp4"
    shutil.copy(rendition, path)
    with path.open("r+b") as file:
        file.truncate(size - 10)
    with pytest.raises(Unsaltable, match="ends too early"):
        SaltedFile(path.open("rb"), size, SEED).readall()
