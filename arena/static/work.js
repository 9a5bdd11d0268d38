// The proof of work: a worker solves it, so that the page stays alive, and the form sends the solution.

import { fill } from "./texts.js";
import { write } from "./words.js";

const form = document.querySelector("#work form");
const find = (selector) => form.querySelector(selector);
const running = find("[data-running]");
const again = find("[data-begin]");

function begin() {
  const { challenge, bits, solver } = form.dataset;
  again.hidden = true;
  running.hidden = false;
  write(find("[data-told]"), "");
  const worker = new Worker(solver);
  worker.addEventListener("error", fail);
  worker.addEventListener("message", ({ data }) => {
    draw(data.tries, 2 ** Number(bits));
    if (data.nonce !== undefined) finish(data.nonce);
  });
  worker.postMessage({ challenge, bits: Number(bits) });
}

// Draw the chance that so many tries had to succeed: the bar slows down, and never stands at its end too early.
function draw(tries, expected) {
  find("progress").value = 1 - Math.exp(-tries / expected);
  const [done, usual] = [tries, expected].map((count) => count.toLocaleString(document.documentElement.lang));
  write(find("[data-tries]"), fill(gettext("%(done)s tries so far; about %(usual)s are usual."), { done, usual }));
}

function finish(nonce) {
  find("progress").value = 1;
  write(find("[data-told]"), gettext("Solved. Your first pair comes next."));
  form.elements.nonce.value = nonce;
  form.submit();
}

function fail() {
  running.hidden = true;
  again.hidden = false;
  write(find("[data-told]"), gettext("The puzzle did not load. Check the connection, then try again."));
}

again.addEventListener("click", begin);
document.querySelector("[data-without-scripts]").remove(); // in browsers that can't ask for scripts in CSS
// After a refused solution the rater decides, or else the page would send it again and again.
if (document.querySelector("#work .problem[role=alert]")) again.hidden = false;
else begin();
