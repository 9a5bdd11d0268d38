from __future__ import annotations

import unicodedata
from io import StringIO
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.models import Contender, Prompt, Suite
from arena.runs.models import Clip, Job, Rendition, Run
from arena.voting.ballots import open_ballot
from arena.voting.clip_settings import UnclearSettings
from arena.voting.ledger import verify_ledger
from arena.voting.models import Rater, Study
from arena.voting.openings import close_study
from arena.voting.rule_changes import change_rules
from arena.voting.rules import study_rules
from arena.voting.studies import create_study
from arena.voting.terms import InvalidTerms, Terms
from arena.voting.votes import cast_vote
from generators.base import Track
from tests.factories import make_contender, make_study, make_suite, write_file
from tests.factories_media import tone, write_clip

pytestmark = pytest.mark.django_db


def _clip(path: Path, *, sound: bool = True, size: tuple[int, int] = (64, 48), seconds: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # No two clips sound quite alike: byte-equal ones are never paired.
    level = 0.25 + crc32(str(path).encode()) % 1000 / 1e5
    heard = tone(seconds, level) if sound else None
    write_clip(path, width=size[0], height=size[1], fps=12, seconds=seconds, sound=heard)


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Two models with a clip for each of two prompts."""
    for model in ("Helios", "kling two"):
        for prompt in ("red-ball", "A blue Cube"):
            _clip(tmp_path / model / f"{prompt}.mp4")
    return [str(tmp_path / "Helios"), str(tmp_path / "kling two")]


def _add(folders: list[str], study: str = "launch", **options: Any) -> str:  # noqa: ANN401 - as the command's
    out = StringIO()
    call_command("add_clips", study, *folders, stdout=out, workers=1, **options)
    return out.getvalue()


@pytest.mark.slow
def test_on_native_terms_each_clip_is_shown_as_it_is_and_differences_are_covariates(tmp_path: Path) -> None:
    forms = {"Helios": [(64, 48, 0.5), (48, 64, 0.75)], "kling two": [(96, 64, 1.0), (64, 48, 0.5)]}
    for model, (first, second) in forms.items():
        for prompt, (width, height, seconds) in (("red-ball", first), ("blue-cube", second)):
            _clip(tmp_path / model / f"{prompt}.mp4", size=(width, height), seconds=seconds)
    folders = [str(tmp_path / model) for model in forms]
    said = _add(folders, native=True)
    assert "All are shown at each as it is (asked for: 64×48, 0.5 s, 12 fps) (native terms)." in said
    assert set(Rendition.objects.values_list("width", "height", "duration_s")) == {
        *forms["Helios"],
        *forms["kling two"],
    }
    assert not any(rendition.recipe["gain_db"] for rendition in Rendition.objects.all())
    study = Study.objects.get()
    assert study.terms == {"geometry": "native"}
    assert (
        {"duration", "resolution"} <= set(study.fit["covariates"]) <= {"duration", "resolution", "loudness"}
    )
    assert study_rules(study)["terms"] == {"geometry": "native"}
    assert study.is_open
    _add(folders, native=True)
    with pytest.raises(InvalidTerms, match="geometry must stay native, since the study's clips are made so"):
        change_rules(study=study, reason="One size for all.", terms=Terms())


@pytest.mark.slow
def test_clips_of_native_terms_and_a_study_of_equal_ones_are_refused_together(tmp_path: Path) -> None:
    folders = [str(tmp_path / model) for model in ("helios", "kling")]
    for folder in folders:
        _clip(Path(folder) / "red-ball.mp4")
    _add(folders, native=True)
    run = Run.objects.get()
    with pytest.raises(
        UnclearSettings, match=r"geometry must be native in the study's terms, as in .*; got equal"
    ):
        create_study(
            slug="equal",
            title="Equal",
            tracks=[Track(run.track)],
            suites=[run.suite],
            contenders=list(run.contenders.all()),
            runs=[run],
        )


def _vote(study: Study) -> None:
    ballot = open_ballot(study=study, rater=Rater.objects.create())
    assert ballot is not None
    cast_vote(ballot=ballot, outcome="a")


def _snapshot() -> tuple[int, ...]:
    rows: tuple[Any, ...] = (Contender, Suite, Prompt, Run, Job, Clip, Study)
    return tuple(row.objects.count() for row in rows)


@pytest.mark.slow
def test_folders_become_an_open_study_whose_figures_are_the_clips(folders: list[str]) -> None:
    said = _add(folders)
    assert "4 of 4 clips are new. All are shown at 64×48, 0.5 s, 12 fps (as the clips are)." in said
    assert "helios: 2 clips shown as they are\nkling-two: 2 clips shown as they are\n" in said
    assert "Study launch is open: /studies/launch/start/\n" in said
    study = Study.objects.get()
    assert (study.title, study.is_open, study.tracks) == ("Launch", True, ["t2v-audio"])
    assert list(study.contenders.values_list("name", flat=True)) == ["Helios", "kling two"]
    assert dict(Prompt.objects.values_list("key", "text")) == {
        "red-ball": "red ball",
        "a-blue-cube": "A blue Cube",
    }
    figures = Rendition.objects.values_list("width", "height", "fps", "duration_s")
    assert set(figures) == {(64, 48, 12.0, 0.5)}
    assert verify_ledger(study) == 1


@pytest.mark.slow
def test_a_second_run_takes_in_nothing(folders: list[str]) -> None:
    _add(folders)
    before = _snapshot()
    assert "0 of 4 clips are new." in _add(folders)
    assert _snapshot() == before
    assert verify_ledger(Study.objects.get()) == 1


@pytest.mark.slow
def test_a_second_run_takes_in_what_is_new_or_was_replaced(folders: list[str]) -> None:
    _add(folders)
    helios, kling = map(Path, folders)
    write_clip(helios / "red-ball.mp4", width=64, height=48, fps=12, seconds=0.5, sound=tone(0.5, 0.1))
    for folder in (helios, kling):
        _clip(folder / "green-cone.mp4")
    said = _add(folders)
    assert "helios, prompt red-ball, seed 0: the file was replaced, and is taken in as a new clip" in said
    assert "3 of 6 clips are new." in said
    study = Study.objects.get()
    assert set(study.suites.get().prompts.values_list("key", flat=True)) >= {"green-cone"}
    assert [change.reason for change in study.changes.all()] == ["", "prompts green-cone"]
    assert verify_ledger(study) == 2


@pytest.mark.slow
def test_a_missing_clip_is_told_and_can_be_added_after_votes(folders: list[str]) -> None:
    late = Path(folders[1]) / "A blue Cube.mp4"
    late.rename(late.with_suffix(".txt"))
    said = _add(folders)
    assert "no clip for a-blue-cube" in " ".join(said.split())
    assert "not a clip: A blue" in " ".join(said.split())
    assert "3 of 3 clips are new." in said
    _vote(Study.objects.get())
    late.with_suffix(".txt").rename(late)
    assert "1 of 4 clips are new." in _add(folders)


@pytest.mark.slow
def test_the_rules_of_a_study_with_votes_stay(folders: list[str], tmp_path: Path) -> None:
    _add(folders)
    _vote(Study.objects.get())
    before = _snapshot()
    _clip(tmp_path / "Sol" / "red-ball.mp4")
    with pytest.raises(CommandError) as caught:
        _add([*folders, str(tmp_path / "Sol")])
    assert str(caught.value) == (
        "The rules of study 'launch' must stay, since it has votes; got new contenders sol. "
        "Take another study, such as launch-2."
    )
    assert _snapshot() == before
    assert "Study launch-2 is open" in _add([*folders, str(tmp_path / "Sol")], study="launch-2")


@pytest.mark.slow
def test_a_third_model_joins_before_the_first_vote(folders: list[str], tmp_path: Path) -> None:
    _add(folders)
    _clip(tmp_path / "Sol" / "red-ball.mp4")
    _add([*folders, str(tmp_path / "Sol")])
    assert Study.objects.get().contenders.count() == 3


@pytest.mark.slow
def test_a_closed_study_stays_closed(folders: list[str]) -> None:
    _add(folders)
    close_study(study=Study.objects.get())
    assert "Study launch is closed (manage.py reopen_study launch opens it)" in _add(folders)


@pytest.mark.slow
def test_sound_is_judged_where_all_clips_have_some(folders: list[str]) -> None:
    _clip(Path(folders[0]) / "red-ball.mp4", sound=False)
    said = _add(folders)
    assert "Sound is left out and not judged, as 1 of 4 clips have none." in said
    assert "1 of 2" in said
    assert Study.objects.get().tracks == ["t2v"]
    asked = _add(folders, study="asked", track="t2v-audio")
    assert "Sound is judged, but 1 of 4 clips have none." in asked


@pytest.mark.slow
def test_clips_that_differ_are_refused_before_anything_is_saved(folders: list[str]) -> None:
    _clip(Path(folders[0]) / "red-ball.mp4", size=(96, 48), seconds=1.0)
    before = _snapshot()
    with pytest.raises(CommandError, match=r"(?s)The clips differ.*--size 64x48 .*--duration 0\.5"):
        _add(folders)
    assert _snapshot() == before
    said = _add(folders, size="64x48", duration=0.5)
    for change in (
        "scaled from 96×48 to 64×32",
        "padded with black bars to 64×48",
        "cut by 0.50 s at the end",
    ):
        assert f"{change} (1 of them)" in said


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("red-ball-0.mp4", "must have one file for prompt 'red-ball', seed 0; it has red-ball-0.mp4 and red"),
        ("broken.mp4", "broken.mp4: The file is"),
    ],
)
def test_files_in_the_way_are_refused(folders: list[str], tmp_path: Path, name: str, message: str) -> None:
    (Path(folders[0]) / name).write_text("no video")
    before = _snapshot()
    listed = write_file(tmp_path / "prompts.csv", "id,text\nred-ball,A red ball.\nbroken,x\na-blue-cube,y\n")
    with pytest.raises(CommandError, match="These clips can't be shown") as caught:
        _add(folders, prompts=listed)
    assert message in str(caught.value)
    assert _snapshot() == before


# Prompts.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", "id,text\nred-ball,A red ball rolls.\nA blue Cube,A cube: blue.\n"),
        ("p.csv", "ID;Text\r\nred-ball;A red ball rolls.\r\n;\r\na-blue-cube;A cube: blue.\r\n"),
        (
            "p.yaml",
            "suite: x\ntitle: X\nprompts:\n- {id: red-ball, text: A red ball rolls.}\n"
            "- {id: a-blue-cube, text: 'A cube: blue.'}\n",
        ),
    ],
)
def test_a_list_gives_the_prompts_their_texts(
    folders: list[str], tmp_path: Path, name: str, content: str
) -> None:
    said = _add(folders, prompts=write_file(tmp_path / name, content))
    assert "is open" in said
    assert list(Prompt.objects.values_list("key", "text")) == [
        ("red-ball", "A red ball rolls."),
        ("a-blue-cube", "A cube: blue."),
    ]


@pytest.mark.slow
def test_a_suite_file_gives_language_tags_and_expected_sound(folders: list[str], tmp_path: Path) -> None:
    lines = [
        "suite: s",
        "title: S",
        "licence: CC0-1.0",
        "prompts:",
        "  - {id: red-ball, text: A red ball rolls., tags: [motion], expected_sound: rolling}",
        "  - {id: a-blue-cube, text: 一个蓝色方块。, language: zh}",
    ]
    _add(folders, prompts=write_file(tmp_path / "suite.yaml", "\n".join(lines)))
    fields = ("key", "language", "tags", "expected_sound", "licence")
    assert list(Prompt.objects.values_list(*fields)) == [
        ("red-ball", "en", ["motion"], "rolling", "CC0-1.0"),
        ("a-blue-cube", "zh", [], "", "CC0-1.0"),
    ]


@pytest.mark.slow
def test_plain_lines_name_files_by_their_text_and_seeds(tmp_path: Path) -> None:
    text = "A long prompt, of the kind that video models get: " * 3
    for model in ("a", "b"):
        for seed in (0, 1):
            _clip(tmp_path / model / f"{text.strip()}-{seed}.mp4")
    _add([str(tmp_path / "a"), str(tmp_path / "b")], prompts=write_file(tmp_path / "p.txt", f"\n{text}\n"))
    prompt = Prompt.objects.get()
    assert (prompt.text, prompt.seeds) == (text.strip(), [0, 1])
    assert set(Job.objects.values_list("seed", "state")) == {(0, "succeeded"), (1, "succeeded")}


def test_files_of_no_listed_prompt_are_told(folders: list[str], tmp_path: Path) -> None:
    said = _add(
        folders, prompts=write_file(tmp_path / "p.csv", "id,text\nred-ball,A red ball.\nlost,Gone.\n")
    )
    assert "no such prompt: A blue Cube.mp4" in " ".join(said.replace("│", " ").split())
    assert "no clip for lost" in " ".join(said.split())
    assert Prompt.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", b"name,words\n", "line 1: columns must be id, text; got name, words"),
        ("p.csv", b"id,text\na,x\nA,y\n", "line 3: prompt 'a' is already on line 2"),
        ("p.csv", b"id,text\na,\n", "line 2: must have an id and a text"),
        ("p.txt", "caf\u00e9\n".encode("cp1252"), "line 1 must be UTF-8"),
        ("p.txt", b"\n\n", "must have at least one prompt"),
    ],
)
def test_a_list_that_cannot_be_read_is_named(
    folders: list[str], tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        _add(folders, prompts=path)


@pytest.mark.slow
def test_the_text_of_a_prompt_stays(folders: list[str], tmp_path: Path) -> None:
    _add(folders)
    with pytest.raises(CommandError, match="Prompt 'red-ball' must keep its text in the study"):
        _add(folders, prompts=write_file(tmp_path / "p.csv", "id,text\nred-ball,Another.\n"))


def test_names_in_either_unicode_form_are_one_prompt(tmp_path: Path) -> None:
    for model, form in (("a", "NFC"), ("b", "NFD")):
        _clip(tmp_path / model / f"{unicodedata.normalize(form, 'café')}.mp4")  # type: ignore[arg-type]
    _add([str(tmp_path / "a"), str(tmp_path / "b")])
    assert Prompt.objects.get().key == "cafe"


# Folders and names.


@pytest.mark.slow
def test_folders_of_one_name_are_told_apart_by_hand(tmp_path: Path) -> None:
    for model in ("a", "b"):
        _clip(tmp_path / model / "clips" / "p.mp4")
    same = [str(tmp_path / model / "clips") for model in ("a", "b")]
    with pytest.raises(CommandError, match=r"got 'clips' twice\. Give one another name: NAME="):
        _add(same)
    assert "is open" in _add([f"Model A={same[0]}", f"Model B={same[1]}"])
    assert set(Contender.objects.values_list("slug", "name")) == {
        ("model-a", "Model A"),
        ("model-b", "Model B"),
    }


def test_a_contender_of_that_name_with_other_clips_is_refused(folders: list[str]) -> None:
    make_contender("helios")
    with pytest.raises(CommandError, match="Contender 'helios' exists already, with clips from toy-world"):
        _add(folders)


def test_a_folder_of_folders_gets_a_hint(folders: list[str], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"it has none\. Name the folders inside it, one for each model: "):
        _add([str(tmp_path)])
    with pytest.raises(CommandError, match=r"must be a folder of clips; there is no such folder"):
        _add([str(tmp_path / "gone")])


@pytest.mark.parametrize("study", ["odd 2", "a/b", "", "x" * 80])
def test_a_study_that_cannot_be_called_so_is_refused_at_once(folders: list[str], study: str) -> None:
    with pytest.raises(CommandError, match="slug must be"):
        _add(folders, study=study)
    assert not Contender.objects.exists()


def test_one_model_alone_is_no_study(folders: list[str]) -> None:
    with pytest.raises(CommandError, match=r"Folders must be two or more.*; got one\."):
        _add(folders[:1])
    assert not Clip.objects.exists()


def test_a_study_made_otherwise_is_left_alone(folders: list[str]) -> None:
    make_study("launch")
    with pytest.raises(CommandError, match="must have the prompts of its folders alone"):
        _add(folders)


@pytest.mark.slow
def test_a_suite_of_that_name_from_a_file_is_left_alone(folders: list[str]) -> None:
    suite = make_suite("launch")
    _add(folders)
    assert suite.prompts.count() == 1
    assert Study.objects.get().suites.get().version == 2
