from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from generators.base import InvalidInput, InvalidResult, Request, Result, Track, file_sha256
from generators.delivery import Made, Write, clip_path, deliver, library_versions
from generators.results import check_result
from generators.toyworld.generator import ToyWorld
from tests.factories_generators import make_request


class Adapter:
    """A generator as an adapter would write it."""

    name = "adapter"
    version = "3"
    tracks: frozenset[Track] = frozenset({Track.T2V, Track.T2V_AUDIO})
    settings: Mapping[str, object] = {"steps": 8}

    def __init__(self, write: Write) -> None:
        self.write = write

    def generate(self, request: Request, out_dir: Path) -> Result:
        return deliver(self, request, out_dir, ".webm", self.write)


def _write(path: Path) -> Made:
    path.write_bytes(b"a clip")
    return Made(resolved={"not_honoured": ["fps"]}, cost_usd=0.25)


def test_a_clip_lies_under_its_own_name_with_its_origin(tmp_path: Path) -> None:
    adapter, request = Adapter(_write), make_request()
    result = adapter.generate(request, tmp_path / "new" / "out")
    assert result.path == clip_path(adapter, request, tmp_path / "new" / "out", ".webm")
    assert result.path.read_bytes() == b"a clip"
    assert list(result.path.parent.iterdir()) == [result.path]
    origin = result.provenance
    assert (origin.generator, origin.generator_version, origin.settings) == ("adapter", "3", {"steps": 8})
    assert (origin.request, origin.seed) == (request, request.seed)
    assert (origin.resolved, origin.cost_usd) == ({"not_honoured": ["fps"]}, 0.25)
    assert (origin.provider_request_id, origin.library_versions) == (None, {})
    assert origin.sha256 == file_sha256(result.path)
    assert check_result(result).path == result.path


def test_the_writer_tells_what_only_it_knows(tmp_path: Path) -> None:
    def write(path: Path) -> Made:
        path.write_bytes(b"a clip")
        return Made(
            resolved={},
            cost_usd=None,
            seed=0,
            provider_request_id="req-7",
            libraries=("numpy", "nobody-has-it"),
        )

    origin = Adapter(write).generate(make_request(seed=5), tmp_path).provenance
    assert (origin.request.seed, origin.seed) == (5, 0)
    assert (origin.cost_usd, origin.provider_request_id) == (None, "req-7")
    assert origin.library_versions == {"numpy": np.__version__}


def test_the_clock_runs_while_the_clip_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("generators.delivery.time.monotonic", lambda: now)

    def write(path: Path) -> Made:
        nonlocal now
        now += 12.5
        return _write(path)

    assert Adapter(write).generate(make_request(), tmp_path).provenance.wall_time_s == 12.5


@pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt])
def test_a_writer_that_fails_or_is_interrupted_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def write(path: Path) -> Made:
        path.write_bytes(b"half a c")
        raise error

    with pytest.raises(error):
        Adapter(write).generate(make_request(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_is_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    first = Adapter(_write).generate(make_request(), tmp_path)

    def fail(path: Path) -> Made:
        path.write_bytes(b"ano")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Adapter(fail).generate(make_request(), tmp_path)
    assert first.path.read_bytes() == b"a clip"

    def write(path: Path) -> Made:
        path.write_bytes(b"another clip")
        assert first.path.read_bytes() == b"a clip"
        return Made(resolved={}, cost_usd=0.0)

    second = Adapter(write).generate(make_request(), tmp_path)
    assert second.path == first.path
    assert second.path.read_bytes() == b"another clip"
    assert list(tmp_path.iterdir()) == [second.path]


def test_a_writer_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidResult) as caught:
        Adapter(lambda path: Made(resolved={}, cost_usd=0.0)).generate(make_request(), tmp_path)
    assert str(caught.value) == (
        "adapter must write its clip to the path that it is given; it wrote no file there. "
        "Correct the generator."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_track_that_the_generator_lacks_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    lacking = make_request(track="i2v", reference_image=Path("start.png"))
    with pytest.raises(InvalidInput, match=r"adapter doesn't make 'i2v' clips. It makes: t2v, t2v-audio\."):
        Adapter(_write).generate(lacking, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert set(Track) - Adapter.tracks == {"i2v", "i2v-audio"}


def test_a_clip_path_depends_on_request_and_settings(tmp_path: Path) -> None:
    right, late = ToyWorld({}), ToyWorld({"flaw": "late-sound"})
    asked = make_request()
    paths = {
        clip_path(right, asked, tmp_path, ".mp4"),
        clip_path(late, asked, tmp_path, ".mp4"),
        clip_path(right, make_request(seed=2), tmp_path, ".mp4"),
        clip_path(right, make_request(prompt_id="../escape"), tmp_path, ".mp4"),
    }
    assert len(paths) == 4
    assert {path.parent for path in paths} == {tmp_path}
    assert clip_path(right, make_request(), tmp_path, ".mp4") in paths


def test_versions_are_those_of_the_distributions_that_are_installed() -> None:
    versions = library_versions(("numpy", "a-distribution-that-nobody-has", "pillow"))
    assert set(versions) == {"numpy", "pillow"}
    assert versions["numpy"] == np.__version__
