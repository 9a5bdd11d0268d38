"""Suites that are uploaded: a file with its images, checked as a whole before anything is stored."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from arena.catalog.csv_suites import read_csv_suite
from arena.catalog.located import FileError
from arena.catalog.reading import read_document
from arena.catalog.suite_file import IMAGE_SUFFIXES

SUITE_KINDS = (".yaml", ".yml", ".jsonl", ".csv")


class Upload(Protocol):
    """Content of an uploaded file."""

    def read(self, size: int = -1, /) -> Any:  # noqa: ANN401 - bytes, which Django's files don't say
        """Return up to `size` bytes, or all."""
        ...

    def seek(self, offset: int, /) -> object:
        """Move to a position."""
        ...


@contextmanager
def laid_out(name: str, suite: Upload, images: Sequence[tuple[str, Upload]]) -> Iterator[Path]:
    """Lay an uploaded suite out in a temporary folder, with each image where the suite names it.

    Args:
        name: name of the suite's file.
        suite: its content.
        images: name and content of each image. A suite may name one with a folder before it.

    Yields:
        The path of the suite's file, which is gone afterwards.

    Raises:
        FileError: a file is of another kind, two images have one name, or no prompt names an image.
    """
    _refuse_kinds(name, [image for image, _ in images])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        with path.open("wb") as file:
            shutil.copyfileobj(suite, file)
        places = _places(path) if images else {}
        _refuse_unnamed(places, [image for image, _ in images])
        for image, content in images:
            for place in places[image]:
                place.parent.mkdir(parents=True, exist_ok=True)
                content.seek(0)
                with place.open("wb") as file:
                    shutil.copyfileobj(content, file)
        yield path


def _refuse_kinds(name: str, images: Sequence[str]) -> None:
    if Path(name).suffix not in SUITE_KINDS:
        raise FileError(f"{name}: suite must be a {', '.join(SUITE_KINDS)} file; got '{Path(name).suffix}'.")
    for image in images:
        if Path(image).suffix.lower() not in IMAGE_SUFFIXES:
            raise FileError(f"{image}: images must be {', '.join(IMAGE_SUFFIXES)} files. Leave it out.")
        if images.count(image) > 1:
            raise FileError(f"{image}: images must have different names; got two of this one. Rename one.")


def _refuse_unnamed(places: Mapping[str, Sequence[Path]], images: Sequence[str]) -> None:
    for image in images:
        if image not in places:
            raise FileError(f"{image}: no prompt names this image. Leave it out, or name it as `image`.")


def _places(path: Path) -> dict[str, list[Path]]:
    """Return where a suite expects its images, by their names without folders."""
    document = read_csv_suite(path) if path.suffix == ".csv" else read_document(path)
    head = document.value if isinstance(document.value, dict) else {}
    prompts = head.get("prompts")
    named = (
        [entry.get("image") for entry in prompts or () if isinstance(entry, dict)]
        if isinstance(prompts, list)
        else []
    )
    places: dict[str, list[Path]] = {}
    for name in dict.fromkeys(name for name in named if isinstance(name, str)):
        place = (path.parent / name).resolve()
        # One outside the folder is not written; reading the suite refuses it.
        if place.is_relative_to(path.parent.resolve()) and place != path.resolve():
            places.setdefault(PurePosixPath(name).name, []).append(place)
    return places
