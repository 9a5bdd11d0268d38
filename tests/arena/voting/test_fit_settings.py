from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from arena.voting.fit_settings import FitSettings, InvalidFit
from arena.voting.models import Study
from arena.voting.rules import rules_hash, study_rules
from generators.base import Track
from tests.factories import make_contender, make_study, make_suite

TRACK = "t2v-audio"


def test_only_what_differs_from_the_defaults_is_stored() -> None:
    settings = FitSettings(ties="davidson", covariates=("duration",), anchor="x")
    assert FitSettings().stored == {}
    assert settings.stored == {"ties": "davidson", "covariates": ("duration",), "anchor": "x"}
    assert FitSettings.of(settings.stored) == settings


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "Bradley-Terry, a tie as half a win to each side"),
        ({"ties": "davidson", "side": True}, "Davidson (1970), which models ties; side effect"),
        (
            {"covariates": ("duration", "frame_rate")},
            "Bradley-Terry, a tie as half a win to each side; controlled for duration, frame rate",
        ),
    ],
)
def test_the_model_has_a_name(given: dict[str, Any], name: str) -> None:
    assert FitSettings(**given).model == name


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"covariates": ("colour",)},
            "covariates must be of duration, resolution, frame_rate, loudness, motion",
        ),
        ({"anchor": "z"}, "anchor must be one of the study's contenders, x, y; got 'z'"),
        ({"scale": 0.0}, "scale must be above 0"),
        ({"ties": "rao-kupper", "both_bad": "floor"}, "don't go together"),
        ({"ties": "elo"}, "Unknown ties='elo'"),
    ],
)
def test_others_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidFit, match=message):
        FitSettings(**given).check(["x", "y"])


@pytest.mark.django_db
def test_a_study_without_settings_keeps_the_hash_of_its_rules() -> None:
    study = make_study()
    before = rules_hash(study)
    assert "fit" not in study_rules(study)
    study.fit = {"ties": "davidson"}
    assert study_rules(study)["fit"] == {"ties": "davidson"}
    assert rules_hash(study) != before


def _create(**options: object) -> None:
    given = {"title": "T", "tracks": TRACK, "suites": "scenes", "contenders": "one,two", **options}
    call_command("create_study", "mine", **given)


@pytest.mark.django_db
def test_the_command_sets_them_and_they_never_change() -> None:
    make_contender("one")
    make_contender("two")
    make_suite("scenes")
    _create(ties="davidson", anchor="one=1200", scale=100.0)
    assert Study.objects.get().fit == {
        "ties": "davidson",
        "anchor": "one",
        "anchor_rating": 1200.0,
        "scale": 100.0,
    }
    with pytest.raises(CommandError, match=r"exists with other rules.*Davidson"):
        _create()
    with pytest.raises(CommandError, match="anchor must be SLUG or SLUG=RATING; got 'one=high'"):
        _create(anchor="one=high")


def test_loudness_needs_tracks_whose_sound_is_judged() -> None:
    FitSettings(covariates=("loudness",)).check([], [Track.T2V_AUDIO])
    with pytest.raises(InvalidFit, match="without loudness where no sound is judged; got it on t2v"):
        FitSettings(covariates=("loudness",)).check([], [Track.T2V_AUDIO, Track.T2V])
