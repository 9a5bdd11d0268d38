// Texts of the voting page, for the eye and for screen readers.

import { loadedShare } from "./readiness.js";
import { fill } from "./texts.js";

const touch = matchMedia("(hover: none) and (pointer: coarse)");

export const byTouch = () => touch.matches;

// Return why the answers are still closed and what opens them; "" once they are open.
export function reason(pair) {
  const left = { A: pair.left("A"), B: pair.left("B") };
  const total = left.A.watch + left.B.watch + left.A.hear + left.B.hear;
  if (!pair.startable) return loading(pair);
  if (total === 0) return "";
  if (pair.fresh) return byTouch() ? gettext("Tap Play to start.") : gettext("Press Space or Play to start.");
  const under = pair.hiddenSide;
  if (under && left[under].watch > 0) return lyingUnder(under);
  if (pair.rate !== 1) return gettext("Slow motion does not count as watching. Turn Slow off to go on.");
  if (!(pair.inView.A && pair.inView.B)) return gettext("Scroll until both clips are in view.");
  return (pair.withSound && listening(pair, left)) || watching(left);
}

// Say which clips are still loading, and how far they are.
function loading(pair) {
  const waiting = ["A", "B"].filter((side) => !pair.isReady[side]);
  const share = Math.min(...waiting.map((side) => loadedShare(pair.videos[side])));
  const percent = share > 0 && share < 1 ? `${Math.round(100 * share)} %` : "";
  const text = waiting.length === 2 ? gettext("Loading both clips…") : fill(gettext("Loading clip %(side)s…"), { side: waiting[0] });
  return `${text} ${percent}`.trim();
}

function lyingUnder(side) {
  const touched = gettext("%(side)s lies under the other clip. Tap Flip to see it.");
  return fill(byTouch() ? touched : gettext("%(side)s lies under the other clip. Press F to see it."), { side });
}

function watching(left) {
  return fill(gettext("Watch both to the end: %(seconds)s s left."), { seconds: Math.ceil(Math.max(left.A.watch, left.B.watch)) });
}

// Return what is still to be heard; "" if nothing is.
function listening(pair, left) {
  const now = pair.audible;
  const then = now === "A" ? "B" : "A";
  const values = { now, then, seconds: Math.ceil(left[now].hear || left[then].hear) };
  if (left[now].hear > 0) {
    const alone = gettext("Listen to %(now)s: %(seconds)s s left.");
    return fill(left[then].hear > 0 ? gettext("Listen to %(now)s: %(seconds)s s left, then %(then)s.") : alone, values);
  }
  if (left[then].hear === 0) return "";
  const touched = gettext("%(then)s comes next, %(seconds)s s left. Tap %(then)s to hear it now.");
  return fill(byTouch() ? touched : gettext("%(then)s comes next, %(seconds)s s left. Press X to hear it now."), values);
}

// Tell a screen reader what happened; the page shows the same at its place.
export function announce(text) {
  write(document.querySelector("[data-announce]"), text);
}

export function write(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}
