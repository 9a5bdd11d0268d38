"""The toy model as the arena's generator. Imports nothing heavy until it makes a clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from generators.base import Request, file_sha256
from generators.choices import SettingsError, read_choice, refuse_unknown
from generators.happyhorse.generator import HappyHorse
from generators.happyhorse.pipeline.request import FIRST_STAGES, ClipRequest
from generators.happyhorse.toy.clips import LONGEST_S
from generators.toyworld.world.examples import SIDE

if TYPE_CHECKING:
    from generators.happyhorse.pipeline.parts import Parts

_DEFAULTS: Mapping[str, object] = {"kind": "distilled", "steps": None, "cascade": False, "device": "cpu"}


class ToyHappyHorse(HappyHorse):
    """Registry name `happyhorse-toy`: the toy world only, one object, 2 s, 64×64 pixels made into squares.

    Settings: `kind` and `steps` as in `sample`; `cascade`, whether the picture is made first and then sound
    for it; `device`.
    """

    name = "happyhorse-toy"
    version = "1"
    libraries = ("av", "numpy", "pillow", "safetensors", "torch")

    def __init__(self, settings: Mapping[str, object]) -> None:
        refuse_unknown(self.name, settings, _DEFAULTS)
        read_choice(self.name, settings, "kind", FIRST_STAGES, default="distilled")
        self._settings = {**_DEFAULTS, **settings}
        self._check_steps()
        if type(self._settings["cascade"]) is not bool:
            raise SettingsError(
                f"{self.name}: 'cascade' must be true or false; got {self._settings['cascade']!r}."
            )
        self._check_text("device")

    def _prepare(self, request: Request) -> tuple[ClipRequest, Parts, dict[str, object]]:
        """The clip at the size and of the length that the model makes, enlarged as far as was asked for."""
        from generators.happyhorse.pipeline.device import find_device
        from generators.happyhorse.pipeline.inputs import read_image
        from generators.happyhorse.toy.checkpoints import weights_file
        from generators.happyhorse.toy.parts import toy_parts

        kind, steps = str(self._settings["kind"]), self._settings["steps"]
        device = find_device(str(self._settings["device"]))
        image = request.reference_image if request.track.from_image else None
        clip = ClipRequest(
            prompt=request.prompt,
            duration_s=min(request.duration_s, LONGEST_S),
            width=SIDE,
            height=SIDE,
            seed=request.seed,
            mode=request.track,
            image=None if image is None else read_image(image),
            silence="left-out",
            enlarge=max(min(request.width, request.height) // SIDE, 1),
        )
        components = toy_parts(
            kind,
            steps=steps,  # type: ignore[arg-type]  # checked
            cascade=bool(self._settings["cascade"]),
            device=device,
        )
        return clip, components, {"checkpoints": {kind: file_sha256(weights_file(kind, steps))}}  # type: ignore[arg-type]
