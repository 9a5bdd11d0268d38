from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from arena.media.normalise import normalise
from arena.media.profile import Profile
from arena.voting.models import Study
from arena.voting.studies import QUESTION
from generators.base import Request, Track
from generators.toyworld.generator import ToyWorld
from tests.factories import SETTINGS, make_contender, make_prompt, make_rendition, make_suite

# Playwright's sync API runs an event loop in this thread, and Django would refuse its ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

expect.set_options(timeout=30_000)  # a busy machine takes its time

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=LocalNetworkAccessChecks",  # a page from elsewhere may frame one of this machine
)
FLAWS = ("none", "late-sound", "stutter", "wrong-attributes")
CAPTIONS = (
    "a large red circle bouncing right quickly on a white background",
    "a large blue square gliding left quickly on a white background",
    "a large yellow triangle bouncing left quickly on a navy background",
    "a large green circle gliding up quickly on a charcoal background",
)
DURATION_S = 0.8


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Browser tests need Chromium: apt-get install chromium libatomic1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*QUIET])
        yield browser
        browser.close()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    yield from _page(browser.new_context(viewport=ViewportSize(width=1440, height=900)))


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    size = ViewportSize(width=390, height=844)
    yield from _page(browser.new_context(viewport=size, has_touch=True, color_scheme="dark"))


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    yield from _page(browser.new_context(java_script_enabled=False))


def _page(context: BrowserContext) -> Iterator[Page]:
    """Yield a page that fails its test if a script breaks or breaches the content policy."""
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if "Policy" in message.text else None)
    yield page
    context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes]:
    """Real renditions of the toy world's four contenders, by caption and flaw; made once."""
    folder = tmp_path_factory.mktemp("clips")
    profile = Profile("ballot", width=128, height=128, fps=12)
    return {
        (caption, flaw): _rendition(caption, flaw, folder, profile) for caption in CAPTIONS for flaw in FLAWS
    }


def _rendition(caption: str, flaw: str, folder: Path, profile: Profile) -> bytes:
    asked = Request(Track.T2V_AUDIO, caption, 0, DURATION_S, profile.width, profile.height, profile.fps, "p")
    original = ToyWorld({"flaw": flaw}).generate(asked, folder).path
    target = folder / "rendition.mp4"
    normalise(original, target, profile, with_sound=True, duration_s=DURATION_S)
    return target.read_bytes()


@pytest.fixture
def study(shown: dict[tuple[str, str], bytes], live_server: LiveServer) -> Study:
    """Make an open study of 24 ballots for each rater: four contenders, four prompts, three seeds."""
    suite = make_suite(prompts=0)
    study = Study.objects.create(
        slug="shapes",
        title="Bouncing shapes",
        question=QUESTION,
        tracks=["t2v-audio"],
        clip_settings=[SETTINGS],
    )
    study.suites.add(suite)
    contenders = {flaw: make_contender(f"maker-of-{flaw}", maker="Somebody") for flaw in FLAWS}
    study.contenders.set(contenders.values())
    with transaction.atomic():  # one sync to disk for all rows
        for number, caption in enumerate(CAPTIONS):
            prompt = make_prompt(suite, f"p{number}", text=caption)
            for seed, (flaw, contender) in product(range(3), contenders.items()):
                # A box that players skip: clips so short can be equal, and equal ones are never paired.
                unlike = b"\0\0\0\x0afree" + bytes([seed, FLAWS.index(flaw)])
                make_rendition(contender, prompt, seed, content=shown[caption, flaw] + unlike)
    return study
