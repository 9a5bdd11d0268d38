"""Toy world as a generator, right or with one flaw. All flaws show the same world for a prompt and seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from generators.base import Request, Result, Track, file_sha256
from generators.choices import read_choice, refuse_unknown
from generators.delivery import Made, deliver
from generators.encode import Clip, encode
from generators.schema import Setting, schema_of
from generators.toyworld.world.clip import SAMPLE_RATE, draw_frames, sound_of
from generators.toyworld.world.flaws import FLAWS, delay, hold, mistake
from generators.toyworld.world.grammar import Scene, parse, write
from generators.toyworld.world.physics import simulate
from generators.toyworld.world.reference import find_starts

_LIBRARIES = ("av", "numpy", "pillow", "scipy")


class ToyWorld:
    """Generator of the toy world. Registry name `toy-world`; its one setting is `flaw`, one of `FLAWS`."""

    name = "toy-world"
    version = "1"
    tracks: frozenset[Track] = frozenset(Track)
    is_light: ClassVar[bool] = True
    """Whether it runs no model."""

    @staticmethod
    def settings_schema() -> tuple[Setting, ...]:
        """Return the settings, with their allowed values and defaults."""
        return schema_of({"flaw": "none"}, {"flaw": FLAWS})

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, {"flaw"})
        self.flaw = read_choice(self.name, settings, "flaw", FLAWS, default="none")

    @property
    def settings(self) -> Mapping[str, object]:
        """All settings, defaults included."""
        return {"flaw": self.flaw}

    def machine(self) -> Mapping[str, object]:
        """Return no facts: the bytes are the same on every machine with the same libraries."""
        return {}

    def generate(self, request: Request, out_dir: Path) -> Result:
        """Draw the prompt's world as a clip.

        Raises:
            InvalidInput: The prompt is outside the grammar, or the image lacks the prompt's colours.
        """
        return deliver(self, request, out_dir, ".mp4", partial(self._write, request))

    def _write(self, request: Request, path: Path) -> Made:
        scene = parse(request.prompt)
        shown = mistake(scene, request.seed) if self.flaw == "wrong-attributes" else scene
        encode(self._render(request, scene, shown), path, request.width, request.height)
        image = request.reference_image
        return Made(
            resolved={
                "shown": write(shown),
                "reference_image_sha256": file_sha256(image) if image else None,
                "not_honoured": [],
            },
            cost_usd=0.0,
            libraries=_LIBRARIES,
        )

    def _render(self, request: Request, scene: Scene, shown: Scene) -> Clip:
        starts = find_starts(scene, request.reference_image) if request.reference_image else None
        flights = simulate(scene, request.seed, request.duration_s, starts)
        frames = draw_frames(shown, flights, request.duration_s, request.width, request.height, request.fps)
        if self.flaw == "stutter":
            frames = hold(frames)
        # A mistaken clip looks wrong but sounds right: it differs from the others in the picture alone.
        samples = sound_of(scene, flights, request.duration_s) if request.track.with_sound else None
        if self.flaw == "late-sound" and samples is not None:
            samples = delay(samples, SAMPLE_RATE)
        return Clip(frames, request.fps, samples, SAMPLE_RATE)
