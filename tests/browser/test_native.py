"""Pairs on native terms: two sizes, two lengths and two frame rates on one page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from arena.media.normalise import normalise
from arena.media.profile import Profile
from arena.voting.models import Study, Vote
from arena.voting.playback import number_of
from arena.voting.studies import QUESTION
from generators.base import Request, Track
from generators.toyworld.generator import ToyWorld
from tests.browser.conftest import CAPTIONS
from tests.browser.voting import start_voting, vote, watch
from tests.factories import SETTINGS, make_contender, make_prompt, make_rendition, make_suite

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FORMS = {"wide": (192, 108, 12, 1.5), "tall": (108, 144, 24, 0.75)}
"""Width, height, frame rate and seconds of each contender's clip."""


@pytest.fixture
def native_study(tmp_path: Path, live_server: LiveServer) -> Study:
    suite = make_suite(prompts=0)
    study = Study.objects.create(
        slug="shapes",
        title="Shapes as they are",
        question=QUESTION,
        tracks=["t2v-audio"],
        clip_settings=[SETTINGS],
        terms={"geometry": "native"},
    )
    study.suites.add(suite)
    prompt = make_prompt(suite, "p0", text=CAPTIONS[0])
    for name, (width, height, fps, seconds) in FORMS.items():
        asked = Request(Track.T2V_AUDIO, CAPTIONS[0], 0, seconds, width, height, fps, "p")
        original = ToyWorld({"flaw": "none"}).generate(asked, tmp_path).path
        target = tmp_path / f"{name}.mp4"
        normalise(original, target, Profile("native", width, height, fps), with_sound=True)
        contender = make_contender(f"maker-of-{name}")
        study.contenders.add(contender)
        shown = make_rendition(contender, prompt, content=target.read_bytes())
        shown.width, shown.height, shown.fps, shown.duration_s = width, height, fps, seconds
        shown.save()
    return study


def _boxes(page: Page) -> list[dict[str, float]]:
    boxes: list[dict[str, float]] = page.locator("video").evaluate_all(
        "videos => videos.map(video => ({width: video.clientWidth, height: video.clientHeight,"
        " own: video.videoWidth / video.videoHeight, end: video.duration, at: video.currentTime}))"
    )
    return boxes


@pytest.mark.parametrize("screen", ["desktop", "phone"])
@pytest.mark.usefixtures("native_study")
def test_both_clips_have_one_height_and_no_bars(
    request: pytest.FixtureRequest, live_server: LiveServer, screen: str
) -> None:
    page: Page = request.getfixturevalue(screen)
    start_voting(page, live_server.url)
    expect(page.locator(".mode")).to_contain_text("Clips are shown at one height, each as it was made")
    one, other = _boxes(page)
    assert one["height"] == pytest.approx(other["height"], abs=1)
    assert one["height"] > 90
    for box in (one, other):
        assert box["width"] / box["height"] == pytest.approx(box["own"], rel=0.02)
        assert box["width"] <= (page.viewport_size or {"width": 0})["width"]


@pytest.mark.usefixtures("native_study")
def test_the_shorter_clip_waits_for_the_longer_one(desktop: Page, live_server: LiveServer) -> None:
    start_voting(desktop, live_server.url)
    watch(desktop)
    vote(desktop)
    playback = Vote.objects.get().playback
    watched = sorted(number_of(playback, f"watched_{side}_s") for side in "ab")
    assert watched == pytest.approx([0.75, 1.5], abs=0.25)


@pytest.mark.usefixtures("native_study")
def test_a_pair_that_pauses_after_the_shorter_one_goes_on_to_the_end(
    desktop: Page, live_server: LiveServer
) -> None:
    start_voting(desktop, live_server.url)
    desktop.locator("[data-scrub]").evaluate(
        "scrub => { scrub.value = 0.7; scrub.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    shorter = desktop.locator("video").evaluate_all("videos => videos.findIndex(video => video.duration < 1)")
    desktop.keyboard.press("Space")
    longer = desktop.locator("video").nth(1 - shorter)
    expect(longer).to_have_js_property("paused", False)
    watch(desktop)
    vote(desktop)
