from __future__ import annotations

from pathlib import Path

import pytest

from generators.happyhorse.__main__ import main
from generators.happyhorse.codecs import linear_video, spectral_audio
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.commands import fit_codecs as command
from generators.happyhorse.training.fitting import CodecSizes


def test_it_writes_what_was_fitted_to_the_sizes_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CodecSizes] = []

    def fit(sizes: CodecSizes) -> tuple[LinearVideoCodec, SpectralAudioCodec]:
        asked.append(sizes)
        video = LinearVideoCodec.load(linear_video.TOY_WORLD).cut(sizes.video_width)
        return video, SpectralAudioCodec.load(spectral_audio.TOY_WORLD).cut(sizes.audio_width)

    monkeypatch.setattr(command, "fit_codecs", fit)
    out = tmp_path / "made" / "codecs"

    options = ["--clips", "40", "--video-width", "8", "--audio-width", "4"]
    assert main(["fit-codecs", "--out", str(out), *options]) == 0

    assert asked == [CodecSizes(40, 8, 4)]
    names = ["toy-world-audio-4.safetensors", "toy-world-video-8.safetensors"]
    assert sorted(file.name for file in out.iterdir()) == names


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--clips", "0", "clips must be a whole number from 1 to 1000000000; got 0."),
        ("--clips", "-20", "clips must be a whole number from 1 to 1000000000; got -20."),
        ("--clips", "50", "clips must be a multiple of 20; got 50."),
        ("--video-width", "-4", "video-width must be a whole number from 1 to 3072; got -4."),
        ("--video-width", "5", "video-width must be a multiple of 4; got 5."),
        ("--audio-width", "0", "audio-width must be a whole number from 1 to 1024; got 0."),
    ],
)
def test_a_number_out_of_range_is_named_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, message: str
) -> None:
    out = tmp_path / "codecs"

    assert main(["fit-codecs", "--out", str(out), f"{option}={value}"]) == 1

    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_a_file_in_the_folders_place_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "codecs").write_text("a file")

    assert main(["fit-codecs", "--out", str(tmp_path / "codecs")]) == 1

    assert "out must be a folder; got " in capsys.readouterr().err
