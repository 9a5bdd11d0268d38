// Texts of scripts in the page's language: Django's catalogue, which base.html loads, defines `gettext` and the others.

// Fill the named places of a text, such as %(clip)s.
export const fill = (text, values) => interpolate(text, values, true);
