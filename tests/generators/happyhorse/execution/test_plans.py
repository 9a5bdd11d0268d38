"""Plans for cards of 8 to 80 GiB, and the readings that correct their estimates."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generators.base import InvalidInput
from generators.free_memory import GIB
from generators.happyhorse.execution.peaks import (
    Calibration,
    Reading,
    calibrate,
    measured_peak,
    read_readings,
    write_readings,
)
from generators.happyhorse.execution.plans import LEVELS_GIB, NoPlan, Plan, Room, Work, choose
from generators.happyhorse.network.config import SIZES

TEXT = 18_483_411_968
SMALL = Work(SIZES["15b"], tokens=4_350, pixels=448 * 256, text_bytes=TEXT, named="256p")
LARGE = Work(SIZES["15b"], tokens=66_046, pixels=1920 * 1088, text_bytes=TEXT, named="1080p")


def _plans(work: Work, **room: bool) -> dict[int, tuple[str, bool]]:
    found: dict[int, tuple[str, bool]] = {}
    for level in LEVELS_GIB:
        try:
            plan = choose(work, Room(level * GIB, 64 * GIB, **room)).plan
            found[level] = plan.precision, plan.offload
        except NoPlan:
            found[level] = "none", False
    return found


def test_each_level_gets_the_fastest_plan_that_fits() -> None:
    moved, whole = ("bf16", True), ("bf16", False)

    assert _plans(SMALL) == {8: moved, 12: moved, 16: moved, 24: ("int8", False), 48: whole, 80: whole}
    assert _plans(SMALL, float8=True)[24] == ("fp8", False)
    assert _plans(LARGE) == {
        8: ("none", False),
        12: ("int8", True),
        16: moved,
        24: moved,
        48: whole,
        80: whole,
    }


def test_a_plan_takes_no_more_than_the_device_has() -> None:
    for level in LEVELS_GIB:
        assert choose(SMALL, Room(level * GIB)).needs.peak < level * GIB


def test_weights_wait_only_where_main_memory_holds_them() -> None:
    assert choose(SMALL, Room(8 * GIB, 64 * GIB)).plan.precision == "bf16"
    assert choose(SMALL, Room(8 * GIB, 20 * GIB)).plan.precision == "int8"
    with pytest.raises(NoPlan, match=r"256p takes at least .* GiB of main memory; got 8\.0 GiB and 4\.0 GiB"):
        choose(SMALL, Room(8 * GIB, 4 * GIB))


def test_a_device_that_shares_main_memory_offloads_nothing() -> None:
    assert not choose(SMALL, Room(24 * GIB, offloads=False)).plan.offload
    with pytest.raises(NoPlan, match=r"got 8\.0 GiB\. Free memory, or ask for a shorter or smaller clip\."):
        choose(SMALL, Room(8 * GIB, offloads=False))


def test_the_choice_says_why() -> None:
    said = str(choose(SMALL, Room(24 * GIB)))

    assert said.startswith("fit: precision int8, offload none, chunks of 16,384 tokens; takes about 17.")
    assert said.endswith("of 24.0 GiB; bf16 on the device would take 30.5 GiB")


def test_tiles_are_used_where_whole_frames_take_too_much() -> None:
    work = Work(SIZES["tiny"], tokens=1000, pixels=3840 * 2176, named="2160p")

    assert not choose(work, Room(80 * GIB)).plan.tiles
    assert choose(work, Room(16 * GIB)).plan.tiles


def test_peaks_above_their_estimates_correct_later_ones(tmp_path: Path) -> None:
    readings = [
        Reading("denoising", 100, 150, "card"),
        Reading("denoising", 100, 120, "card"),
        Reading("decoding", 100, 50, "card"),
    ]
    write_readings(readings, tmp_path / "peaks.json")

    calibration = calibrate(read_readings(tmp_path / "peaks.json"))

    assert calibration == Calibration(1.5, 1.0)
    plain, corrected = Plan().needs(LARGE), Plan().needs(LARGE, calibration)
    assert corrected.denoising > plain.denoising
    assert corrected.decoding == plain.decoding


@pytest.mark.parametrize(
    "text", ["", "{}x", '[{"stage": 1}]', '[{"stage":"text","estimate":1,"peak":1,"device":""}]']
)
def test_damaged_readings_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "peaks.json"
    path.write_text(text)

    with pytest.raises(InvalidInput, match="peaks must be"):
        read_readings(path)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a process's peak")
def test_the_peak_of_a_block_is_measured() -> None:
    with measured_peak(torch.device("cpu")) as peak:
        held = torch.ones(64, 2**20)  # 256 MiB
        del held

    assert peak.size is not None
    assert 0.9 * 2**28 < peak.size < 2**29
