from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from arena.catalog.suites import load_suite
from tests.factories_catalog import draw_image, write_suite

pytestmark = pytest.mark.django_db


def _diff(before: str | Path, after: str | Path) -> tuple[int, list[str]]:
    """Return the exit code and the lines that the command writes."""
    out = StringIO()
    try:
        call_command("diff_suite", str(before), str(after), stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sweet", "Unknown suite 'sweet'. Known: first@1. Add one with: manage.py load_suite PATH"),
        ("first@2", "Unknown suite 'first@2'. Known: first@1. Add one with: manage.py load_suite PATH"),
        ("gone.yaml", "gone.yaml: can't be read: No such file or directory."),
    ],
)
def test_a_suite_that_cannot_be_opened_is_trouble(tmp_path: Path, name: str, message: str) -> None:
    load_suite(path=write_suite(tmp_path, "id: a, text: x"))
    with pytest.raises(CommandError) as caught:
        _diff("first", name)
    assert (str(caught.value), caught.value.returncode) == (message, 2)


def test_a_suite_and_its_file_do_not_differ(tmp_path: Path) -> None:
    path = write_suite(tmp_path, "id: a, text: x, tags: [t]", "id: b, text: y, expected_sound: rain")
    load_suite(path=path)
    same = ["No differences: 0 removed, 0 added, 0 changed, 2 unchanged."]
    assert _diff("first", "first@1") == (0, same)
    assert _diff("first", path) == (0, same)


def test_versions_differ_by_what_was_removed_added_and_changed(tmp_path: Path) -> None:
    draw_image(tmp_path / "a.png")
    load_suite(path=write_suite(tmp_path, "id: a, text: x, tags: [t]", "id: b, text: y", "id: c, text: z"))
    changed = "id: a, text: w, seeds: [0, 1], licence: CC0-1.0, aux: {n: 2}"
    load_suite(path=write_suite(tmp_path, changed, "id: d, text: new", "id: c, text: z"))
    assert _diff("first@1", "first@2") == (
        1,
        [
            "- b: y",
            "+ d: new",
            "~ a",
            "    text: x → w",
            "    tags: ['t'] → none",
            "    seeds: [0] → [0, 1]",
            "    licence: none → CC0-1.0",
            "    aux: none → {'n': 2}",
            "1 removed, 1 added, 1 changed, 1 unchanged.",
        ],
    )


def test_long_texts_stand_below_each_other(tmp_path: Path) -> None:
    texts = [f"a {colour} ball rolls over a stony beach toward the sea" for colour in ("red", "blue")]
    paths = [write_suite(tmp_path, f"id: a, text: {text}", name=f"{len(text)}.yaml") for text in texts]
    lines = ["~ a", "    text:", f"      - {texts[0]}", f"      + {texts[1]}"]
    assert _diff(*paths) == (1, [*lines, "0 removed, 0 added, 1 changed, 0 unchanged."])


def test_another_picture_under_the_same_name_is_a_change(tmp_path: Path) -> None:
    draw_image(tmp_path / "a.png")
    path = write_suite(tmp_path, "id: a, text: x, image: a.png")
    load_suite(path=path)
    draw_image(tmp_path / "a.png", "a large blue circle bouncing right quickly on a white background")
    code, lines = _diff("first", path)
    assert (code, lines[0], lines[1].split(":")[0]) == (1, "~ a", "    image")


def test_two_suites_differ_by_their_heads_too(tmp_path: Path) -> None:
    one = write_suite(tmp_path, "id: a, text: x", name="one.yaml")
    other = write_suite(
        tmp_path, "id: a, text: x", name="other.yaml", head="suite: second\ntitle: Second steps\n"
    )
    assert _diff(one, other) == (
        1,
        [
            "~ suite: first → second",
            "~ title: First steps → Second steps",
            "0 removed, 0 added, 0 changed, 1 unchanged.",
        ],
    )


def test_another_order_is_a_difference_and_an_insertion_is_none_of_order(tmp_path: Path) -> None:
    lines = ("id: a, text: x", "id: b, text: y")
    one = write_suite(tmp_path, *lines, name="one.yaml")
    turned = write_suite(tmp_path, *reversed(lines), name="turned.yaml")
    longer = write_suite(tmp_path, "id: c, text: z", *lines, name="longer.yaml")
    assert _diff(one, turned) == (1, ["~ order of prompts", "0 removed, 0 added, 0 changed, 2 unchanged."])
    assert _diff(one, longer) == (1, ["+ c: z", "0 removed, 1 added, 0 changed, 2 unchanged."])


@pytest.mark.slow
@pytest.mark.parametrize(("after", "code"), [("one.yaml", 0), ("other.yaml", 1), ("gone.yaml", 2)])
def test_the_shell_sees_the_exit_codes_of_diff(tmp_path: Path, after: str, code: int) -> None:
    one = write_suite(tmp_path, "id: a, text: x", name="one.yaml")
    write_suite(tmp_path, "id: a, text: y", name="other.yaml")
    done = subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", "diff_suite", one, tmp_path / after],
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
