"""Make a suite file of a public benchmark's prompts, from the files that the user has downloaded."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.catalog.layouts.compbench import COMPBENCH
from arena.catalog.layouts.evalcrafter import EVALCRAFTER
from arena.catalog.layouts.moviegen import MOVIEGEN
from arena.catalog.layouts.records import Items, Layout, Record
from arena.catalog.layouts.vbench import VBENCH, VBENCH2, VBENCH_I2V
from arena.catalog.located import FileError
from arena.catalog.lookup import UnknownName, unknown
from arena.catalog.suite_file import PromptEntry, SuiteFile
from arena.catalog.suite_writing import write_suite_file

LAYOUTS = {layout.name: layout for layout in (VBENCH, VBENCH_I2V, VBENCH2, COMPBENCH, EVALCRAFTER, MOVIEGEN)}

MOST_PROBLEMS = 20
"""Problems that an error lists; a wrong folder of images makes one for each item."""


class CantImport(ValueError):
    """Request that does not fit the layout."""


@dataclass(frozen=True)
class Imported:
    """Suite that was written, and what its user should know."""

    suite: SuiteFile
    layout: Layout
    clashes: list[str]
    """Items whose clips would overwrite each other under the benchmark's names, one line for each name."""


def find_layout(name: str) -> Layout:
    """Return a layout by its name. Raise UnknownName, with those that there are, for another one."""
    if name not in LAYOUTS:
        raise UnknownName(unknown("layout", name, LAYOUTS))
    return LAYOUTS[name]


def import_prompts(
    *, layout: Layout, path: Path, out: Path, images: Path | None = None, name: str = ""
) -> Imported:
    """Write a suite file of a benchmark's prompts.

    Args:
        layout: the benchmark.
        path: its file or folder.
        out: the suite file to be written.
        images: the folder of its first frames, in or under that of `out`; for layouts that have any.
        name: the suite's name, by default the layout's and that of its part.

    Raises:
        FileError: a file is missing or malformed, or `out` can't be written; nothing is written then.
        CantImport: the layout needs images and none were given, or the other way round.
    """
    _refuse_odd_images(layout, images, out)
    items = layout.read(path)
    if images is not None:
        for record in items.records:
            _report_missing_image(record, images)
    _report_repeated_ids(items.records)
    _raise_problems(items)
    version = _version(items)
    entries = [_entry(record, layout, version, images) for record in items.records]
    title = " ".join(filter(None, [layout.title, items.part, version]))
    default = "-".join(filter(None, [layout.name, items.part]))
    suite = SuiteFile(name or default, title, [0], entries)
    return Imported(write_suite_file(suite, out), layout, list(_describe_clashes(items.records)))


def _refuse_odd_images(layout: Layout, images: Path | None, out: Path) -> None:
    if layout.needs_images and images is None:
        raise CantImport(
            f"--images must be the folder of {layout.title}'s images; got none. Download them first."
        )
    if images is None:
        return
    if not layout.needs_images:
        raise CantImport(f"--images must be left out, as {layout.title} has none; got {images}.")
    if not images.is_dir():
        raise CantImport(f"--images must be a folder; got {images}.")
    if not images.resolve().is_relative_to(out.parent.resolve()):
        raise CantImport(
            f"--images must be in or under the folder of --out, which names images from there; got {images}. "
            f"Write the suite to {images.parent / out.name}."
        )


def _report_missing_image(record: Record, images: Path) -> None:
    folder = images.resolve()
    path = (folder / record.image_ref).resolve()
    if record.image_ref and not (path.is_relative_to(folder) and path.is_file()):
        message = f"must be a file in {images}; got '{record.image_ref}'."
        record.document.report((*record.place, "image_name"), message)


def _report_repeated_ids(records: Sequence[Record]) -> None:
    first: dict[str, Record] = {}
    for record in records:
        earlier = first.setdefault(record.item_id, record)
        if record.item_id and earlier is not record:
            where = f"{earlier.document.path.name}:{earlier.source_line}"
            record.document.report(record.place, f"item '{record.item_id}' is already at {where}. Keep one.")


def _raise_problems(items: Items) -> None:
    """Raise FileError with the problems of all files, if there are any, or if they hold no item."""
    problems = [text for document in items.documents for _, text in sorted(document.problems)]
    if not items.records:
        problems.append(f"{items.documents[0].path.name}: must hold at least one item; it is empty.")
    if len(problems) > MOST_PROBLEMS:
        problems[MOST_PROBLEMS:] = [f"and {len(problems) - MOST_PROBLEMS} more problems."]
    if problems:
        raise FileError("\n".join(problems))


def _version(items: Items) -> str:
    """Return the start of a hash of the files' bytes, which tells their state from others."""
    digest = hashlib.sha256()
    for document in items.documents:
        digest.update(hashlib.sha256(document.path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _entry(record: Record, layout: Layout, version: str, images: Path | None) -> PromptEntry:
    names = {"clip_names": record.clip_names} if record.clip_names else {}
    return PromptEntry(
        key=record.item_id,
        text=record.prompt,
        tags=list(dict.fromkeys(record.tags)),
        language="en",
        seeds=[0],
        image=images.resolve() / record.image_ref if images and record.image_ref else None,
        image_sha256="",
        expected_sound=record.expected_sound,
        licence=layout.licence,
        origin=f"{layout.title} {version}, {record.document.path.name}:{record.source_line}",
        dimensions=record.dimensions,
        aux={**record.aux, **names},
    )


def _describe_clashes(records: Sequence[Record]) -> Iterator[str]:
    """Describe clip names that several items share; some disks take upper and lower case as one."""
    claims: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        for name in record.clip_names:
            claims[name.casefold()].append(record)
    for sharers in claims.values():
        if len(sharers) > 1:
            ids = ", ".join(record.item_id for record in sharers)
            texts = len({record.prompt for record in sharers})
            what = "one prompt" if texts == 1 else f"{texts} prompts"
            yield f"items {ids}: {what} with one clip name, '{sharers[0].clip_names[0][:60]}'"
