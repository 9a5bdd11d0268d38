"""The format of suite files: what a suite and a prompt hold, checked field by field."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from arena.catalog.fields import Fields
from arena.catalog.hashing import content_hash
from arena.catalog.located import Document, read_document

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


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
    """Reads and checks a suite.

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
    _refuse_repeated_ids(document, prompts)
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
    try:
        with Image.open(path) as image:
            image.verify()
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else "is not a readable image"
        entry.document.report(place, f"'{name}' {reason}.")
        return None, ""
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def _refuse_repeated_ids(document: Document, prompts: list[PromptEntry]) -> None:
    first: dict[str, int] = {}
    for index, prompt in enumerate(prompts):
        if prompt.key and prompt.key in first:
            line = document.line_of(("prompts", first[prompt.key]))
            document.report(("prompts", index, "id"), f"'{prompt.key}' is already the prompt of line {line}.")
        first.setdefault(prompt.key, index)
