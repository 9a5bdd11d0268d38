// The voting page. Without this script the page is a plain form with two native players.

import { wireAspects } from "./aspects.js";
import { draw, wireControls } from "./controls.js";
import { openDialog, wireDialogs } from "./dialogs.js";
import { bindKeys } from "./keys.js";
import { watchLoading } from "./loading.js";
import { isOurs, isStep } from "./pages.js";
import { Health } from "./health.js";
import { Pair } from "./pair.js";
import { openable } from "./prompt.js";
import { report } from "./report.js";
import { showLevel } from "./sound.js";
import { fill } from "./texts.js";
import { send, show } from "./turning.js";
import { announce } from "./words.js";

// Wire one ballot; `main` is the server's markup, of the first page or of one fetched later.
function mount(main) {
  const find = (selector) => main.querySelector(selector);
  const videos = { A: find('[data-side="A"] video'), B: find('[data-side="B"] video') };
  const { sound, first, fps, oneRate, longestStall, longestWrongRate } = main.dataset;
  const health = new Health({ longestStall: Number(longestStall), longestWrongRate: Number(longestWrongRate) });
  const pair = new Pair(videos, { withSound: sound === "yes", first, fps: Number(fps), oneRate: oneRate === "yes", health });
  const over = new AbortController(); // removes this ballot's listeners from the document
  const untilOver = { signal: over.signal };
  const state = { since: performance.now(), busy: false, notice: "", broken: false, ready: false };

  const redraw = () => {
    const ready = draw(main, pair, state.notice, state.broken);
    if (ready && !state.ready) announce(gettext("You can answer now."));
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

  layOut(find(".stage"), videos);
  const acts = wireControls(main, pair, () => state.broken || play());
  const asksFirst = wireAspects(main, untilOver);
  const readAll = openable(main, untilOver);
  const keys = { " ": acts.play, r: acts.replay, f: acts.flip, x: acts.sound, p: readAll, "?": () => openDialog("keys") };
  bindKeys(main, keys, untilOver);
  const revive = () => {
    state.broken = false;
  };
  for (const side of ["A", "B"]) {
    watchLoading(find(`[data-side=${side}]`), videos[side], { notify, fail, revive, isReady: () => pair.isReady[side] });
  }
  watchView(main, pair);
  pair.addEventListener("change", redraw);
  pair.addEventListener("stall", () => announce(gettext("A clip is loading; both wait for it.")));
  document.addEventListener("visibilitychange", () => {
    health.hide(document.hidden, pair.wanted);
    if (document.hidden) pair.pause();
    else if (health.spoiled) answerVoid();
  }, untilOver);
  document.addEventListener("click", (event) => event.target.closest("[data-opens]") && pair.pause(), untilOver);
  main.addEventListener("over", () => over.abort(), { once: true });
  redraw();

  const answerBy = async (outcome) => {
    const form = find("form.answers");
    if (state.busy || !form) return;
    state.busy = true;
    form.elements.playback.value = JSON.stringify(report(pair, state.since));
    const answer = await send(form, outcome).catch(() => null); // no connection
    state.busy = false;
    if (!answer) return notify(gettext("The connection failed. Answer again: it counts once, however often it is sent."));
    if (isStep(answer.page)) return location.assign(answer.url);
    if (!isOurs(answer.page)) return notify(fill(gettext("The server is busy or away (%(status)s). Answer again in a moment: it counts once."), answer));
    pair.pause();
    show(main, answer.page, mount);
  };
  // The server decides from the report; a hidden page waits until its rater is back to read why.
  const answerVoid = () => {
    if (!find("form.answers")) return; // after the vote
    pair.pause();
    if (!document.hidden) answerBy("void");
  };
  pair.addEventListener("spoiled", answerVoid);
  find("form.answers").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!asksFirst(event.submitter)) answerBy(event.submitter.value);
  });

  return { play };
}

// Tell the layout the shapes of the clips.
function layOut(stage, videos) {
  stage.style.setProperty("--ratio", videos.A.width / videos.A.height);
  for (const [side, video] of Object.entries(videos)) {
    const shape = video.width / video.height;
    stage.style.setProperty(`--ratio-${side.toLowerCase()}`, shape);
    video.style.setProperty("--own", shape);
  }
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

wireDialogs();
const first = document.querySelector("#ballot");
if (first) mount(first);
