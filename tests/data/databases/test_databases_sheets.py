import pytest
from helpers import tiny_databases as tiny
from hypothesis import given
from hypothesis import strategies as st

from merlib.data.databases import sheets
from merlib.data.databases.sheets import SheetError

ROW = ["01", "EP1", 1, 2, 3, "4+7", "disgust"]


def test_text_stays_text(tmp_path):
    tiny.sheet(tmp_path / "a.xlsx", [tiny.HEADER, ["01", "006", 1, "/", 3, "none", "NA"]])
    row = sheets.find(tmp_path, sheets.HEADER).iloc[0]
    assert [row[name] for name in sheets.HEADER] == ["01", "006", "1", "/", "3", "none", "NA"]


@pytest.mark.parametrize("title", ["onset frame", "OnsetFrame", " Onset  Frame ", "ONSETFRAME"])
def test_a_title_is_known_whatever_its_blanks_and_case(tmp_path, title):
    tiny.sheet(tmp_path / "a.csv", [[*tiny.HEADER[:2], title, *tiny.HEADER[3:]], ROW])
    assert sheets.find(tmp_path, sheets.HEADER)["onset"].tolist() == ["1"]


def test_rows_are_numbered_as_the_spreadsheet_shows_them_and_empty_ones_are_skipped(tmp_path):
    rows = [
        ["made by hand"],
        [],
        tiny.HEADER,
        ROW,
        [None] * 7,
        ["02", *ROW[1:]],
        ["", "", "", "", "", "", "", "a note"],
    ]
    tiny.sheet(tmp_path / "a.xlsx", rows)
    assert sheets.find(tmp_path, sheets.HEADER)["row"].tolist() == [4, 6]


def test_a_line_break_inside_a_cell_is_no_new_row(tmp_path):
    tiny.sheet(tmp_path / "a.csv", [[*tiny.HEADER, "Notes"], [*ROW, "first\nsecond"], ["02", *ROW[1:], ""]])
    assert sheets.find(tmp_path, sheets.HEADER)["row"].tolist() == [2, 3]


def test_other_files_are_no_annotations(tmp_path):
    tiny.sheet(tmp_path / "a.xlsx", [tiny.HEADER, ROW])
    tiny.sheet(tmp_path / "truth.csv", [["subject", "clip", "apex"], ["01", "EP1", 2]])
    (tmp_path / "~$a.xlsx").write_bytes(b"the lock of an open workbook")
    (tmp_path / "broken.xlsx").write_bytes(b"not a workbook")
    assert len(sheets.find(tmp_path, sheets.HEADER)) == 1


def test_a_sheet_without_header_is_refused_with_what_it_lacks(tmp_path):
    tiny.sheet(tmp_path / "a.csv", [["x"], [title for title in tiny.HEADER if title != "ApexFrame"], ROW])
    (tmp_path / "b.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(SheetError) as error:
        sheets.find(tmp_path, sheets.HEADER)
    assert "a.csv: no header row with Apex Frame (row 2 comes nearest)" in str(error.value)
    assert "b.xlsx: cannot be opened" in str(error.value)


@pytest.mark.parametrize("rows", [[tiny.HEADER], [tiny.HEADER, ["", "", "", "", "", "", ""]]])
def test_a_sheet_without_rows_is_refused(tmp_path, rows):
    tiny.sheet(tmp_path / "a.csv", rows)
    with pytest.raises(SheetError, match=r"a\.csv, row 1: nothing below this header row"):
        sheets.find(tmp_path, sheets.HEADER)


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_refused(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SheetError, match=r"a\.csv: nothing in it"):
        sheets.find(tmp_path, sheets.HEADER)


def test_a_folder_without_sheets_is_refused(tmp_path):
    with pytest.raises(SheetError, match=r"no \.xlsx or \.csv file"):
        sheets.find(tmp_path, sheets.HEADER)


def test_two_annotation_sheets_are_refused_by_name(tmp_path):
    tiny.sheet(tmp_path / "CASME2-coding-20140508.xlsx", [tiny.HEADER, ROW])
    tiny.sheet(tmp_path / "CASME2-coding-20190701.xlsx", [tiny.HEADER, ROW, ["02", *ROW[1:]]])
    with pytest.raises(SheetError) as error:
        sheets.find(tmp_path, sheets.HEADER)
    assert "CASME2-coding-20140508.xlsx: an annotation sheet of 1 clips" in str(error.value)
    assert "CASME2-coding-20190701.xlsx: an annotation sheet of 2 clips" in str(error.value)


@given(st.sets(st.integers(0, 60)))
def test_ranges_say_which_numbers(numbers):
    text = sheets.ranges(sorted(numbers))
    said = set()
    for part in filter(None, text.split(", ")):
        first, _, last = part.partition("-")
        said |= set(range(int(first), int(last or first) + 1))
    assert said == numbers
    assert text.count(",") == max(0, sum(n + 1 not in numbers for n in numbers) - 1)
