"""SMIC with the sheet of apexes that others have published."""

import shutil
import warnings

import pytest
from helpers import tiny_databases as tiny

from merlib.data import databases
from merlib.data.databases import SheetError

# frames 100230..100234
FOLDERS = [("s1", "negative", "s1_ne_01"), ("s20", "positive", "s20_po_02")]
NE = [1, "s1_ne_01", 0, 100230, 100231, 100234]
PO = ["20", "s20_po_02", 1, 100231, 100233, 100233]


def reasons(clips) -> dict[str, str]:
    return dict(clips.excluded[["clip", "reason"]].itertuples(index=False))


@pytest.fixture(autouse=True)
def nothing_is_said_unasked():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_the_apex_comes_from_the_sheet_and_the_frames_from_the_folder(tmp_path):
    tiny.smic(tmp_path, FOLDERS)
    without = databases.read("smic", tmp_path)
    tiny.smic_apex(tmp_path, [NE, PO])
    clips = databases.read("smic", tmp_path)
    assert without.table["apex"].isna().all()
    assert clips.table["apex"].tolist() == [100231, 100233]
    assert clips.apex_index.tolist() == [1, 3]
    assert clips.table.drop(columns="apex").equals(without.table.drop(columns="apex"))
    assert clips.notes == () and clips.excluded.empty


def test_a_clip_of_smic_hs_e_is_cut_to_onset_and_offset(tmp_path):
    tiny.smic(tmp_path, [("s01", "", "s01_ne_01"), ("s20", "", "s20_po_02")], "SMIC-HS-E/HS")
    tiny.smic_apex(tmp_path, [[*NE[:3], 100231, 100232, ""], PO])
    first, second = databases.read("smic", tmp_path).table.to_dict("records")
    assert [first[name] for name in ("clip", "onset", "apex", "offset")] == ["s01_ne_01", 100231, 100232, 100234]
    assert [second[name] for name in ("clip", "onset", "apex", "offset")] == ["s20_po_02", 100231, 100233, 100233]
    assert len(second["frames"]) == 3


def test_a_row_without_a_folder_and_a_folder_without_a_row_are_told_by_name(tmp_path):
    tiny.smic(tmp_path, FOLDERS)
    tiny.smic_apex(tmp_path, [NE, [3, "s3_ne_03", 0, 302370, 302377, ""]])
    with pytest.warns(UserWarning, match="the sheet of apexes has no row for s20_po_02: the middle frame stands in"):
        clips = databases.read("smic", tmp_path)
    assert clips.table["apex"].isna().tolist() == [False, True]
    assert reasons(clips) == {"s3_ne_03": "no folder SMIC_all_raw/HS/s03/s3_ne_03"}
    report = str(databases.check("smic", tmp_path))
    assert "(smic_apex.xlsx, row 3)" in report and "no row for s20_po_02" in report


def test_an_apex_outside_its_clip_and_a_label_that_the_name_contradicts_exclude_the_clip(tmp_path):
    tiny.smic(tmp_path, FOLDERS)
    tiny.smic_apex(tmp_path, [[*NE[:4], 7, 100234], PO, [4, "s4_sur_01", 1, 5, 6, 7]])
    assert reasons(databases.read("smic", tmp_path)) == {
        "s1_ne_01": "apex 7 is outside onset..offset, 100230..100234",
        "s4_sur_01": "the label says positive, the name surprise",
    }


def test_two_apexes_of_one_clip_are_refused(tmp_path):
    tiny.smic(tmp_path, FOLDERS)
    tiny.smic_apex(tmp_path, [NE, PO, [1, "s01_ne_01", 0, 100230, 100232, 100234]])
    with pytest.raises(SheetError, match=r"smic_apex\.xlsx, row 4: s01_ne_01 stands in another row too"):
        databases.read("smic", tmp_path)


def test_another_sheet_beside_the_folders_is_left_alone(tmp_path):
    tiny.smic(tmp_path, FOLDERS)
    tiny.sheet(tmp_path / "SMIC" / "SMIC-HS-E_annotation.xlsx", [["Subject", "Filename", "OnsetF"], [1, "s1_ne_01", 5]])
    assert databases.read("smic", tmp_path).table["apex"].isna().all()


def test_the_real_sheet_of_apexes(shared, tmp_path):
    sheet = shared / "real/QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files/SMIC/smic_apex.xlsx"
    if not sheet.is_file():
        pytest.skip(f"no {sheet.name}")
    (tmp_path / "SMIC").mkdir()
    shutil.copy(sheet, tmp_path / "SMIC")
    clips = databases.read("smic", tmp_path, frames=False)
    assert (len(clips), len(set(clips.subjects)), len(clips.excluded)) == (164, 16, 0)
    assert clips.table["emotion"].value_counts().to_dict() == {"negative": 70, "positive": 51, "surprise": 43}
    assert clips.table["apex"].notna().all() and clips.table["offset"].isna().sum() == 7
    assert "the counts of SMIC-HS" in str(databases.check("smic", tmp_path))
