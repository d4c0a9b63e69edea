import os
import shutil

import pytest
from helpers import tiny_databases as tiny
from helpers.tiny_databases import CASME2, MMEW, SAMM

from merlib.data import databases

CASME2_2014 = CASME2 | {"surprise": 25, "sadness": 7}
FIVE_247 = {"happiness": 32, "disgust": 64, "repression": 27, "surprise": 25, "others": 99}
FIVE_246 = FIVE_247 | {"disgust": 63}


@pytest.mark.parametrize(
    ("emotions", "version"),
    [
        (CASME2, "sheet of 2019"),
        (CASME2_2014, "sheet of 2014"),
        (FIVE_247, "five-class sheet of 247 clips, with sub24/EP02_07"),
        (FIVE_246, "five-class sheet of 246 clips, without sub24/EP02_07"),
    ],
)
def test_each_published_version_of_casme2_is_recognised(tmp_path, emotions, version):
    tiny.casme2(tmp_path, tiny.counted_rows(emotions, 26), header=tiny.BLANKED)
    report = databases.check("casme2", tmp_path)
    assert report.ok
    assert str(report).startswith("CASME II: all is well (source: CASME II, the user's copy)")
    assert f"{sum(emotions.values())} clips, 26 subjects" in str(report)
    assert version in str(report)


def test_samm_and_mmew_of_the_published_size(tmp_path):
    tiny.samm(tmp_path, tiny.counted_rows(SAMM, 29))
    tiny.mmew(tmp_path, tiny.counted_rows(MMEW, 30))
    assert databases.check("samm", tmp_path).ok
    assert databases.check("mmew", tmp_path).ok


def test_smic_of_the_published_size(tmp_path):
    emotions = {"negative": ("ne", 70), "positive": ("po", 51), "surprise": ("sur", 43)}
    clips = [(name, code, i) for name, (code, number) in emotions.items() for i in range(number)]
    tiny.smic(tmp_path, [(f"s{i % 16 + 1}", name, f"s{i % 16 + 1}_{code}_{i:02d}") for name, code, i in clips])
    report = databases.check("smic", tmp_path)
    assert report.ok, str(report)


def test_the_real_flow_maps_are_well(shared):
    assert databases.check("megc2019_flow", shared / "real" / "megc2019_flow").ok


def test_counts_that_differ_are_told_beside_the_nearest_version(tmp_path):
    rows = [row for row in tiny.counted_rows(CASME2_2014, 26) if row[1] != "EP000"]
    tiny.casme2(tmp_path, rows)
    report = databases.check("casme2", tmp_path)
    assert not report.ok
    assert report.faults["fault"].tolist() == [
        "counts differ from the published ones (sheet of 2014, the nearest): 254 clips instead of 255, "
        "31 happiness instead of 32"
    ]
    assert not any("without a row" in note for note in report.notes)


def test_a_clip_with_frames_that_the_sheet_lacks_is_named(tmp_path):
    tiny.casme2(tmp_path, tiny.counted_rows(CASME2_2014, 26))
    rows = [row for row in tiny.counted_rows(CASME2_2014, 26) if row[1] != "EP000"]
    tiny.sheet(tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx", [tiny.HEADER, *rows])
    (tmp_path / "CASME2" / "Cropped" / "sub01" / "empty").mkdir()
    notes = databases.check("casme2", tmp_path).notes
    assert "frames without a row in the sheet: Cropped/sub01/EP000" in notes


def test_sheets_that_are_not_read_are_named(tmp_path):
    tiny.casme2(tmp_path, tiny.counted_rows(CASME2, 26))
    classes = [["Subject", "Filename", "Objective Class"], [1, "EP000", 1]]
    tiny.sheet(tmp_path / "CASME2" / "CASME2-ObjectiveClasses.xlsx", classes)
    for name in ("smic_apex.xlsx", "old.ods", "~$CASME2.xlsx", "licence.pdf"):
        tiny.sheet(tmp_path / "CASME2" / "smic_apex.xlsx", [["data", "subject", "clip"], ["smic", 20, "s20_ne_01"]])
        if not name.startswith("smic"):
            (tmp_path / "CASME2" / name).write_bytes(b"")
    report = databases.check("casme2", tmp_path)
    assert report.ok
    assert "not read, as nothing in it is needed here: old.ods, smic_apex.xlsx" in report.notes


def test_two_sheets_are_refused_with_what_to_do(tmp_path):
    tiny.casme2(tmp_path, tiny.counted_rows(CASME2, 26))
    tiny.sheet(tmp_path / "CASME2" / "b.csv", [tiny.HEADER, *tiny.counted_rows(CASME2, 26)[:3]])
    report = databases.check("casme2", tmp_path)
    assert report.faults[["file", "fault"]].to_numpy().tolist() == [
        [name, f"an annotation sheet of {number} clips: leave one, move the others elsewhere"]
        for name, number in (("CASME2-coding-20190701.xlsx", 255), ("b.csv", 3))
    ]


def test_empty_worksheets_are_no_fault(tmp_path):
    tiny.casme2(tmp_path, [["01", "EP1", 5, 6, 7, "4", "disgust"]])
    file = tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx"
    rows = [["wrong", "header"], ["01", "EP1"]]
    tiny.sheet(file, rows, [], [])
    assert [fault for _, _, fault in _faults(tmp_path)] == [
        "no header row with Subject, Filename, Onset Frame, Apex Frame, Offset Frame, Action Units, Estimated Emotion"
    ]
    tiny.sheet(file, [tiny.HEADER, ["01", "EP1", 5, 6, 7, "4", "disgust"]], [], [])
    assert len(databases.read("casme2", tmp_path)) == 1


def _faults(root):
    with pytest.raises(databases.SheetError) as error:
        databases.read("casme2", root)
    return error.value.faults


def test_action_units_that_cannot_be_read_are_told_and_leave_the_clip_in(tmp_path):
    rows = tiny.counted_rows(CASME2, 26)
    rows[3][5] = "4++7"
    tiny.casme2(tmp_path, rows)
    assert len(databases.read("casme2", tmp_path)) == 255
    (fault,) = databases.check("casme2", tmp_path).faults.to_dict("records")
    assert (fault["clip"], fault["row"]) == ("EP003", 5)
    assert "'4++7': not understood at position 3" in fault["fault"]
    assert fault["fault"].endswith("; classes by action units leave the clip out")


def test_annotations_without_frames_are_checked_and_it_is_said(tmp_path):
    tiny.casme2(tmp_path, tiny.counted_rows(CASME2_2014, 26))
    shutil.rmtree(tmp_path / "CASME2" / "Cropped")
    report = databases.check("casme2", tmp_path)
    assert str(report).startswith("CASME II: all is well with the annotations; there are no frames")
    with pytest.raises(databases.DatabaseNotFound):
        databases.read("casme2", tmp_path)
    with pytest.raises(databases.DatabaseNotFound):
        databases.read("samm", tmp_path, frames=False)


REAL = "QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files"
MMEW_CSV = "ini17+Micro-expression-recognition-by-fusing-Action-Unit-detection-and-spatio-temporal-features"


@pytest.mark.parametrize(
    ("name", "file", "num_clips", "version"),
    [
        ("casme2", f"{REAL}/CASME2/CASME2-coding-20140508.xlsx", 255, "sheet of 2014"),
        ("samm", f"{REAL}/SAMM/SAMM.xlsx", 159, "release 2"),
        ("mmew", f"{MMEW_CSV}/MatlabCodes/Optical flow extraction/MMEW_Micro_Exp.csv", 300, "2021"),
    ],
)
def test_a_real_sheet_is_read_whole_and_recognised(shared, tmp_path, name, file, num_clips, version):
    folder = tmp_path / databases.READERS[name].folder
    folder.mkdir()
    shutil.copy(shared / "real" / file, folder)
    clips = databases.read(name, tmp_path, frames=False)
    assert len(clips) == num_clips
    assert clips.excluded.empty
    report = databases.check(name, tmp_path)
    assert report.ok, str(report)
    assert f"the counts of {version}" in str(report)


@pytest.mark.parametrize(("scheme", "num_clips"), [("samm-5", 136), ("samm-3", 133)])
def test_the_classes_of_the_real_sheet_of_samm_lose_no_clip(shared, tmp_path, scheme, num_clips):
    shutil.copy(shared / "real" / REAL / "SAMM" / "SAMM.xlsx", tmp_path)
    assert len(databases.read("samm", tmp_path, frames=False).classes(scheme)) == num_clips


def test_counts_of_a_look_alike_are_told_and_not_compared(tmp_path):
    tiny.casme2(tmp_path, tiny.counted_rows(CASME2_2014, 26)[:9])
    assert not databases.check("casme2", tmp_path).ok
    (tmp_path / "CASME2" / "SOURCE.txt").write_text("CASME II, from a public repository\n")
    assert not databases.check("casme2", tmp_path).ok
    (tmp_path / "CASME2" / "SOURCE.txt").write_text("look-alike data (seed 0)\n")
    report = databases.check("casme2", tmp_path)
    assert report.ok
    assert str(report).startswith("CASME II: all is well (source: look-alike data (seed 0))")
    assert "9 clips" in str(report) and "not compared with the published counts" in str(report)
    (tmp_path / "CASME2" / "Cropped" / "sub01" / "EP000" / "reg_img6.jpg").unlink()
    assert databases.check("casme2", tmp_path).faults["clip"].tolist() == ["EP000"]


def test_everything_that_is_wrong_comes_in_one_report(tmp_path):
    tiny.casme2(tmp_path, tiny.counted_rows(CASME2, 26))
    folder = tmp_path / "CASME2" / "Cropped"
    whole = tiny.picture(".jpg", 64, 64)
    os.remove(folder / "sub01" / "EP000" / "reg_img6.jpg")
    (folder / "sub02" / "EP001" / "reg_img5.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "sub03" / "EP002" / "reg_img7.jpg").write_bytes(b"")
    (folder / "sub04" / "EP003" / "reg_img7.jpg").write_text("no picture")
    rows = tiny.counted_rows(CASME2, 26)
    rows[4][3] = 9
    rows[5][6] = "hapiness"
    rows.append(rows[6])
    tiny.sheet(tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx", [tiny.HEADER, *rows])
    report = databases.check("casme2", tmp_path)
    by_clip = report.faults.groupby("clip", sort=False)["fault"].agg("; ".join)
    assert "256 clips instead of 255" in by_clip[""]
    assert "no file for frames 6" in by_clip["EP000"]
    assert "reg_img5.jpg: " in by_clip["EP001"]
    assert "truncated" in by_clip["EP001"]
    assert "reg_img7.jpg: " in by_clip["EP002"]
    assert "reg_img7.jpg: " in by_clip["EP003"]
    assert by_clip["EP004"] == "apex 9 is outside onset..offset, 5..7"
    assert "emotion 'hapiness' is none of disgust, fear" in by_clip["EP005"]
    assert by_clip["EP006"] == "repeats CASME2-coding-20190701.xlsx, row 8"
    assert len(by_clip) == 8
    line = next(line for line in str(report).splitlines() if "EP004" in line)
    assert line.strip() == (
        "casme2 sub05 EP004: apex 9 is outside onset..offset, 5..7 (CASME2-coding-20190701.xlsx, row 6)"
    )


def test_annotations_that_mean_nothing_are_faults_of_the_report_too(tmp_path):
    row = ["01", "EP1", 1, 2, 3, "4", "disgust"]
    tiny.casme2(tmp_path, [row, [*row[:6], "others"]])
    report = databases.check("casme2", tmp_path)
    assert report.faults[["row", "fault"]].to_numpy().tolist() == [
        [2, "sub01 EP1 is different in CASME2-coding-20190701.xlsx, row 3"]
    ]


def test_a_correction_is_a_note_and_no_fault(tmp_path):
    rows = tiny.counted_rows(SAMM, 29)
    rows[27] = [28, "028_4_1", 5, 9, 7, "4", rows[27][6]]
    tiny.samm(tmp_path, rows)
    report = databases.check("samm", tmp_path)
    assert report.ok
    assert any("028_4_1" in note and "apex 9 is outside" in note for note in report.notes)


def test_own_clips_have_no_published_counts_and_their_videos_are_opened(tmp_path):
    tiny.video(tmp_path / "a.avi", 4)
    tiny.sheet(tmp_path / "list.csv", [["subject", "clip", "frames", "emotion"], ["anna", "1", "a.avi", "joy"]])
    assert databases.check("own", tmp_path / "list.csv").ok
