"""T2V-CompBench, from github.com/KaiyueSun98/T2V-CompBench: one file for each of seven categories.

Its clips are numbered from 0001 within a category, in the order of the file's lines or items.
"""

from __future__ import annotations

from pathlib import Path

from arena.catalog.fields import Fields
from arena.catalog.layouts.json_items import read_list
from arena.catalog.layouts.records import Items, Layout, Record
from arena.catalog.layouts.text_items import read_prompt_lines
from arena.catalog.located import Document, FileError

CATEGORIES = {
    "consistent_attr": ("1_consistent_attr", "consistent_attribute_binding"),
    "dynamic_attr": ("2_dynamic_attr", "dynamic_attribute_binding"),
    "spatial_relationship": ("3_spatial_relationship", "spatial_relationships"),
    "motion_binding": ("4_motion_binding", "motion_binding"),
    "action_binding": ("5_action_binding", "action_binding"),
    "interaction": ("6_interaction", "object_interactions"),
    "numeracy": ("7_numeracy", "generative_numeracy"),
}
"""Each category by the name of its folder of clips, with the names of its files of text and of JSON."""
_CATEGORY_OF = {stem: category for category, stems in CATEGORIES.items() for stem in stems}


def _read(path: Path) -> Items:
    paths = [path]
    if path.is_dir():
        paths = sorted(child for child in path.iterdir() if child.suffix in (".txt", ".json"))
    if not paths:
        raise FileError(f"{path}: must hold a .txt or .json file for each category; it has none.")
    records: list[Record] = []
    documents = []
    for file in paths:
        category = _category(file)
        document, entries = _entries(file)
        documents.append(document)
        records += [_record(document, entry, category, n) for n, entry in enumerate(entries, start=1)]
    return Items(records, documents)


def _category(path: Path) -> str:
    if path.stem not in _CATEGORY_OF:
        known = ", ".join(sorted(_CATEGORY_OF))
        raise FileError(f"{path.name}: must be named for a category; got '{path.stem}'. Known: {known}.")
    return _CATEGORY_OF[path.stem]


def _entries(path: Path) -> tuple[Document, list[Fields]]:
    if path.suffix == ".txt":
        return read_prompt_lines(path)
    document, items = read_list(path)
    return document, [item.fields for item in items]


def _record(document: Document, fields: Fields, category: str, number: int) -> Record:
    return Record(
        item_id=f"{category}-{number:04d}",
        prompt=fields.text("prompt"),
        document=document,
        place=fields.place,
        tags=[category],
        dimensions=[category],
        aux=fields.others(),
        clip_names=[f"{category}/{number:04d}"],
    )


COMPBENCH = Layout(
    name="t2v-compbench",
    title="T2V-CompBench",
    files="the folder prompts or meta_data, or one file of it",
    licence="none stated",
    terms="Its authors state no licence: use the suite yourself, and ask them before you pass it on.",
    read=_read,
)
