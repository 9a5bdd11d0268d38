from __future__ import annotations

from pathlib import Path

import imageio_ffmpeg
import pytest
from pytest_django import Settings

from arena.media.binary import MissingFfmpeg, ffmpeg_version, find_ffmpeg


@pytest.fixture
def own_ffmpeg(tmp_path: Path) -> Path:
    binary = tmp_path / "ffmpeg"
    binary.write_text("#!/bin/sh\necho ffmpeg version 4.2-ours Copyright\n")
    binary.chmod(0o755)
    return binary


def test_the_packaged_one_is_found_where_nothing_is_installed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.FFMPEG_BINARY = ""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_ffmpeg() == imageio_ffmpeg.get_ffmpeg_exe()


def test_one_on_the_path_goes_before_the_packaged_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, own_ffmpeg: Path
) -> None:
    settings.FFMPEG_BINARY = ""
    monkeypatch.setenv("PATH", str(own_ffmpeg.parent))

    assert find_ffmpeg() == str(own_ffmpeg)


def test_the_setting_goes_before_the_path(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, own_ffmpeg: Path
) -> None:
    settings.FFMPEG_BINARY = imageio_ffmpeg.get_ffmpeg_exe()
    monkeypatch.setenv("PATH", str(own_ffmpeg.parent))

    assert find_ffmpeg() == imageio_ffmpeg.get_ffmpeg_exe()


def test_an_argument_goes_before_the_setting(settings: Settings, own_ffmpeg: Path) -> None:
    settings.FFMPEG_BINARY = imageio_ffmpeg.get_ffmpeg_exe()

    assert find_ffmpeg(str(own_ffmpeg)) == str(own_ffmpeg)


def test_a_wrong_setting_is_an_error_and_no_other_binary_is_taken(settings: Settings) -> None:
    settings.FFMPEG_BINARY = "/nowhere/ffmpeg"

    with pytest.raises(MissingFfmpeg, match=r"'/nowhere/ffmpeg'.*pip install imageio-ffmpeg"):
        find_ffmpeg()


def test_no_binary_at_all_names_the_package_that_brings_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none_for_this_platform() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    settings.FFMPEG_BINARY = ""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none_for_this_platform)

    with pytest.raises(MissingFfmpeg, match=r"pip install .*imageio-ffmpeg"):
        find_ffmpeg()


def test_the_version_is_what_the_binary_prints(own_ffmpeg: Path) -> None:
    assert ffmpeg_version(str(own_ffmpeg)) == "4.2-ours"
