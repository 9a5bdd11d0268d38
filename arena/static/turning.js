// From an answer to the next pair: sends it, turns the boxes over in place, brings what comes next.

const PAUSE_MS = 6000; // before the next pair comes by itself

const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const load = async (url) => parse(await (await fetch(url)).text());

// Posts the form as a browser without scripts would; the answer is the page that such a browser would show.
export async function send(form, outcome) {
  const body = new FormData(form);
  body.set("outcome", outcome);
  const response = await fetch(form.action, { method: "POST", body });
  return parse(await response.text());
}

// Goes on from the server's page: names in place, or the next ballot, or words that say why not.
export function show(main, page, mount) {
  const reveal = page.querySelector("#reveal");
  if (reveal) turnOver(main, reveal, mount);
  else enter(main, take(page), mount);
}

function turnOver(main, reveal, mount) {
  main.classList.add("revealed");
  main.classList.remove("flipped");
  for (const verdict of reveal.querySelectorAll(".verdict")) {
    main.querySelector(`[data-side=${verdict.dataset.side}] .frame`).append(verdict);
  }
  const after = reveal.querySelector(".after");
  main.querySelector(".answers").replaceWith(after);
  for (const control of main.querySelectorAll("[data-transport] :is(button, input)")) control.disabled = true;
  waitForNext(main, after, mount);
}

// The next pair loads, hidden, while the rater reads the names.
function waitForNext(main, after, mount) {
  const next = after.querySelector("[data-next]");
  const stay = after.querySelector("[data-stay]");
  const coming = load(next.href).then((page) => {
    const loaded = take(page);
    loaded.hidden = true;
    document.body.append(loaded);
    return loaded;
  });
  const go = () => coming.then((loaded) => enter(main, loaded, mount)).catch(() => location.assign(next.href));
  const timer = setTimeout(go, PAUSE_MS);
  const hold = () => {
    clearTimeout(timer);
    stay.hidden = true;
    next.focus();
  };
  stay.hidden = false;
  stay.addEventListener("click", hold);
  next.addEventListener("click", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    go();
  });
  next.focus();
}

function take(page) {
  const count = page.querySelector("[data-count]");
  if (count) document.querySelector("[data-count]").textContent = count.textContent;
  return document.adoptNode(page.querySelector("main"));
}

function enter(main, next, mount) {
  if (!main.isConnected) return;
  main.replaceWith(next);
  release(main);
  next.hidden = false;
  if (next.id === "ballot") mount(next).play();
}

// A video that is gone from the page may keep its connection, and a browser has few for one host.
function release(main) {
  for (const video of main.querySelectorAll("video")) {
    video.removeAttribute("src");
    video.load();
  }
}
