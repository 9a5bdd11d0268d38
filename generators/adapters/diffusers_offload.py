"""Keep a pipeline's weights in main memory, and move them to the device as they are used, by diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def offload(pipeline: Any, how: str, device: torch.device) -> None:  # noqa: ANN401 - a pipeline of diffusers
    """Move weights to the device by `blocks` or `leaves` as they are used, and back to main memory."""
    import torch

    _complete_hooks()
    pipeline.enable_group_offload(
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type=f"{'block' if how == 'blocks' else 'leaf'}_level",
        num_blocks_per_group=1 if how == "blocks" else None,
        use_stream=device.type == "cuda",
    )


def _complete_hooks() -> None:
    """Give diffusers' hooks the one function that 0.42 takes from accelerate, where that is not installed."""
    from diffusers.hooks import group_offloading

    if not hasattr(group_offloading, "send_to_device"):
        group_offloading.send_to_device = send_to_device  # type: ignore[attr-defined] # not exported


def send_to_device(value: Any, device: torch.device, non_blocking: bool = False) -> Any:  # noqa: ANN401
    """Return a layer's arguments with all tensors on the device, as accelerate's function does.

    Args:
        value: Tensor, list, tuple or mapping of arguments, or any other argument, which is returned as it is.
        device: Device to move to.
        non_blocking: Whether the copy may go on after this returns.
    """
    if hasattr(value, "to"):
        return value.to(device, non_blocking=non_blocking)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(send_to_device(each, device, non_blocking) for each in value))
    if isinstance(value, list | tuple):
        return type(value)(send_to_device(each, device, non_blocking) for each in value)
    if isinstance(value, Mapping):
        moved = {name: send_to_device(each, device, non_blocking) for name, each in value.items()}
        return moved if isinstance(value, dict) else type(value)(moved)  # type: ignore[call-arg]
    return value
