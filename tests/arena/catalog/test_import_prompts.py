from __future__ import annotations

import hashlib
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.importing import LAYOUTS
from arena.catalog.management.commands.import_prompts import Command
from arena.catalog.suite_file import read_suite_file
from arena.catalog.suites import load_suite
from generators.base import file_sha256
from tests.factories import write_file
from tests.factories_catalog import draw_image
from tests.factories_layouts import TWIN, write_json

BOAT = {"prompt_en": "a boat", "dimension": ["color"]}


def _import(layout: str, path: Path, out: Path, **options: object) -> list[str]:
    said = StringIO()
    call_command("import_prompts", layout, str(path), out=out, stdout=said, **options)
    return said.getvalue().splitlines()


def _refusal(layout: str, path: Path, out: Path, **options: object) -> list[str]:
    with pytest.raises(CommandError) as caught:
        _import(layout, path, out, **options)
    assert not out.exists()
    *lines, last = str(caught.value).splitlines()
    assert last == "Nothing was written."
    return lines


def test_an_unknown_layout_is_named_with_the_known_ones(tmp_path: Path) -> None:
    assert _refusal("vbench3", tmp_path, tmp_path / "suite.yaml") == [
        "Unknown layout 'vbench3'. Known: evalcrafter, moviegen, t2v-compbench, vbench, vbench-i2v, vbench2."
    ]


@pytest.mark.parametrize("layout", ["vbench", "vbench2", "t2v-compbench", "evalcrafter", "moviegen"])
def test_a_missing_file_is_named(tmp_path: Path, layout: str) -> None:
    name = {"t2v-compbench": "motion_binding.json", "moviegen": "gone.jsonl"}.get(layout, "gone.json")
    (line,) = _refusal(layout, tmp_path / name, tmp_path / "suite.yaml")
    assert line == f"{tmp_path / name}: can't be read: No such file or directory."


def test_an_empty_benchmark_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "info.json", "[]")
    assert _refusal("vbench", path, tmp_path / "suite.yaml") == [
        "info.json: must hold at least one item; it is empty."
    ]


def test_an_id_that_comes_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    path = write_file(tmp_path / "metadata.json", '{"0001": {"prompt": "x"},\n"0001": {"prompt": "y"}}')
    assert _refusal("evalcrafter", path, tmp_path / "suite.yaml") == [
        "metadata.json:2: 1: item '0001' is already at metadata.json:1. Keep one."
    ]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = write_json(tmp_path / "info.json", [{"dimension": ["color"]}, {"prompt_en": "x"}])
    assert _refusal("vbench", path, tmp_path / "suite.yaml") == [
        "info.json:2: 0.prompt_en: is missing.",
        'info.json:7: 1.dimension: must be a list of dimensions, such as ["color"]; got none.',
    ]


def test_a_long_list_of_problems_is_cut_short(tmp_path: Path) -> None:
    path = write_json(tmp_path / "info.json", [{"dimension": ["color"]}] * 23)
    lines = _refusal("vbench", path, tmp_path / "suite.yaml")
    assert (len(lines), lines[-1]) == (21, "and 3 more problems.")


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    path = write_json(tmp_path / "info.json", [BOAT])
    _import("vbench", path, tmp_path / "suite.yaml")
    with pytest.raises(
        CommandError, match=r"must be a new file; it exists\. Give another name, or remove it"
    ):
        _import("vbench", path, tmp_path / "suite.yaml")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_licence_is_told_and_stands_in_the_file(tmp_path: Path, layout: str) -> None:
    path, images = _write_smallest(tmp_path, layout)
    said = _import(layout, path, tmp_path / "suite.yaml", images=images)
    suite = read_suite_file(tmp_path / "suite.yaml")
    name = "moviegen-video" if layout == "moviegen" else layout
    assert said[0] == f"Wrote {tmp_path / 'suite.yaml'}: suite {name}, 1 prompts from {path}."
    assert said[1] == f"Licence: {LAYOUTS[layout].licence}. {LAYOUTS[layout].terms}"
    assert said[2:] == [f"Load it with: manage.py load_suite {tmp_path / 'suite.yaml'}"]
    assert {prompt.licence for prompt in suite.prompts} == {LAYOUTS[layout].licence}


def _write_smallest(folder: Path, layout: str) -> tuple[Path, Path | None]:
    """Write a benchmark of one item; return its path and that of its images."""
    if layout == "vbench-i2v":
        draw_image(folder / "boat.png")
        item = {**BOAT, "image_type": "water", "image_name": "boat.png"}
        return write_json(folder / "info.json", [item]), folder
    names = {"t2v-compbench": "7_numeracy.txt", "evalcrafter": "prompt700.txt", "moviegen": "bench.txt"}
    if layout in names:
        return write_file(folder / names[layout], "a boat\n"), None
    return write_json(folder / "info.json", [BOAT]), None


def test_movie_gen_bench_tells_that_it_is_not_for_commercial_use(tmp_path: Path) -> None:
    said = _import("moviegen", write_file(tmp_path / "bench.txt", "a boat\n"), tmp_path / "suite.yaml")
    assert said[1].startswith("Licence: CC-BY-NC-4.0. It is for non-commercial use only")


@pytest.mark.parametrize(
    ("fields", "name"), [("", "moviegen-audio"), (', "music_prompt": "a waltz"', "moviegen-audio-music")]
)
def test_movie_gen_bench_has_several_suites(tmp_path: Path, fields: str, name: str) -> None:
    line = f'{{"id": 0, "video_prompt": "a boat", "audio_prompt": "lapping"{fields}}}'
    _import("moviegen", write_file(tmp_path / "bench.jsonl", line), tmp_path / "suite.yaml")
    suite = read_suite_file(tmp_path / "suite.yaml")
    assert suite.name == name
    assert suite.title.startswith(f"Movie Gen Bench {name.removeprefix('moviegen-')} ")


def test_an_item_is_told_from_others_by_its_id_and_says_where_it_stood(tmp_path: Path) -> None:
    path = write_json(tmp_path / "info.json", [BOAT, BOAT | {"auxiliary_info": {"color": "teal"}}])
    _import("vbench", path, tmp_path / "suite.yaml", suite="mine")
    suite = read_suite_file(tmp_path / "suite.yaml")
    version = hashlib.sha256(bytes.fromhex(file_sha256(path))).hexdigest()[:12]
    assert (suite.name, suite.title, suite.seeds) == ("mine", f"VBench {version}", [0])
    assert [(p.key, p.text, p.tags, p.dimensions) for p in suite.prompts] == [
        ("0000", "a boat", ["color"], ["color"]),
        ("0001", "a boat", ["color"], ["color"]),
    ]
    assert [p.origin for p in suite.prompts] == [
        f"VBench {version}, info.json:2",
        f"VBench {version}, info.json:8",
    ]
    assert suite.prompts[1].aux == {"auxiliary_info": {"color": "teal"}, "clip_names": ["a boat"]}


def test_prompts_that_differ_in_case_alone_stay_apart_and_are_told(tmp_path: Path) -> None:
    path = write_json(
        tmp_path / "info.json", [BOAT, BOAT | {"prompt_en": "A boat"}, BOAT | {"prompt_en": "c"}]
    )
    said = _import("vbench", path, tmp_path / "suite.yaml")
    assert said[2:5] == [
        "Under the benchmark's own names, clips of these would overwrite each other:",
        "  items 0000, 0001: 2 prompts with one clip name, 'a boat'",
        "Name clips by item id instead; each id is one prompt.",
    ]
    assert [p.text for p in read_suite_file(tmp_path / "suite.yaml").prompts] == ["a boat", "A boat", "c"]


def test_names_that_are_cut_at_180_characters_are_told_and_prompts_stay_whole(tmp_path: Path) -> None:
    captions = [f"{TWIN}{end}" for end in ("sinks.", "lands.")]
    items = [{"prompt_en": text, "dimension": ["Plot"]} for text in captions]
    items.append({"prompt_en": captions[0], "dimension": ["Camera"]})
    said = _import("vbench2", write_json(tmp_path / "info.json", items), tmp_path / "suite.yaml")
    assert said[3] == f"  items 0000, 0001: 2 prompts with one clip name, 'Plot/{TWIN[:55]}'"
    assert [p.text for p in read_suite_file(tmp_path / "suite.yaml").prompts] == [*captions, captions[0]]


def test_many_clashes_are_cut_short(tmp_path: Path) -> None:
    items = [{"prompt_en": f"boat {i}", "dimension": ["color"]} for i in [*range(12), *range(12)]]
    said = _import("vbench", write_json(tmp_path / "info.json", items), tmp_path / "suite.yaml")
    assert said[3] == "  items 0000, 0012: one prompt with one clip name, 'boat 0'"
    assert said[13] == "  and 2 more"


@pytest.mark.django_db
def test_images_come_from_the_folder_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "crops").mkdir()
    image = draw_image(tmp_path / "crops" / "a boat.png")
    item = {**BOAT, "image_type": "water", "image_name": "a boat.png"}
    path = write_json(tmp_path / "info.json", [item])
    _import("vbench-i2v", path, tmp_path / "suite.yaml", images=tmp_path / "crops")
    suite, _ = load_suite(path=tmp_path / "suite.yaml")
    prompt = suite.prompts.get()
    assert (prompt.reference_sha256, prompt.tags) == (file_sha256(image), ["water", "color"])


@pytest.mark.parametrize(
    ("layout", "images", "message"),
    [
        (
            "vbench-i2v",
            None,
            "--images must be the folder of VBench-I2V's images; got none. Download them first.",
        ),
        ("vbench", ".", "--images must be left out, as VBench has none; got {images}."),
        ("vbench-i2v", "gone", "--images must be a folder; got {images}."),
        (
            "vbench-i2v",
            "..",
            "--images must be in or under the folder of --out, which names images from there; got {images}. "
            "Write the suite to {beside}.",
        ),
    ],
)
def test_images_that_do_not_fit_are_refused(
    tmp_path: Path, layout: str, images: str | None, message: str
) -> None:
    path, _ = _write_smallest(tmp_path, layout)
    folder = tmp_path / images if images else None
    beside = (folder.parent if folder else tmp_path) / "suite.yaml"
    wanted = message.format(images=folder, beside=beside)
    assert _refusal(layout, path, tmp_path / "suite.yaml", images=folder) == [wanted]


@pytest.mark.parametrize("name", ["gone.png", "../info.json"])
def test_a_missing_image_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "crops").mkdir()
    items = [{**BOAT, "image_type": "water", "image_name": name}]
    path = write_json(tmp_path / "info.json", items)
    images = tmp_path / "crops"
    assert _refusal("vbench-i2v", path, tmp_path / "suite.yaml", images=images) == [
        f"info.json:2: 0.image_name: must be a file in {images}; got '{name}'."
    ]


def test_a_broken_image_leaves_no_suite(tmp_path: Path) -> None:
    write_file(tmp_path / "boat.png", "no image")
    item = {**BOAT, "image_type": "water", "image_name": "boat.png"}
    (line,) = _refusal(
        "vbench-i2v", write_json(tmp_path / "info.json", [item]), tmp_path / "suite.yaml", images=tmp_path
    )
    assert line.endswith("prompts.0.image: 'boat.png' is not a whole, readable image.")


def test_the_help_lists_layouts_with_their_files() -> None:
    text = Command().create_parser("manage.py", "import_prompts").format_help()
    assert all(f"  {layout.name:14} {layout.files}" in text for layout in LAYOUTS.values())


def test_every_layout_is_documented_with_its_licence() -> None:
    page = (Path(__file__).parents[3] / "docs" / "suites.md").read_text(encoding="utf-8")
    _, _, section = page.partition("## Public benchmarks")
    rows = dict(re.findall(r"^\| `([\w-]+)` \|[^|]+\| ([^|]+) \|$", section, re.MULTILINE))
    assert rows.keys() == LAYOUTS.keys()
    assert all(rows[name].split(";")[0][:5] in LAYOUTS[name].licence.replace("-BY", " BY") for name in rows)
