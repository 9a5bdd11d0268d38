"""What a rater does in a browser, for the tests that need a vote to look at something else."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def press_start(page: Page, url: str) -> None:
    """Go from the study's front page to the first pair."""
    page.goto(f"{url}/studies/shapes/start/")
    page.get_by_role("button", name="Start").click()


def start_voting(page: Page, url: str) -> None:
    """Go from the study's front page to the first pair, ready to play."""
    press_start(page, url)
    expect(page.locator("[data-start]")).to_be_visible()


def watch(page: Page) -> None:
    """Play both clips until the answers open."""
    if page.locator("[data-play-word]").text_content() == "Play":
        page.keyboard.press("Space")
    expect(page.locator("button[value=a]")).to_be_enabled()


def vote(page: Page, key: str = "ArrowLeft") -> None:
    page.keyboard.press(key)
    expect(page.locator(".verdict")).to_have_count(2)


def hide_tab(page: Page) -> None:
    """Make the page believe that its tab went to the background: headless tabs never do."""
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
