"""Turn what a browser received of a clip into features for a classifier, and into hashes."""

from __future__ import annotations

import hashlib
import io
import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from arena.media.boxes import Box, walk
from arena.media.sample_tables import SampleTable, read_tables

POINTS = 24
"""Numbers to which a series of frames of any length is brought."""
GRID = 16
BANDS = 16
SEI_UNIT = 6
STREAM_ELEMENT = 0x81

Features = dict[str, float]
Numbers = NDArray[np.float64]


class Received(NamedTuple):
    """One response, and the seconds until it began and until it was complete."""

    address: str
    headers: dict[str, str]
    body: bytes
    first_s: float
    whole_s: float


@dataclass(frozen=True)
class Evidence:
    """Features by kind of evidence, and hashes by the effort that the attacker makes."""

    features: dict[str, Features]
    hashes: dict[str, list[str]]


def examine(received: Received) -> Evidence:
    """Return everything that the attacker keeps of a clip."""
    boxes = list(walk(memoryview(received.body)))
    tables = read_tables(next(box.payload for box in boxes if box.path == "moov"))
    coded = [_without_salt(received.body, table) for table in tables]
    features = {
        "http": _http(received),
        "container": _container(boxes, tables),
        "stream": _stream(coded, tables),
        "content": _content(received.body),
    }
    return Evidence(features, _hashes(received.body, boxes, coded))


def _http(received: Received) -> Features:
    numbers = {"first_s": math.log(received.first_s), "whole_s": math.log(received.whole_s)}
    numbers["length"] = float(len(received.body))
    numbers["address"] = float(len(received.address))
    last = received.address.rstrip("/").rpartition("/")[2]
    numbers |= {f"address {kind}": float(count) for kind, count in Counter(map(_kind, last)).items()}
    return numbers | {f"{name}: {value}": 1.0 for name, value in received.headers.items()}


def _kind(letter: str) -> str:
    return "digit" if letter.isdigit() else "upper" if letter.isupper() else "other"


def _container(boxes: list[Box], tables: list[SampleTable]) -> Features:
    """Return lengths of boxes, stated bit rates, and the sizes in the sample tables."""
    numbers: Counter[str] = Counter()
    for box in boxes:
        numbers[f"{box.path} bytes"] += len(box.payload)
        numbers[f"{box.path} count"] += 1
        if box.kind in ("btrt", "esds"):
            numbers[f"{box.path} sum"] += sum(box.payload)
    found = {name: float(value) for name, value in numbers.items()}
    for index, table in enumerate(tables):
        found |= _series(f"table {index}", np.log1p(table.sizes.astype(float)))
    return found


def _stream(coded: list[list[bytes]], tables: list[SampleTable]) -> Features:
    found: Features = {}
    for index, samples in enumerate(coded):
        kind = "picture" if tables[index].is_video else "sound"
        found |= _series(kind, np.log1p([float(len(sample)) for sample in samples]))
    return found


def _series(name: str, values: Numbers) -> Features:
    """Return a series at `POINTS` places, with its moments and those of its steps."""
    places = np.linspace(0, len(values) - 1, POINTS)
    points = np.interp(places, np.arange(len(values)), values)
    steps = np.abs(np.diff(values)) if len(values) > 1 else np.zeros(1)
    moments = (values.mean(), values.std(), values.max(), values.min(), steps.mean(), steps.std())
    return {f"{name} {index}": float(value) for index, value in enumerate((*points, *moments))}


def _content(body: bytes) -> Features:
    """Return levels, colours, sharpness and motion of the pictures, loudness and spectrum of the sound."""
    with av.open(io.BytesIO(body), "r") as container:
        frames = list(container.decode(video=0)) if container.streams.video else []
        small = [frame.reformat(GRID * 4, GRID * 4, "rgb24").to_ndarray().astype(float) for frame in frames]
    found = _pictures(np.stack(small)) if small else {}
    with av.open(io.BytesIO(body), "r") as container:
        sounds = (
            [frame.to_ndarray() for frame in container.decode(audio=0)] if container.streams.audio else []
        )
    return found | (_sound(np.concatenate(sounds, axis=1).mean(axis=0)) if sounds else {})


def _pictures(pixels: Numbers) -> Features:
    """Return features of pictures, shape (frames, height, width, 3)."""
    grey = pixels.mean(axis=3)
    motion = np.abs(np.diff(grey, axis=0)).mean(axis=(1, 2)) if len(grey) > 1 else np.zeros(1)
    sharpness = np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2))
    blocks = grey.mean(axis=0).reshape(8, -1, 8, grey.shape[2] // 8).mean(axis=(1, 3))
    found = _series("motion", np.log1p(motion)) | _series("sharpness", np.log1p(sharpness))
    found["held"] = float((motion < motion.mean() / 20).mean())
    for index, value in enumerate((*pixels.mean(axis=(0, 1, 2)), *pixels.std(axis=(0, 1, 2)))):
        found[f"colour {index}"] = float(value)
    return found | {f"block {index}": float(value) for index, value in enumerate(blocks.ravel())}


def _sound(samples: NDArray[np.float32]) -> Features:
    """Return features of sound, shape (samples,)."""
    windows = [float(np.sqrt((part**2).mean())) for part in np.array_split(samples, POINTS)]
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    edges = np.geomspace(8, len(spectrum), BANDS + 1).astype(int)
    bands = [spectrum[low : max(high, low + 1)].mean() for low, high in pairwise(edges)]
    found = _series("loudness", np.log10(np.array(windows) + 1e-6))
    return found | {f"band {index}": float(np.log10(power + 1e-9)) for index, power in enumerate(bands)}


def _without_salt(body: bytes, table: SampleTable) -> list[bytes]:
    """Return the samples of a track without messages and stream elements, as an attacker strips them."""
    places = zip(table.offsets.tolist(), table.sizes.tolist(), strict=True)
    samples = [body[at : at + size] for at, size in places]
    return [_without_messages(each) if table.is_video else _without_elements(each) for each in samples]


def _without_messages(sample: bytes) -> bytes:
    kept, at = [], 0
    while at + 4 < len(sample):
        length = int.from_bytes(sample[at : at + 4], "big")
        if sample[at + 4] & 0x1F != SEI_UNIT:
            kept.append(sample[at : at + 4 + length])
        at += 4 + length
    return b"".join(kept)


def _without_elements(sample: bytes) -> bytes:
    while len(sample) > 1 and sample[0] == STREAM_ELEMENT:
        sample = sample[2 + sample[1] :]
    return sample


def _hashes(body: bytes, boxes: list[Box], coded: list[list[bytes]]) -> dict[str, list[str]]:
    padding = len(boxes[-1].payload) + 8 if boxes[-1].path == "free" else 0
    return {
        "whole file": [_hash(body)],
        "file without padding": [_hash(body[: len(body) - padding])],
        "salt removed": [_hash(b"".join(samples)) for samples in coded],
    }


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
