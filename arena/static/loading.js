// Loading of a pair's clips: a line meanwhile, a second try after a failure, then the cause and a button.

import { fill } from "./texts.js";

const AGAIN_MS = 2000;
const SLOW_MS = 10_000;

// Watch one clip. `fail` tells that it can't be played, `revive` that it is tried again by hand.
export function watchLoading(figure, video, { notify, fail, revive, isReady }) {
  let failures = 0;
  const { side } = figure.dataset;
  const button = figure.querySelector("[data-again]");
  const failed = async () => {
    failures += 1;
    const cause = await findCause(video.currentSrc || video.src);
    if (failures === 1 && !cause) {
      notify(fill(gettext("Clip %(side)s didn’t load. Trying once more; the pair is not lost."), { side }));
      return setTimeout(() => video.load(), AGAIN_MS);
    }
    figure.classList.replace("loading", "failed");
    button.hidden = false;
    fail();
    notify(cause || fill(gettext("Clip %(side)s can’t be loaded. Load it again, or skip the pair."), { side }));
  };
  const beginWaiting = () => {
    figure.classList.remove("failed");
    figure.classList.add("loading");
    setTimeout(() => {
      if (isReady() || !figure.isConnected || !button.hidden) return;
      button.hidden = false;
      notify(fill(gettext("Clip %(side)s is slow to load. Wait, load it again, or skip the pair."), { side }));
    }, SLOW_MS);
  };
  button.addEventListener("click", () => {
    button.hidden = true;
    failures = 0;
    revive();
    notify("");
    beginWaiting();
    video.load();
  });
  if (video.readyState < 3) beginWaiting();
  video.addEventListener("error", failed);
  video.addEventListener("canplay", () => {
    figure.classList.remove("loading");
    if (failures || !button.hidden) notify("");
    button.hidden = true;
  });
  if (video.error) failed(); // it failed before this script ran
}

// Return the server's reason, or "" if a second try may load the clip.
async function findCause(url) {
  const headers = { Accept: "application/problem+json", Range: "bytes=0-0" };
  const response = await fetch(url, { headers }).catch(() => null); // no connection, so a second try may help
  if (!response?.headers.get("Content-Type")?.startsWith("application/problem+json")) return "";
  const { title, detail } = await response.json();
  return `${title}. ${detail}`;
}
