import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import tiny_databases as tiny

from merlib import paths
from merlib.data import databases
from merlib.data.databases import DatabaseNotFound, SheetError, megc2019_flow_causalnet
from merlib.data.databases.reader import Reader
from merlib.data.source import Source


def test_every_database_has_names_and_a_folder_of_its_own():
    modules = {path.stem for path in Path(databases.__file__).parent.glob("*.py") if "READER = " in path.read_text()}
    assert modules == set(databases.NAMES) == {reader.name for reader in databases.READERS.values()}
    for names in ("title", "folder"):
        assert len({getattr(reader, names).lower() for reader in databases.READERS.values()}) == len(modules)


def test_a_reader_says_only_what_is_its_own(tmp_path):
    def reader(**said):
        rows = pd.DataFrame({"subject": ["s1", "s2"], "clip": ["a", "b"], **said})
        return Reader("mine", "Mine", "mine", (), "", "", lambda folder: rows, fps=50).rows(tmp_path)

    alike = ["database", "fps", "aus", "cropped", "row", "fault", "no_frames"]
    assert reader()[alike].to_dict("records") == 2 * [
        dict(zip(alike, ["mine", "50", "", False, None, "", ""], strict=True))
    ]
    assert reader(cropped=[True, False], fps=["", "25"])[["cropped", "fps"]].to_numpy().tolist() == [
        [True, ""],
        [False, "25"],
    ]


ONE = ["01", "EP02_01f", 46, 49, 51, "L12", "happiness"]
TWO = [2, "EP09f", 3, "/", 6, "?", "Others "]


def reasons(clips) -> dict[str, str]:
    return dict(clips.excluded[["clip", "reason"]].itertuples(index=False))


@pytest.mark.parametrize("name", ["CASME2-coding-20190701.xlsx", "CASME2-coding-20140508.csv"])
@pytest.mark.parametrize("header", [tiny.HEADER, tiny.BLANKED], ids=["plain", "blank columns"])
@pytest.mark.parametrize(("layout", "cropped"), [("Cropped", True), ("CASME2_RAW_selected", False)])
def test_casme2_in_all_its_forms(tmp_path, name, header, layout, cropped):
    tiny.casme2(tmp_path, [ONE, TWO], name, layout, header)
    clips = databases.read("casme2", tmp_path)
    first, second = clips.table.to_dict("records")
    folder = tmp_path / "CASME2" / layout / "sub01" / "EP02_01f"
    assert first["frames"] == [str(folder / f"{'reg_' if cropped else ''}img{i}.jpg") for i in range(46, 52)]
    kept = ["database", "subject", "clip", "onset", "apex", "offset", "fps", "aus", "emotion", "cropped", "file"]
    assert [first[key] for key in kept] == [
        "casme2", "sub01", "EP02_01f", 46, 49, 51, 200.0, "L12", "happiness", cropped, name,
    ]  # fmt: skip
    assert (second["subject"], second["clip"], second["emotion"], second["row"]) == ("sub02", "EP09f", "others", 3)
    assert pd.isna(second["apex"])
    assert clips.apex_index.tolist() == [3, 1]
    assert clips.source == Source("CASME II, the user's copy")


def test_casme2_prefers_the_face_crops(tmp_path):
    tiny.casme2(tmp_path, [ONE], layout="CASME2_RAW_selected")
    tiny.casme2(tmp_path, [ONE], layout="Cropped")
    assert databases.read("casme2", tmp_path).table["cropped"].all()


def test_a_headless_run_is_told_which_folder_was_read(tmp_path, monkeypatch):
    tiny.casme2(tmp_path, [ONE])
    (tmp_path / "SAMM").mkdir()
    monkeypatch.setenv("MERLIB_SOURCES", str(tmp_path / "sources.txt"))
    databases.read("casme2", tmp_path)
    assert (tmp_path / "sources.txt").read_text() == f'"{tmp_path}/CASME2"\n'


@pytest.mark.parametrize("written", ["1", "01", "001", "sub1", "sub01", 1, 1.0])
def test_a_subject_is_found_however_the_spreadsheet_wrote_it(tmp_path, written):
    tiny.casme2(tmp_path, [ONE])
    tiny.sheet(tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx", [tiny.HEADER, [written, *ONE[1:]]])
    assert databases.read("casme2", tmp_path).table["subject"].tolist() == ["sub01"]


def test_numbers_saved_with_a_decimal_point_are_the_same_numbers(tmp_path):
    tiny.casme2(tmp_path, [ONE])
    os.remove(tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx")
    row = ["1.0", "EP02_01f", "46.0", "49.0", "51.0", "4.0", "happiness"]
    tiny.sheet(tmp_path / "CASME2" / "coding.csv", [tiny.HEADER, row])
    clip = databases.read("casme2", tmp_path).table.iloc[0]
    assert (clip["subject"], clip["onset"], clip["apex"], clip["offset"], clip["aus"]) == ("sub01", 46, 49, 51, "4")


def test_the_known_short_clip_of_the_face_crops_is_corrected_only_where_its_frames_are_missing(tmp_path):
    row = [16, "EP01_08", 73, 94, 110, "4", "repression"]
    tiny.casme2(tmp_path / "whole", [row])
    tiny.casme2(tmp_path / "short", [row])
    for number in range(97, 111):
        os.remove(tmp_path / "short" / "CASME2" / "Cropped" / "sub16" / "EP01_08" / f"reg_img{number}.jpg")
    whole, short = (databases.read("casme2", tmp_path / name).table.iloc[0] for name in ("whole", "short"))
    assert (whole["offset"], whole["note"]) == (110, "")
    assert (short["offset"], len(short["frames"])) == (96, 24)
    assert "73..110, goes beyond the frames 73..96" in short["note"]


def test_objective_classes_come_from_a_sheet_of_their_own(tmp_path):
    tiny.casme2(tmp_path, [ONE, TWO])
    rows = [["Subject", "Filename", "Objective Class"], [2, "EP09f", 7], [1, "EP02_01f", 1]]
    tiny.sheet(tmp_path / "CASME2" / "CASME2-ObjectiveClasses.xlsx", rows)
    assert databases.read("casme2", tmp_path).table["objective"].tolist() == ["I", "VII"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing of a workbook", "cannot be opened"),
        (b"", "cannot be opened"),
        (None, "Objective Class: #N/A is an error of a formula"),
    ],
)
def test_a_damaged_sheet_of_objective_classes_is_named(content, said, tmp_path):
    tiny.casme2(tmp_path, [ONE, TWO])
    file = tmp_path / "CASME2" / "CASME2-ObjectiveClasses.xlsx"
    tiny.sheet(file, [["Subject", "Filename", "Objective Class"], [2, "EP09f", 7], [1, "EP02_01f", "#N/A"]])
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SheetError, match=f"{file.name}.*: {said}"):
        databases.read("casme2", tmp_path)
    assert any(said in fault for fault in databases.check("casme2", tmp_path).faults["fault"])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("smic", "SMIC/SMIC_all_raw/HS/s2/micro/negative/s2_ne_01"),
        ("mug", "MUG/002"),
        ("jaffe", "JAFFE/KL.AN1.40.tiff"),
        ("casme2", "CASME2/CASME2-coding-20190701.xlsx"),
    ],
)
def test_a_name_in_another_encoding_is_named(name, path, tmp_path):
    """As an archive of another system unpacks it."""
    tiny.smic(tmp_path, [("s1", "negative", "s1_ne_01"), ("s2", "negative", "s2_ne_01")])
    tiny.mug(tmp_path, ["001/anger/take000", "002/anger/take000"])
    tiny.casme2(tmp_path, [ONE])
    tiny.jaffe(tmp_path, ["KA.AN1.39.tiff", "KL.AN1.40.tiff"])
    file = tmp_path / path
    renamed = file.with_name(os.fsdecode(b"KL\xe9_ne_") + file.name)
    file.rename(renamed)
    shown = f"KL\N{REPLACEMENT CHARACTER}_ne_{file.name}"
    fault = re.escape(f"{Path(path).relative_to(Path(path).parts[0]).with_name(shown)}: is not in UTF-8")
    with pytest.raises(SheetError, match=f"^names that cannot be read in .*:\n  {fault}; accepted .*rename"):
        databases.read(name, tmp_path)
    assert shown in str(databases.check(name, tmp_path))


def test_a_data_root_named_in_another_encoding_is_named(tmp_path):
    root = tmp_path / os.fsdecode(b"\xe9")
    tiny.smic(root, [("s1", "negative", "s1_ne_01")])
    with pytest.raises(SheetError, match="\N{REPLACEMENT CHARACTER}/SMIC: is not in UTF-8"):
        databases.read("smic", root)
    str(databases.check("smic", root)).encode()


@pytest.mark.parametrize("lines_above", [0, 1, 13])
def test_samm_with_its_header_in_any_row(tmp_path, lines_above):
    tiny.samm(tmp_path, [["006", "006_1_2", 5562, 5588, 5590, "(R6 or R12)+R15", "Anger"]], lines_above)
    clip = databases.read("samm", tmp_path).table.iloc[0]
    assert clip["frames"][0] == str(tmp_path / "SAMM" / "006" / "006_1_2" / "006_05562.jpg")
    assert [clip[key] for key in ("subject", "apex", "emotion", "objective", "row", "fps", "cropped")] == [
        "006", 5588, "anger", "VII", lines_above + 2, 200.0, False,
    ]  # fmt: skip


def test_an_apex_outside_its_clip_excludes_the_clip_unless_the_correction_is_known(tmp_path):
    rows = [
        ["028", "028_4_1", 100, 95, 110, "4", "Disgust"],
        ["032", "032_3_1", 50, 61, 60, "4", "Anger"],
        ["033", "033_1_1", 20, 31, 30, "4", "Anger"],
    ]
    tiny.samm(tmp_path, rows)
    clips = databases.read("samm", tmp_path)
    assert clips.table["clip"].tolist() == ["028_4_1", "032_3_1"]
    assert clips.apex_index.tolist() == [5, 5]
    assert clips.table["note"].str.contains("apex 95 is outside onset..offset, 100..110").tolist() == [True, False]
    assert reasons(clips) == {"033_1_1": "apex 31 is outside onset..offset, 20..30"}


@pytest.mark.parametrize(
    ("layout", "cropped"), [("SMIC_all_raw/HS", False), ("SMIC_all_cropped/HS", True), ("SMIC-HS-E/HS", False)]
)
def test_smic_in_its_layouts(tmp_path, layout, cropped):
    extended = layout == "SMIC-HS-E/HS"
    found = [("s1", "negative", "s1_ne_01"), ("s1", "positive", "s1_po_02"), ("s20", "surprise", "s20_sur_01")]
    if extended:
        found = [("s01", "", "s01_ne_01"), ("s01", "", "s01_po_02"), ("s20", "", "s20_sur_01")]
    tiny.smic(tmp_path, found, layout)
    clips = databases.read("smic", tmp_path)
    assert clips.table["emotion"].tolist() == ["negative", "positive", "surprise"]
    assert clips.table["clip"].tolist() == [clip for _, _, clip in found]
    assert clips.subjects.tolist() == ["smic/001", "smic/001", "smic/020"]
    assert clips.table["apex"].isna().all()
    assert clips.apex_index.tolist() == [2, 2, 2]
    assert clips.table["cropped"].tolist() == [cropped] * 3
    assert clips.table.loc[0, ["onset", "offset", "fps"]].tolist() == [100230, 100234, 100.0]
    assert clips.classes("smic-3").y.tolist() == [1, 0, 2]


def test_smic_takes_whole_frames_before_crops_and_leaves_non_micro_clips_alone(tmp_path):
    for layout in ("SMIC_all_cropped/HS", "SMIC_all_raw/HS"):
        tiny.smic(tmp_path, [("s1", "negative", "s1_ne_01")], layout)
        tiny.frames(tmp_path / "SMIC" / layout / "s1" / "non_micro" / "s1_n1", range(3), "image{:06d}.bmp")
    table = databases.read("smic", tmp_path).table
    assert table["clip"].tolist() == ["s1_ne_01"]
    assert not table["cropped"].any()


def test_a_smic_clip_in_the_wrong_folder_is_excluded(tmp_path):
    tiny.smic(tmp_path, [("s1", "negative", "s1_ne_01"), ("s1", "positive", "s1_ne_02")])
    assert reasons(databases.read("smic", tmp_path)) == {"s1_ne_02": "the folder says positive, the name negative"}


@pytest.mark.parametrize(("width", "cropped"), [(20, True), (32, False)])
def test_mmew(tmp_path, width, cropped):
    rows = [[1, "S01-01-001", 1, 3, 4, "6+12", "happiness", ""], [1, "S01-04-001", 2, 3, 5, "12L", "others", "blink"]]
    tiny.mmew(tmp_path, rows, width=width)
    clips = databases.read("mmew", tmp_path)
    first = clips.table.iloc[0]
    folder = tmp_path / "MMEW" / "Micro_Expression" / "happiness" / "S01-01-001"
    assert first["frames"] == [str(folder / f"{i}.jpg") for i in (1, 2, 3, 4)]
    assert (first["subject"], first["fps"], first["cropped"]) == ("S01", 90.0, cropped)
    assert clips.classes("mmew-4").y.tolist() == [0, 3]


def test_flow_maps_are_matched_by_name_and_never_by_order(tmp_path):
    rows = [("samm", "006", "006_1_2", "0"), ("smic", "s01", "s01_po_01", "1"), ("casme2", "sub01", "EP02_01f", "2")]
    folder = tiny.megc2019_flow(tmp_path, rows)
    for order in (rows, rows[::-1]):
        tiny.sheet(
            folder / "combined_3_class2_for_optical_flow.csv", [["dataset", "sub", "filename_o", "label"], *order]
        )
        clips = databases.read("megc2019_flow", tmp_path).classes("megc2019-3")
        for clip in clips.table.itertuples():
            assert Path(clip.frames[0]).name == f"{clip.subject}_{clip.clip} .png"
        assert dict(zip(clips.table["database"], clips.table["label"], strict=True)) == {
            "samm": "negative", "smic": "positive", "casme2": "surprise",
        }  # fmt: skip


def test_a_flow_map_that_is_missing_or_has_no_label_is_named(tmp_path):
    rows = [("samm", "006", "006_1_2", "0"), ("samm", "006", "006_1_3", "7"), ("samm", "006", "006_1_4", "1")]
    folder = tiny.megc2019_flow(tmp_path, rows)
    os.remove(folder / "datasets" / "STSNet_whole_norm_u_v_os" / "006_006_1_2 .png")
    clips = databases.read("megc2019_flow", folder)
    assert clips.table["clip"].tolist() == ["006_1_4"]
    assert "006_006_1_2 .png" in reasons(clips)["006_1_2"]
    assert "label '7'" in reasons(clips)["006_1_3"]


def test_the_real_flow_maps(shared):
    clips = databases.read("megc2019_flow", shared / "real" / "megc2019_flow").classes("megc2019-3")
    assert (len(clips), len(clips.excluded), len(set(clips.subjects))) == (442, 0, 68)
    assert dict(zip(clips.class_names, np.bincount(clips.y).tolist(), strict=True)) == {
        "positive": 109, "negative": 250, "surprise": 83,
    }  # fmt: skip
    per_database = clips.table.groupby("database")["subject"].agg(["size", "nunique"])
    assert per_database.T.to_dict("list") == {"casme2": [145, 24], "samm": [133, 28], "smic": [164, 16]}


def test_flow_maps_of_causalnet_are_four_per_clip(tmp_path):
    folder = tiny.megc2019_flow(tmp_path, [("samm", "006", "006_1_2", "0"), ("smic", "s01", "s01_po_01", "1")])
    maps = folder / "datasets" / "STSNet_whole_norm_u_v_os"
    for ending in ("_1", "_2", "_3"):
        shutil.copy(maps / "006_006_1_2 .png", maps / f"006_006_1_2{ending} .png")
    folder.rename(tmp_path / "MEGC2019_flow_causalnet")
    clips = databases.read("megc2019_flow_causalnet", tmp_path)
    assert clips.table["clip"].tolist() == ["006_1_2"]
    assert reasons(clips)["s01_po_01"].startswith("no s01_s01_po_01_1 .png, s01_s01_po_01_2 .png, s01_s01_po_01_3 .png")
    assert Path(clips.table["frames"][0][0]).name == "006_006_1_2 .png"
    other = megc2019_flow_causalnet.maps(clips, "_2")
    assert (
        Path(other.table["frames"][0][0]).name == "006_006_1_2_2 .png" and Path(other.table["frames"][0][0]).is_file()
    )
    with pytest.raises(ValueError, match="no maps that end in '_4'; there are '', '_1', '_2', '_3'"):
        megc2019_flow_causalnet.maps(clips, "_4")


def test_own_clips_of_folders_and_videos(tmp_path):
    tiny.frames(tmp_path / "anna" / "smile", range(8, 21), "frame_{:04d}.png")
    tiny.video(tmp_path / "ben.avi", 12)
    header = ["subject", "clip", "frames", "onset", "apex", "offset", "fps", "emotion", "aus"]
    rows = [
        ["anna", "smile", "anna/smile", 10, 12, 14, 120, "Joy", "6+12"],
        ["anna", "all", "anna/smile", "", "", "", "", "joy", ""],
        ["ben", "frown", "ben.avi", "", "", "", 25, "anger", "4"],
        ["ben", "part", "ben.avi", 3, 5, 9, 25, "anger", "4"],
        ["ben", "late", "ben.avi", 3, 5, 12, 25, "anger", "4"],
        ["cleo", "gone", "cleo.avi", "", "", "", 25, "anger", "4"],
        ["cleo", "slow", "anna/smile", "", "", "", "slow", "anger", "4"],
    ]
    tiny.sheet(tmp_path / "my_clips.csv", [header, *rows])
    with pytest.warns(UserWarning, match="anna smile .* and anna all .my_clips.csv, row 3.; ben frown .* and ben part"):
        clips = databases.read("own", tmp_path / "my_clips.csv").classes("own")
    assert clips.class_names == ("anger", "joy")
    assert clips.table["onset"].tolist() == [10, 8, 0, 3]
    assert clips.table["offset"].tolist() == [14, 20, 11, 9]
    assert [len(frames) for frames in clips.table["frames"]] == [5, 13, 1, 1]
    assert clips.apex_index.tolist() == [2, 6, 5, 2]
    assert clips.table["fps"].isna().tolist() == [False, True, False, False]
    assert reasons(clips) == {
        "late": "offset 12 is after the video's last frame, 11",
        "gone": "cleo.avi is not there",
        "slow": "fps 'slow' is not a number above 0, such as 29.97, and at most 100000",
    }


def test_a_blank_path_of_an_own_list_is_named_by_the_folder_alone(tmp_path):
    tiny.frames(tmp_path / "lists" / "a", range(3))
    rows = [["subject", "clip", "frames", "emotion"], ["anna", "one", "a", "joy"], ["ben", "two", "", "joy"]]
    tiny.sheet(tmp_path / "lists" / "list.csv", rows)
    for place in (tmp_path / "lists", tmp_path / "lists" / "list.csv"):
        assert str(tmp_path) not in reasons(databases.read("own", place))["two"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_own_lists_saved_by_other_spreadsheets(tmp_path, delimiter):
    tiny.frames(tmp_path / "a", range(3))
    lines = [["subject", "clip", "frames", "emotion"], ["anna", "one", "a", "joy"]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    (tmp_path / "list.csv").write_text(text, encoding="utf-8-sig")
    assert len(databases.read("own", tmp_path)) == 1


def test_what_is_wrong_with_single_clips_excludes_them_with_reason_file_and_row(tmp_path):
    rows = [
        ONE,
        [1, "missing", 10, 12, 20, "4", "disgust"],
        [1, "gone", 10, 12, 20, "4", "disgust"],
        [1, "backwards", 10, 12, 20, "4", "disgust"],
        [1, "unnamed", 10, 12, 13, "4", ""],
        [1, "onset", "x", 12, 13, "4", "disgust"],
        [1, "twin", 10, 12, 13, "4", "disgust"],
        [1, "long", 10, 12, 2_000_000_000, "4", "disgust"],
        ["", "nobody", 10, 12, 13, "4", "disgust"],
        ONE,
    ]
    cropped = tmp_path / "CASME2" / "Cropped" / "sub01"
    for _, clip, *_ in rows[1:]:
        tiny.frames(cropped / clip, range(10, 21), "reg_img{}.jpg")
    tiny.casme2(tmp_path, [ONE])
    os.remove(cropped / "missing" / "reg_img12.jpg")
    os.remove(cropped / "missing" / "reg_img13.jpg")
    os.remove(cropped / "missing" / "reg_img16.jpg")
    for file in (cropped / "gone").iterdir():
        os.remove(file)
    (cropped / "gone").rmdir()
    tiny.frames(cropped / "twin", [11], "reg_img{:04d}.jpg")
    rows[3][2:5] = 20, 12, 10
    tiny.sheet(tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx", [tiny.HEADER, *rows])
    clips = databases.read("casme2", tmp_path)
    inside = Path("Cropped", "sub01")  # the database's folder: tables of reasons are passed on
    assert clips.table["clip"].tolist() == ["EP02_01f"]
    assert reasons(clips) == {
        "missing": f"no file for frames 12-13, 16 in {inside / 'missing'}",
        "gone": f"no folder {inside / 'gone'}",
        "backwards": "offset 10 comes before onset 20",
        "unnamed": "the emotion is not given",
        "onset": "onset 'x' is not a frame number",
        "twin": f"two files for frame 11: reg_img0011.jpg, reg_img11.jpg in {inside / 'twin'}",
        "long": f"onset..offset, 10..2000000000, goes beyond the frames 10..20 in {inside / 'long'}",
        "nobody": "the subject is not given",
        "EP02_01f": "repeats CASME2-coding-20190701.xlsx, row 2",
    }
    assert clips.excluded["row"].tolist() == list(range(3, 12))


def test_frame_numbers_may_be_padded_and_other_files_may_lie_beside_them(tmp_path):
    tiny.casme2(tmp_path, [ONE])
    folder = tmp_path / "CASME2" / "Cropped" / "sub01" / "EP02_01f"
    (folder / "reg_img47.jpg").rename(folder / "reg_img0047.jpg")
    for other in ("Thumbs.db", "._reg_img46.jpg", "reg_img46 (copy).jpg", "notes46.txt"):
        (folder / other).write_bytes(b"")
    names = [Path(frame).name for frame in databases.read("casme2", tmp_path).table["frames"][0]]
    assert names[:3] == ["reg_img46.jpg", "reg_img0047.jpg", "reg_img48.jpg"]


def test_contradicting_rows_are_refused_with_all_their_places(tmp_path):
    tiny.casme2(tmp_path, [ONE, [*ONE[:6], "disgust"], TWO, [*TWO[:2], 3, 5, 6, "?", "others"]])
    with pytest.raises(SheetError) as error:
        databases.read("casme2", tmp_path)
    lines = str(error.value).splitlines()[1:]
    file = "CASME2-coding-20190701.xlsx"
    assert lines[0].strip() == f"{file}, row 2: sub01 EP02_01f is different in {file}, row 3"
    assert lines[1].strip() == f"{file}, row 4: sub02 EP09f is different in {file}, row 5"


def test_a_subject_column_without_subjects_is_one_error(tmp_path):
    tiny.casme2(tmp_path, [ONE, TWO])
    rows = [["unknown", *ONE[1:]], ["unknown", *TWO[1:]]]
    tiny.sheet(tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx", [tiny.HEADER, *rows])
    with pytest.raises(SheetError, match="none of the 2 annotated clips can be used") as error:
        databases.read("casme2", tmp_path)
    assert "row 2: no folder" in str(error.value)


def test_two_folders_of_one_person_are_refused(tmp_path):
    tiny.casme2(tmp_path, [ONE])
    (tmp_path / "CASME2" / "Cropped" / "sub1").mkdir()
    with pytest.raises(SheetError, match="sub1: the same person as sub01"):
        databases.read("casme2", tmp_path)


def test_a_missing_database_shows_the_tree_and_both_ways_to_get_one(tmp_path):
    with pytest.raises(DatabaseNotFound) as error:
        databases.read("casme2", tmp_path)
    for part in (
        str(tmp_path),
        "Cropped/sub01/EP02_01f/reg_img46.jpg",
        "licence",
        "data/README.md",
        "merlib data synth casme2",
    ):
        assert part in str(error.value)
    (tmp_path / "CASME2").mkdir()
    with pytest.raises(DatabaseNotFound):
        databases.read("casme2", tmp_path)
    with pytest.raises(DatabaseNotFound, match="wangzhifengharrison/HTNet"):
        databases.read("megc2019_flow", tmp_path)
    with pytest.raises(ValueError, match="no database 'casme9'; there are casme2, samm"):
        databases.read("casme9", tmp_path)


def test_the_data_root_may_be_the_databases_own_folder_and_is_the_projects_by_default(home):
    tiny.casme2(paths.data(), [ONE])
    assert len(databases.read("casme2")) == len(databases.read("casme2", paths.data() / "CASME2")) == 1


def test_the_source_is_what_the_folder_says_of_itself(tmp_path):
    tiny.casme2(tmp_path, [ONE])
    (tmp_path / "CASME2" / "SOURCE.txt").write_text("look-alike data (profile demo, seed 0)\n", encoding="utf-8")
    assert databases.read("casme2", tmp_path).source == Source("look-alike data (profile demo, seed 0)", True)


def test_the_page_on_data_shows_every_databases_folders():
    page = (Path(__file__).parents[3] / "data" / "README.md").read_text(encoding="utf-8").split()
    for reader in databases.READERS.values():
        if reader.name != "own":
            paths_in_tree = [line.split()[0] for line in reader.tree.strip().splitlines()]
            assert set(paths_in_tree) <= set(page), reader.name
