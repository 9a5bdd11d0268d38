// From an answer to the names: send the answer, and show the server's page in place.

import { release, take, parse } from "./pages.js";
import { waitForNext } from "./next.js";
import { wireReasons } from "./reasons.js";
import { announce, write } from "./words.js";

// Post the form as a browser without scripts would; return the status, address and page that it would show.
export async function send(form, outcome) {
  const body = new FormData(form);
  body.set("outcome", outcome);
  const response = await fetch(form.action, { method: "POST", body });
  return { status: response.status, url: response.url, page: parse(await response.text()) };
}

// Show the server's page: the names, or the answer of a training pair, in place, or another page in full, such as the reason for a refusal.
export function show(main, page, mount) {
  const reveal = page.querySelector("#reveal, #feedback");
  if (reveal) turnOver(main, reveal, mount);
  else enter(main, take(page), mount);
}

// Replace captions and answers by the reveal; the clips stay and can be played again.
function turnOver(main, reveal, mount) {
  const stage = main.querySelector(".stage");
  keepHeight(stage);
  main.classList.add("revealed");
  for (const figure of reveal.querySelectorAll(".clip")) {
    const caption = main.querySelector(`[data-side=${figure.dataset.side}] figcaption`);
    caption.replaceWith(figure.querySelector("figcaption"));
  }
  const after = reveal.querySelector(".after");
  main.querySelector(".answers").replaceWith(after);
  wireReasons(after);
  const names = [...after.querySelectorAll("[data-told]")].map((told) => told.dataset.told);
  announce(`${gettext("Your vote is recorded.")} ${names.join(" ")}`);
  waitForNext(main, after, (next) => enter(main, next, mount));
}

// Keep the clips' size, since the reveal may need more room than the answers: then the page grows. A turned phone lays out anew.
function keepHeight(stage) {
  const width = innerWidth;
  stage.style.height = `${stage.getBoundingClientRect().height}px`;
  const release = () => {
    if (innerWidth === width && stage.isConnected) return;
    stage.style.height = "";
    removeEventListener("resize", release);
  };
  addEventListener("resize", release);
}

function enter(main, next, mount) {
  if (!main.isConnected) return;
  main.dispatchEvent(new Event("over"));
  main.replaceWith(next);
  release(main);
  next.hidden = false;
  next.tabIndex = -1;
  (next.querySelector("[data-next]") ?? next).focus({ preventScroll: true });
  announce(next.id === "voided" ? next.querySelector(".lead").textContent : "");
  write(document.querySelector("[data-progress]"), next.dataset.count || "");
  if (next.id === "ballot") mount(next).play();
}
