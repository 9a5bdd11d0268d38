"""Figures of playback from `requestVideoFrameCallback`: the rate of what is heard, and both clips' skew.

    python -m tests.browser.figures http://127.0.0.1:8000/studies/demo/ --loops 10

prints them for any ballot page that can be opened without a front page.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page, sync_playwright

RECORD = """
() => {
  const record = (window.frames_ = { A: [], B: [], heard: [] });
  for (const side of ["A", "B"]) {
    const video = document.querySelector(`#ballot [data-side=${side}] video`);
    const next = (now, frame) => {
      record[side].push([frame.expectedDisplayTime, frame.mediaTime]);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    const look = () => {
      if (!video.muted && !video.paused) record.heard.push(video.playbackRate);
      requestAnimationFrame(look);
    };
    look();
  }
}
"""


@dataclass(frozen=True)
class Figures:
    """What one viewing measured."""

    loops: int
    heard_rates: tuple[float, ...]
    """Each different playback rate of the audible clip."""
    start_skew_s: tuple[float, ...]
    """For each loop: how far apart in time the first frame that both showed was shown."""
    drift_s: tuple[float, ...]
    """The same for every other frame that both showed."""

    def __str__(self) -> str:
        start, drift = (1000 * np.abs(values) for values in (self.start_skew_s, self.drift_s))
        return (
            f"{self.loops} loops; rates heard: {', '.join(map(str, self.heard_rates))}; "
            f"start skew median {np.median(start):.0f}, p95 {np.percentile(start, 95):.0f} ms; "
            f"drift median {np.median(drift):.0f}, p95 {np.percentile(drift, 95):.0f} ms"
        )


def measure_playback(page: Page, loops: int) -> Figures:
    """Play the open ballot from the start and measure it over whole loops."""
    page.evaluate(RECORD)
    page.keyboard.press("Space")
    duration_s = page.evaluate("document.querySelector('#ballot video').duration")
    page.wait_for_timeout(1000 * loops * (duration_s + 0.3))
    while page.evaluate("frames_.A.filter(([, m], i, all) => i && m < all[i - 1][1] - 0.2).length") < loops:
        page.wait_for_timeout(200)
    recorded = page.evaluate("frames_")
    page.keyboard.press("Space")
    shown = {side: _by_loop(recorded[side]) for side in "AB"}
    start, drift = [], []
    for a, b in zip(shown["A"], shown["B"], strict=False):
        skews = [a[frame] - b[frame] for frame in sorted(a.keys() & b.keys())]
        start += skews[:1]
        drift += skews[1:]
    return Figures(len(start), tuple(sorted(set(recorded["heard"]))), tuple(start), tuple(drift))


def _by_loop(frames: Sequence[tuple[float, float]]) -> list[dict[float, float]]:
    """Split at jumps back; each loop maps a frame's time in the clip to when it was shown, in seconds."""
    loops: list[dict[float, float]] = [{}]
    previous = 0.0
    for shown_ms, media_s in frames:
        if media_s < previous - 0.2:
            loops.append({})
        loops[-1].setdefault(round(media_s, 3), shown_ms / 1000)
        previous = media_s
    return loops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--loops", type=int, default=10)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(options.url)
        page.wait_for_selector("[data-start]:not([hidden])")
        print(measure_playback(page, options.loops))  # noqa: T201 - a measuring command
        browser.close()


if __name__ == "__main__":
    main()
