from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generators.base import InvalidInput
from generators.happyhorse.inputs import fit_image, read_image, read_sound, to_pixels
from tests.factories_codecs import write_tone


def test_an_image_survives_the_way_to_the_network_and_back() -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3
    fitted = fit_image(Image.fromarray(pixels), 6, 4)
    assert fitted.shape == (1, 3, 1, 4, 6)
    assert np.abs(to_pixels(fitted)[0].astype(int) - pixels).max() <= 1


def test_an_image_is_turned_upright_and_loses_its_alpha(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 4), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    found = read_image(tmp_path / "turned.png")
    assert (found.size, found.mode) == ((4, 8), "RGB")


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_refuses_what_is_no_image(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"Can't read the image .*broken\.png: .* Give a whole PNG"):
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
    with pytest.raises(InvalidInput, match=r"Can't read the sound in .*broken\.wav: .* Give a whole WAV"):
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
