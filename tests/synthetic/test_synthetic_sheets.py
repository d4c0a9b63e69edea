"""The sheets of look-alikes hold what real ones hold: digits, remarks, both sources of CASME II, empty worksheets."""

import openpyxl
import pandas as pd
import pytest

from merlib.data import databases, objective
from merlib.synthetic import Size, write

SIZE = Size(subjects=4, clips=60, height=48, width=48)
DIGITS = set("1234567")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("look_alike")
    return {name: write(name, root, SIZE) for name in ("casme2", "samm", "smic", "cas_me_3")}


@pytest.fixture(scope="module")
def dfme(tmp_path_factory):
    return write("dfme", tmp_path_factory.mktemp("look_alike"), Size(subjects=3, clips=14, height=48, width=48))


def empty_worksheets(file):
    return [
        page.title for page in openpyxl.load_workbook(file).worksheets if page.max_row == 1 and page["A1"].value is None
    ]


def test_samm_has_digits_of_classes_and_the_texts_of_the_real_sheet(drawn):
    sheet = pd.read_excel(drawn["samm"] / "SAMM_Micro_FACS_Codes_v2.xlsx", header=13, dtype=str)
    assert set(sheet["Objective Classes"]) <= DIGITS
    assert {"ref(7B)+43", "ref(7B)+43C", "ref(L10)+A12B", "A/L12"} <= set(sheet["Action Units"])
    clips = databases.read("samm", drawn["samm"])
    assert len(clips) == 59  # the one whose apex is outside
    assert set(clips.table["objective"]) <= set(objective.NAMES)


@pytest.mark.filterwarnings("ignore:casme2. the objective class")
def test_both_sources_of_classes_of_casme2_differ_in_some_clips(drawn):
    folder = drawn["casme2"]
    sheet = pd.read_excel(folder / "CASME2-coding-20190701.xlsx", dtype=str)
    file = pd.read_excel(folder / "CASME2-ObjectiveClasses.xlsx", sheet_name=None, dtype=str)
    apart = file["Sheet1"]
    assert set(sheet["Objective Classes"]) <= DIGITS and set(apart["Objective Class"]) <= set(objective.NAMES)
    in_sheet = [objective.NAMES[int(digit) - 1] for digit in sheet["Objective Classes"]]
    differing = sum(one != other for one, other in zip(in_sheet, apart["Objective Class"], strict=True))
    assert 0 < differing < 10
    assert file["Sheet2"].columns[0] not in ("Subject", None)  # rows below no header
    assert empty_worksheets(folder / "CASME2-coding-20190701.xlsx") == ["Sheet2", "Sheet3"]
    clips = databases.read("casme2", folder)
    assert len(clips) == 60 and clips.table["objective"].tolist() == apart["Objective Class"].tolist()


def test_the_apexes_of_smic_lie_apart_and_are_read_when_moved(drawn, tmp_path):
    folder = drawn["smic"]
    assert databases.read("smic", folder).table["apex"].isna().all()
    (folder / "smic_apex.xlsx").write_bytes((folder / "optional" / "smic_apex.xlsx").read_bytes())
    try:
        clips = databases.read("smic", folder)
    finally:
        (folder / "smic_apex.xlsx").unlink()
    assert clips.table["apex"].notna().all() and len(clips) == 60 and clips.notes == ()


def test_cas_me_3_has_several_clips_in_a_video_texts_for_numbers_and_two_spellings(drawn):
    file = drawn["cas_me_3"] / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
    sheet = pd.read_excel(file, dtype=str)
    cells = openpyxl.load_workbook(file)["Sheet1"].iter_rows(values_only=True)
    assert {type(cell) for row in cells for cell in row} == {str}
    assert sheet.duplicated(["Subject", "Filename"]).sum() > 20 and not sheet.duplicated(list(sheet.columns[:3])).any()
    assert (sheet["Offset"] == "0").sum() == 1
    assert {"Others", "others", "happy", "sad"} <= set(sheet["emotion"])
    assert set(sheet["Objective class"]) <= set(objective.NAMES)
    assert empty_worksheets(file) == ["Sheet2", "Sheet3"]


def test_dfme_has_a_rate_per_person_and_three_sheets(dfme):
    sheet = pd.read_excel(dfme / "training_full_with_AU.xlsx", dtype=str)
    assert sheet.groupby("Subject")["Fps"].unique().map(list).tolist() == [["200"], ["300"], ["500"]]
    assert sheet.groupby("Emotion")["EmotionId"].nunique().eq(1).all()
    assert sheet["AU"].str.endswith("+AD38").sum() == sheet["AU"].str.endswith("+M58").sum() == 1
    with pytest.warns(UserWarning, match="testA_full_with_AU.xlsx, testB_full_with_AU.xlsx not"):
        clips = databases.read("dfme", dfme)
    assert len(clips) == 14 and set(clips.table["fps"]) == {200, 300, 500}
    assert all(len(clip.frames) == clip.offset - clip.onset + 1 for clip in clips.table.itertuples())
