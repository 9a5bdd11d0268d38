"""Devices of this machine that PyTorch can compute on."""

from __future__ import annotations

import os
import platform
import re

import torch

from generators.base import InvalidInput


def find_device(name: str | None = None) -> torch.device:
    """Return the device of that name.

    Args:
        name: `cpu`, `cuda`, `cuda:1` and the like; None for the accelerator if there is one, else the CPU.

    Raises:
        InvalidInput: PyTorch finds no such device on this machine, and the message lists those that it finds;
            or the card is older than those that PyTorch was built for.
    """
    there = _there()
    name = there[:2][-1] if name is None else name
    if name not in there:
        raise InvalidInput(
            f"device must be one that PyTorch {torch.__version__} finds on this machine; got {name!r}. "
            f"Choose one of: {', '.join(there)}."
        )
    device = torch.device(name)
    if device.type == "cuda":
        _refuse_old_card(device)
    return device


def describe_machine(device: torch.device) -> dict[str, object]:
    """Return what a clip's last bits depend on, apart from versions and the number of threads."""
    cuda = device.type == "cuda"
    return {
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if cuda else platform.machine(),
        "cpu_instructions": torch.backends.cpu.get_cpu_capability(),
        "onednn_max_cpu_isa": os.environ.get("ONEDNN_MAX_CPU_ISA"),
    }


def _refuse_old_card(device: torch.device) -> None:
    """Raise InvalidInput for a card without kernels in this PyTorch, which itself only warns.

    Builds name NVIDIA's architectures sm_75, sm_90a and the like; those for AMD's cards name none.
    """
    named = (re.fullmatch(r"sm_(\d+)[a-z]?", arch) for arch in torch.cuda.get_arch_list())
    oldest = min((int(arch[1]) for arch in named if arch), default=0)
    major, minor = torch.cuda.get_device_capability(device)
    if 10 * major + minor < oldest:
        raise InvalidInput(
            f"device must have a compute capability of {oldest / 10} or more, for which PyTorch "
            f"{torch.__version__} was built; got {torch.cuda.get_device_name(device)} with {major}.{minor}. "
            "Choose another card or cpu."
        )


def _there() -> list[str]:
    """Return the names of all devices: the CPU, then the accelerator without and with a number."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is None:
        return ["cpu"]
    kind = accelerator.type
    return ["cpu", kind, *(f"{kind}:{n}" for n in range(torch.accelerator.device_count()))]
