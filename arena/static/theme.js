// Theme: light, dark, or as the system is set. Loaded before the page is drawn, so that it never flashes.
const CHOICES = ["auto", "light", "dark"];
const root = document.documentElement;
let choice = remembered();

// A browser that blocks cookies throws on any use of storage; the choice then lasts for this page only.
function remembered() {
  try {
    return CHOICES.find((known) => known === localStorage.getItem("theme")) || "auto";
  } catch {
    return "auto";
  }
}

function remember() {
  try {
    localStorage.setItem("theme", choice);
  } catch {
    // the choice lasts for this page only
  }
}

function nameOf(theme) {
  if (theme === "light") return gettext("Theme: light");
  return theme === "dark" ? gettext("Theme: dark") : gettext("Theme: auto");
}

function apply() {
  if (choice === "auto") delete root.dataset.theme;
  else root.dataset.theme = choice;
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.hidden = false;
    button.textContent = nameOf(choice);
  }
}

apply();

addEventListener("DOMContentLoaded", () => {
  apply();
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      remember();
      apply();
    });
  }
});
