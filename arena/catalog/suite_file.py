"""The format of suite files: what a suite and a prompt hold, checked field by field."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from arena.catalog.fields import Fields
from arena.catalog.hashing import content_hash
from arena.catalog.reading import read_document

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP")
LARGEST_IMAGE_BYTES = 32 * 2**20
LARGEST_IMAGE_PIXELS = 2**25
"""8K has 33 million; a small file can hold far more, and unpacks to gigabytes."""


@dataclass(frozen=True)
class PromptEntry:
    key: str
    text: str
    tags: list[str]
    language: str
    seeds: list[int]
    image: Path | None
    image_sha256: str


@dataclass(frozen=True)
class SuiteFile:
    name: str
    title: str
    seeds: list[int]
    prompts: list[PromptEntry]

    def content_hash(self) -> str:
        """SHA-256 over everything that a clip or a vote could depend on; images count by their bytes."""
        prompts = [[p.key, p.text, p.tags, p.language, p.seeds, p.image_sha256] for p in self.prompts]
        return content_hash([self.name, self.title, self.seeds, prompts])


def read_suite_file(path: Path) -> SuiteFile:
    """Read and check a suite.

    Raises:
        FileError: with one line for each problem (`file:line: field: what is right`).
    """
    document = read_document(path)
    head = Fields(document, (), document.value)
    name = head.slug("suite")
    title = head.text("title", longest=200)
    language = head.text("language", default="en", longest=35)
    seeds = head.seeds("seeds", default=[0])
    prompts = [_read_prompt(entry, language, seeds) for entry in head.entries("prompts")]
    head.refuse_others()
    document.report_repeated("prompts", "id", [prompt.key for prompt in prompts])
    document.raise_problems()
    return SuiteFile(name, title, seeds, prompts)


def _read_prompt(entry: Fields, language: str, seeds: list[int]) -> PromptEntry:
    image, image_sha256 = _read_image(entry)
    prompt = PromptEntry(
        key=entry.slug("id"),
        text=entry.text("text"),
        tags=entry.texts("tags"),
        language=entry.text("language", default=language, longest=35),
        seeds=entry.seeds("seeds", default=seeds),
        image=image,
        image_sha256=image_sha256,
    )
    entry.refuse_others()
    return prompt


def _read_image(entry: Fields) -> tuple[Path | None, str]:
    name = entry.text("image", default="", longest=400)
    if not name:
        return None, ""
    folder = entry.document.path.parent.resolve()
    path = (folder / name).resolve()
    place = (*entry.place, "image")
    if not path.is_relative_to(folder) or path.suffix.lower() not in IMAGE_SUFFIXES:
        kinds = ", ".join(IMAGE_SUFFIXES)
        entry.document.report(place, f"'{name}' must be a {kinds} in or under the suite's folder.")
        return None, ""
    if not path.is_file():
        entry.document.report(place, f"'{name}' is missing.")
    elif (problem := _problem_of(path)) is not None:
        entry.document.report(place, f"'{name}' {problem}")
    else:
        return path, hashlib.sha256(path.read_bytes()).hexdigest()
    return None, ""


def _problem_of(path: Path) -> str | None:
    if (size_bytes := path.stat().st_size) > LARGEST_IMAGE_BYTES:
        most = LARGEST_IMAGE_BYTES // 2**20
        return f"must be at most {most} MiB; got {size_bytes / 2**20:.1f} MiB. Save it smaller."
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            if image.width * image.height > LARGEST_IMAGE_PIXELS:
                most_pixels = f"{LARGEST_IMAGE_PIXELS:,} pixels"
                return f"must have at most {most_pixels}; got {image.width}×{image.height}. Save it smaller."
            image.verify()  # checksums, where the format has them
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            image.load()  # to the end, which a truncated file hasn't got
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # Pillow has no one error
        return "is not a whole, readable image."
    return None
