"""A report as Markdown, with its figures as files beside it."""

from __future__ import annotations

from analysis.report.parts import Report, Section, Table


def to_markdown(report: Report, figures: str) -> str:
    """Write a report as Markdown with tables; figures are linked as SVG files.

    Args:
        report: the report.
        figures: the folder of the figures, as seen from the file.
    """
    parts = [f"# {_text(report.title)}", *map(_text, report.summary)]
    for section in report.sections:
        parts += _section(section, figures)
    return "\n\n".join(parts) + "\n"


def _section(section: Section, figures: str) -> list[str]:
    return [
        f"## {_text(section.title)}",
        *map(_text, section.sentences),
        *(f"![{_text(figure.caption)}]({figures}/{figure.name}.svg)" for figure in section.figures),
        *map(to_markdown_table, section.shown),
    ]


def to_markdown_table(table: Table) -> str:
    """Write a table in the form that GitHub's and most other readers take."""
    rule = ["---" if column.is_text else "--:" for column in table.columns]
    lines = [_line(table.headings), _line(rule), *map(_line, table.rows())]
    if table.most is not None and len(table.frame) > table.most:
        lines += ["", f"The first {table.most} of {len(table.frame)} rows."]
    return "\n".join(lines)


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(map(_text, cells))} |"


def _text(text: str) -> str:
    """Write what Markdown would read as marks, a link or a cell's end as plain text."""
    plain = "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in text)
    return " ".join(plain.split())
