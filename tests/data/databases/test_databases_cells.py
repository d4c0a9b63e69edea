"""Files of spreadsheets as they come: whatever is in them reads back, or is refused with the file's name."""

import csv
import io
import re
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from helpers import tiny_databases as tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from merlib.data import databases
from merlib.data.databases import cells, sheets
from merlib.data.databases.sheets import SheetError

HEADER = {"subject": "subject", "clip": "clip", "path": "frames", "emotion": "emotion"}
OPTIONAL = {"onset": "onset", "fps": "fps"}
TITLES = ["subject", "clip", "frames", "emotion"]
ROW = ["anna", "c1", "a", "joy"]


def found(folder):
    table = sheets.find(folder, HEADER, OPTIONAL)
    return table[["subject", "clip", "path", "emotion"]].to_numpy().tolist()


def refused(folder):
    with pytest.raises(SheetError) as error:
        sheets.find(folder, HEADER, OPTIONAL)
    return str(error.value)


# --- error cells


def workbook_with_errors(path, *errors):
    """A list of three clips; `errors` are (row, column, what stands there) as a formula's program writes it."""
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet()
    for row, texts in enumerate([[*TITLES, "remark"], *([name, "c1", "a", "joy", ""] for name in "abc")]):
        page.write_row(row, 0, texts)
    for row, column, value in errors:
        page.write_formula(row - 1, column, "=1/0", None, value)
    book.close()


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!"])
def test_an_error_cell_that_is_read_is_named_with_file_row_and_column(tmp_path, error):
    workbook_with_errors(tmp_path / "list.xlsx", (3, 1, error), (4, 3, error))
    message = refused(tmp_path)
    assert f"list.xlsx, row 3: clip: {error} is an error of a formula" in message
    assert f"list.xlsx, row 4: emotion: {error} is an error of a formula" in message


def test_an_error_cell_in_another_column_does_not_matter(tmp_path):
    workbook_with_errors(tmp_path / "list.xlsx", (3, 4, "#N/A"), (4, 4, "#REF!"))
    assert [row[0] for row in found(tmp_path)] == ["a", "b", "c"]


@pytest.mark.parametrize("error", ["#N/A", "#NV", "#BEZUG!", "#DIV/0!"])
def test_an_error_that_a_spreadsheet_saved_as_csv_is_named_too(tmp_path, error):
    tiny.sheet(tmp_path / "list.csv", [TITLES, ROW, ["ben", "c2", error, "joy"]])
    assert f"list.csv, row 3: frames: {error} is an error of a formula" in refused(tmp_path)


def test_an_error_cell_of_the_workbook_of_cas_me_2_is_named(tmp_path):
    row = [1, "disgust1_1", 1, 3, 5, "4", "negative", "micro-expression"]
    tiny.cas_me_2(tmp_path, [row, [*row[:6], "#N/A", row[7]]], length=6)
    with pytest.raises(SheetError, match=r"code_final\.xlsx, row 2: sheet 1: #N/A is an error of a formula"):
        databases.read("cas_me_2", tmp_path)


def test_check_says_of_error_cells_what_reading_says(tmp_path):
    workbook_with_errors(tmp_path / "list.xlsx", (3, 1, "#N/A"))
    assert databases.check("own", tmp_path).faults[["row", "fault"]].to_numpy().tolist() == [
        [3, "clip: #N/A is an error of a formula"]
    ]


def test_a_formula_without_a_stored_value_is_named_and_an_empty_result_is_an_empty_cell(tmp_path):
    book = openpyxl.Workbook()
    for row in ([*TITLES, "onset"], [*ROW, 1], ["ben", "=B2", "a", "joy", None]):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    assert "list.xlsx, row 3: clip: the formula =B2 has no stored value" in refused(tmp_path)
    formulas = {"E2": ('IF(A2="","","")', ""), "B2": ('"c"&amp;1', "c1")}
    rewrite_formulas(tmp_path / "list.xlsx", {"B3": ("B2", "c2"), **formulas})
    assert found(tmp_path) == [ROW, ["ben", "c2", "a", "joy"]]


def rewrite_formulas(path, formulas):
    """Gives cells a formula and its value as Excel saves them; an empty text has a type."""
    with zipfile.ZipFile(path) as book:
        parts = {part: book.read(part) for part in book.namelist()}
    page = parts["xl/worksheets/sheet1.xml"].decode()
    for cell, (formula, value) in formulas.items():
        saved = f'<c r="{cell}" t="str"><f>{formula}</f><v>{value}</v></c>'
        page, count = re.subn(rf'<c r="{cell}"[^>]*?(/>|>.*?</c>)', saved, page)
        assert count == 1
    with zipfile.ZipFile(path, "w") as book:
        for part, content in (parts | {"xl/worksheets/sheet1.xml": page.encode()}).items():
            book.writestr(part, content)


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_lists_are_read_in_each_encoding_that_has_a_mark(tmp_path, encoding):
    text = "subject,clip,frames,emotion\nRené,c1,a,joy\nRenè,c1,b,joy\n"
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    (tmp_path / "list.csv").write_bytes((mark + text).encode(encoding))
    assert [row[0] for row in found(tmp_path)] == ["René", "Renè"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman"])
def test_a_foreign_letter_in_a_column_that_is_read_is_named(tmp_path, encoding):
    text = "subject,clip,frames,emotion,note\nanna,c1,a,joy,\nRené,c1,b,joy,\nRenè,c2,b,joy,Grüße\n"
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    message = refused(tmp_path)
    for row in (3, 4):
        assert f"list.csv, row {row}: subject: 'Ren\ufffd' is not in UTF-8: save the file as 'CSV UTF-8'" in message
    assert "row 2" not in message and "note" not in message


def test_a_foreign_letter_in_a_remark_does_not_matter(tmp_path):
    (tmp_path / "list.csv").write_bytes("subject,clip,frames,emotion,note\nanna,c1,a,joy,Grüße\n".encode("latin-1"))
    assert found(tmp_path) == [ROW]


def test_unicode_without_a_mark_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "list.csv").write_bytes("subject,clip,frames,emotion\nanna,c1,a,joy\n".encode("utf-16-le"))
    assert "list.csv: is neither UTF-8 nor UTF-16 with its mark. Save it as 'CSV UTF-8'" in refused(tmp_path)


# --- other forms of files

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


def test_a_workbook_with_a_password_is_said_to_have_one(tmp_path):
    (tmp_path / "list.xlsx").write_bytes(COMPOUND + "EncryptedPackage".encode("utf-16-le") + bytes(500))
    message = refused(tmp_path)
    assert "list.xlsx: is protected by a password. Open it in Excel, empty the password" in message
    assert "calamine" not in message


def test_an_old_workbook_under_the_new_suffix_is_named(tmp_path):
    (tmp_path / "list.xlsx").write_bytes(COMPOUND + "Workbook".encode("utf-16-le") + bytes(500))
    assert "list.xlsx: is a workbook of Excel 97 to 2003 (.xls). Save it as .xlsx" in refused(tmp_path)


@pytest.mark.parametrize("name", ["list.xls", "list.ods", "LIST.XLS"])
def test_sheets_in_forms_that_are_not_read_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(COMPOUND)
    fault = f"{name}: {name[-4:]} is not read: save it as .xlsx or .csv"
    assert fault in refused(tmp_path)
    for place in (tmp_path, tmp_path / name):
        with pytest.raises(SheetError, match=re.escape(fault)):
            databases.read("own", place)


# --- titles, separators and quotation marks


def test_two_columns_of_one_title_are_refused_unless_they_are_the_same(tmp_path):
    tiny.sheet(tmp_path / "list.csv", [[*TITLES, "Emotion"], [*ROW, "joy"], ["ben", "c2", "a", "fear", "fear"]])
    assert [row[3] for row in found(tmp_path)] == ["joy", "fear"]
    tiny.sheet(
        tmp_path / "list.csv", [[*TITLES, "x", "Emotion"], [*ROW, "", "joy"], ["ben", "c2", "a", "fear", "", "anger"]]
    )
    assert "list.csv, row 1: columns D and F are both 'emotion' and differ (row 3): leave one" in refused(tmp_path)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_commas_in_remarks_do_not_make_the_comma_the_separator(tmp_path, separator):
    rows = [[*TITLES, "remark"], [*ROW, "a, b, c, d, e, f, g, h"], ["ben", "c2", "a", "joy", ",,,,,,,,"]]
    (tmp_path / "list.csv").write_text("\n".join(separator.join(row) for row in rows), encoding="utf-8")
    assert found(tmp_path) == [ROW, ["ben", "c2", "a", "joy"]]


def test_a_quotation_mark_that_is_not_closed_loses_no_row(tmp_path):
    """It took in all rows that follow, without a word."""
    text = 'subject,clip,frames,emotion\nanna,c1,a,joy\nben,c2,a,"joy\ncleo,c3,a,joy\n'
    (tmp_path / "list.csv").write_text(text)
    assert "list.csv: line 4: unexpected end of data; is a quotation mark not closed?" in refused(tmp_path)
    (tmp_path / "list.csv").write_text(text + 'dora,c4,a,joy,"end\n')
    assert "is a quotation mark not closed?" in refused(tmp_path)


def test_a_row_longer_than_the_header_of_a_csv_file_is_named(tmp_path):
    """Action units 6,12 without quotation marks: the second was lost."""
    text = "subject,clip,frames,emotion,aus\nanna,c1,a,joy,6,12\nben,c1,a,joy,6,\n"
    (tmp_path / "list.csv").write_text(text)
    message = refused(tmp_path)
    assert "list.csv, row 2: 6 cells, 5 in the header: a text that holds the separator needs quotation marks" in message
    assert "row 3" not in message


# --- sizes


def test_a_cell_in_the_last_row_costs_nothing_and_is_not_lost(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(TITLES)
    book.active.append(ROW)
    for column, text in enumerate(["ben", "c2", "a", "joy"], start=1):
        book.active.cell(1_048_576, column, text)
    book.save(tmp_path / "list.xlsx")
    table = sheets.find(tmp_path, HEADER)
    assert table["row"].tolist() == [2, 1_048_576] and table["subject"].tolist() == ["anna", "ben"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_too_many_cells_are_refused_with_file_sheet_and_row(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(cells, "MAX_CELLS", 100)
    tiny.sheet(tmp_path / f"list{suffix}", [TITLES, *([f"s{i}", "c1", "a", "joy"] for i in range(30))])
    where = "sheet 'Sheet', row 26" if suffix == ".xlsx" else "row 26"
    assert f"list{suffix}: {where}: there are more than 100 cells up to here" in refused(tmp_path)


def test_empty_but_formatted_cells_count(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "MAX_CELLS", 100)
    book = xlsxwriter.Workbook(tmp_path / "list.xlsx")
    page, bold = book.add_worksheet(), book.add_format({"bold": True})
    page.write_row(0, 0, TITLES)
    page.write_row(1, 0, ROW)
    for row in range(2, 200):
        page.write_blank(row, 0, None, bold)
    book.close()
    message = refused(tmp_path)
    assert "list.xlsx: sheet 'Sheet1', row 95" in message and "empty but formatted" in message


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "MAX_MEGABYTES", 1)
    tiny.sheet(tmp_path / "list.xlsx", [TITLES, ROW])
    with zipfile.ZipFile(tmp_path / "list.xlsx", "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings2.xml", bytes(3_000_000))
    assert "list.xlsx: holds 3 MB of text; at most 1 MB are read" in refused(tmp_path)
    (tmp_path / "list.xlsx").unlink()
    (tmp_path / "list.csv").write_bytes(bytes(3_000_000))
    assert "list.csv: holds 3 MB of text; at most 1 MB are read" in refused(tmp_path)


# --- any table reads back, or is refused with its name

ERRORS = ["#N/A", "#DIV/0!", "=B2", "=1/0"]
TEXTS = st.one_of(
    st.text(st.sampled_from("abcé日,;\t\"'\n 0123456789./#=-"), max_size=8),
    st.sampled_from(["", "", "46.0", "46", "007", "6+12", "NA", "null", "a,b;c", 'he said "no"', "+1", "ß", " x "]),
)
CELLS = st.one_of(TEXTS, TEXTS, TEXTS, st.sampled_from([*ERRORS, *ROW]))


@st.composite
def tables(draw):
    """Rows above the header, the header with other columns between, rows below; some rows are blank."""
    width = draw(st.integers(4, 8))
    titles = draw(st.permutations([*TITLES, *["", "remark", "note 2", ""][: width - 4]]))
    blank = [""] * width
    above = draw(
        st.lists(st.sampled_from([blank, ["made by hand", *blank[1:]], ["a;b,c", '"', *blank[2:]]]), max_size=4)
    )
    rows = st.lists(CELLS, min_size=width, max_size=width)
    return above, titles, draw(st.lists(st.one_of(rows, st.just(blank)), max_size=8))


def clean(cell):
    return re.sub(r"^(\d+)\.0+$", r"\1", cell.strip())


def expected(above, titles, rows):
    """What `sheets.find` should return, or None when a cell that is read is an error."""
    places = [titles.index(title) for title in TITLES]
    numbered = [(n, [clean(row[i]) for i in places]) for n, row in enumerate(rows, start=len(above) + 2)]
    if any(cell.startswith("=") or re.fullmatch(r"#(\w/\w|NV|\S+[!?])", cell) for _, row in numbered for cell in row):
        return None
    return [[*row, number] for number, row in numbered if any(row)] or None


def reads_back(folder, name, table):
    wanted = expected(*table)
    try:
        read = sheets.find(folder, HEADER)
    except SheetError as error:
        assert name in str(error)
        assert wanted is None
    else:
        assert read[["subject", "clip", "path", "emotion", "row"]].to_numpy().tolist() == wanted


@given(
    tables(),
    st.sampled_from(",;\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_reads_back_from_csv(table, separator, quoting, line_end, encoding):
    above, titles, rows = table
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=line_end).writerows([*above, titles, *rows])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "list.csv").write_bytes(text.getvalue().encode(encoding))
        reads_back(Path(folder), "list.csv", table)


@given(tables(), st.booleans())
def test_any_table_reads_back_from_excel(table, numbers):
    above, titles, rows = table
    with tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(Path(folder) / "list.xlsx", {"strings_to_formulas": False})
        page = book.add_worksheet()
        for n, row in enumerate([*above, titles, *rows]):
            for i, cell in enumerate(row):
                if numbers and re.fullmatch(r"[1-9][0-9]{0,8}(\.0)?", cell):
                    page.write_number(n, i, float(cell))
                elif cell in ("#N/A", "#DIV/0!"):
                    page.write_formula(n, i, "=1/0", None, cell)
                elif cell:
                    page.write_string(n, i, cell)
        book.close()
        reads_back(Path(folder), "list.xlsx", table)


@given(st.binary(max_size=300), st.sampled_from(["list.csv", "list.xlsx"]))
def test_any_bytes_are_a_table_or_refused(data, name):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        with pytest.raises(SheetError, match=re.escape(name)):
            sheets.find(Path(folder), HEADER)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of one list as CSV and as Excel, uncompressed, so that a changed byte is one of the sheet's."""
    folder = tmp_path_factory.mktemp("whole")
    rows = [TITLES, *([f"s{i}", f"c{i}", "a", "joy"] for i in range(5))]
    tiny.sheet(folder / "list.csv", rows)
    tiny.sheet(folder / "list.xlsx", rows)
    stored = io.BytesIO()
    with zipfile.ZipFile(folder / "list.xlsx") as book, zipfile.ZipFile(stored, "w") as other:
        for part in book.namelist():
            other.writestr(part, book.read(part))
    return {"list.csv": (folder / "list.csv").read_bytes(), "list.xlsx": stored.getvalue()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["list.csv", "list.xlsx"]), st.floats(0, 1), st.binary(max_size=3))
def test_a_damaged_file_is_a_table_or_refused(whole, name, share, other):
    place = int(share * len(whole[name]))
    damaged = whole[name][:place] + other + whole[name][place + len(other) :]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(damaged if other else whole[name][:place])
        try:
            sheets.find(Path(folder), HEADER)
        except SheetError as error:
            assert name in str(error)
