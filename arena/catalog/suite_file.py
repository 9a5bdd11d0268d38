"""Read suite files, and check their suites and prompts field by field."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from arena.catalog.csv_suites import read_csv_suite
from arena.catalog.fields import Fields
from arena.catalog.hashing import content_hash
from arena.catalog.located import Document
from arena.catalog.reading import read_document

SUITE_SUFFIXES = (".yaml", ".yml", ".jsonl")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP")
LARGEST_IMAGE_BYTES = 32 * 2**20
LARGEST_IMAGE_PIXELS = 2**25
"""Most pixels of a reference image: 8K has 33 million, but a small file can unpack to gigabytes."""


DESCRIPTIONS = ("expected_sound", "licence", "origin", "translates", "dimensions", "aux")
"""Fields that describe a prompt. An empty one leaves the hash of a suite as it was before there were any."""


@dataclass(frozen=True)
class PromptEntry:
    """Prompt of a file, with the file's defaults filled in."""

    key: str
    text: str
    tags: list[str]
    language: str
    seeds: list[int]
    image: Path | None
    image_sha256: str
    expected_sound: str = ""
    licence: str = ""
    origin: str = ""
    translates: str = ""
    """Key of the prompt of the same suite that this one says in another language."""
    dimensions: list[str] = field(default_factory=list)
    aux: dict[str, object] = field(default_factory=dict)

    def content(self) -> list[object]:
        """Return the fields of this prompt that the content hash covers."""
        content: list[object] = [self.key, self.text, self.tags, self.language, self.seeds, self.image_sha256]
        described = {name: value for name in DESCRIPTIONS if (value := getattr(self, name))}
        return [*content, described] if described else content

    def described(self) -> dict[str, Any]:
        """Return the fields of a prompt's row besides its key, text, seeds and reference image."""
        return {name: getattr(self, name) for name in ("language", "tags", *DESCRIPTIONS)}


@dataclass(frozen=True)
class SuiteFile:
    """Suite as its file gives it."""

    name: str
    title: str
    seeds: list[int]
    prompts: list[PromptEntry]

    def content_hash(self) -> str:
        """Return the SHA-256 of everything that the file says; images count by their bytes."""
        return content_hash(
            [self.name, self.title, self.seeds, [prompt.content() for prompt in self.prompts]]
        )


def read_suite_file(path: Path) -> SuiteFile:
    """Read and check a suite.

    Raises:
        FileError: with one line for each problem (`file:line: field: what is right`).
    """
    document = read_csv_suite(path) if path.suffix == ".csv" else read_document(path)
    head = Fields(document, (), document.value)
    name = head.slug("suite")
    title = head.text("title", longest=200)
    language = head.text("language", default="en", longest=35)
    seeds = head.seeds("seeds", default=[0])
    defaults = _Defaults(
        language=language,
        seeds=seeds,
        licence=head.text("licence", default="", longest=200),
        origin=head.text("origin", default="", longest=1000),
    )
    prompts = [_read_prompt(entry, defaults) for entry in head.entries("prompts")]
    head.refuse_others()
    document.report_repeated("prompts", "id", [prompt.key for prompt in prompts])
    _report_translations(document, prompts)
    document.raise_problems()
    return SuiteFile(name, title, seeds, prompts)


class _Defaults(NamedTuple):
    """Values in the head of a file for prompts that don't give their own."""

    language: str
    seeds: list[int]
    licence: str
    origin: str


def _read_prompt(entry: Fields, defaults: _Defaults) -> PromptEntry:
    image, image_sha256 = _read_image(entry)
    prompt = PromptEntry(
        key=entry.slug("id"),
        text=entry.text("text"),
        tags=entry.texts("tags"),
        language=entry.text("language", default=defaults.language, longest=35),
        seeds=entry.seeds("seeds", default=defaults.seeds),
        image=image,
        image_sha256=image_sha256,
        expected_sound=entry.text("expected_sound", default="", longest=2000),
        licence=entry.text("licence", default=defaults.licence, longest=200),
        origin=entry.text("origin", default=defaults.origin, longest=1000),
        translates=entry.text("translates", default="", longest=64),
        dimensions=entry.texts("dimensions"),
        aux=entry.mapping("aux"),
    )
    entry.refuse_others()
    return prompt


def _report_translations(document: Document, prompts: Sequence[PromptEntry]) -> None:
    """Report prompts that translate a prompt that the suite lacks, or one of the same language."""
    languages = {prompt.key: prompt.language for prompt in prompts}
    for index, prompt in enumerate(prompts):
        original = prompt.translates
        place = ("prompts", index, "translates")
        if original and original not in languages:
            document.report(place, f"must be the id of a prompt of this suite; got '{original}'.")
        elif original and languages[original] == prompt.language:
            wanted = f"must be a prompt in another language than '{prompt.language}'"
            document.report(place, f"{wanted}; got '{original}', which has the same.")


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
    elif (problem := image_problem(path)) is not None:
        entry.document.report(place, f"'{name}' {problem}")
    else:
        return path, hashlib.sha256(path.read_bytes()).hexdigest()
    return None, ""


def image_problem(path: Path) -> str | None:
    """Return the end of an error about a file that can't be a reference image; None if it can."""
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
