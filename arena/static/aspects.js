// Optional questions about aspects: they open with the answer; Enter, or the same answer again, sends it.

import { announce } from "./words.js";

const NEVER = "no-aspects";

// Wire the questions; return a function that says whether an answer waits for them.
export function wireAspects(main, untilOver) {
  const panel = main.querySelector("[data-aspects]");
  if (!panel) return () => false;
  const send = panel.querySelector("[data-send]");
  const never = panel.querySelector("[data-never]");
  panel.querySelector("[data-sending]").hidden = false;
  never.addEventListener("change", () => {
    if (never.checked) sessionStorage.setItem(NEVER, "yes");
    else sessionStorage.removeItem(NEVER);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !("open" in panel.dataset) || event.target.closest("button, a, summary, dialog")) return;
    event.preventDefault(); // in a field, Enter would press the form's first button, which skips
    send.click();
  }, untilOver);
  return (button) => {
    const answers = [...main.querySelectorAll(".choices button")];
    if (!answers.includes(button) || button.value === send.value || sessionStorage.getItem(NEVER)) return false;
    for (const each of answers) each.setAttribute("aria-pressed", each === button);
    send.value = button.value;
    panel.dataset.open = "";
    send.focus({ preventScroll: true });
    announce(`${button.querySelector("span").textContent}. ${gettext("Optional questions follow; Enter sends your answer.")}`);
    return true;
  };
}
