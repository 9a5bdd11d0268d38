// The keyboard of a ballot. It works wherever the mouse was used last.

const ANSWERS = { ArrowLeft: "a", ArrowDown: "tie", ArrowUp: "both_bad", ArrowRight: "b", s: "skip", S: "skip" };

// `acts` maps keys to what they do. Answers are pressed on their buttons, so closed ones stay closed.
export function bindKeys(main, acts, untilOver) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]") || takes(event.target, event.key)) return;
    const answer = main.querySelector(`.answers button[value="${ANSWERS[event.key]}"]`);
    const next = event.key === "Enter" && main.querySelector("[data-next]");
    const act = acts[event.key.toLowerCase()] || (next && (() => next.click()));
    if (!answer && !act) return;
    event.preventDefault();
    if (act) act();
    else if (!answer.disabled) answer.form.requestSubmit(answer);
  }, untilOver);
  document.addEventListener("click", letGo, untilOver);
}

// Whether a key belongs to the element that has the focus.
function takes(target, key) {
  if (key === "Enter") return Boolean(target.closest("button, a, summary"));
  if (key === " ") return Boolean(target.closest("button, summary")); // a link is opened by Enter alone
  if (!key.startsWith("Arrow")) return false;
  const text = target.closest("[data-prompt]");
  const scrolls = text && text.scrollHeight > text.clientHeight && (key === "ArrowUp" || key === "ArrowDown");
  return scrolls || Boolean(target.closest("input[type=range]"));
}

// What a mouse pressed gives the keys back; what the keyboard reached keeps them.
function letGo(event) {
  if (event.detail > 0) event.target.closest("button, input, summary")?.blur();
}
