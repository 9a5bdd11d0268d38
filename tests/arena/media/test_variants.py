from __future__ import annotations

from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest

from arena.media.audit import find_leaks
from arena.media.graph import Level
from arena.media.normalise import LeakyRendition, normalise
from arena.media.probe import probe
from arena.media.profile import Profile
from arena.media.variants import MOST_VARIANTS, draw_encodings, make_variants
from tests.factories_media import hot_noise, write_clip

PROFILE = Profile("small", 128, 128, 12)
MOST_DIFFERENCE = 4.0
"""Mean difference of a pixel's levels between variants, of 255, that nobody sees."""


def _packets(path: Path, kind: str) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux() if packet.stream.type == kind and packet.size]


def _pictures(path: Path) -> np.ndarray:
    with av.open(path) as container:
        return np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)]).astype(int)


def _make(tmp_path: Path, number: int, seed: str = "seed", forbidden: tuple[str, ...] = ()) -> list[Path]:
    source = tmp_path / "clip.mp4"
    if not source.exists():
        write_clip(source, seconds=1.0, sound=hot_noise(1.0))
    return make_variants(
        source,
        tmp_path,
        PROFILE,
        Level(-6.0, -1.5),
        number=number,
        seed=seed,
        facts=probe(source),
        frames=12,
        forbidden=forbidden,
    )


def test_no_coded_picture_or_sound_is_shared_by_two_variants(tmp_path: Path) -> None:
    variants = _make(tmp_path, 3)
    for kind in ("video", "audio"):
        for one, other in combinations([_packets(path, kind) for path in variants], 2):
            assert len(one) == len(other)
            assert sum(a == b for a, b in zip(one, other, strict=True)) <= 1  # the encoder's first silence


def test_variants_look_like_the_rendition_and_have_no_leaks(tmp_path: Path) -> None:
    variants = _make(tmp_path, 2)
    normalise(tmp_path / "clip.mp4", tmp_path / "rendition.mp4", PROFILE, with_sound=True)
    shown = _pictures(tmp_path / "rendition.mp4")
    for path in variants:
        assert find_leaks(path) == []
        assert np.abs(_pictures(path) - shown).mean() < MOST_DIFFERENCE


def test_the_seed_decides(tmp_path: Path) -> None:
    first, again, other = (
        [path.read_bytes() for path in _make(tmp_path, 2, seed)] for seed in ("one", "one", "two")
    )
    assert first == again
    assert not set(first) & set(other)


def test_settings_that_decide_about_coded_data_are_never_shared() -> None:
    drawn = draw_encodings(PROFILE, MOST_VARIANTS, "seed")
    for values in zip(
        *((*each.dead_zones, each.audio_bitrate, each.delay_samples) for each in drawn), strict=True
    ):
        assert len(set(values)) == MOST_VARIANTS


def test_more_variants_than_there_are_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="number must be at most 16 variants; got 17"):
        draw_encodings(PROFILE, MOST_VARIANTS + 1, "seed")


def test_a_variant_that_still_names_its_maker_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.media.graph._mp4_without_names", lambda: {"metadata": "comment=zebra-9000"})
    with pytest.raises(LeakyRendition, match=r"A variant would tell who made it .*zebra-9000"):
        _make(tmp_path, 1, forbidden=("zebra-9000",))
