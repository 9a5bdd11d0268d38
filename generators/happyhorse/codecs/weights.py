"""Read weights from a file, and fill a module with them if they are exactly its own."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from generators.base import Unavailable
from generators.happyhorse.network.finite import name_some, unfit

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of tensors by key."""


class WeightsError(Unavailable, ValueError):
    """File of weights that can't be read, or that holds another network."""


def read_weights(path: Path, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """Read the tensors, of any shape, in a safetensors file, or in a torch pickle without running its code.

    Args:
        path: The file; its suffix says which of the two it is.
        device: Where the tensors go.

    Raises:
        WeightsError: The file is missing, is damaged, or holds more than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path, device=str(device))
        found = torch.load(path, map_location=device, weights_only=True, mmap=True)
    except FileNotFoundError as error:
        raise WeightsError(f"There are no weights at {path}. Give a file of weights.") from error
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError(f"Can't read the weights in {path}: {error}. Fetch the file again.") from error
    return dict(found)


def fill(module: nn.Module, tensors: Mapping[str, Tensor], origin: Path) -> None:
    """Give a module, which may be on the meta device, exactly these tensors.

    Args:
        module: The network.
        tensors: Its tensors by key, each in the shape of the module's own.
        origin: The file that they come from, for messages.

    Raises:
        WeightsError: A tensor is missing, surplus, misshapen, or not finite.
    """
    if fault := misfit(module, {key: tuple(tensor.shape) for key, tensor in tensors.items()}):
        raise WeightsError(f"{origin} {fault}")
    require_finite_weights(tensors, origin)
    module.load_state_dict(tensors, assign=True)


def misfit(module: nn.Module, found: Shapes) -> str | None:
    """Return what is wrong with tensors of other keys or shapes than a module's; None if nothing is."""
    expected = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    faults = {
        "missing": sorted(expected.keys() - found.keys()),
        "surplus": sorted(found.keys() - expected.keys()),
        "misshapen": [
            f"{key} {found[key]} instead of {expected[key]}"
            for key in sorted(expected.keys() & found.keys())
            if found[key] != expected[key]
        ],
    }
    said = [f"{len(keys)} {fault}: {name_some(keys)}" for fault, keys in faults.items() if keys]
    if not said:
        return None
    network = f"the {len(expected)} tensors of {type(module).__name__}"
    return f"must hold {network}; got {'; '.join(said)}. Use a file of this network."


def require_finite_weights(tensors: Mapping[str, Tensor], origin: Path) -> None:
    """Raise WeightsError if a tensor, of any shape, holds NaN or infinity."""
    if fault := unfit(tensors):
        raise WeightsError(f"{origin}: {fault}. Fetch the file again, or use another checkpoint.")
