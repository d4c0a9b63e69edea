"""The cells of a spreadsheet's file as text: Excel or CSV, whatever the encoding, the separator and the empty rows."""

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence, Set
from contextlib import closing
from pathlib import Path

import openpyxl

# row number, from 1, as a spreadsheet shows it -> the cells from column A; rows without an entry are left out
Rows = dict[int, list[str]]
Fault = tuple[str, int | None, str]  # file, row if it is of one, what is wrong

READ = (".xlsx", ".csv")
OTHERS = (".xls", ".ods", ".xlsm", ".xlsb", ".numbers", ".tsv")
# a sheet of 10,000 clips has 90,000 cells; reading this many takes seconds
MAX_CELLS = 250_000
MAX_MEGABYTES = 100  # of a file, unpacked: few bytes of a zip may stand for gigabytes
SHOWN = 10  # of many faults alike
LAST_ROW = 1_048_576  # Excel's
PROTECTED = "EncryptedPackage".encode("utf-16-le")  # the stream that holds a workbook with a password
# as Excel, in any language, writes a formula that failed: #N/A, #REF!, #DIV/0!, #NAME?, #NV, #BEZUG!
_ERROR = re.compile(r"#(\w/\w|NV|\S+[!?])")


class SheetError(ValueError):
    """Annotations that make no sense as a whole: `title` says how, `faults` is a list of `Fault`."""

    def __init__(self, title: str, faults: Sequence[Fault]):
        lines = [f"{file}{f', row {row}' if row else ''}: {fault}" for file, row, fault in faults]
        super().__init__(f"{title}:\n  " + "\n  ".join(lines))
        self.title, self.faults = title, list(faults)


def shortened(faults: list[Fault]) -> list[Fault]:
    """The first of many faults, and how many more there are."""
    return faults[:SHOWN] + ([("...", None, f"and {len(faults) - SHOWN} more")] if len(faults) > SHOWN else [])


class _Refused(ValueError):
    """What is wrong with a file, in words."""


def worksheets(file: Path, titles: Set[str] = frozenset()) -> list[Rows]:
    """The worksheets of a file, in order; a CSV file is one. `titles`, as `plain` writes them, tell its separator.

    Cells are stripped text; 46.0 is 46. A formula without a stored value stands as the formula itself, and a byte that
    is not UTF-8 as a lone surrogate: `fault` has words for both. Raises SheetError when the file cannot be read or is
    larger than `MAX_CELLS` and `MAX_MEGABYTES` allow.
    """
    try:
        return [_csv(file, titles)] if file.suffix.lower() == ".csv" else _excel(file)
    except Exception as error:  # openpyxl lets errors of zip, XML and its own through
        reason = f"cannot be opened ({type(error).__name__}: {error}). Save it anew, as .xlsx or 'CSV UTF-8'"
        said = str(error) if isinstance(error, _Refused) else reason
        raise SheetError(f"{file} cannot be read", [(file.name, None, said)]) from error


def plain(cell: str) -> str:
    """A title in the form in which titles are compared: blanks, signs and case do not count."""
    return re.sub(r"[^a-z0-9]", "", cell.lower())


def fault(text: str) -> str:
    """Why the text of a cell cannot be used, or nothing."""
    if _ERROR.fullmatch(text):
        return f"{text} is an error of a formula"
    if text.startswith("="):
        return f"the formula {text} has no stored value: open the file in a spreadsheet program and save it"
    if not_utf8(text):
        return f"'{shown(text)}' is not in UTF-8: save the file as 'CSV UTF-8'"
    return ""


def not_utf8(text: str) -> bool:
    """Whether lone surrogates stand in a text for bytes that are not UTF-8."""
    return bool(re.search("[\ud800-\udfff]", text))


def shown(text: str) -> str:
    """A text that can be printed: without its lone surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _text(cell: object) -> str:
    text = "" if cell is None else str(getattr(cell, "text", cell)).strip()  # an array formula has its text
    return re.sub(r"^(\d+)\.0+$", r"\1", text)  # 46.0 is how a spreadsheet column with gaps saves 46


def _rows(found: Iterable[Sequence], where: str = "") -> Rows:
    """The rows that hold anything. Raises _Refused when there are too many cells."""
    rows: Rows = {}
    num_cells = 0
    for number, row in enumerate(found, start=1):
        num_cells += len(row)
        if num_cells > MAX_CELLS or number > LAST_ROW:
            raise _Refused(
                f"{where}row {number:,}: there are more than {MAX_CELLS:,} cells up to here. Delete what is no "
                "annotation, also rows and columns that are empty but formatted"
            )
        if any(texts := [_text(cell) for cell in row]):
            rows[number] = texts
    return rows


def _excel(file: Path) -> list[Rows]:
    _refuse_other_forms(file)
    with closing(_book(file, data_only=False)) as written:
        pages = [_rows(page.iter_rows(values_only=True), f"sheet '{page.title}', ") for page in written.worksheets]
        if not any(cell.startswith("=") for rows in pages for row in rows.values() for cell in row):
            return pages
        with closing(_book(file, data_only=True)) as computed:
            pairs = zip(computed.worksheets, written.worksheets, strict=True)
            return [
                _rows(map(_stored, page.iter_rows(), formulas.iter_rows(values_only=True))) for page, formulas in pairs
            ]


def _book(file: Path, data_only: bool) -> openpyxl.Workbook:
    """A workbook whose sheets are read row by row; what a sheet says of its own size may be wrong."""
    book = openpyxl.load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    for page in book.worksheets:
        page.reset_dimensions()
    return book


def _stored(values: Sequence, written: Sequence) -> list:
    """The values of a row. A formula that no program has computed yet stays; a result that is an empty text has a type."""
    return [
        formula if cell.value is None and cell.data_type != "str" else cell.value
        for cell, formula in zip(values, written, strict=True)
    ]


def _refuse_other_forms(file: Path) -> None:
    """Raises _Refused for a workbook that has a password, is of the old form, or is too large."""
    with file.open("rb") as stream:
        compound = stream.read(4) == b"\xd0\xcf\x11\xe0"
        if compound and PROTECTED in stream.read():
            raise _Refused(
                "is protected by a password. Open it in Excel, empty the password (File, Info, Protect Workbook, "
                "Encrypt with Password), and save it"
            )
    if compound:
        raise _Refused("is a workbook of Excel 97 to 2003 (.xls). Save it as .xlsx")
    with zipfile.ZipFile(file) as parts:
        _refuse_size(sum(part.file_size for part in parts.infolist() if part.filename.endswith(".xml")))


def _refuse_size(num_bytes: int) -> None:
    if num_bytes > MAX_MEGABYTES * 10**6:
        raise _Refused(f"holds {num_bytes // 10**6:,} MB of text; at most {MAX_MEGABYTES} MB are read")


def _csv(file: Path, titles: Set[str]) -> Rows:
    _refuse_size(file.stat().st_size)
    text = _decoded(file.read_bytes())

    def hits(separator: str) -> int:
        found = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        return max((len(titles & {plain(cell) for cell in row}) for row in found), default=0)

    # Excel writes ; where the comma is the decimal sign; a remark may hold more commas than a row has cells
    separator = max(",;\t", key=hits)
    # strict: a quotation mark that is not closed would take in the rows that follow
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return _rows(reader)
    except csv.Error as error:
        raise _Refused(f"line {reader.line_num}: {error}; is a quotation mark not closed?") from None


def _decoded(data: bytes) -> str:
    """The text of a CSV file. Where it is not UTF-8, a lone surrogate stands for the byte: unread cells do not matter."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16") if utf16 else data.decode("utf-8-sig", errors="surrogateescape")
    if "\0" in text:
        raise _Refused("is neither UTF-8 nor UTF-16 with its mark. Save it as 'CSV UTF-8'")
    return text
