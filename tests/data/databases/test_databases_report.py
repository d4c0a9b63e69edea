import os

import pytest
from helpers import tiny_databases as tiny
from helpers.tiny_databases import CASME2, MMEW, SAMM

from merlib.data import databases

CASME2_2014 = CASME2 | {"surprise": 25, "sadness": 7}
FIVE_CLASSES = {"happiness": 32, "disgust": 64, "repression": 27, "surprise": 25, "others": 99}


@pytest.mark.parametrize(
    ("emotions", "version"),
    [(CASME2, "sheet of 2019"), (CASME2_2014, "sheet of 2014"), (FIVE_CLASSES, "five-class sheet")],
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


def test_counts_of_a_folder_that_names_its_source_are_told_and_not_compared(tmp_path):
    tiny.casme2(tmp_path, tiny.counted_rows(CASME2_2014, 26)[:9])
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
