"""Keep the weights of layers in main memory, and copy each group of them to the device just before it runs.

While one group computes, the next one is copied on a stream of its own. Two groups lie on the device at once,
however large the network is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn

_Slot = tuple[nn.Module, str]
"""A module, and the name of its own tensor."""


def offload(model: nn.Module, layers: Iterable[nn.Module], device: torch.device, group: int = 1) -> Offload:
    """Leave the layers' weights in main memory, and move the rest of the model to the device.

    Args:
        model: The network, in main memory.
        layers: Layers that run one after the other.
        device: Device that computes.
        group: Layers that are copied together.
    """
    every = tuple(layers)
    groups = [Movable(every[n : n + group], device) for n in range(0, len(every), group)]
    for place, one in enumerate(groups):
        one.keep_at_home()
        before, after = groups[place - 1], groups[(place + 1) % len(groups)]
        one.first.register_forward_pre_hook(_arrival(one, after, before))
    inside = {slot for one in groups for slot in one.home}
    for slot in set(_slots(model)) - inside:
        _write(slot, _read(slot).to(device))
    return Offload(groups)


class Offload:
    """Groups of layers that come and go."""

    def __init__(self, groups: list[Movable]) -> None:
        self._groups = groups

    @property
    def present(self) -> int:
        """Number of groups on the device."""
        return sum(group.present for group in self._groups)

    def leave(self) -> None:
        """Take all groups off the device, such as after the last step."""
        for group in self._groups:
            group.leave()


class Movable:
    """Modules whose weights lie in main memory, and are copied to the device together."""

    def __init__(self, modules: Sequence[nn.Module], device: torch.device) -> None:
        self.first = modules[0]
        self.device = device
        self.home: dict[_Slot, Tensor] = {slot: _read(slot) for each in modules for slot in _slots(each)}
        self.present = False
        self._copied: torch.cuda.Event | None = None
        self._stream: torch.cuda.Stream | None = None

    def keep_at_home(self) -> None:
        """Pin the weights in main memory, from where a GPU copies while it computes."""
        if self.device.type == "cuda":
            self.home = {slot: tensor.cpu().pin_memory() for slot, tensor in self.home.items()}
        for slot, tensor in self.home.items():
            _write(slot, tensor)

    def send(self) -> None:
        """Begin to copy the weights to the device, unless they are there or on their way."""
        if self.present:
            return
        self.present = True
        if self.device.type != "cuda":
            self._copy()
            return
        stream = _stream_of(self.device)
        with torch.cuda.stream(stream):
            self._copy()
            self._copied = stream.record_event()

    def arrive(self) -> None:
        """Have the computation wait for the copy."""
        self.send()
        if self._copied is not None:
            current = torch.cuda.current_stream(self.device)
            current.wait_event(self._copied)
            for slot in self.home:
                _read(slot).record_stream(current)  # its memory is free only once the layer is done
            self._copied = None

    def leave(self) -> None:
        """Drop the copies; the weights at home are unchanged."""
        if self.present:
            self.present = False
            for slot, tensor in self.home.items():
                _write(slot, tensor)

    def _copy(self) -> None:
        with torch.inference_mode(False):  # weights are ordinary tensors, also while inference asks for them
            for slot, tensor in self.home.items():
                _write(slot, tensor.to(self.device, non_blocking=True, copy=True))


def _arrival(own: Movable, after: Movable, before: Movable) -> Callable[[nn.Module, object], None]:
    """Return the hook of a group's first layer: it sends the next group, too, and drops the one before."""

    def arrive(_module: nn.Module, _inputs: object) -> None:
        if before is not own and before is not after:
            before.leave()
        own.arrive()
        after.send()

    return arrive


def _stream_of(device: torch.device) -> torch.cuda.Stream:
    """Return the stream on which a device receives weights."""
    if device not in _STREAMS:
        _STREAMS[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's stubs
    return _STREAMS[device]


_STREAMS: dict[torch.device, torch.cuda.Stream] = {}


def _slots(model: nn.Module) -> Iterator[_Slot]:
    for module in model.modules():
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is not None:
                yield module, name


def _read(slot: _Slot) -> Tensor:
    module, name = slot
    tensor = module._parameters.get(name, module._buffers.get(name))
    return cast(Tensor, tensor).data


def _write(slot: _Slot, tensor: Tensor) -> None:
    module, name = slot
    if name in module._parameters:
        cast(nn.Parameter, module._parameters[name]).data = tensor
    else:
        module._buffers[name] = tensor
