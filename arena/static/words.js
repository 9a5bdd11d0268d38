// Texts of the voting page, for the eye and for screen readers.

const touch = matchMedia("(hover: none) and (pointer: coarse)");

export const byTouch = () => touch.matches;

// Return why the answers are still closed and what opens them; "" once they are open.
export function reason(pair) {
  const left = { A: pair.left("A"), B: pair.left("B") };
  const total = left.A.watch + left.B.watch + left.A.hear + left.B.hear;
  if (!Number.isFinite(total)) return "Loading the clips…";
  if (total === 0) return "";
  if (pair.fresh) return byTouch() ? "Tap Play to start." : "Press Space or Play to start.";
  if (pair.hiddenSide && left[pair.hiddenSide].watch > 0) {
    return `${pair.hiddenSide} lies under the other clip. ${byTouch() ? "Tap Flip" : "Press F"} to see it.`;
  }
  if (!(pair.inView.A && pair.inView.B)) return "Scroll until both clips are in view.";
  return pair.withSound ? listening(pair, left) : `Watch both to the end: ${seconds(Math.max(left.A.watch, left.B.watch))}.`;
}

function listening(pair, left) {
  const now = pair.audible;
  const then = now === "A" ? "B" : "A";
  if (left[now].hear > 0) return `Listen to ${now}: ${seconds(left[now].hear)}${left[then].hear > 0 ? `, then ${then}` : ""}.`;
  if (left[then].hear > 0) return `${then} comes next, ${seconds(left[then].hear)}. ${byTouch() ? `Tap ${then}` : "Press X"} to hear it now.`;
  return `Watch both to the end: ${seconds(Math.max(left.A.watch, left.B.watch))}.`;
}

const seconds = (value) => `${Math.ceil(value)} s left`;

// Tell a screen reader what happened; the page shows the same at its place.
export function announce(text) {
  write(document.querySelector("[data-announce]"), text);
}

export function write(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}
