from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generators.base import InvalidInput
from generators.happyhorse.pipeline.inputs import (
    fit_image,
    read_image,
    read_negative_prompt,
    read_sound,
    to_pixels,
)
from tests.factories_codecs import write_tone


def test_an_image_survives_the_way_to_the_network_and_back() -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3
    fitted = fit_image(Image.fromarray(pixels), 6, 4)
    assert fitted.shape == (1, 3, 1, 4, 6)
    assert np.abs(to_pixels(fitted)[0].astype(int) - pixels).max() <= 1


def test_an_image_is_turned_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 4), "red")
    image.putpixel((0, 0), (0, 0, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    image.save(tmp_path / "turned.png", exif=exif)
    found = read_image(tmp_path / "turned.png")
    assert (found.size, found.mode) == ((4, 8), "RGB")
    assert found.getpixel((3, 0)) == (0, 0, 255)


def palette(transparent: bool) -> Image.Image:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    if transparent:
        image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "clear.png", (255, 255, 255)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 128)), "half.png", (255, 127, 127)),
        (Image.new("LA", (4, 4), (0, 0)), "grey-clear.png", (255, 255, 255)),
        (palette(transparent=True), "palette-clear.png", (255, 255, 255)),
        (palette(transparent=False), "palette.png", (255, 0, 0)),
        (palette(transparent=False), "palette.gif", (255, 0, 0)),
        (Image.new("1", (4, 4), 1), "bits.png", (255, 255, 255)),
        (Image.new("L", (4, 4), 77), "grey.png", (77, 77, 77)),
        (Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "cmyk.tiff", (255, 0, 0)),
        (Image.fromarray(np.full((4, 4), 32_896, np.uint16)), "grey-16.png", (128, 128, 128)),
        (Image.fromarray(np.full((4, 4), 65_535, np.uint16)), "grey-16.tiff", (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 32_896, np.int32)), "whole.tiff", (128, 128, 128)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_pixel_becomes_8_bits_of_colour_on_white(
    tmp_path: Path, image: Image.Image, name: str, expected: tuple[int, int, int]
) -> None:
    image.save(tmp_path / name)
    found = read_image(tmp_path / name)
    assert (found.size, found.mode) == ((4, 4), "RGB")
    assert found.getpixel((1, 1)) == expected


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png", "pages.tiff"])
def test_the_first_of_several_pictures_is_taken(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(tmp_path / name, save_all=True, append_images=[second])
    red, _, blue = np.asarray(read_image(tmp_path / name))[4, 4].tolist()
    assert red > 240
    assert blue < 15


def test_numbers_that_are_no_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 0.5, np.float32)).save(tmp_path / "depth.tiff")
    Image.fromarray(np.full((4, 4), -3, np.int32)).save(tmp_path / "below.tiff")
    for name in ("depth.tiff", "below.tiff"):
        with pytest.raises(InvalidInput, match=rf"{name}: its values aren't whole numbers of 8 or 16 bits"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_an_image_that_would_fill_the_memory_is_refused_by_its_head(tmp_path: Path, side: int) -> None:
    head = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(bytes(100))),
            (b"IEND", b""),
        )
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head)
    with pytest.raises(InvalidInput, match=r"bomb\.png.*pixels|89,478,485 pixels; .*bomb\.png"):
        read_image(tmp_path / "bomb.png")


@settings(deadline=None)
@given(cut=st.integers(0, 400), place=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_damaged_image_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: int, place: int, byte: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "image.png"
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content[: len(content) - cut % len(content)])
    try:
        assert read_image(path).mode == "RGB"
    except InvalidInput as error:
        assert "image.png" in str(error)  # noqa: PT017  (either is right)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sound_that_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    write_floats(tmp_path / "float.wav", np.full(4800, 0.25, np.float32))
    assert read_sound(tmp_path / "float.wav").samples.shape == (2, 4800)
    samples = np.full(4800, 0.25, np.float32)
    samples[100] = value
    write_floats(tmp_path / "float.wav", samples)
    with pytest.raises(InvalidInput, match=r"The sound in .*float\.wav must be finite; got NaN or infinity"):
        read_sound(tmp_path / "float.wav")


def write_floats(path: Path, samples: np.ndarray) -> None:
    """Write a WAV file of 32-bit floats at 48 kHz in one channel."""
    head = struct.pack("<HHIIHH", 3, 1, 48_000, 4 * 48_000, 4, 32)
    data = samples.astype("<f4").tobytes()
    parts = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WAVE" + parts)


def test_folders_are_no_input(tmp_path: Path) -> None:
    for read in (read_image, read_sound):
        with pytest.raises(InvalidInput, match="there is no such file"):
            read(tmp_path)


def test_a_negative_prompt_is_the_text_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "negative.txt").write_text(" hiss, blur\n", encoding="utf-8")
    assert read_negative_prompt(tmp_path / "negative.txt") == "hiss, blur"


@pytest.mark.parametrize("content", [None, b" \n", b"\xff\xfe\x00"])
def test_refuses_what_is_no_negative_prompt(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "negative.txt").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"negative prompt .*negative\.txt"):
        read_negative_prompt(tmp_path / "negative.txt")


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_refuses_what_is_no_image(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"Can't read the image .*broken\.png: "):
        read_image(path)


def test_refuses_an_image_that_was_cut_off(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:3000])
    with pytest.raises(InvalidInput, match=r"cut\.png"):
        read_image(tmp_path / "cut.png")


@pytest.mark.parametrize(
    ("rate", "kept"), [(44_100, 44_100), (48_000, 48_000), (11_025, 48_000), (96_000, 48_000)]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_reads_sound_in_stereo(tmp_path: Path, rate: int, kept: int, channels: int) -> None:
    write_tone(tmp_path / "a.wav", rate, channels)
    sound = read_sound(tmp_path / "a.wav")
    assert sound.rate == kept
    assert sound.samples.dtype == np.float32
    assert sound.samples.shape[0] == 2
    assert sound.duration_s == pytest.approx(0.5, abs=0.002)
    assert 0.1 < np.abs(sound.samples).max() < 0.4


@pytest.mark.parametrize("content", [b"", b"no sound", None])
def test_refuses_what_is_no_sound(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"Can't read the sound in .*broken\.wav: "):
        read_sound(path)


def test_refuses_a_file_without_a_sound_track(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    with pytest.raises(InvalidInput, match=r"picture\.png holds no sound"):
        read_sound(tmp_path / "picture.png")


def test_refuses_an_empty_sound_track(tmp_path: Path) -> None:
    write_tone(tmp_path / "empty.wav", 44_100, 1, seconds=0)
    with pytest.raises(InvalidInput, match=r"empty\.wav"):
        read_sound(tmp_path / "empty.wav")


def test_pixels_are_cut_and_rounded_down() -> None:
    frames = torch.tensor([-2.0, -1.0, 0.0, 0.999, 1.0, 7.0]).reshape(1, 1, 1, 1, 6).expand(1, 3, 1, 1, 6)
    assert to_pixels(frames)[0, 0, :, 0].tolist() == [0, 0, 127, 254, 255, 255]
