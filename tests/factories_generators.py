"""Builders for tests of generators."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from hypothesis import strategies as st

from generators.base import Request, Result
from generators.toyworld.generator import ToyWorld
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene

ONE = "a large red circle gliding up-left quickly on a grey background"
TWO = (
    "a large yellow triangle bouncing right slowly and a small blue square gliding down-left quickly "
    "on a charcoal background"
)

seeds = st.integers(0, 2**32)
_objects = st.builds(
    ObjectSpec, **{slot: st.sampled_from(words) for slot, words in WORDS.items() if slot != "background"}
)
scenes = st.builds(
    Scene,
    st.lists(_objects, min_size=1, max_size=2, unique_by=lambda item: item.colour).map(tuple),
    st.sampled_from(WORDS["background"]),
)


def make_request(**changes: object) -> Request:
    """Make a small request that the toy world can fulfil."""
    fields: dict[str, Any] = {
        "track": "t2v-audio", "prompt": ONE, "seed": 1, "duration_s": 1.0,
        "width": 64, "height": 64, "fps": 12.0, "prompt_id": "p1",
    }  # fmt: skip
    return Request(**{**fields, **changes})


def make_clip(out_dir: Path, flaw: str = "none", **changes: object) -> Result:
    return ToyWorld({"flaw": flaw}).generate(make_request(**changes), out_dir)


def reencode(source: Path, target: Path, filters: str = "null", volume_db: float = 0.0) -> Path:
    """Encode a clip once more, as an arena does before it shows it."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(source), "-vf", filters,
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", "1",
        "-c:a", "aac", "-b:a", "128k", "-af", f"volume={volume_db}dB", str(target),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return target
