// A long prompt opens over the page, so that the clips keep their place and size.

export function openable(main, untilOver) {
  const text = main.querySelector("[data-prompt]");
  const button = main.querySelector("[data-more]");
  const area = text.closest(".words");
  const set = (open) => {
    area.classList.toggle("open", open);
    button.setAttribute("aria-expanded", open);
    button.textContent = open ? gettext("Close") : gettext("Read all");
  };
  const toggle = () => set(!area.classList.contains("open"));
  const measure = () => {
    if (!area.classList.contains("open")) button.hidden = text.scrollHeight <= text.clientHeight + 1;
  };
  button.addEventListener("click", toggle);
  text.addEventListener("click", () => button.hidden || toggle());
  new ResizeObserver(measure).observe(text);
  document.addEventListener("keydown", (event) => event.key === "Escape" && set(false), untilOver);
  document.addEventListener("pointerdown", (event) => area.contains(event.target) || set(false), untilOver);
  return toggle;
}
