// Controls of a pair: their actions, and how they show the pair's state.

import { fill } from "./texts.js";
import { reason, write } from "./words.js";

const other = (side) => (side === "A" ? "B" : "A");

// Wire the controls; return the actions that keys share. `play` starts the pair.
export function wireControls(main, pair, play) {
  const find = (selector) => main.querySelector(selector);
  const listen = (side) => pair.withSound && pair.listenTo(side, true);
  const acts = {
    play: () => (pair.wanted ? pair.pause() : play()),
    start: play,
    replay: () => {
      pair.measures.seeks += 1;
      pair.seek(0);
      play();
    },
    half: () => pair.setRate(press(find("[data-half]")) ? 0.5 : 1),
    flip: () => flip(main, pair),
    loop: () => {
      pair.looping = press(find("[data-loop]"));
    },
  };
  for (const [name, act] of Object.entries(acts)) find(`[data-${name}]`).addEventListener("click", act);
  for (const video of pair.both) video.addEventListener("click", acts.play);
  for (const button of main.querySelectorAll("[data-listen]")) {
    button.addEventListener("click", () => listen(button.dataset.listen));
  }
  find("[data-scrub]").addEventListener("input", (event) => pair.seek(event.target.value * pair.duration));
  find("[data-scrub]").addEventListener("change", () => {
    pair.measures.seeks += 1; // once for each drag
  });
  find("[data-transport]").hidden = false;
  return { ...acts, sound: () => listen(other(pair.audible)) };
}

// Draw the pair's state; a `notice` replaces the line that says what the answers wait for.
export function draw(main, pair, notice, broken) {
  const find = (selector) => main.querySelector(selector);
  const { duration, position } = pair;
  main.classList.toggle("playing", pair.wanted);
  find("[data-start]").hidden = !pair.fresh || broken || !pair.startable;
  find("[data-play]").disabled = broken;
  write(find("[data-play-word]"), pair.wanted ? gettext("Pause") : gettext("Play"));
  write(find("[data-time]"), fill(gettext("%(position)s / %(duration)s s"), { position: position.toFixed(1), duration: duration.toFixed(1) }));
  drawScrub(find("[data-scrub]"), position, duration);
  for (const side of ["A", "B"]) {
    const heard = pair.withSound && side === pair.audible;
    find(`[data-side=${side}]`).classList.toggle("audible", heard);
    find(`[data-listen=${side}]`)?.setAttribute("aria-pressed", heard);
  }
  return drawAnswers(find(".answers"), pair, notice);
}

function drawScrub(scrub, position, duration) {
  scrub.value = duration ? position / duration : 0;
  const text = fill(gettext("%(position)s of %(duration)s seconds"), { position: position.toFixed(0), duration: duration.toFixed(0) });
  if (scrub.getAttribute("aria-valuetext") !== text) scrub.setAttribute("aria-valuetext", text);
}

// Draw the answers; return whether they are open.
function drawAnswers(answers, pair, notice) {
  if (!answers) return false; // after the vote
  const why = reason(pair);
  answers.classList.toggle("open", why === "");
  answers.style.setProperty("--done", pair.done);
  for (const button of answers.querySelectorAll(".choices button")) button.disabled = why !== "";
  write(answers.querySelector("[data-why]"), notice || why || gettext("Which one? Your answer is final."));
  return why === "";
}

function press(button) {
  const pressed = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", pressed);
  return pressed;
}

// Lay A over B; the next flip lays B over A, and the third shows them side by side again.
function flip(main, pair) {
  const next = { null: "B", B: "A", A: null }[pair.hiddenSide];
  pair.hide(next);
  main.classList.toggle("flipped", next !== null);
  for (const figure of main.querySelectorAll(".clip")) figure.classList.toggle("under", figure.dataset.side === next);
  main.querySelector("[data-flip]").setAttribute("aria-pressed", next !== null);
}
