// The voting page. Without this file the page is a plain form with two native players; everything here adds to it.

import { Pair } from "./pair.js";
import { checkSound, showLevel } from "./sound.js";
import { send, show } from "./turning.js";

const ANSWER_KEYS = { ArrowLeft: "a", ArrowDown: "tie", ArrowUp: "both_bad", ArrowRight: "b", s: "skip", S: "skip" };

// Wires one ballot; `main` is the server's own markup, on the first page as on those fetched later.
function mount(main) {
  const find = (selector) => main.querySelector(selector);
  const videos = { A: find('[data-side="A"] video'), B: find('[data-side="B"] video') };
  const withSound = main.dataset.sound === "yes";
  const pair = new Pair(videos, withSound);
  const form = find("form.answers");
  const answers = [...form.querySelectorAll(".choices button")];
  const since = performance.now();
  const over = new AbortController(); // takes this ballot's keys away
  const untilOver = { signal: over.signal };
  let hidden = 0;
  let busy = false;
  let notice = "";

  const started = () => {
    const meter = find("[data-level]");
    if (meter && !meter.dataset.running) {
      meter.dataset.running = "yes";
      showLevel(pair, meter);
    }
  };
  const play = () => pair.play().then(started, () => pair.pause()); // some browsers want a press for each clip
  const acts = {
    play: () => (pair.wanted ? pair.pause() : play()),
    replay: () => {
      pair.seek(0);
      play();
    },
    half: () => pair.setRate(press(find("[data-half]")) ? 0.5 : 1),
    flip: () => flip(main, pair, find("[data-flip]")),
    loop: () => {
      pair.looping = press(find("[data-loop]"));
    },
  };
  const switchSound = () => withSound && pair.listenTo(pair.audible === "A" ? "B" : "A", true);
  const redraw = () => draw(find, pair, answers, notice);
  const notify = (text) => {
    notice = text;
    redraw();
  };

  find(".clips").style.setProperty("--ratio", videos.A.width / videos.A.height);
  for (const [name, act] of Object.entries(acts)) find(`[data-${name}]`).addEventListener("click", act);
  find("[data-transport]").hidden = false;
  find("[data-scrub]").addEventListener("input", (event) => pair.seek(event.target.value * pair.duration));
  find("[data-switch]")?.addEventListener("change", (event) => pair.listenTo(event.target.value, true));
  for (const side of ["A", "B"]) watchLoading(find(`[data-side=${side}]`), videos[side], notify);
  pair.addEventListener("change", redraw);
  pair.addEventListener("stall", () => say(find, "A clip is loading; both wait for it."));
  const look = () => {
    if (!document.hidden) return;
    hidden += 1;
    pair.pause();
  };
  document.addEventListener("visibilitychange", look, untilOver);
  bindKeys(form, { ...acts, sound: switchSound }, untilOver);
  redraw();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const outcome = event.submitter.value;
    form.elements.playback.value = JSON.stringify(measure(pair, since, hidden));
    const page = await send(form, outcome).catch(() => null);
    busy = false;
    if (!page) return notify("The connection failed. Answer again: it counts once, however often it is sent.");
    pair.pause();
    over.abort();
    show(main, page, mount);
  });

  return { play };
}

function bindKeys(form, acts, untilOver) {
  const actOf = { " ": acts.play, r: acts.replay, f: acts.flip, x: acts.sound };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (key === " " && target.closest("button, a")) return; // presses what has the focus
    if (key.startsWith("Arrow") && target.closest("input[type=range], input[type=radio]")) return;
    const answer = form.querySelector(`button[value="${ANSWER_KEYS[key]}"]`);
    const act = actOf[key.toLowerCase()];
    if (!answer && !act) return;
    event.preventDefault();
    if (act) act();
    else if (!answer.disabled) form.requestSubmit(answer);
  }, untilOver);
}

function draw(find, pair, answers, notice) {
  const duration = pair.duration;
  find("[data-play]").textContent = pair.wanted ? "Pause" : "Play";
  find("[data-scrub]").value = duration ? pair.position / duration : 0;
  find("[data-time]").textContent = `${pair.position.toFixed(1)} / ${duration.toFixed(1)} s`;
  const audible = find(`[name=audible][value=${pair.audible}]`);
  if (audible) audible.checked = true;
  for (const side of ["A", "B"]) {
    find(`[data-side=${side}]`).classList.toggle("audible", pair.withSound && side === pair.audible);
  }
  const left = { A: pair.left("A"), B: pair.left("B") };
  const ready = left.A + left.B === 0;
  for (const button of answers) button.disabled = !ready;
  say(find, notice || (ready ? "" : reason(pair, left)));
}

function reason(pair, left) {
  if (!Number.isFinite(left.A + left.B)) return "Loading the clips…";
  const seconds = (value) => `${Math.ceil(value)} s left`;
  if (!pair.measures.plays) return "Press Space or Play to start.";
  if (!pair.withSound) return `Watch both to the end: ${seconds(Math.max(left.A, left.B))}.`;
  const sides = ["A", "B"].filter((side) => left[side] > 0).map((side) => `${side}, ${seconds(left[side])}`);
  return `Listen to both to the end: ${sides.join("; ")}.`;
}

function say(find, text) {
  const place = find("[data-why]");
  if (place && place.textContent !== text) place.textContent = text;
}

function press(button) {
  const pressed = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", pressed);
  return pressed;
}

// Lays one clip over the other; each further flip shows the other one, the third lays them side by side again.
function flip(main, pair, button) {
  const next = { null: "B", B: "A", A: null }[pair.hiddenSide];
  pair.hiddenSide = next;
  main.classList.toggle("flipped", next !== null);
  for (const figure of main.querySelectorAll(".clip")) figure.classList.toggle("under", figure.dataset.side === next);
  button.setAttribute("aria-pressed", next !== null);
}

function watchLoading(figure, video, notify) {
  let failures = 0;
  const clip = `Clip ${figure.dataset.side}`;
  const fail = () => {
    failures += 1;
    if (failures > 1) return notify(`${clip} can’t be loaded. Reload the page; no answer is lost.`);
    notify(`${clip} didn’t load. Trying once more; the pair is not lost.`);
    setTimeout(() => video.load(), 2000);
  };
  figure.classList.toggle("loading", video.readyState < 3);
  video.addEventListener("error", fail);
  video.addEventListener("canplay", () => {
    figure.classList.remove("loading");
    if (failures) notify("");
  });
  if (video.error) fail(); // before this script came
}

function measure(pair, since, hidden) {
  const seconds = (steps) => steps.size / 10;
  return {
    watched_a_s: seconds(pair.watched.A),
    watched_b_s: seconds(pair.watched.B),
    heard_a_s: seconds(pair.heard.A),
    heard_b_s: seconds(pair.heard.B),
    decided_after_s: (performance.now() - since) / 1000,
    plays: pair.measures.plays,
    stalls: pair.measures.stalls,
    hidden_times: hidden,
    viewport_width: innerWidth,
    viewport_height: innerHeight,
    pixel_ratio: devicePixelRatio,
  };
}

const button = document.querySelector("[data-sound-check]");
if (button) {
  button.hidden = false;
  button.addEventListener("click", checkSound);
}
const first = document.querySelector("#ballot");
if (first) mount(first);
