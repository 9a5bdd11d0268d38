from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from generators.base import InvalidInput
from generators.happyhorse.network.pointwise import Rotary
from generators.happyhorse.network.tokens import Layout, coordinates, layout_for, patchify, unpatchify
from tests.factories_happyhorse import FIXTURES

GRID = Layout(frames=3, rows=2, columns=3, audio=9, text=5)


def test_an_input_token_is_channel_major() -> None:
    latent = torch.arange(2 * 3 * 2 * 4 * 6).reshape(2, 3, 2, 4, 6)

    tokens = patchify(latent)

    assert tokens.shape == (2, 12, 12)
    b, frame, row, column, channel, ph, pw = 1, 1, 1, 2, 2, 1, 0
    token = tokens[b, (frame * 2 + row) * 3 + column]
    assert token[channel * 4 + ph * 2 + pw] == latent[b, channel, frame, row * 2 + ph, column * 2 + pw]


def test_an_output_token_is_channel_minor() -> None:
    layout = Layout(2, 2, 3, 0, 0)
    tokens = torch.arange(2 * 12 * 12).reshape(2, 12, 12)

    latent = unpatchify(tokens, layout)

    assert latent.shape == (2, 3, 2, 4, 6)
    b, frame, row, column, channel, ph, pw = 1, 1, 0, 2, 2, 1, 0
    token = tokens[b, (frame * 2 + row) * 3 + column]
    assert latent[b, channel, frame, row * 2 + ph, column * 2 + pw] == token[(ph * 2 + pw) * 3 + channel]


def test_a_latent_of_odd_size_has_no_patches() -> None:
    with pytest.raises(ValueError, match="must be even, as patches are 2×2; got 4×5"):
        patchify(torch.zeros(1, 48, 1, 4, 5))


@pytest.mark.parametrize(
    ("seconds", "width", "height", "expected"),
    [
        (4, 448, 256, (26, 2912, 101, 3413)),
        (5, 448, 256, (32, 3584, 126, 4110)),
        (8, 448, 256, (51, 5712, 201, 6313)),
        (10, 448, 256, (63, 7056, 251, 7707)),
        (4, 480, 256, (26, 3120, 101, 3621)),
        (5, 480, 256, (32, 3840, 126, 4366)),
        (8, 480, 256, (51, 6120, 201, 6721)),
        (10, 480, 256, (63, 7560, 251, 8211)),
        (4, 896, 512, (26, 11648, 101, 12149)),
        (5, 896, 512, (32, 14336, 126, 14862)),
        (8, 896, 512, (51, 22848, 201, 23449)),
        (10, 896, 512, (63, 28224, 251, 28875)),
        (4, 1920, 1088, (26, 53040, 101, 53541)),
        (5, 1920, 1088, (32, 65280, 126, 65806)),
        (8, 1920, 1088, (51, 104040, 201, 104641)),
        (10, 1920, 1088, (63, 128520, 251, 129171)),
    ],
)
def test_token_counts_are_those_of_the_specification(
    seconds: float, width: int, height: int, expected: tuple[int, ...]
) -> None:
    layout = layout_for(seconds, width, height, text=400)

    assert (layout.frames, layout.video, layout.audio, layout.total) == expected


def test_audio_can_be_left_out_of_the_sequence() -> None:
    layout = layout_for(5, 448, 256, text=400, with_audio=False)

    assert (layout.audio, layout.total) == (0, 4110 - 126)


def test_a_size_that_is_no_multiple_of_32_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        InvalidInput, match=r"height must be a multiple of 32 pixels; got 1080\. Try 1056 or 1088"
    ):
        layout_for(5, 1920, 1080, text=1)


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_clip_without_duration_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="must last"):
        layout_for(seconds, 448, 256, text=1)


def test_base_coordinates_put_all_text_at_the_origin() -> None:
    places = coordinates(GRID, "base")[0]

    assert places[17].tolist() == [2.0, 0.5, 1.0]
    assert places[18:27, 0].tolist() == [j / 4 for j in range(9)]
    assert places[27:].eq(0).all()


def test_super_resolution_coordinates_spread_text_over_one_frame() -> None:
    places = coordinates(GRID, "super_resolution")[0]

    assert places[27:, 0].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert places[:27].equal(coordinates(GRID, "base")[0, :27])


def test_super_resolution_spans_audio_over_the_video_even_if_their_lengths_disagree() -> None:
    layout = GRID._replace(frames=5)

    assert coordinates(layout, "super_resolution")[0, layout.video + 8, 0] == 4
    assert coordinates(layout, "base")[0, layout.video + 8, 0] == 2


@pytest.mark.parametrize(("style", "place"), [("base", -1.0), ("super_resolution", 0.0)])
def test_a_lone_text_token_has_a_place(style: str, place: float) -> None:
    places = coordinates(GRID._replace(text=1), style)  # type: ignore[arg-type]  # one of two words

    assert places[0, -1].tolist() == [place, 0.0, 0.0]


def test_padded_text_stands_as_it_would_alone() -> None:
    both = coordinates(GRID, "super_resolution", torch.tensor([3, 5]))

    assert both[0, :30].equal(coordinates(GRID._replace(text=3), "super_resolution")[0])
    assert both[1:].equal(coordinates(GRID, "super_resolution"))


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown coordinates 'v2'"):
        coordinates(GRID, "v2")  # type: ignore[arg-type]  # wrong on purpose


def test_coordinates_are_those_that_the_public_code_recorded() -> None:
    recorded = load_file(FIXTURES / "t2v.fp32.safetensors")["coords"]
    place, sizes, references = recorded[:, :3], recorded[:, 3:6], recorded[:, 6:]
    centred = place - torch.tensor([0.0, 0.5, 0.5]) * (sizes - 1)
    scale = torch.where((sizes == 1) & (references == 1), 1.0, (references - 1) / (sizes - 1))

    assert coordinates(Layout(5, 2, 3, 17, 11), "base")[0].equal(centred * scale)


def test_rotary_angles_are_those_of_the_specification() -> None:
    rotary = Rotary(128)
    cos, sin = (x[0, :, 0] for x in rotary(coordinates(GRID, "super_resolution")))

    bands = [0, 1, 16, 17, 32, 33]
    expected = torch.tensor([0.90930, 0.90213, 0.47943, 0.27748, 0.84147, 0.53317])
    torch.testing.assert_close(sin[17, bands], expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        cos[17, bands[::2]], torch.tensor([-0.41615, 0.87758, 0.54030]), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(sin[28, :2], torch.tensor([0.24740, 0.14012]), atol=1e-5, rtol=0)
