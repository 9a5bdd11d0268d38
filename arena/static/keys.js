// Keys of a ballot. They work wherever the mouse was used last.

const ANSWERS = { ArrowLeft: "a", ArrowDown: "tie", ArrowUp: "both_bad", ArrowRight: "b", s: "skip", S: "skip" };

// Bind keys to actions. A key of an answer presses its button, so a closed answer stays closed.
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

// Return whether the focused element uses the key itself.
function takes(target, key) {
  if (key === "Enter") return Boolean(target.closest("button, a, summary"));
  if (key === " ") return Boolean(target.closest("button, summary")); // a link is opened by Enter alone
  if (!key.startsWith("Arrow")) return false;
  const text = target.closest("[data-prompt]");
  const scrolls = text && text.scrollHeight > text.clientHeight && (key === "ArrowUp" || key === "ArrowDown");
  return scrolls || Boolean(target.closest("input[type=range], input[type=radio]"));
}

// Take the focus from a control clicked with the mouse, so that keys reach the page again.
function letGo(event) {
  if (event.detail > 0) event.target.closest("button, input, summary")?.blur();
}
