"""Measure the memory that one forward takes by the plan of each card's size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from generators.free_memory import GIB, free_main_memory
from generators.happyhorse.execution.offload import offload
from generators.happyhorse.execution.peaks import Reading, measured_peak, write_readings
from generators.happyhorse.execution.plans import NoPlan, Plan, Room, Work, choose
from generators.happyhorse.network.config import size
from generators.happyhorse.network.facts import RESOLUTIONS
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.memory import layer_bytes
from generators.happyhorse.network.quantised import multiplies_float8
from generators.happyhorse.network.tokens import Layout
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.programme.stages import FAILED, Workplace, machine
from generators.happyhorse.programme.timing import layout_of, random_network

RESOLUTION = "256p"


def measure_level(place: Workplace, model: str, level: int, seconds: float) -> dict[str, Any]:
    """Measure one forward by the plan for so many GiB; PyTorch gets no more than them.

    Args:
        place: Where to work.
        model: Name of the network's size.
        level: Size of a card in GiB.
        seconds: Duration of the clip.

    Returns:
        The plan, the estimate and the peak in bytes; or why there is none.
    """
    device, layout = torch.device(place.device), layout_of(RESOLUTION, seconds)
    work = _work(model, layout)
    try:
        plan = choose(work, _room(device, level)).plan
    except NoPlan as error:
        return {FAILED: str(error)}
    if device.type == "cuda" and level * GIB > torch.cuda.mem_get_info(device)[1]:
        return {FAILED: f"the card has less than {level} GiB", "plan": str(plan)}
    with _limited(device, level), measured_peak(device) as peak:
        _forward(_planned(model, plan, device), layout, device)
    beside = layer_bytes(work.config, layout.total, plan.chunk)
    estimate = plan.needs(work).denoising
    found = {"plan": str(plan), "estimate_bytes": estimate, "peak_bytes": peak.size}
    if peak.size is not None:
        measured = peak.size - (estimate - beside)
        found["reading"] = {"estimate": beside, "peak": max(measured, 0)}
    return found


def collect_readings(place: Workplace, names: list[str]) -> dict[str, Any]:
    """Write the readings of some stages to `peaks.json`, for later estimates; return how many there are."""
    card = machine(place.device)["card"]
    records = [record for name in names if (record := place.record(name)) is not None]
    found = [record["result"]["reading"] for record in records if "reading" in record["result"]]
    write_readings([Reading("denoising", device=card, **each) for each in found], place.out / "peaks.json")
    return {"readings": len(found)}


def _work(model: str, layout: Layout) -> Work:
    width, height = RESOLUTIONS[RESOLUTION]
    return Work(size(model), layout.total, width * height, named=f"{model} at {RESOLUTION}")


def _room(device: torch.device, level: int) -> Room:
    offloads = device.type != "cpu"
    return Room(level * GIB, free_main_memory() if offloads else None, multiplies_float8(device), offloads)


def _planned(model: str, plan: Plan, device: torch.device) -> HappyHorseTransformer:
    home = torch.device("cpu") if plan.offload else device
    network = random_network(model, kind("distilled"), home, plan.precision)
    for layer in network.layers:
        layer.mlp.chunk = plan.chunk
    if plan.offload:
        offload(network, network.layers, device)
    return network


@torch.inference_mode()
def _forward(network: HappyHorseTransformer, layout: Layout, device: torch.device) -> None:
    config, side = network.config, 2
    video = (1, config.latent_channels, layout.frames, side * layout.rows, side * layout.columns)
    audio, text = (layout.audio, config.audio_in_channels), (layout.text, config.text_in_channels)
    network(*(torch.randn(shape, device=device) for shape in (video, (1, *audio), (1, *text))))


@contextmanager
def _limited(device: torch.device, level: int) -> Iterator[None]:
    """Let PyTorch take no more than so many GiB of a GPU."""
    if device.type != "cuda":
        yield
        return
    torch.cuda.empty_cache()
    whole = torch.cuda.mem_get_info(device)[1]
    torch.cuda.set_per_process_memory_fraction(min(level * GIB / whole, 1.0), device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)
