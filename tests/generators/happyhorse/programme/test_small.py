from __future__ import annotations

import time
from pathlib import Path

from generators.happyhorse.programme.small import REHEARSAL, Amounts, small_stages
from generators.happyhorse.programme.stages import Workplace

SOON = time.monotonic() + 3600


def test_stages_come_in_order_with_one_for_each_student(tmp_path: Path) -> None:
    place = Workplace(tmp_path, "cpu", SOON)

    names = [stage.name for stage in small_stages(Amounts(), place)]

    assert names == ["train", "distill 8", "distill 4", "distill 2", "referee"]
    assert [stage.name for stage in small_stages(REHEARSAL, place)][1] == "distill 2"
