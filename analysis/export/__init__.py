"""Files for other programs: boards and tables in the forms that spreadsheets, papers and code read."""

from __future__ import annotations

from analysis.export.text import to_csv, to_json
from analysis.export.workbook import Sheet, board_sheets, frame_sheet, to_xlsx, write_workbook

__all__ = ["Sheet", "board_sheets", "frame_sheet", "to_csv", "to_json", "to_xlsx", "write_workbook"]
