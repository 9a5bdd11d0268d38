"""ffmpeg's command lines, word for word: another library may build them, if not a byte changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from arena.media import graph
from arena.media.graph import Level, SoundSource
from arena.media.probe import Probe
from arena.media.profile import Profile

PROFILE = Profile("wide", 640, 360, 24)
CLIP, SOUND, TARGET = Path("/clips/clip.mkv"), Path("/tmp/sound.mp4"), Path("/tmp/made.mp4")
FACTS = Probe(
    duration_s=3.0,
    width=1280,
    height=720,
    fps=24.0,
    frames=72,
    video_codec="h264",
    colour_is_tagged=True,
    primaries=1,
    transfer=1,
    is_interlaced=False,
    picture_track=0,
    start_s=1.5,
    has_audio=False,
    sound=None,
    container="matroska",
)


@pytest.fixture
def argv(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of the one command that a test builds."""
    seen: list[str] = []

    def keep(command: list[str]) -> str:
        seen.extend(command[1:])
        return ""

    monkeypatch.setattr(graph, "run", keep)
    return seen
