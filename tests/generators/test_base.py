from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generators.base import (
    GenerationError,
    InvalidInput,
    Provenance,
    QuotaExceeded,
    RefusedByModeration,
    Track,
    TransientError,
    Unavailable,
)
from tests.factories_generators import make_request


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"track": "t2x"}, "Unknown track 't2x'. Known: i2v, i2v-audio, t2v, t2v-audio."),
        ({"track": "i2v"}, "Track 'i2v' needs a reference image; got none."),
        ({"width": 0}, "width must be positive; got 0."),
        ({"height": -2}, "height must be positive; got -2."),
        ({"duration_s": float("nan")}, "duration_s must be positive; got nan."),
        ({"fps": 0}, "fps must be positive; got 0."),
        ({"width": 63}, "Width and height must be even; got 63×64."),
        (
            {"seed": -1},
            "seed must be a whole number from 0 to 9007199254740991; got -1. Use one of these.",
        ),
        (
            {"seed": 2**53},
            "seed must be a whole number from 0 to 9007199254740991; got 9007199254740992. Use one of these.",
        ),
    ],
)
def test_a_request_refuses_nonsense(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_request(**changes)
    assert str(caught.value) == message


def test_a_request_knows_what_its_track_means() -> None:
    request = make_request(track="i2v-audio", reference_image=Path("start.png"))
    assert (request.track.from_image, request.track.with_sound) == (True, True)
    silent = make_request(track="t2v").track
    assert (silent.from_image, silent.with_sound) == (False, False)


def test_provenance_survives_json() -> None:
    request = make_request(track="i2v", reference_image=Path("a/start.png"))
    provenance = Provenance(
        "g", "1", {"steps": 8}, request, 1, {"not_honoured": ["seed"]}, None, None, 0.5, {"numpy": "2"}, "ab"
    )
    read = json.loads(json.dumps(provenance.as_dict()))
    assert read["request"]["reference_image"] == "a/start.png"
    assert read["request"]["prompt"] == request.prompt
    assert read["resolved"] == {"not_honoured": ["seed"]}
    assert set(read) == set(Provenance.__dataclass_fields__)


def test_only_what_may_pass_is_retryable() -> None:
    errors = (RefusedByModeration, InvalidInput, QuotaExceeded, TransientError, Unavailable)
    assert [error.kind for error in errors] == [
        "moderation",
        "invalid_input",
        "quota",
        "transient",
        "unavailable",
    ]
    assert [error for error in errors if error.retryable] == [TransientError]
    assert all(issubclass(error, GenerationError) for error in errors)


@pytest.mark.parametrize(
    ("track", "from_image", "with_sound", "label"),
    [
        (Track.T2V, False, False, "text to video"),
        (Track.I2V, True, False, "image to video"),
        (Track.T2V_AUDIO, False, True, "text to video with sound"),
        (Track.I2V_AUDIO, True, True, "image to video with sound"),
    ],
)
def test_a_track_says_what_it_starts_from_and_whether_it_sounds(
    track: Track, from_image: bool, with_sound: bool, label: str
) -> None:
    assert (track.from_image, track.with_sound, track.label) == (from_image, with_sound, label)


def test_a_request_takes_a_track_by_its_text_and_writes_it_as_text() -> None:
    request = make_request(track="t2v")
    assert request.track is Track.T2V
    assert type(request.as_dict()["track"]) is str
    assert make_request(track=Track.T2V) == request
