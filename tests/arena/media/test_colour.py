"""Colours as tags give them, or as browsers guess them where there are none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from arena.media.colour import refuse_unshowable
from arena.media.normalise import RenditionFacts, normalise
from arena.media.probe import UnusableMedia, probe
from arena.media.profile import Profile
from tests.factories_media import FLASH, H264, convert

Colour = tuple[int, int, int]
COLOURS: list[Colour] = [
    *((32, 32, 32), (64, 64, 64), (128, 128, 128), (192, 192, 192)),
    *((200, 40, 60), (40, 180, 60), (30, 60, 200), (230, 190, 160)),
]
WIDTH, HEIGHT = 128, 32
WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
FULL, LIMITED = (0, 255, 127.5), (16, 219, 112)
TAGS_709 = ("-bsf:v", "h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1")


def code(colour: Colour, matrix: str, levels: tuple[float, float, float]) -> tuple[int, int, int]:
    """Y, Cb and Cr of a colour, in 8 bits (ITU-T H.273, 8.3)."""
    (red, green, blue), (kr, kb) = (value / 255 for value in colour), WEIGHTS[matrix]
    black, luma, chroma = levels
    y = kr * red + (1 - kr - kb) * green + kb * blue
    return (
        round(black + luma * y),
        round(128 + chroma * (blue - y) / (1 - kb)),
        round(128 + chroma * (red - y) / (1 - kr)),
    )


def write_stripes(folder: Path, matrix: str, levels: tuple[float, float, float] = LIMITED) -> Path:
    """Frames in YCbCr 4:2:0 with a stripe of each colour, uncompressed."""
    planes = [np.zeros((HEIGHT >> by, WIDTH >> by), np.uint8) for by in (0, 1, 1)]
    for index, colour in enumerate(COLOURS):
        for plane, value in zip(planes, code(colour, matrix, levels), strict=True):
            stripe = plane.shape[1] // len(COLOURS)
            plane[:, index * stripe : (index + 1) * stripe] = value
    raw = folder / "stripes.yuv"
    raw.write_bytes(b"".join(plane.tobytes() for plane in planes) * 6)
    return raw


def read_raw(raw: Path, form: str = "yuv420p") -> tuple[object, ...]:
    return ("-f", "rawvideo", "-pix_fmt", form, "-s", f"{WIDTH}x{HEIGHT}", "-r", 24, "-i", raw)


def shown(source: Path) -> tuple[RenditionFacts, list[Colour]]:
    """Return the rendition, and its stripes as a BT.709 display shows them."""
    target = source.with_name("rendition.mp4")
    made = normalise(source, target, Profile("stripes", WIDTH, HEIGHT, 24, crf=0), with_sound=False)
    with av.open(target) as container:
        frames = [frame for frame, _ in zip(container.decode(video=0), range(4), strict=False)]
        planes = frames[3].to_ndarray().astype(float)
    chroma = planes[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    return made, [_at(planes[HEIGHT // 2], chroma[:, HEIGHT // 4], index) for index in range(len(COLOURS))]


def _at(luma: np.ndarray, chroma: np.ndarray, index: int) -> Colour:
    middle = int((index + 0.5) * WIDTH / len(COLOURS))
    y, (cb, cr) = (luma[middle] - 16) / 219, (chroma[:, middle // 2] - 128) / 224
    kr, kb = WEIGHTS["bt709"]
    red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    return tuple(255 * part for part in (red, (y - kr * red - kb * blue) / (1 - kr - kb), blue))


def worst(source: Path) -> float:
    """Return the largest error of a colour's part, of 255."""
    return float(np.abs(np.array(shown(source)[1]) - np.array(COLOURS)).max())


@pytest.mark.parametrize(
    ("matrix", "tags"),
    [
        ("bt601", ()),
        ("bt601", ("-bsf:v", "h264_metadata=matrix_coefficients=6")),
        (
            "bt601",
            ("-bsf:v", "h264_metadata=colour_primaries=5:transfer_characteristics=6:matrix_coefficients=5"),
        ),
        ("bt709", TAGS_709),
    ],
    ids=["601 untagged", "601 tagged", "625 lines", "709"],
)
def test_exact_colours_come_out_exactly(tmp_path: Path, matrix: str, tags: tuple[str, ...]) -> None:
    raw = write_stripes(tmp_path, matrix)
    source = convert(tmp_path / "clip.mp4", *read_raw(raw), "-c:v", "libx264", "-qp", 0, *tags)

    assert worst(source) <= 2.5


def test_full_range_comes_out_exactly(tmp_path: Path) -> None:
    raw = write_stripes(tmp_path, "bt601", FULL)
    source = convert(tmp_path / "clip.mkv", *read_raw(raw, "yuvj420p"), "-c:v", "ffv1")

    assert worst(source) <= 3  # both ranges round to 8 bits


@pytest.mark.parametrize("form", ["bgr0", "gbrp", "gbrp10le"])
def test_rgb_comes_out_exactly(tmp_path: Path, form: str) -> None:
    stripes = np.repeat(np.array(COLOURS, np.uint8), WIDTH // len(COLOURS), axis=0)
    raw = tmp_path / "stripes.rgb"
    raw.write_bytes(np.broadcast_to(stripes, (6, HEIGHT, WIDTH, 3)).tobytes())
    source = convert(tmp_path / "clip.mkv", *read_raw(raw, "rgb24"), "-pix_fmt", form, "-c:v", "ffv1")

    assert worst(source) <= 2.5


def test_the_false_range_flag_of_vp8_is_not_believed(tmp_path: Path) -> None:
    """A key frame's second coded bit, "no clamping needed", is taken for full range by ffmpeg."""
    raw = write_stripes(tmp_path, "bt601")
    source = convert(
        tmp_path / "clip.webm", *read_raw(raw), "-c:v", "libvpx", "-crf", 4, "-b:v", "4M", "-g", 1
    )
    flagged = tmp_path / "flagged.webm"
    with av.open(source) as given, av.open(flagged, "w") as made:
        copy = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.size:
                content = bytearray(bytes(packet))
                assert content[10] < 0x40  # both bits come first, each with even odds: no need to recode
                content[10] |= 0x40
                other = av.Packet(bytes(content))
                other.pts, other.dts, other.time_base = packet.pts, packet.dts, packet.time_base
                other.stream, other.is_keyframe = copy, packet.is_keyframe
                made.mux(other)
    with av.open(flagged) as container:
        assert next(container.decode(video=0)).color_range == 2

    assert shown(flagged)[1] == shown(source)[1]


def primaries(colours: list[tuple[float, float]], white: tuple[float, float] = (0.3127, 0.329)) -> np.ndarray:
    """RGB to XYZ, from the chromaticities of red, green and blue (SMPTE RP 177)."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in (*colours, white)]).T
    return columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])


BT709 = primaries([(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)])
GAMUTS = {
    9: primaries([(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)]),
    12: primaries([(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)]),
}
DISPLAY_GAMMA = 2.2


@pytest.mark.parametrize(
    ("number", "tagged"),
    [(9, True), (9, False), (12, True)],
    ids=["BT.2020", "BT.2020 by its matrix alone", "P3"],
)
def test_wide_gamut_colours_keep_their_look(tmp_path: Path, number: int, tagged: bool) -> None:
    light = (np.array(COLOURS) / 255) ** DISPLAY_GAMMA
    wide = np.linalg.solve(GAMUTS[number], BT709 @ light.T).T ** (1 / DISPLAY_GAMMA)
    stripes = np.repeat(np.round(wide * 65535).astype("<u2"), WIDTH // len(COLOURS), axis=0)
    raw = tmp_path / "stripes.rgb"
    raw.write_bytes(np.broadcast_to(stripes, (6, HEIGHT, WIDTH, 3)).tobytes())
    matrix, transfer = (9, 14) if number == 9 else (1, 1)
    coding = (
        *("-vf", f"scale=out_color_matrix={'bt2020' if number == 9 else 'bt709'}:flags=accurate_rnd"),
        *("-pix_fmt", "yuv420p10le", "-c:v", "libx264", "-qp", 0),
        "-bsf:v",
        f"h264_metadata=colour_primaries={number if tagged else 2}"
        f":transfer_characteristics={transfer}:matrix_coefficients={matrix}",
    )
    made, colours = shown(convert(tmp_path / "clip.mp4", *read_raw(raw, "rgb48le"), *coding))

    assert made.changes.gamut_converted
    assert np.abs(np.array(colours) - np.array(COLOURS)).max() <= 3


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ("transfer_characteristics=16", r"HDR \(PQ\)"),
        ("transfer_characteristics=18", r"HDR \(HLG\)"),
        ("matrix_coefficients=8", "matrix can't be converted here: number 8"),
        ("matrix_coefficients=10", "matrix can't be converted here: number 10"),
    ],
)
def test_what_can_not_be_shown_rightly_is_refused(tmp_path: Path, tags: str, reason: str) -> None:
    source = convert(tmp_path / "clip.mp4", *FLASH, *H264, "-bsf:v", f"h264_metadata={tags}")

    with pytest.raises(UnusableMedia, match=reason):
        probe(source)


def test_dolby_vision_without_a_base_layer_is_refused() -> None:
    with pytest.raises(UnusableMedia, match="Dolby Vision"):
        refuse_unshowable(transfer=2, matrix=2, entry="dvh1")
    refuse_unshowable(transfer=1, matrix=1, entry="hvc1")


def test_interlaced_pictures_are_deinterlaced(tmp_path: Path) -> None:
    """A bar that moves from field to field: its edges are combs until they are filtered."""
    woven = np.zeros((24, 64, 96), np.uint8)
    for field in range(48):
        woven[field // 2, field % 2 :: 2, field : field + 24] = 255
    raw = tmp_path / "woven.gray"
    raw.write_bytes(woven.tobytes())
    given = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "96x64", "-r", 24, "-i", raw, "-vf", "setfield=tff")
    source = convert(tmp_path / "clip.mp4", *given, *H264, "-flags", "+ildct+ilme", "-crf", 4)
    made = normalise(source, tmp_path / "rendition.mp4", Profile("same", 96, 64, 24), with_sound=False)

    assert probe(source).is_interlaced
    assert "deinterlaced" in made.changes.described()
    assert made.frames == 24
    assert combs(tmp_path / "rendition.mp4") < combs(source) / 4


def combs(path: Path) -> float:
    """How much neighbouring rows differ beyond what the next but one do."""
    with av.open(path) as container:
        rows = np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)]).astype(int)
    near, next_but_one = np.abs(np.diff(rows, axis=1))[:, 1:], np.abs(rows[:, 2:] - rows[:, :-2])
    return float((near - next_but_one).clip(0).mean())


def test_progressive_pictures_are_left_alone(tmp_path: Path) -> None:
    assert not probe(convert(tmp_path / "clip.mp4", *FLASH, *H264)).is_interlaced


def test_odd_sides_and_oblong_pixels_together(tmp_path: Path) -> None:
    source = convert(
        tmp_path / "clip.mkv", *FLASH, "-vf", "crop=45:47,setsar=4/3", "-pix_fmt", "yuv444p", "-c:v", "ffv1"
    )
    facts = probe(source)
    own = Profile.following(facts)

    assert (facts.width, facts.height) == (60, 47)
    assert (own.width, own.height) == (60, 48)
    assert Fraction(facts.width, facts.height) == Fraction(60, 47)


@pytest.mark.parametrize(("degrees", "corner"), [(90, (-1, 0)), (180, (-1, -1)), (270, (0, -1))])
def test_a_rotated_picture_is_turned_as_players_turn_it(
    tmp_path: Path, degrees: int, corner: tuple[int, int]
) -> None:
    """The red patch lies top left in the file; the display matrix turns it against the clock."""
    lying = convert(tmp_path / "lying.mp4", *FLASH, *H264)
    source = convert(tmp_path / "clip.mp4", "-display_rotation", degrees, "-i", lying, "-c", "copy")
    own = Profile.following(probe(source))
    normalise(source, tmp_path / "rendition.mp4", own, with_sound=False)
    with av.open(tmp_path / "rendition.mp4") as container:
        red = next(container.decode(video=0)).to_ndarray(format="rgb24")[:, :, 0]
    down, across = corner

    assert (own.width, own.height) == ((64, 48) if degrees == 180 else (48, 64))
    assert red[4 if down == 0 else -4, 4 if across == 0 else -4] > 150
    assert (red > 150).sum() < 16 * 12 * 1.3
