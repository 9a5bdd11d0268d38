"""Parts of the public models, from local folders or the hub's cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch

from generators.happyhorse.codecs.oobleck import OobleckCodec
from generators.happyhorse.codecs.protocol import VideoDecoder
from generators.happyhorse.codecs.t5gemma import T5GemmaText
from generators.happyhorse.codecs.turbo import TurboDecoder
from generators.happyhorse.codecs.wan import WanCodec
from generators.happyhorse.execution.plans import Plan
from generators.happyhorse.hub import OOBLECK, T5GEMMA, TRANSFORMERS, TURBO, WAN, MissingModel, Source
from generators.happyhorse.network.config import size
from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.inputs import read_negative_prompt
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.request import UPSCALES, Decoder, Upscale
from generators.happyhorse.weights.checkpoint import find_files, load_transformer

PUBLISHED_NEGATIVE = "4515a21f8d125d12e5a42b23e65bb09f46ea9817567f1834ad556e8cd1852c4b"
"""SHA-256 of the public code's negative prompt, in UTF-8."""
NEGATIVE_PROMPT = (
    "overexposed, blurred, frozen, flickering, distorted faces and hands, captions, watermark, "
    "hiss, hum, clipping, muffled or robotic voices, slurred speech, sudden silence"
)
"""Our own negative prompt. The base checkpoint's published results need the public code's."""
_TEXT_BYTES = 2 * 9_241_705_984
"""Bytes of T5Gemma's encoder: its parameters in bfloat16."""
_EDGE = 1 << 20
"""Bytes at each end of a file that its fingerprint covers."""


@dataclass(frozen=True)
class Release:
    """Public models to use, and their folders."""

    kind: str = "distilled"
    size: str = "15b"
    decoder: Decoder = "turbo"
    steps: int | None = None
    precision: Precision = "bf16"
    device: str = "cpu"
    home: str | None = None
    """Where the weights of transformers and text encoder lie; None for the device."""
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders by part; a part without one is looked for in the hub's cache."""
    negative_prompt: Path | None = None
    """Text file; None for our own negative prompt."""

    def parts(self, upscales: tuple[Upscale, ...] = ()) -> Parts:
        """Find all files, and load only the tokenizer.

        Args:
            upscales: Super-resolution that must be there.

        Raises:
            MissingModel: Files are missing; the message holds the commands that fetch them.
            CheckpointError: A shard of a checkpoint is missing.
            InvalidInput: The negative prompt can't be read.
        """
        self._require_all(upscales)
        device = torch.device(self.device)
        (wan,), (oobleck,) = self._files("wan", WAN), self._files("oobleck", OOBLECK)
        return Parts(
            config=size(self.size),
            kind=kind(self.kind).taking(self.steps),
            text=T5GemmaText.from_folder(self.folders.get("text"), self.home or device),
            transformer=self._transformer(self.kind),
            video_encoder=lambda: WanCodec.load(wan, device),
            video_decoder=self._video_decoder(wan, device),
            audio=lambda: OobleckCodec.load(oobleck, device),
            super_resolution={name: self._transformer(name) for name in upscales},
            negative_prompt=self._negative_prompt(),
            text_bytes=_TEXT_BYTES,
            plan=Plan(self.precision),
            device=device,
        )

    def checkpoint(self, kind_name: str) -> Path:
        """Return the folder of a transformer's weights.

        Raises:
            MissingModel: There is none; the message holds the command that fetches it.
        """
        source = TRANSFORMERS[kind_name]
        folder = self.folders.get(kind_name if kind_name in UPSCALES else "transformer")
        if folder is None:
            return source.locate()[0].parent
        if not folder.exists():
            raise MissingModel(
                f"{source.title}: {folder} must be a file or folder; there is none. "
                f"Get it by: {source.command(folder)}"
            )
        return folder

    def origin(self, upscales: tuple[Upscale, ...] = ()) -> dict[str, object]:
        """Return what a clip's provenance says of the weights, and of the negative prompt if it is used."""
        said: dict[str, object] = {"checkpoints": self.fingerprints(upscales)}
        if kind(self.kind).sampler == "base":
            negative = hashlib.sha256(self._negative_prompt().encode()).hexdigest()
            said["negative_prompt"] = "as published" if negative == PUBLISHED_NEGATIVE else negative
        return said

    def fingerprints(self, upscales: tuple[Upscale, ...] = ()) -> dict[str, str]:
        """Return the fingerprint of each checkpoint, by kind."""
        return {name: fingerprint(self.checkpoint(name)) for name in (self.kind, *upscales)}

    def _transformer(self, kind_name: str) -> Callable[[], HappyHorseTransformer]:
        path, config = self.checkpoint(kind_name), kind(kind_name).configure(size(self.size))
        find_files(path)
        return lambda: load_transformer(
            path, config, device=self.home or self.device, precision=self.precision
        )

    def _video_decoder(self, wan: Path, device: torch.device) -> Callable[[], VideoDecoder]:
        if self.decoder == "wan":
            return lambda: WanCodec.load(wan, device)
        (turbo,) = self._files("turbo", TURBO)
        return lambda: TurboDecoder.load(turbo, device)

    def _require_all(self, upscales: tuple[Upscale, ...]) -> None:
        """Raise one MissingModel for all missing files, so that they can be fetched at once."""
        sources = {"wan": WAN, "oobleck": OOBLECK, "text": T5GEMMA}
        if self.decoder == "turbo":
            sources["turbo"] = TURBO
        lookups: list[Callable[[], object]] = []
        lookups += [partial(self._files, part, source) for part, source in sources.items()]
        lookups += [partial(self.checkpoint, name) for name in (self.kind, *upscales)]
        missing = []
        for find in lookups:
            try:
                find()
            except MissingModel as error:
                missing.append(str(error))
        if missing:
            raise MissingModel(" ".join(missing))

    def _files(self, part: str, source: Source) -> tuple[Path, ...]:
        return source.locate(self.folders.get(part))

    def _negative_prompt(self) -> str:
        if self.negative_prompt is None:
            return NEGATIVE_PROMPT
        return read_negative_prompt(self.negative_prompt)


def fingerprint(checkpoint: Path) -> str:
    """Return the SHA-256 of the names, sizes, first and last MiB of a checkpoint's files, in hexadecimal.

    A hash of all bytes, up to 61 GB, would take longer than a clip. The first MiB holds the tensors' names,
    types and shapes.

    Raises:
        CheckpointError: There are no files, or one is missing.
    """
    digest = hashlib.sha256()
    for file in find_files(checkpoint):
        length = file.stat().st_size
        digest.update(f"{file.name} {length}\n".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_EDGE))
            stream.seek(max(length - _EDGE, 0))
            digest.update(stream.read(_EDGE))
    return digest.hexdigest()
