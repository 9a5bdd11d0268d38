// Buttons that open and close the page's dialogs.

import { checkSound } from "./sound.js";

const SHOWN = { sound: playTones };

export function wireDialogs() {
  for (const button of document.querySelectorAll("[data-opens]")) {
    button.hidden = false;
    button.addEventListener("click", () => openDialog(button.dataset.opens));
  }
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  document.querySelector("[data-tones]")?.addEventListener("click", playTones);
}

export function openDialog(name) {
  const dialog = document.getElementById(`${name}-dialog`);
  if (dialog.open) return;
  dialog.showModal();
  SHOWN[name]?.();
}

// Light each ear's box while its tone sounds.
function playTones() {
  for (const [ear, from_s, until_s] of checkSound()) {
    const box = document.querySelector(`[data-ear=${ear}]`);
    setTimeout(() => box.classList.add("sounding"), from_s * 1000);
    setTimeout(() => box.classList.remove("sounding"), until_s * 1000);
  }
}
