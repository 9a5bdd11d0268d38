"""Make variants of a rendition: files that look and sound alike, and share no coded picture or sound.

A variant is encoded anew from the clip, by settings that its seed draws: rounding in the quantiser, quality,
the quantiser of colours, the bit rate of the sound, and a delay of the sound of up to a third of a
millisecond. Lossless changes alone would be cheaper, but are undone by removing them;
`arena.media.salting` adds them on each ballot. The clip is decoded and scaled once for all variants, and
x264's `ultrafast` keeps the cost of eight variants at one to two times that of the rendition itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from arena.media.audit import find_leaks
from arena.media.fast_start import read_source
from arena.media.graph import Encoding, Level, encode_variants, sound_source
from arena.media.intake import UnusableMedia
from arena.media.normalise import LeakyRendition
from arena.media.probe import Probe
from arena.media.profile import Profile
from arena.media.sample_tables import read_tables

MOST_VARIANTS = 16
DEAD_ZONES_INTER, DEAD_ZONES_INTRA = range(10, 26), range(4, 20)
"""Choices around x264's own 21 and 11; each variant of a rendition gets others, so that no frame is equal."""
FINER_OR_COARSER_CRF = 0.4
CHROMA_QP_OFFSETS = (-2, -1, 0, 1)
BITRATE_STEP = 500


def make_variants(
    source: Path,
    folder: Path,
    profile: Profile,
    level: Level | None,
    *,
    number: int,
    seed: str,
    facts: Probe,
    frames: int,
    forbidden: Iterable[str] = (),
) -> list[Path]:
    """Write variants of a clip's rendition into a folder, and return their paths.

    Args:
        source: the clip as its generator made it.
        folder: an existing folder for the files.
        profile: the profile of the rendition.
        level: gain and ceiling of the rendition's sound; None if it is silent.
        number: how many to make, up to `MOST_VARIANTS`.
        seed: string that draws the settings, such as the clip's hash.
        facts: result of `probe` for the clip.
        frames: pictures in the rendition.
        forbidden: strings that must not occur in a file, as `find_leaks` takes them.

    Raises:
        UnusableMedia: the clip can't be encoded.
        LeakyRendition: a variant would tell who made it.
    """
    if not number:
        return []
    paths = [folder / f"variant-{index}.mp4" for index in range(number)]
    heard = (sound_source(source, facts), level) if level and facts.sound else None
    encodings = draw_encodings(profile, number, seed)
    encode_variants(source, heard, list(zip(paths, encodings, strict=True)), profile, facts, frames)
    for path in paths:
        _check(path, frames, list(forbidden))
    return paths


def draw_encodings(profile: Profile, number: int, seed: str) -> list[Encoding]:
    """Return the settings of each variant; no two have the same dead zones, bit rate or delay."""
    if number > MOST_VARIANTS:
        raise ValueError(f"number must be at most {MOST_VARIANTS} variants; got {number}. Take fewer.")
    random = Random(seed)  # noqa: S311 - a rendition's variants are repeatable
    inter, intra = random.sample(DEAD_ZONES_INTER, number), random.sample(DEAD_ZONES_INTRA, number)
    steps, delays = (random.sample(range(MOST_VARIANTS), number) for _ in range(2))
    return [
        Encoding(
            crf=round(min(51.0, max(0.0, profile.crf + random.uniform(-1, 1) * FINER_OR_COARSER_CRF)), 3),
            dead_zones=(inter[index], intra[index]),
            chroma_qp_offset=random.choice(CHROMA_QP_OFFSETS),
            audio_bitrate=profile.audio_bitrate - steps[index] * BITRATE_STEP,
            delay_samples=delays[index],
        )
        for index in range(number)
    ]


def _check(path: Path, frames: int, forbidden: Sequence[str]) -> None:
    leaks = find_leaks(path, forbidden)
    if leaks:
        raise LeakyRendition(f"A variant would tell who made it ({'; '.join(map(str, leaks))}).")
    with path.open("rb") as file:
        tables = read_tables(read_source(file, path.stat().st_size).moov)
    made = next(len(table.sizes) for table in tables if table.is_video)
    if made != frames:
        raise UnusableMedia(f"A variant must have {frames} pictures; got {made}. Make the clip again.")
