"""Reads a codec's weights from a file, and fills a module with them or says what doesn't fit."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from generators.base import Unavailable
from generators.happyhorse.network.finite import unfit

_SHOWN = 8
"""Names in one error message."""


class WeightsError(Unavailable, ValueError):
    """A file of weights can't be read, or isn't of the network that was asked for."""


def read_weights(path: Path, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """The tensors in a safetensors file or in a torch pickle, which may run no code of its own.

    Raises:
        WeightsError: The file isn't there, is damaged, or holds more than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path, device=str(device))
        found = torch.load(path, map_location=device, weights_only=True, mmap=True)
    except FileNotFoundError as error:
        raise WeightsError(f"There are no weights at {path}.") from error
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError(f"Can't read the weights in {path}: {error}. Fetch the file again.") from error
    return dict(found)


def fill(module: nn.Module, tensors: Mapping[str, Tensor], origin: Path) -> None:
    """Gives a module, which may be on the meta device, exactly these tensors.

    Raises:
        WeightsError: Lists what is missing, surplus, misshapen, or not finite.
    """
    wanted = module.state_dict()
    misshapen = (
        f"{name} {tuple(tensors[name].shape)} for {tuple(wanted[name].shape)}"
        for name in wanted.keys() & tensors.keys()
        if tensors[name].shape != wanted[name].shape
    )
    wrong = {
        "missing": sorted(wanted.keys() - tensors.keys()),
        "surplus": sorted(tensors.keys() - wanted.keys()),
        "misshapen": sorted(misshapen),
    }
    complaints = [f"{len(names)} {kind}: {_few(names)}" for kind, names in wrong.items() if names]
    if complaints:
        raise WeightsError(f"{origin} doesn't fit {type(module).__name__}. {'; '.join(complaints)}.")
    require_finite_weights(tensors, origin)
    module.load_state_dict(tensors, assign=True)


def require_finite_weights(tensors: Mapping[str, Tensor], origin: Path) -> None:
    """Raises WeightsError where a tensor holds NaN or infinity."""
    if fault := unfit(tensors):
        raise WeightsError(f"{origin}: {fault}. Fetch the file again, or use another checkpoint.")


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
