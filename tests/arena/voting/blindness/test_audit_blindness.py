"""The audit finds nothing in a blind study, and each leak once a part of the blinding is switched off."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import CommandError, call_command

from arena.media.graph import Level
from arena.media.normalise import RenditionFacts, normalise
from arena.media.padding import HEADER_BYTES, PaddedFile
from arena.media.probe import probe
from arena.media.profile import Profile
from arena.media.ranges import Readable
from arena.media.storage import StoredFile
from arena.media.variants import make_variants
from arena.runs.models import Rendition
from arena.voting import files
from arena.voting.blindness import collecting
from arena.voting.blindness.collecting import collect_views
from arena.voting.blindness.report import Audit, NotAuditable, audit_study
from arena.voting.media_addresses import ServedClip, read_media_token
from arena.voting.models import Ballot, LedgerEntry, Rater, Study
from tests.factories import make_contender, make_rendition, make_study, store_bytes
from tests.factories_media import tone, write_clip
from tests.factories_voting import make_twin_row

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
PROFILE = Profile("ballot", 64, 64, 12)
CONTENDERS, PROMPTS, SECONDS = 4, 6, 0.5


class Made(NamedTuple):
    """Files of one clip's rendition."""

    facts: RenditionFacts
    rendition: bytes
    variants: list[bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    """Make the clips of two contenders with stripes, which take many bytes, and two with plain colours."""
    folder = tmp_path_factory.mktemp("clips")
    return [_make(folder, number) for number in range(CONTENDERS * PROMPTS)]


def _make(folder: Path, number: int) -> Made:
    source, target = folder / f"{number}.mp4", folder / f"{number}-shown.mp4"
    plain = (5 * number + 20, 200 - 3 * number, 90) if number % CONTENDERS >= 2 else None
    write_clip(source, width=64 + 2 * number, height=64, seconds=SECONDS, sound=tone(SECONDS), colour=plain)
    facts = normalise(source, target, PROFILE, with_sound=True)
    assert facts.gain_db is not None
    assert facts.ceiling_dbtp is not None
    paths = make_variants(
        source,
        folder,
        PROFILE,
        Level(facts.gain_db, facts.ceiling_dbtp),
        number=8,
        seed=str(number),
        facts=probe(source),
        frames=facts.frames,
    )
    return Made(facts, target.read_bytes(), [path.read_bytes() for path in paths])


@pytest.fixture
def study(made: list[Made]) -> Study:
    study = make_study(contenders=0, prompts=PROMPTS)
    study.contenders.set([make_contender() for _ in range(CONTENDERS)])
    clips = iter(made)
    for prompt in study.suites.get().prompts.order_by("position"):
        for contender in study.contenders.order_by("pk"):
            clip = next(clips)
            row = make_rendition(contender, prompt, content=clip.rendition)
            row.variants = [
                (kept.sha256, kept.size_bytes)
                for kept in (store_bytes(content, "renditions", "mp4") for content in clip.variants)
            ]
            row.duration_s = SECONDS
            row.save()
    return study


class Clock:
    """Clock on which nothing takes longer than anything else, until it is told to advance."""

    def __init__(self) -> None:
        """Start at 0 s."""
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time, which passes by a millisecond each time one looks."""
        self.now_s += 0.001
        return self.now_s


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time the answers by a clock that no other work on the machine can slow."""
    clock = Clock()
    monkeypatch.setattr(collecting, "perf_counter", clock)
    return clock


def _audit(study: Study) -> Audit:
    return audit_study(study, raters=24, each=6, seed=1)


def test_a_blind_study_has_no_leak_and_keeps_its_rows(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit_blindness", study.slug, raters=24, ballots=6, seed=1)
    told = capsys.readouterr().out
    assert "No limit is exceeded." in told
    assert "| chance | 0.2" in told
    assert [row.objects.count() for row in (Ballot, Rater, LedgerEntry)] == [0, 0, 0]


def test_files_that_keep_tags_are_caught(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    makers = {sha256: f"mk0{place}".encode() for sha256, place in _places().items()}

    def keep_tag(stored: Readable, clip: ServedClip) -> PaddedFile:
        content = stored.read(clip.file.size_bytes) or b""
        stored.close()
        tagged = content + struct.pack(">I4s", HEADER_BYTES, makers[clip.file.sha256])
        return PaddedFile(io.BytesIO(tagged), len(tagged), clip.padded_bytes)

    monkeypatch.setattr(files, "_padded", keep_tag)
    audit = _audit(study)
    assert audit.named["container"].share > 0.95
    assert "container names contenders more often than the clips' content does." in audit.leaks


def test_files_of_their_own_length_name_contenders(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(
        monkeypatch, lambda clip: clip._replace(padded_bytes=clip.file.size_bytes + HEADER_BYTES, salt=b"")
    )
    audit = _audit(study)
    # Two of four contenders have clips of many bytes. Clips are too few for an interval that excludes chance.
    assert audit.named["http"].share > audit.chance + 0.05


def test_a_length_for_each_contender_is_caught(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    places = _places()
    _serve(
        monkeypatch,
        lambda clip: clip._replace(padded_bytes=clip.padded_bytes + 512 * places[clip.file.sha256]),
    )
    assert "http names contenders more often than chance." in _audit(study).leaks


def test_answers_that_take_longer_for_one_contender_than_another_are_caught(
    study: Study, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = _places()

    def delay(clip: ServedClip) -> ServedClip:
        clock.now_s += 0.002 * places[clip.file.sha256]
        return clip

    _serve(monkeypatch, delay)
    assert "http names contenders more often than chance." in _audit(study).leaks


def _places() -> dict[str, int]:
    """Return the place of its contender among all, by the hash of each variant."""
    return {
        sha256: row.clip.job.contender_id % CONTENDERS
        for row in Rendition.objects.select_related("clip__job")
        for sha256, _ in row.variants
    }


def test_files_without_variants_and_salt_are_caught(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {
        sha256: StoredFile.named(row.variants[0][0], row.variants[0][1], "mp4")
        for row in Rendition.objects.all()
        for sha256, _ in row.variants
    }
    _serve(monkeypatch, lambda clip: clip._replace(file=first[clip.file.sha256], salt=b""))
    told = r"The study is not blind\. .*Hashes of the whole file recognise (9\d|100)%"
    with pytest.raises(CommandError, match=told):
        call_command("audit_blindness", study.slug, raters=24, ballots=6, seed=1)


def _serve(monkeypatch: pytest.MonkeyPatch, change: Callable[[ServedClip], ServedClip]) -> None:
    monkeypatch.setattr(files, "read_media_token", lambda token: change(read_media_token(token)))


def test_a_study_with_steps_and_training_before_the_first_pair_is_audited(study: Study) -> None:
    study.terms = {"consent": "Agreed?", "work_bits": 24, "training": 1}
    study.save()
    make_twin_row(Rendition.objects.all()[0])
    assert [len(views) for views in collect_views(study, raters=2, each=2, seed=1)] == [4, 4]


def test_a_study_that_people_cannot_rate_is_refused() -> None:
    study = make_study(simulated=True)
    with pytest.raises(NotAuditable, match="must be open and for people"):
        _audit(study)
    with pytest.raises(CommandError, match="Unknown study 'nowhere'"):
        call_command("audit_blindness", "nowhere")
