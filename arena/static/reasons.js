// Reasons after a vote: stored without leaving the page.

import { write } from "./words.js";

export function wireReasons(after) {
  const form = after.querySelector("[data-reasons]");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    const stored = gettext("Thank you. Your reasons are stored.");
    write(form.querySelector("[data-stored]"), response?.ok ? stored : gettext("The reasons were not stored. Check the connection, then try again."));
  });
}
