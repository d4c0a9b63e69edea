"""The readers of the macro-expression databases, on trees in the real layouts."""

import os
import shutil

import pytest
from helpers import tiny_databases as tiny

from merlib.data import databases, pictures
from merlib.data.clips import Clips
from merlib.data.databases import DatabaseNotFound, SheetError

FIVE = ("happiness", "surprise", "anger", "disgust", "sadness")


def reasons(clips) -> dict[str, str]:
    return dict(clips.excluded[["clip", "reason"]].itertuples(index=False))


def values(clip, *names):
    return [clip[name] for name in names]


# --- CK+ ---


def test_a_sequence_of_ckplus_ends_at_its_apex(tmp_path):
    folder = tiny.ckplus(tmp_path, [("S005", "001", "disgust"), ("S010", "002", ""), ("S010", "004", "anger")])
    clips = databases.read("ckplus", tmp_path)
    first = clips.table.iloc[0]
    images = folder / "cohn-kanade-images" / "S005" / "001"
    assert first["frames"] == [str(images / f"S005_001_{i:08d}.png") for i in (1, 2, 3)]
    assert values(first, "subject", "clip", "onset", "apex", "offset", "fps", "emotion", "aus", "cropped") == [
        "S005", "001", 1, 3, 3, 30.0, "disgust", "", False,
    ]  # fmt: skip
    assert clips.table["emotion"].tolist() == ["disgust", "unlabelled", "anger"]
    assert clips.table["apex"].tolist() == [3, 3, 3]
    assert clips.subjects.tolist() == ["ckplus/005", "ckplus/010", "ckplus/010"]


def test_unlabelled_sequences_of_ckplus_are_left_out_like_other_emotions_without_a_class(tmp_path):
    rows = [("S005", "001", "disgust"), ("S010", "002", ""), ("S010", "003", "contempt"), ("S010", "004", "fear")]
    tiny.ckplus(tmp_path, rows)
    clips = databases.read("ckplus", tmp_path).classes("macro-5")
    assert clips.table["clip"].tolist() == ["001"]
    assert reasons(clips) == {
        "002": "emotion 'unlabelled' is in no class of macro-5",
        "003": "emotion 'contempt' is in no class of macro-5",
        "004": "emotion 'fear' is in no class of macro-5",
    }


@pytest.mark.parametrize(
    ("text", "emotion"), [("   3.0000000e+00\n", "disgust"), ("7\r\n\r\n", "surprise"), ("0.0", "neutral")]
)
def test_the_code_of_an_emotion_may_be_written_in_any_way(tmp_path, text, emotion):
    folder = tiny.ckplus(tmp_path, [("S005", "001", "anger")])
    (folder / "Emotion/S005/001/S005_001_00000003_emotion.txt").write_text(text)
    assert databases.read("ckplus", tmp_path).table["emotion"].tolist() == [emotion]


def test_the_action_units_of_ckplus_come_from_its_facs_files(tmp_path):
    folder = tiny.ckplus(tmp_path, [("S005", "001", "disgust"), ("S005", "002", "")])
    for clip, text in (("001", "   9.0000000e+00   4.0000000e+00\n   1.7000000e+01   0.0000000e+00\n"), ("002", "\n")):
        units = folder / "FACS" / "S005" / clip / f"S005_{clip}_00000003_facs.txt"
        units.parent.mkdir(parents=True)
        units.write_text(text)
    assert databases.read("ckplus", tmp_path).table["aus"].tolist() == ["9+17", ""]


def test_what_is_wrong_with_sequences_of_ckplus_is_told_of_each(tmp_path):
    clips = ["001", "002", "003", "004", "005", "006", "007"]
    folder = tiny.ckplus(tmp_path, [("S005", clip, "anger") for clip in clips])
    labels, images = folder / "Emotion" / "S005", folder / "cohn-kanade-images" / "S005"
    (labels / "002" / "S005_002_00000003_emotion.txt").write_text("happy")
    (labels / "003" / "S005_003_00000003_emotion.txt").write_text("9.0")
    (labels / "004" / "S005_004_00000002_emotion.txt").write_text("1.0")
    os.remove(images / "005" / "S005_005_00000003.png")
    os.remove(images / "006" / "S005_006_00000002.png")
    shutil.rmtree(images / "007")
    (labels / "notes.txt").write_text("no label")
    (images / "face.png").write_bytes(tiny.picture(".png"))
    read = databases.read("ckplus", tmp_path)
    assert read.table["clip"].tolist() == ["001"]
    assert reasons(read) == {
        "002": "S005_002_00000003_emotion.txt holds 'happy' instead of numbers",
        "003": "S005_003_00000003_emotion.txt holds [9.0], not one number from 0 to 7",
        "004": "annotated twice: S005_004_00000002_emotion.txt, S005_004_00000003_emotion.txt",
        "005": "apex 3 is outside onset..offset, 1..2",
        "006": "no file for frames 2 in cohn-kanade-images/S005/006",
        "Emotion/S005/007/S005_007_00000003_emotion.txt": "there are no pictures of it in cohn-kanade-images",
        "Emotion/S005/notes.txt": "the name is not of the form S005_001_00000011_emotion.txt",
        "cohn-kanade-images/S005": "1 pictures in a folder that is no clip's; a clip's folder is such as S005/001",
    }


def test_ckplus_without_its_emotions_is_refused(tmp_path):
    folder = tiny.ckplus(tmp_path, [("S005", "001", "anger")])
    shutil.rmtree(folder / "Emotion")
    with pytest.raises(SheetError, match="Emotion: this folder is not there"):
        databases.read("ckplus", tmp_path)


# --- Oulu-CASIA ---


def test_a_clip_of_oulu_casia_ends_at_its_apex(tmp_path):
    folder = tiny.oulu_casia(tmp_path, 2)
    clips = databases.read("oulu_casia", tmp_path)
    first = clips.table.iloc[0]
    images = folder / "OriginalImg" / "VL" / "Strong" / "P001" / "Anger"
    assert first["frames"] == [str(images / f"{i:03d}.jpeg") for i in range(4)]
    assert values(first, "subject", "clip", "onset", "apex", "offset", "fps", "emotion") == [
        "P001", "Anger", 0, 3, 3, 25.0, "anger",
    ]  # fmt: skip
    assert len(clips.classes("macro-5")) == 10


def test_only_visible_light_and_strong_illumination_of_oulu_casia_is_read(tmp_path):
    folder = tiny.oulu_casia(tmp_path, 1)
    for other in ("OriginalImg/VL/Weak", "OriginalImg/NI/Strong", "PreProcess Img/VL_Acropped/Strong"):
        shutil.copytree(folder / "OriginalImg" / "VL" / "Strong", folder / other)
    assert len(databases.read("oulu_casia", tmp_path)) == 6


def test_folders_of_oulu_casia_that_are_no_clips_are_reported(tmp_path):
    folder = tiny.oulu_casia(tmp_path, 1, ["Anger", "Grin"]) / "OriginalImg" / "VL" / "Strong"
    tiny.frames(folder / "P001", [1, 2], "{:03d}.jpeg")
    tiny.frames(folder / "P001" / "Anger" / "old", [1], "{:03d}.jpeg")
    (folder / "P002" / "Fear").mkdir(parents=True)
    clips = databases.read("oulu_casia", tmp_path)
    assert clips.table["clip"].tolist() == ["Anger", "Grin"]
    assert reasons(clips) == {
        "OriginalImg/VL/Strong/P001": "2 pictures in a folder that is no clip's; a clip's folder is such as P012/Anger",
        "OriginalImg/VL/Strong/P001/Anger/old": (
            "1 pictures in a folder that is no clip's; a clip's folder is such as P012/Anger"
        ),
        "Fear": f"no numbered pictures ({', '.join(pictures.PICTURES)}) in OriginalImg/VL/Strong/P002/Fear",
    }
    assert reasons(clips.classes("macro-5"))["Grin"] == "emotion 'grin' is in no class of macro-5"
    faults = databases.check("oulu_casia", tmp_path).faults["fault"]
    assert faults.str.contains("emotion 'Grin' is none of anger").sum() == 1


def test_a_tree_without_any_clip_is_one_error_that_says_what_lies_there(tmp_path):
    folder = tmp_path / "Oulu_CASIA" / "OriginalImg" / "VL" / "Strong"
    folder.mkdir(parents=True)
    with pytest.raises(SheetError, match="Strong: no folder such as P012/Anger"):
        databases.read("oulu_casia", tmp_path)
    tiny.frames(folder / "Anger" / "P012", range(3), "{:03d}.jpeg")
    with pytest.raises(SheetError, match="Strong/Anger/P012: 3 pictures in a folder that is no clip's"):
        databases.read("oulu_casia", tmp_path)


# --- JAFFE ---


@pytest.mark.parametrize("inside", ["", "jaffe"])
def test_a_picture_of_jaffe_is_a_clip_of_one_frame(tmp_path, inside):
    folder = tiny.jaffe(tmp_path, ["KA.AN1.39.tiff", "KM.SA5.13.tiff", "NA.NE1.199.tiff"], inside)
    (folder / inside / "README").write_text("no picture")
    clips = databases.read("jaffe", tmp_path)
    first = clips.table.iloc[0]
    assert first["frames"] == [str(folder / inside / "KA.AN1.39.tiff")]
    assert values(first, "subject", "clip", "onset", "apex", "offset", "emotion") == [
        "KA", "KA.AN1.39", 39, 39, 39, "anger",
    ]  # fmt: skip
    assert clips.table["emotion"].tolist() == ["anger", "sadness", "neutral"]
    assert clips.apex_index.tolist() == [0, 0, 0]
    assert clips.excluded.empty
    assert clips.classes("macro-5").table["clip"].tolist() == ["KA.AN1.39", "KM.SA5.13"]


def test_pictures_with_names_of_another_form_are_reported_with_their_place(tmp_path):
    folder = tiny.jaffe(tmp_path, ["KA.AN1.39.tiff", "KA.XX1.40.tiff", "contact sheet.tiff"])
    tiny.jaffe(tmp_path, ["contact sheet.tiff"], "more")
    clips = databases.read("jaffe", tmp_path)
    form = "the name is not of the form KA.AN1.39.tiff"
    assert reasons(clips) == dict.fromkeys(["KA.XX1.40.tiff", "contact sheet.tiff", "more/contact sheet.tiff"], form)
    assert len(clips) == 1
    report = databases.check("jaffe", folder)
    assert report.notes[0] == "1 clips, 1 subjects, 1 anger"
    assert report.faults["fault"].tolist().count(form) == 3


def test_a_folder_without_any_name_of_jaffe_is_not_jaffe(tmp_path):
    tiny.jaffe(tmp_path, ["happy_01.tiff"])
    with pytest.raises(DatabaseNotFound, match=r"KA\.AN1\.39\.tiff"):
        databases.read("jaffe", tmp_path)


# --- MUG ---


@pytest.mark.parametrize("inside", ["", "subjects3/"])
def test_a_take_of_mug_has_no_apex(tmp_path, inside):
    takes = ["001/anger/take000", "001/anger/take001", "002/happiness/take000", "052/neutral/take000"]
    folder = tiny.mug(tmp_path, [inside + take for take in [*takes, "003/003/fear/take000"]])
    clips = databases.read("mug", tmp_path)
    first = clips.table.iloc[0]
    assert first["frames"][0] == str(folder / inside / "001" / "anger" / "take000" / "img_0000.jpg")
    assert values(first, "subject", "clip", "onset", "offset", "fps", "emotion") == [
        "001", "anger_take000", 0, 4, 19.0, "anger",
    ]  # fmt: skip
    assert clips.table["apex"].isna().all() and clips.apex_index.tolist() == [2] * 5
    assert clips.table["clip"].tolist()[3] == "003_fear_take000"
    assert sorted(clips.classes("macro-5").table["clip"]) == ["anger_take000", "anger_take001", "happiness_take000"]


def test_takes_of_mug_in_other_folders_are_reported(tmp_path):
    tiny.mug(tmp_path, ["001/anger/take000", "001/joy/take000", "002/take000"])
    form = "5 pictures in a folder that is no clip's; a clip's folder is such as 001/anger/take000"
    clips = databases.read("mug", tmp_path)
    assert len(clips) == 1
    assert clips.excluded[["file", "reason"]].to_numpy().tolist() == [["001/joy/take000", form], ["002/take000", form]]


def test_two_folders_of_one_person_of_mug_are_refused(tmp_path):
    tiny.mug(tmp_path, ["001/anger/take000", "01/anger/take000"])
    with pytest.raises(SheetError, match="the same person as"):
        databases.read("mug", tmp_path)


# --- all ---


def test_the_classes_are_those_of_the_objective_classes_and_can_be_joined(tmp_path):
    tiny.ckplus(tmp_path, [("S005", "001", "disgust")])
    tiny.oulu_casia(tmp_path, 1)
    tiny.jaffe(tmp_path, ["KA.AN1.39.tiff"])
    tiny.mug(tmp_path, ["001/anger/take000"])
    tiny.casme2(tmp_path, [["01", "EP02_01f", 46, 49, 51, "4", "others"]])
    rows = [["Subject", "Filename", "Objective Class"], [1, "EP02_01f", 3]]
    tiny.sheet(tmp_path / "CASME2" / "CASME2-ObjectiveClasses.xlsx", rows)
    macro = [databases.read(name, tmp_path).classes("macro-5") for name in ("ckplus", "oulu_casia", "jaffe", "mug")]
    joined = Clips.concat(*macro, databases.read("casme2", tmp_path).classes("objective-5"))
    assert joined.class_names == FIVE
    assert joined.counts()["clips"].tolist() == [1, 1, 4, 2, 1]


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("ckplus", tiny.ckplus_of_published_size, "593 clips, 123 subjects"),
        ("oulu_casia", lambda root: tiny.oulu_casia(root, 80), "480 clips, 80 subjects"),
        ("jaffe", tiny.jaffe_of_published_size, "213 clips, 10 subjects"),
    ],
)
def test_a_database_of_the_published_size_is_well(tmp_path, name, write, words):
    write(tmp_path)
    report = databases.check(name, tmp_path)
    assert report.ok, str(report)
    assert report.notes[0].startswith(words)


def test_frames_that_cannot_be_opened_are_reported(tmp_path):
    folder = tiny.mug(tmp_path, ["001/anger/take000"])
    (folder / "001" / "anger" / "take000" / "img_0002.jpg").write_bytes(b"no picture")
    (fault,) = databases.check("mug", tmp_path).faults["fault"]
    assert "img_0002.jpg" in fault
