"""Record the forward of each shape once as a CUDA graph, and replay it at every step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.network.config import Coordinates
from generators.happyhorse.network.facts import PATCH
from generators.happyhorse.network.tokens import Layout, patchify, unpatchify
from generators.happyhorse.network.transformer import HappyHorseTransformer

Run = Callable[[], tuple[Tensor, Tensor | None]]
Record = Callable[[Run], Run]
"""Turn a computation on fixed tensors into one that repeats it and returns the same tensors anew."""


def record_on_cuda(run: Run) -> Run:
    """Record a computation on fixed tensors after two warm-ups on a stream of its own."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's stubs
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = run()

    def replay() -> tuple[Tensor, Tensor | None]:
        graph.replay()
        return results

    return replay


def record_for(device: torch.device) -> Record:
    """Return how a device records.

    Raises:
        InvalidInput: It has no CUDA graphs.
    """
    if device.type != "cuda":
        raise InvalidInput(f"fast must leave 'graphs' out on a device without CUDA; got {device}.")
    return record_on_cuda


class RecordedForward:
    """A network's forward without padded text, recorded for the last shape that it saw."""

    def __init__(self, model: HappyHorseTransformer, record: Record) -> None:
        self._model, self._record = model, record
        self._key: object = None
        self._inputs: tuple[Tensor, ...] = ()
        self._replay: Run | None = None

    def __call__(
        self,
        video: Tensor,
        audio: Tensor | None,
        text: Tensor,
        *,
        coordinates: Coordinates = "base",
        window: int | None = None,
        text_lengths: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Predict velocities of video (B, C, T, H, W) and audio (B, A, 64) for text (B, L, width).

        Raises:
            InvalidInput: Text is padded.
        """
        if text_lengths is not None:
            raise InvalidInput("fast must leave 'graphs' out with padded text, text_lengths; got both.")
        _, _, t, h, w = video.shape
        heard = 0 if audio is None else audio.shape[1]
        layout = Layout(t, h // PATCH, w // PATCH, heard, text.shape[1])
        given = (patchify(video), text) if audio is None else (patchify(video), text, audio)
        key = (*(part.shape for part in given), layout, coordinates, window, text.device)
        if key != self._key or self._replay is None:
            self._prepare(key, given, layout, coordinates, window)
        for kept, new in zip(self._inputs, given, strict=True):
            kept.copy_(new)
        assert self._replay is not None  # noqa: S101 - `_prepare` sets it
        seen, sound = self._replay()
        # The next replay writes to the same tensors.
        return unpatchify(seen, layout).clone(), None if sound is None else sound.clone()

    def _prepare(
        self,
        key: object,
        given: tuple[Tensor, ...],
        layout: Layout,
        coordinates: Coordinates,
        window: int | None,
    ) -> None:
        self._replay = None  # gives back the memory of the last shape
        model, inputs = self._model, tuple(part.clone() for part in given)
        prepared = model.prepare(layout, coordinates, window, None, given[0].device)
        video, text, *audio = inputs
        self._replay = self._record(lambda: model.run(video, audio[0] if audio else None, text, prepared))
        self._key, self._inputs = key, inputs
