"""Seconds to read sheets that are mostly empty or very long, beside pandas, which makes one table of all their rows.

Three workbooks of a few clips: one more cell in the last row that Excel has; 400,000 more rows, which are refused; and
300 clips, as a database has.

Run: python benchmarks/sheets.py
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import xlsxwriter

from merlib.data.databases import cells

TITLES = ["subject", "clip", "frames", "emotion"]
ROWS = {"300 clips": range(1, 301), "a cell in the last row": [1, 1_048_575], "400,000 rows": range(1, 400_001)}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in ROWS.items():
            file = Path(folder) / "list.xlsx"
            book = xlsxwriter.Workbook(file, {"constant_memory": True})
            page = book.add_worksheet()
            page.write_row(0, 0, TITLES)
            for row in rows:
                page.write_row(row, 0, ["anna", f"c{row}", "a", "joy"])
            book.close()
            ours, pandas = seconds(read, file), seconds(read_by_pandas, file)
            print(f"{name}: {ours:.2f} s, pandas {pandas:.2f} s: {pandas / ours:.1f} times")


def seconds(function: Callable, file: Path) -> float:
    start = time.perf_counter()
    function(file)
    return time.perf_counter() - start


def read(file: Path) -> None:
    try:
        cells.worksheets(file)
    except cells.SheetError as error:
        print(error)


def read_by_pandas(file: Path) -> None:
    """Every row of the sheet as a list of text."""
    sheets = pd.read_excel(file, sheet_name=None, header=None, dtype=str, na_filter=False)
    [sheet.to_numpy().tolist() for sheet in sheets.values()]


if __name__ == "__main__":
    main()
