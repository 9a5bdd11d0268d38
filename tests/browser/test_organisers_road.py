"""The whole road of a new organiser, on a server of its own: from a sign-in link to the board's file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from generators.base import Request, Track
from generators.toyworld.generator import ToyWorld
from tests.browser.test_pages import assert_accessible
from tests.browser.voting import vote, watch
from tests.factories_serving import ROOT, environment, gunicorn

pytestmark = pytest.mark.slow
FLAWS = {"Model one": "none", "Model two": "wrong-attributes"}
COLOURS = ("red", "blue", "yellow", "green", "purple")
RATERS, VOTES = 3, 2


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Make two folders of ten clips each, named by their prompts."""
    root = tmp_path_factory.mktemp("clips")
    return {model: [*_clips(root / model, flaw)] for model, flaw in FLAWS.items()}


def _clips(folder: Path, flaw: str) -> Iterator[Path]:
    folder.mkdir()
    world = ToyWorld({"flaw": flaw})
    for number in range(10):
        colour, way = COLOURS[number % 5], ("right", "left")[number // 5]
        text = f"a large {colour} circle bouncing {way} quickly on a white background"
        asked = Request(Track.T2V_AUDIO, text, number, 0.8, 128, 128, 12, f"p{number}")
        made = world.generate(asked, folder).path
        yield made.rename(folder / f"{colour}-{way}{made.suffix}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Serve an empty arena; yield its address, and a link that signs the first organiser in."""
    given = environment(
        tmp_path_factory.mktemp("site"),
        PADDOCK_ENVIRONMENT="production",
        SECRET_KEY="a key for tests of the road " * 3,
        ALLOWED_HOSTS="127.0.0.1",
        SECURE_SSL_REDIRECT="0",
        PYTHONWARNINGS="ignore",
        RENDITION_VARIANTS="2",
        WEB_CONCURRENCY="1",
    )

    def manage(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], env=given, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    manage("migrate", "-v0")
    manage("collectstatic", "--noinput", "-v0")
    link = manage("create_organiser", "ada@example.org").splitlines()[-1]
    with gunicorn("arena.wsgi", "python:arena.gunicorn_conf", given) as (port, _):
        yield f"http://127.0.0.1:{port}", link


@contextmanager
def _opened(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=ViewportSize(width=1440, height=900))
    yield context.new_page()
    context.close()


def test_a_new_organiser_goes_the_whole_road(
    browser: Browser, site: tuple[str, str], folders: dict[str, list[Path]], tmp_path: Path
) -> None:
    url, link = site
    began = time.monotonic()
    with _opened(browser) as page:
        page.goto(url + link)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
        _upload(page, url, folders)
        _create(page)
        opened_s = time.monotonic() - began
        for _ in range(RATERS):
            _vote_as_a_rater(browser, url)
        _close_and_download(page, url, tmp_path)
    whole_s = time.monotonic() - began
    sys.stdout.write(f"\nfrom folders to the open study: {opened_s:.0f} s; the whole road: {whole_s:.0f} s\n")
    assert opened_s < 180


def _upload(page: Page, url: str, folders: dict[str, list[Path]]) -> None:
    page.goto(f"{url}/organise/clips/")
    assert_accessible(page)
    page.get_by_label("Name", exact=True).fill("Spring")
    page.get_by_label("A list").check()
    rows = [f"{file.stem},{file.stem.replace('-', ' ')}" for file in next(iter(folders.values()))]
    listed = "\n".join(["id,text", *rows]).encode()
    page.get_by_label("File of the list").set_input_files(
        {"name": "prompts.csv", "mimeType": "text/csv", "buffer": listed}
    )
    page.get_by_role("button", name="Start").click()
    for sent, (model, files) in enumerate(folders.items(), start=1):
        page.get_by_label("Model", exact=True).fill(model)
        page.get_by_label("Its clips").set_input_files(files)
        page.get_by_role("button", name="Send").click()
        held = page.get_by_role("heading", name=f"{10 * sent} clips", exact=True)
        expect(held).to_be_visible(timeout=60_000)
        expect(page.get_by_role("status")).to_contain_text("10 files kept, 0 refused")
    assert_accessible(page)
    page.get_by_role("button", name="Take in 20 clips").click()
    expect(page.locator("#progress")).to_contain_text("20 of 20 clips are done", timeout=120_000)
    page.reload()
    assert_accessible(page)
    expect(page.locator(".clips img")).to_have_count(20)


def _create(page: Page) -> None:
    page.get_by_role("link", name="Create a study of these clips").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="What are raters asked?")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Title").fill("Spring")
    page.get_by_label("Address: letters").fill("spring")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Who votes, and how?")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Votes of each rater").fill(str(VOTES))
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Create the study").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("not opened yet")
    assert_accessible(page)
    page.get_by_role("link", name="Preview the ballot").click()
    expect(page.locator("video")).to_have_count(2)
    assert_accessible(page)
    page.get_by_role("link", name="Back to the study").click()
    page.get_by_role("button", name="Open the study").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Spring open")


def _vote_as_a_rater(browser: Browser, url: str) -> None:
    with _opened(browser) as page:
        page.goto(f"{url}/studies/spring/start/")
        page.get_by_role("button", name="Start").click()
        expect(page.locator("[data-start]")).to_be_visible()
        for number in range(VOTES):
            watch(page)
            vote(page, ("ArrowLeft", "ArrowDown")[number % 2])
            page.keyboard.press("Enter")
            expect(page.locator(".verdict")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_contain_text("You have finished")


def _close_and_download(page: Page, url: str, folder: Path) -> None:
    page.goto(f"{url}/organise/studies/spring/")
    expect(page.locator("#numbers")).to_contain_text(str(RATERS * VOTES))
    page.get_by_label("Reason").fill("Enough votes")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("closed")
    assert_accessible(page)
    with page.expect_download() as awaited:
        page.get_by_role("link", name="Download the board").click()
    target = folder / "board.csv"
    awaited.value.save_as(target)
    assert {"model-one", "model-two"} <= set(target.read_text().replace(",", "\n").split("\n"))
