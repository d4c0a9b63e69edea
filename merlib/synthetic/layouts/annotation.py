"""What annotation sheets say of action units, and how they are written."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from merlib.data import objective


def joined(units: tuple[tuple[int, str], ...]) -> str:
    """Units (number, side) as in CASME II: 4+L10."""
    return "+".join(f"{side}{number}" for number, side in units)


def facs(units: tuple[tuple[int, str], ...], intensities: dict[int, float]) -> str:
    """Units (number, side) as in SAMM: with the letters of their intensities, A (trace) to D (marked or severe)."""
    letters = {number: "ABCD"[np.searchsorted([0.8, 1.6, 3.2], intensities[number])] for number, _ in units}
    return "+".join(f"{side}{number}{'' if side else letters[number]}" for number, side in units)


def objective_class(units: tuple[tuple[int, str], ...]) -> str:
    """The objective class, I to VII, of units (number, side)."""
    return objective.of(number for number, _ in units)


def digit(name: str) -> int:
    """An objective class as the sheets of CASME II and SAMM write it: 1 to 7."""
    return objective.NAMES.index(name) + 1


def number_if_digits(text: str) -> int | str:
    """A single action unit is a number in the sheet, as a person would type it."""
    return int(text) if text.isdigit() else text


def replace_first(codes: pd.Series, pattern: str, replacement: str) -> pd.Series:
    """`codes` with the first one that `pattern` fits rewritten."""
    fits = codes.index[codes.str.match(pattern)][:1]
    return codes.where(~codes.index.isin(fits), codes.map(lambda code: re.sub(pattern, replacement, code)))


def write(path: Path, *worksheets: list[list]) -> None:
    """An Excel file, a worksheet for each list of rows (empty ones too), whose bytes depend on these alone."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": pd.Timestamp("2020-01-01").to_pydatetime()})
        for rows in worksheets:
            sheet = book.add_worksheet()
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, [value.item() if isinstance(value, np.integer) else value for value in row])
