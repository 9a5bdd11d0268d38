// The voting page. Without this script the page is a plain form with two native players.

import { draw, wireControls } from "./controls.js";
import { openDialog, wireDialogs } from "./dialogs.js";
import { bindKeys } from "./keys.js";
import { watchLoading } from "./loading.js";
import { isOurs } from "./pages.js";
import { Pair } from "./pair.js";
import { openable } from "./prompt.js";
import { showLevel } from "./sound.js";
import { send, show } from "./turning.js";
import { announce } from "./words.js";

// Wire one ballot; `main` is the server's markup, of the first page or of one fetched later.
function mount(main) {
  const find = (selector) => main.querySelector(selector);
  const videos = { A: find('[data-side="A"] video'), B: find('[data-side="B"] video') };
  const { sound, first, fps } = main.dataset;
  const pair = new Pair(videos, { withSound: sound === "yes", first, fps: Number(fps) });
  const over = new AbortController(); // removes this ballot's listeners from the document
  const untilOver = { signal: over.signal };
  const state = { since: performance.now(), hiddenTimes: 0, busy: false, notice: "", broken: false, ready: false };

  const redraw = () => {
    const ready = draw(main, pair, state.notice, state.broken);
    if (ready && !state.ready) announce("You can answer now.");
    state.ready = ready;
  };
  const notify = (text) => {
    state.notice = text;
    if (text) announce(text);
    redraw();
  };
  const play = () => pair.play().then(() => meter(main, pair), () => pair.pause()); // some browsers need a click for each clip
  const fail = () => {
    state.broken = true;
    pair.pause();
  };

  find(".stage").style.setProperty("--ratio", videos.A.width / videos.A.height);
  const acts = wireControls(main, pair, () => state.broken || play());
  const readAll = openable(main, untilOver);
  const keys = { " ": acts.play, r: acts.replay, f: acts.flip, x: acts.sound, p: readAll, "?": () => openDialog("keys") };
  bindKeys(main, keys, untilOver);
  for (const side of ["A", "B"]) watchLoading(find(`[data-side=${side}]`), videos[side], { notify, fail });
  watchView(main, pair);
  pair.addEventListener("change", redraw);
  pair.addEventListener("stall", () => announce("A clip is loading; both wait for it."));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return;
    state.hiddenTimes += 1;
    pair.pause();
  }, untilOver);
  document.addEventListener("click", (event) => event.target.closest("[data-opens]") && pair.pause(), untilOver);
  main.addEventListener("over", () => over.abort(), { once: true });
  redraw();

  find("form.answers").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (state.busy) return;
    state.busy = true;
    const form = event.target;
    form.elements.playback.value = JSON.stringify(measure(pair, state));
    const answer = await send(form, event.submitter.value).catch(() => null); // no connection
    state.busy = false;
    if (!answer) return notify("The connection failed. Answer again: it counts once, however often it is sent.");
    if (!isOurs(answer.page)) return notify(`The server is busy or away (${answer.status}). Answer again in a moment: it counts once.`);
    pair.pause();
    show(main, answer.page, mount);
  });

  return { play };
}

// Start the level meter with the first play, since browsers allow sound only after a gesture.
function meter(main, pair) {
  const place = main.querySelector("[data-level]");
  if (!place || place.dataset.running) return;
  place.dataset.running = "yes";
  showLevel(pair, place);
}

// Track which clips are in view: a clip that is scrolled out of view isn't watched.
function watchView(main, pair) {
  const view = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) pair.inView[target.dataset.side] = isIntersecting;
  }, { threshold: 0.5 });
  for (const figure of main.querySelectorAll(".clip")) view.observe(figure);
  main.addEventListener("over", () => view.disconnect(), { once: true });
}

function measure(pair, { since, hiddenTimes }) {
  return {
    ...pair.watching.measures(),
    decided_after_s: (performance.now() - since) / 1000,
    plays: pair.measures.plays,
    stalls: pair.measures.stalls,
    hidden_times: hiddenTimes,
    viewport_width: innerWidth,
    viewport_height: innerHeight,
    pixel_ratio: devicePixelRatio,
  };
}

wireDialogs();
const first = document.querySelector("#ballot");
if (first) mount(first);
