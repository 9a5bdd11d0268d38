from __future__ import annotations

import pytest

from generators.happyhorse.__main__ import main
from generators.happyhorse.commands.info import TERA, stages
from generators.happyhorse.network import flops
from generators.happyhorse.network.config import SIZES
from generators.happyhorse.network.kinds import KINDS
from generators.happyhorse.network.memory import holdings
from generators.happyhorse.network.tokens import Layout, layout_for

FULL_SIZE = SIZES["15b"]


@pytest.mark.parametrize(
    ("seconds", "width", "height", "window", "expected"),
    [
        (4, 448, 256, None, (74.5, 9.5, 84.1)),
        (5, 448, 256, None, (89.7, 13.8, 103.6)),
        (8, 448, 256, None, (137.8, 32.6, 170.5)),
        (10, 448, 256, None, (168.3, 48.7, 216.9)),
        (5, 480, 256, None, (95.3, 15.6, 110.9)),
        (5, 896, 512, None, (324.4, 180.9, 505.4)),
        (8, 896, 512, None, (511.9, 450.4, 962.3)),
        (4, 1920, 1088, 11, (1168.8, 1775.6, 2944.4)),
        (5, 1920, 1088, 11, (1436.5, 2402.0, 3838.5)),
        (5, 1920, 1088, None, (1436.5, 3547.5, 4984.0)),
        (5, 1920, 1056, 11, (1394.6, 2264.4, 3659.0)),
        (8, 1920, 1088, 11, (2284.2, 4715.4, 6999.6)),
    ],
)
def test_flops_of_a_forward_are_those_of_the_specification(
    seconds: float, width: int, height: int, window: int | None, expected: tuple[float, float, float]
) -> None:
    config = KINDS["1080p"].configure(FULL_SIZE)
    layout = layout_for(seconds, width, height, text=400)

    found = (
        flops.products(config, layout),
        flops.attention(config, layout, window),
        flops.forward(config, layout, window),
    )

    assert tuple(round(count / TERA, 1) for count in found) == expected


def test_a_token_passes_the_parameters_of_the_specification() -> None:
    assert flops.product_parameters(FULL_SIZE) == 10_912_645_120


@pytest.mark.parametrize(("frames", "kept"), [(32, 604), (26, 466)])
def test_the_local_pattern_keeps_the_pairs_of_frames_of_the_specification(frames: int, kept: int) -> None:
    assert flops.local_pairs(Layout(frames, 1, 1, 0, 0), window=11) == kept


@pytest.mark.parametrize(
    ("resolution", "first", "totals"),
    [
        ("256p", "distilled", [828.6]),
        ("256p", "base", [6628.4]),
        ("540p", "distilled", [828.6, 2526.9]),
        ("1080p", "distilled", [828.6, 19192.5]),
    ],
)
def test_a_clip_costs_what_the_specification_says(resolution: str, first: str, totals: list[float]) -> None:
    found = list(stages(FULL_SIZE, resolution, seconds=5, text=400, first=first))

    assert [round(stage.flops / TERA, 1) for stage in found] == totals


def test_the_holdings_are_those_of_the_specification() -> None:
    held = holdings(FULL_SIZE)

    assert (held.parameters, held.keys, held.size_bytes) == (15_299_419_136, 331, 30_642_008_128)


def test_the_command_prints_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--size", "15b", "--resolution", "1080p", "--seconds", "5"]

    assert main(["info", *asked]) == 0

    printed = capsys.readouterr().out
    for number in ("15,299,419,136", "331 keys", "65,806", "3,838.5", "4,110", "103.6", "24.29", "25.34"):
        assert number in printed


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--seconds", "0", "A clip must last more than 0 s, and at most 3600 s; got 0 s."),
        ("--seconds", "nan", "got nan s."),
        ("--seconds", "inf", "got inf s."),
        ("--seconds", "0.01", "A clip must last 1/25 s or more; got 0.01 s."),
        ("--text", "-1", "text must be 0 tokens or more; got -1."),
        ("--tflops", "0", "tflops must be a positive number; got 0.0."),
        ("--tflops", "nan", "tflops must be a positive number; got nan."),
    ],
)
def test_the_command_says_in_one_line_what_it_cannot_do(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", f"{option}={value}"]) == 1

    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
