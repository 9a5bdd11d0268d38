"""Devices of this machine that PyTorch can compute on."""

from __future__ import annotations

import os
import platform

import torch

from generators.base import InvalidInput


def find_device(name: str | None = None) -> torch.device:
    """Return the device of that name.

    Args:
        name: `cpu`, `cuda`, `cuda:1` and the like; None for the accelerator if there is one, else the CPU.

    Raises:
        InvalidInput: PyTorch finds no such device on this machine; the message lists those that it finds.
    """
    there = _there()
    if name is None:
        return torch.device(there[:2][-1])
    if name not in there:
        raise InvalidInput(
            f"device must be one that PyTorch {torch.__version__} finds on this machine; got {name!r}. "
            f"Choose one of: {', '.join(there)}."
        )
    return torch.device(name)


def describe_machine(device: torch.device) -> dict[str, object]:
    """Return what a clip's last bits depend on, apart from versions and the number of threads."""
    cuda = device.type == "cuda"
    return {
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if cuda else platform.machine(),
        "cpu_instructions": torch.backends.cpu.get_cpu_capability(),
        "onednn_max_cpu_isa": os.environ.get("ONEDNN_MAX_CPU_ISA"),
    }


def _there() -> list[str]:
    """Return the names of all devices: the CPU, then the accelerator without and with a number."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is None:
        return ["cpu"]
    kind = accelerator.type
    return ["cpu", kind, *(f"{kind}:{n}" for n in range(torch.accelerator.device_count()))]
