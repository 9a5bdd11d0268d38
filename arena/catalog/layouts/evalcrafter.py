"""EvalCrafter, from github.com/evalcrafter/EvalCrafter: 700 prompts whose clips are numbered from 0000."""

from __future__ import annotations

import re
from pathlib import Path

from arena.catalog.fields import Fields
from arena.catalog.layouts.json_items import read_mapping
from arena.catalog.layouts.records import Items, Layout, Record
from arena.catalog.layouts.text_items import read_prompt_lines
from arena.catalog.located import Document, FileError


def _read(path: Path) -> Items:
    if path.is_dir():
        return _read_folder(path)
    if path.suffix == ".json":
        document, items = read_mapping(path)
        return Items([_record(document, item.fields, item.key) for item in items], [document])
    document, entries = read_prompt_lines(path)
    return Items([_record(document, entry, f"{n:04d}") for n, entry in enumerate(entries)], [document])


def _read_folder(folder: Path) -> Items:
    """Read a folder with one prompt in each file, `0000.txt` and so on."""
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise FileError(f"{folder}: must hold 0000.txt and so on; it has no .txt file.")
    records, documents = [], []
    for path in paths:
        document, entries = read_prompt_lines(path)
        documents.append(document)
        if len(entries) != 1:
            document.report((), f"must be one prompt on one line; got {len(entries)} lines.")
        records.append(_record(document, entries[0], path.stem))
    return Items(records, documents)


def _record(document: Document, fields: Fields, number: str) -> Record:
    if not re.fullmatch("[0-9]{4}", number):
        document.report(fields.place, f"must be named by four digits, such as 0012; got '{number}'.")
    prompt = fields.text("prompt")
    attributes = fields.mapping("attributes")
    return Record(
        item_id=number,
        prompt=prompt,
        document=document,
        place=fields.place,
        tags=sorted(attributes),
        dimensions=sorted(attributes),
        aux={**({"attributes": attributes} if attributes else {}), **fields.others()},
        clip_names=[number],
    )


EVALCRAFTER = Layout(
    name="evalcrafter",
    title="EvalCrafter",
    files="metadata.json, prompt700.txt or the folder prompts",
    licence="none stated",
    terms="Its authors state no licence: use the suite yourself, and ask them before you pass it on.",
    read=_read,
)
