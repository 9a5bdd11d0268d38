"""Read and write the transformer's weights in the public layout.

The layout is safetensors: one file, or several with an index; float32, or bfloat16 or e4m3 in the large
products; each file compressed by Zstandard (`.zst`) or not.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generators.base import Unavailable
from generators.happyhorse.codecs.weights import misfit
from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.finite import name_some, unfit
from generators.happyhorse.network.quantised import Codes, quantise
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.weights.float8 import is_scale, missing_scales, with_scales

_LARGEST_HEADER = 100_000_000
"""Largest head of a file in bytes that safetensors allows."""


class Head(NamedTuple):
    """What the head of a file says of a tensor."""

    shape: tuple[int, ...]
    dtype: str
    """Its type, as safetensors names it."""


_Heads = dict[str, Head]


class CheckpointError(Unavailable, ValueError):
    """Checkpoint whose files are missing, can't be read, or hold another network."""


def load_transformer(
    path: str | Path,
    config: HappyHorseConfig | Mapping[str, object],
    dtype: torch.dtype = torch.bfloat16,
    device: torch.device | str | None = None,
    precision: Precision = "bf16",
) -> HappyHorseTransformer:
    """Load a checkpoint straight to a device, one tensor after the other.

    Large products in e4m3, as public fp8 checkpoints hold them, are read with their scales.

    Args:
        path: A safetensors file, an index, or the folder that holds either.
        config: Sizes of the network, as ours or as in the public code's configuration.
        dtype: Type of the four large products in each layer; the rest is float32.
        device: Where the weights go; the CPU by default.
        precision: Fewer bits for the large products, each of which is stored as soon as it is read; bf16
            leaves them in `dtype`.

    Raises:
        CheckpointError: Files are missing or damaged, keys or shapes are another network's, or e4m3 weights
            have no scales (found before any weight is read), or a weight is NaN or infinite.
    """
    if not isinstance(config, HappyHorseConfig):
        config = HappyHorseConfig.from_public(config)
    with torch.device("meta"):
        model = HappyHorseTransformer(config, dtype)
    files = find_files(Path(path))
    heads = _heads(files)
    if fault := misfit(model, {key: head.shape for key, head in heads.items() if not is_scale(key)}):
        raise CheckpointError(f"{path} {fault}")
    expected = {key: tensor.dtype for key, tensor in model.state_dict().items()}
    quantise(model, precision)
    weights: dict[str, Tensor] = {}
    for file in files:
        for key, tensor, scale in with_scales(_tensors(file, str(device or "cpu"))):
            read = _stored(model, key, tensor, scale, expected[key])
            if fault := unfit(read):
                raise CheckpointError(f"{file}: {fault}. Download it again, or use another checkpoint.")
            weights |= read
    model.load_state_dict(weights, strict=True, assign=True)
    return model.eval()


def _stored(
    model: HappyHorseTransformer, key: str, tensor: Tensor, scale: Tensor | None, dtype: torch.dtype
) -> dict[str, Tensor]:
    """Return the tensors of a model's state for one tensor of a checkpoint, and its scale if any."""
    owner = key.rpartition(".")[0]
    module = model.get_submodule(owner)
    if not isinstance(module, Codes):
        return {key: (tensor if scale is None else tensor.float() * scale).to(dtype)}
    stored = module.store(tensor) if scale is None else module.store_float8(tensor, scale)
    return {f"{owner}.{name}": part for name, part in stored.items()}


def save_transformer(
    model: HappyHorseTransformer,
    folder: str | Path,
    *,
    shard_bytes: int = 5_000_000_000,
    compress: bool = False,
) -> None:
    """Write a checkpoint that `load_transformer` and the public code read.

    Args:
        model: The network; each weight is written in the type that it has.
        folder: Where to write; made if missing.
        shard_bytes: Largest file in bytes, unless one tensor is larger.
        compress: Whether to compress the files for transport.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shards = _shards(model.state_dict(), shard_bytes)
    index: dict[str, str] = {}
    for n, shard in enumerate(shards, start=1):
        name = f"model-{n:05}-of-{len(shards):05}.safetensors" if len(shards) > 1 else "model.safetensors"
        save_file(shard, folder / name, metadata={"format": "pt"})
        if compress:
            name = _compress(folder / name).name
        index |= dict.fromkeys(shard, name)
    if len(shards) > 1:
        text = json.dumps({"metadata": {}, "weight_map": index}, indent=2)
        (folder / "model.safetensors.index.json").write_text(text)


def find_files(path: Path) -> list[Path]:
    """Return the weight files of a checkpoint.

    Args:
        path: A safetensors file, an index, or the folder that holds either.

    Raises:
        CheckpointError: There are none, the index is damaged, or a file that it names is missing.
    """
    if path.is_dir():
        found = sorted(path.glob("*.safetensors.index.json")) or sorted(path.glob("*.safetensors*"))
        if not found:
            raise CheckpointError(f"No *.safetensors in {path}. Give a checkpoint's folder, file or index.")
        return find_files(found[0]) if found[0].suffix == ".json" else found
    if not path.is_file():
        raise CheckpointError(f"No checkpoint at {path}. Give a checkpoint's folder, file or index.")
    return _indexed(path) if path.suffix == ".json" else [path]


def _indexed(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(
            f"{index} must be an index of safetensors files; got no readable weight_map. Download it again."
        ) from error
    if missing := [name for name in names if not (index.parent / name).is_file()]:
        raise CheckpointError(
            f"{index.parent} lacks {name_some(missing)}, which {index.name} names. Download it again."
        )
    return [index.parent / name for name in names]


def _heads(files: list[Path]) -> _Heads:
    """Read keys, shapes and types from the heads of the files."""
    heads: _Heads = {}
    for file in files:
        head = _head(file)
        _require_scales(file, head)
        if twice := sorted(heads.keys() & head.keys()):
            raise CheckpointError(
                f"Each key must be in one file; got {name_some(twice)} in {file} and in another. "
                "Remove one file."
            )
        heads |= head
    return heads


def _require_scales(file: Path, head: _Heads) -> None:
    if without := missing_scales({key: entry.dtype for key, entry in head.items()}):
        raise CheckpointError(
            f"{file} must hold a scale for each weight in e4m3; got none for {name_some(without)}. "
            "Use a checkpoint with scales, or one in bfloat16."
        )


def _head(file: Path) -> _Heads:
    """Read a file's keys, shapes and types, and compare its size with the one that they need."""
    try:
        with _reader(file) as stream:
            text = _head_text(stream)
        head = {key: entry for key, entry in json.loads(text).items() if key != "__metadata__"}
        end = 8 + len(text) + max((entry["data_offsets"][1] for entry in head.values()), default=0)
        if file.suffix != ".zst" and file.stat().st_size != end:
            raise ValueError(f"it has {file.stat().st_size:,} bytes instead of {end:,}")
        return {key: Head(tuple(entry["shape"]), str(entry["dtype"])) for key, entry in head.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _corrupt(file, error) from error


def _head_text(stream: IO[bytes]) -> bytes:
    """Read a file's head: its length in 8 bytes, little-endian, then JSON of that length."""
    length = int.from_bytes(stream.read(8), "little")
    if not 0 < length <= _LARGEST_HEADER:
        raise ValueError("its head has no plausible length")
    text = stream.read(length)
    if len(text) < length:
        raise ValueError("it ends within its head")
    return text


def _tensors(file: Path, device: str) -> Iterator[tuple[str, Tensor]]:
    try:
        with _plain(file) as plain, safe_open(plain, framework="pt", device=device) as weights:
            for key in weights.keys():  # noqa: SIM118  (not a dictionary)
                yield key, weights.get_tensor(key)
    except (OSError, SafetensorError, ValueError) as error:
        raise _corrupt(file, error) from error


def _corrupt(file: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{file} is corrupt or no safetensors file ({error}). Download it again.")


@contextmanager
def _plain(file: Path) -> Iterator[Path]:
    """Yield the file, or a decompressed copy that is deleted afterwards."""
    if file.suffix != ".zst":
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, file.stem)
        with _reader(file) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield plain


@contextmanager
def _reader(file: Path) -> Iterator[IO[bytes]]:
    if file.suffix != ".zst":
        with file.open("rb") as stream:
            yield stream
        return
    zstandard = _zstandard(file)
    try:
        with zstandard.open(file, "rb") as stream:
            yield stream
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _zstandard(file: Path) -> ModuleType:
    try:
        import zstandard
    except ImportError as error:
        raise CheckpointError(
            f"{file.name} is compressed; reading it takes zstandard. Get it by: pip install '.[codecs]'"
        ) from error
    return zstandard


def _compress(file: Path) -> Path:
    compressed = file.with_name(f"{file.name}.zst")
    with file.open("rb") as source, _zstandard(compressed).open(compressed, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    file.unlink()
    return compressed


def _shards(weights: Mapping[str, Tensor], limit: int) -> list[dict[str, Tensor]]:
    """Split weights by size in bytes, in order; a tensor above the limit has a file to itself."""
    shards: list[dict[str, Tensor]] = [{}]
    for key, tensor in weights.items():
        size = sum(t.nbytes for t in shards[-1].values())
        if shards[-1] and size + tensor.nbytes > limit:
            shards.append({})
        shards[-1][key] = tensor.detach().contiguous().cpu()
    return shards
