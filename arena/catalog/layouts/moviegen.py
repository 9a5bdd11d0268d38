"""Movie Gen Video Bench and Movie Gen Audio Bench, from github.com/facebookresearch/MovieGenBench."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arena.catalog.fields import Fields
from arena.catalog.layouts.json_items import read_lines
from arena.catalog.layouts.records import Items, Layout, Record
from arena.catalog.layouts.text_items import read_prompt_lines, read_rows
from arena.catalog.located import Document, FileError

MOTION_LEVELS = ("low", "medium", "high")
_FILES = (
    "MovieGenVideoBench.txt, MovieGenVideoBenchWithTag.csv, or MovieGenAudioBenchSfx.jsonl or …SfxMusic.jsonl"
)


def _read(path: Path) -> Items:
    readers: dict[str, Callable[[Path], Items]] = {
        ".txt": _read_prompts,
        ".csv": _read_tagged,
        ".jsonl": _read_sounds,
    }
    if path.suffix not in readers:
        raise FileError(f"{path.name}: must be {_FILES}.")
    return readers[path.suffix](path)


def _read_prompts(path: Path) -> Items:
    document, entries = read_prompt_lines(path)
    return Items([_video_record(document, entry, n) for n, entry in enumerate(entries)], [document], "video")


def _read_tagged(path: Path) -> Items:
    document, entries = read_rows(path, ("prompt", "concept", "motion_level"))
    return Items([_video_record(document, entry, n) for n, entry in enumerate(entries)], [document], "video")


def _video_record(document: Document, fields: Fields, number: int) -> Record:
    prompt = fields.text("prompt")
    is_tagged = "concept" in fields.values
    concepts = [part.strip() for part in fields.text("concept", longest=200).split(",")] if is_tagged else []
    level = fields.text("motion_level") if is_tagged else ""
    if level and level not in MOTION_LEVELS:
        wanted = f"must be {', '.join(MOTION_LEVELS)}"
        document.report((*fields.place, "motion_level"), f"{wanted}; got '{level}'.")
    return Record(
        item_id=f"video-{number:04d}",
        prompt=prompt,
        document=document,
        place=fields.place,
        tags=[*concepts, *([f"{level} motion"] if level else [])],
        dimensions=concepts,
    )


def _read_sounds(path: Path) -> Items:
    document, items = read_lines(path)
    records = [_audio_record(document, item.fields) for item in items]
    has_music = any("music_prompt" in record.aux for record in records)
    return Items(records, [document], "audio-music" if has_music else "audio")


def _audio_record(document: Document, fields: Fields) -> Record:
    """Make a record of a silent clip's prompt and of the sound that should go with it."""
    number = fields.text("id", longest=50)
    if number and not (number.isascii() and number.isdigit()):
        document.report((*fields.place, "id"), f"must be a whole number from 0; got '{number}'.")
    sound = fields.text("audio_prompt", longest=900)
    music = fields.text("music_prompt", default="", longest=900)
    return Record(
        item_id=f"audio-{int(number):04d}" if number.isascii() and number.isdigit() else "",
        prompt=fields.text("video_prompt"),
        document=document,
        place=fields.place,
        tags=["sound effects", *(["music"] if music else [])],
        expected_sound=f"{sound} Music: {music}" if music else sound,
        aux={"audio_prompt": sound, **({"music_prompt": music} if music else {}), **fields.others()},
    )


MOVIEGEN = Layout(
    name="moviegen",
    title="Movie Gen Bench",
    files=_FILES,
    licence="CC-BY-NC-4.0",
    terms="It is for non-commercial use only, with its authors named, so Paddock brings none of it along: "
    "don't use the suite, or clips made with it, commercially.",
    read=_read,
)
