"""Tables and figures of a report as files for papers and other programs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.export import frame_sheet, write_workbook
from analysis.figures.style import Figure
from analysis.folders import require_new, write_folder
from analysis.report.markdown import to_markdown_table
from analysis.report.parts import Report, Table

if TYPE_CHECKING:
    import pandas as pd

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": r"$-$",
    "×": r"$\times$",
    "–": "--",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
"""Characters that LaTeX would not print as they are."""


def to_latex(table: Table) -> str:
    """Write a table as a tabular for the LaTeX package booktabs, with the columns that readers see."""
    kinds = "".join("l" if column.is_text else "r" for column in table.columns)
    head, *rows = (_latex_line(cells) for cells in (table.headings, *table.rows()))
    body = "\n".join(rows)
    return (
        f"\\begin{{tabular}}{{{kinds}}}\n\\toprule\n{head}\n\\midrule\n{body}\n"
        "\\bottomrule\n\\end{tabular}\n"
    )


def _latex_line(cells: Sequence[str]) -> str:
    escaped = ("".join(SPECIAL.get(character, character) for character in cell) for cell in cells)
    return f"{' & '.join(escaped)} \\\\"


def to_records(table: Table) -> str:
    """Write a table's frame as a JSON list of rows; null where a number is not finite."""
    text = table.frame.to_json(orient="records", double_precision=12)
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Write a frame as Parquet.

    Raises:
        ImportError: pyarrow is not installed.
    """
    out = io.BytesIO()
    frame.rename(columns=str).to_parquet(out, index=False)
    return out.getvalue()


TABLES: Mapping[str, Callable[[Table], bytes]] = {
    "csv": lambda table: table.frame.to_csv(index=False, lineterminator="\n").encode(),
    "json": lambda table: to_records(table).encode(),
    "parquet": lambda table: to_parquet(table.frame),
    "tex": lambda table: to_latex(table).encode(),
    "md": lambda table: f"{to_markdown_table(table)}\n".encode(),
}
"""Forms of tables by suffix: with the frame's raw numbers, or in `tex` and `md` with what readers see."""
FIGURES: Mapping[str, Callable[[Figure], bytes]] = {
    "svg": lambda figure: figure.svg().encode(),
    "png": Figure.png,
    "pdf": Figure.pdf,
}
WORKBOOK = "xlsx"
"""Form of all tables together: one workbook with a sheet for each."""
FORMS = (*TABLES, WORKBOOK, *FIGURES)
"""Suffixes of all forms of tables and figures."""


def export_report(report: Report, folder: Path, forms: Sequence[str]) -> list[str]:
    """Write every table and figure of a report into a new folder, and return the names of the files.

    Args:
        report: the report.
        folder: the folder, which must not exist or be empty.
        forms: what to write, of `FORMS`.

    Raises:
        ValueError: a form is unknown, or the folder holds something.
        OSError: the folder cannot be written.
        ImportError: Parquet is asked for, and pyarrow is not installed.
    """
    check_export(folder, forms)
    files = _files(report, forms)
    write_folder(files, folder)
    return list(files)


def check_export(folder: Path, forms: Sequence[str]) -> None:
    """Refuse forms that are unknown, and a folder with something in it.

    Raises:
        ValueError: a form is unknown, or the folder holds something.
    """
    unknown = [form for form in forms if form not in FORMS]
    if unknown or not forms:
        got = ", ".join(unknown) or "none"
        raise ValueError(f"--formats must be of {', '.join(FORMS)}; got {got}.")
    require_new(folder)


def _files(report: Report, forms: Sequence[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for form in forms:
        if form == WORKBOOK:
            files["tables.xlsx"] = write_workbook(frame_sheet(t.name, t.frame) for t in report.tables)
        elif form in TABLES:
            files |= {f"{table.name}.{form}": TABLES[form](table) for table in report.tables}
        else:
            files |= {f"{figure.name}.{form}": FIGURES[form](figure) for figure in report.figures}
    return files
