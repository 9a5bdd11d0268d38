"""Pictures of a page as people see it: on a phone and a desktop, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def picture(page: Page, folder: Path, name: str) -> None:
    """Take pictures of a page on a phone and a desktop, light and dark; it must fit both."""
    page.wait_for_load_state()
    for width in (390, 1440):
        for scheme in SCHEMES:
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
