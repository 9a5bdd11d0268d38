"""Report on a run of flow training: learning curves on held-out clips, and a sample sheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from generators.happyhorse.network.kinds import CheckpointKind
from generators.happyhorse.toy.codecs import Codecs
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.cache import Recipe, encode_clips
from generators.happyhorse.training.clips import ClipSampler
from generators.happyhorse.training.flow import learning_curve
from generators.happyhorse.training.run import Run
from generators.toyworld.world.examples import example

HELD_OUT_SEED = 1
_CURVE_CLIPS = 128
_SHEET_CLIPS = 6
_SHEET_STEPS = 16


class HeldOut:
    """Held-out clips, encoded once for all reports of a run."""

    def __init__(
        self, codecs: Codecs, device: str, *, sheets: bool = True, clips: int = _CURVE_CLIPS
    ) -> None:
        """Encode the clips.

        Args:
            codecs: Codecs of the run.
            device: Where the clips are drawn, encoded and kept.
            sheets: Whether each report draws a sample sheet.
            clips: Number of clips for the learning curves.
        """
        self._codecs, self._sheets = codecs, sheets
        recipe = Recipe("held-out", HELD_OUT_SEED, clips, 1, codecs.digest)
        self._clean = encode_clips(range(clips), recipe, codecs.video, codecs.audio, device)

    def __call__(self, run: Run, folder: Path) -> dict[str, object]:
        """Draw a sample sheet if wanted, and return the learning curves."""
        model = run.mean_model()
        curves = learning_curve(model, self._clean)
        if self._sheets:
            self._write_sheet(model, folder / f"sheet-{run.samples:08}.png", run.step.kind)
        return {f"held_out_{name}": curve for name, curve in curves.items()}

    def _write_sheet(self, model: ToyModel, path: Path, kind: CheckpointKind) -> None:
        from generators.toyworld.referee.sheets import write_sheet  # a GPU's machine may lack Pillow

        examples = [example("held-out", HELD_OUT_SEED, place) for place in range(_SHEET_CLIPS)]
        sampler = ClipSampler(model, replace(kind, steps=_SHEET_STEPS), self._codecs)
        write_sheet(path, list(sampler.clips(examples)), [item.caption for item in examples])
