// The next pair: it loads while the names are shown, and opens by itself unless the rater stops it.

import { isOurs, isStep, parse, take } from "./pages.js";
import { fill } from "./texts.js";
import { announce, write } from "./words.js";

const COUNTDOWN_S = 8;
const STEP = "step";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function waitForNext(main, after, enter) {
  const link = after.querySelector("[data-next]");
  const trouble = after.querySelector("[data-trouble]");
  const pause = after.querySelector("[data-pause]");
  let coming = bring(link.href);
  const go = async () => {
    stop();
    const page = await (coming ||= bring(link.href));
    if (page === STEP) return location.assign(link.href);
    if (page) return enter(page);
    coming = null; // the next press tries again
    write(trouble, gettext("The next pair didn’t load. Check the connection, then try again."));
    announce(trouble.textContent);
  };
  const stop = countDown(main, pause, go);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    go();
  });
  link.focus({ preventScroll: true });
}

// Load the next page's content, hidden in this one; return STEP if a step comes before it, and null if the answer isn't a page of the arena.
async function bring(url) {
  const response = await fetch(url).catch(() => null);
  const page = response && parse(await response.text());
  if (page && isStep(page)) return STEP;
  if (!page || !isOurs(page)) return null;
  const next = take(page);
  next.hidden = true;
  document.body.append(next);
  return next;
}

// Count down on the button that stops it, if the page has one. A hidden tab waits, and any use of the page stops it, too.
function countDown(main, pause, go) {
  if (!pause || calm.matches || main.querySelector("[data-rest]")) return () => {};
  let left = COUNTDOWN_S;
  const draw = () => write(pause, fill(gettext("Pause (next in %(left)s s)"), { left }));
  const timer = setInterval(() => {
    if (document.hidden) return;
    left -= 1;
    if (left > 0) draw();
    else go();
  }, 1000);
  const over = new AbortController();
  const stop = () => {
    clearInterval(timer);
    over.abort();
    if (document.activeElement === pause) main.querySelector("[data-next]").focus();
    pause.hidden = true;
  };
  pause.hidden = false;
  draw();
  pause.addEventListener("click", stop);
  main.addEventListener("over", stop, { once: true });
  main.addEventListener("pointerdown", (event) => event.target.closest("[data-next]") || stop(), { signal: over.signal });
  document.addEventListener("keydown", (event) => ["Enter", "Tab", "Shift"].includes(event.key) || stop(), { signal: over.signal });
  return stop;
}
