from __future__ import annotations

import pytest

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track
from arena.catalog.models import Suite
from generators.base import Track
from tests.factories import make_contender, make_suite

pytestmark = pytest.mark.django_db


def _next_version(suite: Suite) -> Suite:
    return Suite.objects.create(
        name=suite.name, version=suite.version + 1, title="", seeds=[0], content_hash="changed"
    )


def test_an_unknown_track_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        find_track("t2x")
    assert str(caught.value) == "Unknown track 't2x'. Known: i2v, i2v-audio, t2v, t2v-audio."


def test_an_unknown_contender_is_named_with_the_known_ones() -> None:
    make_contender("truth")
    make_contender("stutter")
    with pytest.raises(UnknownName) as caught:
        find_contenders(["truth", "sora"])
    assert str(caught.value) == (
        "Unknown contender 'sora'. Known: stutter, truth. Add one with: manage.py load_contenders PATH"
    )


@pytest.mark.parametrize("name", ["second", "first@3", "first@²", "first@x", "", f"first@{'9' * 30}"])
def test_an_unknown_suite_is_named_with_the_known_versions(name: str) -> None:
    _next_version(make_suite("first"))
    with pytest.raises(UnknownName) as caught:
        find_suite(name)
    assert str(caught.value) == (
        f"Unknown suite '{name}'. Known: first@1, first@2. Add one with: manage.py load_suite PATH"
    )


def test_an_empty_catalogue_says_so() -> None:
    with pytest.raises(UnknownName, match=r"^Unknown suite 'first'\. Known: none yet\."):
        find_suite("first")


def test_tracks_are_found_by_name() -> None:
    track = find_track("i2v-audio")
    assert (track, track.with_sound, track.from_image) == (Track.I2V_AUDIO, True, True)
    assert (Track.T2V.with_sound, Track.T2V.from_image) == (False, False)


def test_contenders_are_found_in_the_order_asked_for() -> None:
    rows = [make_contender(slug) for slug in ("b", "c", "a")]
    assert find_contenders(["b", "c", "a"]) == rows


def test_a_suite_is_its_newest_version_unless_one_is_named() -> None:
    first = make_suite("first")
    second = _next_version(first)
    assert (find_suite("first"), find_suite("first@1"), find_suite("first@2")) == (second, first, second)


def test_an_unknown_suite_that_comes_with_paddock_is_loaded_by_its_name() -> None:
    with pytest.raises(UnknownName) as caught:
        find_suite("paddock-120")
    assert str(caught.value) == (
        "Unknown suite 'paddock-120'. Known: none yet. Add it with: manage.py load_suite paddock-120"
    )
