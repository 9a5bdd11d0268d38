"""Loudness and motion of renditions, for which ratings can be controlled."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files.storage import storages
from django.db.models import Q, QuerySet

from arena.media.graph import SoundSource
from arena.media.loudness import measure, recorded_loudness
from arena.media.motion import measure_motion
from arena.media.probe import probe
from arena.runs.models import Rendition
from arena.runs.profiles import profile_of
from generators.base import Track

SOUND_TRACKS = tuple(track.value for track in Track if track.with_sound)


def unmeasured() -> QuerySet[Rendition]:
    """Return the renditions without a recorded motion, or loudness where sound is judged."""
    silent = Q(loudness_lufs__isnull=True, clip__job__track__in=SOUND_TRACKS)
    return Rendition.objects.filter(Q(motion__isnull=True) | silent).select_related("clip__job")


def measure_rendition(rendition: Rendition) -> None:
    """Measure a rendition's stored file and record its loudness and motion.

    Raises:
        OSError: the file is not in the storage.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rendition.mp4"
        with storages["renditions"].open(rendition.name) as stored, path.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
        rendition.motion = measure_motion(path)
        if rendition.clip.job.track in SOUND_TRACKS:
            rendition.loudness_lufs = _loudness(rendition, path)
    rendition.save(update_fields=["motion", "loudness_lufs"])


def _loudness(rendition: Rendition, path: Path) -> float:
    facts = probe(path)
    profile = profile_of(rendition.clip.job.clip_settings, facts)
    if facts.sound is None:
        return recorded_loudness(None)
    source = SoundSource(path, facts.sound.track, facts.start_s, facts.sound.channels)
    heard = measure(source, profile, profile.frames_in(rendition.duration_s))
    return recorded_loudness(heard.integrated_lufs)
