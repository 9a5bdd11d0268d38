"""VBench, VBench-I2V and VBench-2.0, from github.com/Vchitect/VBench.

Clips are called by their prompts, which VBench-2.0 cuts at 180 characters. Two prompts can so claim one
name: on disks that ignore case, or after the cut. So items are numbered by their places in the files, from 0.
"""

from __future__ import annotations

from pathlib import Path

from arena.catalog.fields import Fields
from arena.catalog.layouts.json_items import Item, first_character, read_list, read_mapping
from arena.catalog.layouts.records import Items, Layout, Record
from arena.catalog.located import Document, FileError

LONGEST_NAME = 180
"""Characters of a prompt in the name of a clip of VBench-2.0."""


def _read_vbench(path: Path) -> Items:
    document, items = read_list(path)
    return Items([_vbench_record(document, item) for item in items], [document])


def _vbench_record(document: Document, item: Item) -> Record:
    fields = item.fields
    prompt = fields.text("prompt_en")
    dimensions = _dimensions(fields)
    return Record(
        item_id=_number(item),
        prompt=prompt,
        document=document,
        place=fields.place,
        tags=dimensions,
        dimensions=dimensions,
        aux=fields.others(),
        clip_names=[prompt],
    )


def _read_i2v(path: Path) -> Items:
    document, items = read_list(path)
    return Items([_i2v_record(document, item) for item in items], [document])


def _i2v_record(document: Document, item: Item) -> Record:
    fields = item.fields
    prompt = fields.text("prompt_en")
    kind = fields.text("image_type", longest=200)
    dimensions = _dimensions(fields)
    return Record(
        item_id=_number(item),
        prompt=prompt,
        document=document,
        place=fields.place,
        image_ref=fields.text("image_name", default=_image_of(prompt), longest=400),
        tags=[kind, *dimensions],
        dimensions=dimensions,
        aux=fields.others(),
        clip_names=[prompt],
    )


def _image_of(prompt: str) -> str:
    """Return the image of a prompt that names none: that of the same prompt without its camera movement."""
    scene, _, _ = prompt.rpartition(", camera ")
    return f"{scene or prompt}.jpg"


def _read_vbench2(path: Path) -> Items:
    if path.is_dir():
        return _read_meta_info(path)
    if first_character(path) == "[":
        document, items = read_list(path)
        return Items([_vbench2_record(document, item, _number(item)) for item in items], [document])
    document, items = read_mapping(path)
    return Items([_captioned_record(document, item, index) for index, item in enumerate(items)], [document])


def _read_meta_info(folder: Path) -> Items:
    """Read one list for each dimension; items are numbered within it."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise FileError(f"{folder}: must hold a .json file for each dimension; it has none.")
    records, documents = [], []
    for path in paths:
        document, items = read_list(path)
        documents.append(document)
        for item in items:
            records.append(_vbench2_record(document, item, f"{path.stem.lower()}-{_number(item)}", path.stem))
    return Items(records, documents)


def _vbench2_record(document: Document, item: Item, item_id: str, dimension: str = "") -> Record:
    fields = item.fields
    prompt = fields.text("prompt_en")
    dimensions = _dimensions(fields, default=dimension)
    return Record(
        item_id=item_id,
        prompt=prompt,
        document=document,
        place=fields.place,
        tags=dimensions,
        dimensions=dimensions,
        aux=fields.others(),
        clip_names=[f"{dimension}/{prompt[:LONGEST_NAME]}" for dimension in dimensions],
    )


def _captioned_record(document: Document, item: Item, index: int) -> Record:
    """Make a record of an entry whose key is the clip's name, and whose caption is the whole prompt."""
    fields = item.fields
    dimensions = _dimensions(fields)
    return Record(
        item_id=f"{index:04d}",
        prompt=fields.text("caption"),
        document=document,
        place=fields.place,
        tags=dimensions,
        dimensions=dimensions,
        aux=fields.others(),
        clip_names=[f"{dimension}/{item.key[:LONGEST_NAME]}" for dimension in dimensions],
    )


def _dimensions(fields: Fields, *, default: str = "") -> list[str]:
    """Take the field `dimension`, a text or a list of texts; `default` where there is none."""
    value = fields.values.get("dimension")
    if isinstance(value, str):
        return [fields.text("dimension", longest=200)]
    if value is None and default:
        return [default]
    dimensions = fields.texts("dimension")
    if fields.is_mapping and value in (None, []):
        message = 'must be a list of dimensions, such as ["color"]; got none.'
        fields.document.report((*fields.place, "dimension"), message)
    return dimensions


def _number(item: Item) -> str:
    return f"{int(item.key):04d}"


_APACHE = "Apache-2.0"
VBENCH = Layout(
    name="vbench",
    title="VBench",
    files="VBench_full_info.json",
    licence=_APACHE,
    terms="The suite may be passed on under that licence, with its notice.",
    read=_read_vbench,
)
VBENCH_I2V = Layout(
    name="vbench-i2v",
    title="VBench-I2V",
    files="vbench2_i2v_full_info.json, and --images the folder of its images",
    licence=f"{_APACHE} (text); images as at their sources",
    terms="The prompts may be passed on under that licence; each image has the licence of its source.",
    read=_read_i2v,
    needs_images=True,
)
VBENCH2 = Layout(
    name="vbench2",
    title="VBench-2.0",
    files="VBench2_full_text_info.json, VBench2_full_info.json or the folder meta_info",
    licence=_APACHE,
    terms="The suite may be passed on under that licence, with its notice.",
    read=_read_vbench2,
)
