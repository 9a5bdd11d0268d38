// Light, dark or the reader's own setting. Loaded before the page is drawn, so that it never flashes.
const CHOICES = ["auto", "light", "dark"];
const root = document.documentElement;

function apply(choice) {
  if (choice === "auto") delete root.dataset.theme;
  else root.dataset.theme = choice;
}

apply(localStorage.getItem("theme") || "auto");

addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("[data-theme-switch]");
  const show = () => {
    button.textContent = `Theme: ${localStorage.getItem("theme") || "auto"}`;
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    const now = CHOICES.indexOf(localStorage.getItem("theme") || "auto");
    const next = CHOICES[(now + 1) % CHOICES.length];
    localStorage.setItem("theme", next);
    apply(next);
    show();
  });
});
