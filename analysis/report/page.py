"""A report as one HTML file: no script, nothing loaded, light and dark, for screens, phones and paper."""

from __future__ import annotations

from html import escape
from string import Template

from analysis.figures.style import Figure
from analysis.report.parts import Report, Section, Table

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c1d21; --soft: #5a5e68;
  --line: #c9ccd3; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #15161a; --ink: #e8e9ec; --soft: #a3a7b1; --line: #3d414b; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 46rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.5rem 0 .5rem; }
p { margin: .5rem 0; max-width: 65ch; overflow-wrap: anywhere; }
.summary { color: var(--soft); }
nav ul { columns: 2; list-style: none; margin: 1rem 0; padding: 0; }
a { color: inherit; text-underline-offset: .15em; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem .25rem 0; text-align: right; vertical-align: baseline; white-space: nowrap; }
th { min-width: 3.5rem; color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line);
  white-space: normal; vertical-align: bottom; }
td { border-bottom: 1px solid color-mix(in srgb, var(--line) 45%, transparent); }
.word { text-align: left; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; }
.note { color: var(--soft); font-size: .875rem; }
figure { margin: 1.25rem 0; max-width: 40rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .875rem; margin-top: .25rem; }
details { margin: 1rem 0; }
summary { cursor: pointer; }
@media print {
  :root { --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; }
  @page { margin: 18mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  .scroll { overflow: visible; }
  table { font-size: 7.5pt; }
  th, td { min-width: 0; padding-right: .35rem; }
  h2, figcaption { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  figure { max-width: 13cm; }
}
"""
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header>
<h1>$title</h1>
$summary
</header>
<nav aria-label="Sections"><ul>
$contents
</ul></nav>
<main>
$sections
</main>
</body>
</html>
""")


def to_html(report: Report) -> str:
    """Write a report as one self-contained HTML page."""
    contents = (f'<li><a href="#{each.anchor}">{escape(each.title)}</a></li>' for each in report.sections)
    return PAGE.substitute(
        title=escape(report.title),
        style=STYLE,
        summary="\n".join(f'<p class="summary">{escape(text)}</p>' for text in report.summary),
        contents="\n".join(contents),
        sections="\n".join(map(_section, report.sections)),
    )


def _section(section: Section) -> str:
    parts = [f'<section id="{section.anchor}">', f"<h2>{escape(section.title)}</h2>"]
    parts += [f"<p>{escape(text)}</p>" for text in section.sentences]
    parts += map(_figure, section.figures)
    parts += map(_table, section.shown)
    return "\n".join([*parts, "</section>"])


def _figure(figure: Figure) -> str:
    return f"<figure>\n{figure.inline()}\n<figcaption>{escape(figure.caption)}</figcaption>\n</figure>"


def _table(table: Table) -> str:
    heads = "".join(
        f'<th scope="col"{_kind(column.is_text)}>{escape(column.heading)}</th>' for column in table.columns
    )
    rows = "\n".join(f"<tr>{_cells(table, row)}</tr>" for row in table.rows())
    body = f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.name)}">'
    return f"{region}{body}</div>{_cut(table)}"


def _cells(table: Table, row: tuple[str, ...]) -> str:
    pairs = zip(table.columns, row, strict=True)
    return "".join(f"<td{_kind(column.is_text)}>{escape(cell)}</td>" for column, cell in pairs)


def _kind(is_text: bool) -> str:
    return ' class="word"' if is_text else ""


def _cut(table: Table) -> str:
    if table.most is None or len(table.frame) <= table.most:
        return ""
    return f'<p class="note">The first {table.most} of {len(table.frame)} rows.</p>'
