"""CAS(ME)³ part A and DFME as they lie on disk, and their real sheets."""

import shutil

import pytest
from helpers import tiny_databases as tiny

from merlib.data import databases
from merlib.data.clips import Clips
from merlib.data.databases import SheetError

ONE = ["spNO.1", "e", "2", "5", "9", "R12", "I", "others"]
NEXT = ["spNO.1", "e", "9", "10", "14", "9+4", "IV", "Others"]


def reasons(clips) -> dict[str, str]:
    return dict(clips.excluded[["clip", "reason"]].itertuples(index=False))


@pytest.mark.filterwarnings("ignore:clips of one person share frames")
@pytest.mark.parametrize("clips", [False, True], ids=["videos", "clips"])
def test_cas_me_3_tells_the_clips_of_a_video_apart_by_their_onsets(tmp_path, clips):
    folder = tiny.cas_me_3(tmp_path, [ONE, NEXT, ["spNO.216", "a", "0", "4", "7", "1+2", "II", "happy"]], clips)
    read = databases.read("cas_me_3", tmp_path)
    first, second, third = read.table.to_dict("records")
    inside = "Part_A_ME_clip/frame/spNo.1_e_2" if clips else "part_A/spNO.1/e/color"
    assert first["frames"] == [str(folder / inside / f"{number}.jpg") for number in range(2, 10)]
    kept = ["subject", "clip", "onset", "apex", "offset", "fps", "aus", "emotion", "cropped", "row"]
    assert [first[name] for name in kept] == ["spNO.1", "e_2", 2, 5, 9, 30.0, "R12", "others", False, 2]
    assert [second[name] for name in kept] == ["spNO.1", "e_9", 9, 10, 14, 30.0, "9+4", "others", False, 3]
    assert [third[name] for name in ("clip", "emotion")] == ["a_0", "happy"]
    assert read.excluded.empty
    assert read.subjects.tolist() == ["cas_me_3/001", "cas_me_3/001", "cas_me_3/216"]


def test_two_clips_of_a_video_may_share_frames_and_it_is_said(tmp_path):
    tiny.cas_me_3(tmp_path, [ONE, NEXT])
    with pytest.warns(UserWarning, match=r"clips of one person share frames: spNO\.1 e_2 .* and spNO\.1 e_9"):
        assert len(databases.read("cas_me_3", tmp_path)) == 2


def test_an_offset_of_0_is_the_apex_unless_the_real_one_is_known(tmp_path):
    known = ["spNO.40", "e", "1812", "1824", "0", "18", "VII", "others"]
    tiny.cas_me_3(tmp_path, [[*ONE[:4], "0", *ONE[5:]], known], length=1900)
    first, second = databases.read("cas_me_3", tmp_path).table.to_dict("records")
    assert (first["apex"], first["offset"], first["note"]) == (5, 5, "")
    assert (second["apex"], second["offset"], len(second["frames"])) == (1824, 1845, 34)
    assert second["note"] == (
        "offset 0 comes before onset 1812; CAS(ME)3_part_A_v2.xls, the sheet of all expressions, says 1845"
    )


@pytest.mark.parametrize(
    ("row", "read", "why"),
    [
        (["spNO.149", "d", "112", "83", "358"], (112, 160, 358), "the sheet of all expressions, says 160"),
        (["spNO.216", "d", "3647", "2668", "2694"], (2647, 2668, 2694), "the sheet of all expressions, says 2647"),
        (["spNO.216", "e", "0", "0", "25"], (1, 1, 25), "there is no frame 0"),
    ],
)
def test_the_known_faults_of_the_publishers_sheet_are_corrected(tmp_path, row, read, why):
    folder = tiny.cas_me_3(tmp_path, [[*row, *ONE[5:]]], length=2700 if read[0] > 2000 else 360)
    (folder / "part_A" / row[0] / row[1] / "color" / "0.jpg").unlink()
    clip = databases.read("cas_me_3", tmp_path).table.iloc[0]
    assert (clip["onset"], clip["apex"], clip["offset"]) == read
    assert why in clip["note"]


def test_a_frame_that_the_camera_dropped_excludes_its_clip(tmp_path):
    folder = tiny.cas_me_3(tmp_path, [ONE, [*NEXT[:2], "20", "22", "25", *NEXT[5:]]])
    (folder / "part_A" / "spNO.1" / "e" / "color" / "23.jpg").unlink()
    said = reasons(databases.read("cas_me_3", tmp_path))
    assert said == {"e_20": "no file for frames 23 in part_A/spNO.1/e/color"}


@pytest.mark.parametrize("written", ["J", "j"])
def test_a_video_is_found_whatever_the_case_of_its_letter(tmp_path, written):
    folder = tiny.cas_me_3(tmp_path, [["spNO.3", "J", *ONE[2:]]])
    (folder / "part_A" / "spNO.3" / "J").rename(folder / "part_A" / "spNO.3" / written)
    assert len(databases.read("cas_me_3", tmp_path)) == 1


CLIP = ["sub0003", "sub0003_01", 4, 6, 8, "anger", 0, 500, "4+AD38"]
OTHER = ["sub0005", "sub0005_02", 0, 3, 5, "disgust", 2, 200, "1+2+5+M58"]
TEST = ["sub0008", "sub0008_01", 0, 2, 4, "happiness", 4, 300, "12"]


def test_dfme_has_a_frame_rate_per_clip(tmp_path):
    folder = tiny.dfme(tmp_path, [CLIP, OTHER])
    clips = databases.read("dfme", tmp_path)
    first, second = clips.table.to_dict("records")
    assert first["frames"] == [
        str(folder / "train_data" / "sub0003_01" / f"{number:05d}.png") for number in range(4, 9)
    ]
    kept = ["subject", "clip", "onset", "apex", "offset", "fps", "aus", "emotion", "file"]
    sheet = "training_full_with_AU.xlsx"
    assert [first[name] for name in kept] == ["sub0003", "sub0003_01", 4, 6, 8, 500.0, "4+AD38", "anger", sheet]
    assert [second[name] for name in kept[:7]] == ["sub0005", "sub0005_02", 0, 3, 5, 200.0, "1+2+5+M58"]
    assert clips.notes == () and clips.excluded.empty


def test_of_several_sheets_of_dfme_that_of_the_training_is_read_and_it_is_said(tmp_path):
    tiny.dfme(tmp_path, [CLIP, OTHER])
    folder = tiny.dfme(tmp_path, [TEST], "testA", "test_data_A")
    said = r"training_full_with_AU\.xlsx is read and testA_full_with_AU\.xlsx not: the test sets .* as the data root"
    with pytest.warns(UserWarning, match=said):
        training = databases.read("dfme", tmp_path)
    assert training.table["clip"].tolist() == ["sub0003_01", "sub0005_02"]
    test = databases.read("dfme", folder / "testA_full_with_AU.xlsx")
    assert test.table["clip"].tolist() == ["sub0008_01"] and test.notes == ()
    assert "test_data_A" in test.table["frames"][0][0]
    assert len(Clips.concat(training, test).subjects) == 3
    assert said.split(" is read")[0] in str(databases.check("dfme", tmp_path)).replace(".", r"\.")


def test_a_single_sheet_of_dfme_is_read_whatever_its_part_and_two_without_training_are_refused(tmp_path):
    tiny.dfme(tmp_path, [TEST], "testA", "test_data_A")
    assert databases.read("dfme", tmp_path).table["clip"].tolist() == ["sub0008_01"]
    tiny.dfme(tmp_path, [["sub0001", "sub0001_01", *TEST[2:]]], "testB", "test_data_B")
    with pytest.raises(SheetError, match="2 annotation sheets") as refused:
        databases.read("dfme", tmp_path)
    assert "testA_full_with_AU.xlsx: an annotation sheet of 1 clips" in str(refused.value)


def test_a_part_of_a_look_alike_is_of_the_look_alike(tmp_path):
    folder = tiny.dfme(tmp_path, [TEST], "testA", "test_data_A")
    (folder / "SOURCE.txt").write_text("look-alike data (merlib data synth dfme)")
    assert databases.read("dfme", folder / "testA_full_with_AU.xlsx").source.look_alike
    assert "instead of" not in str(databases.check("dfme", folder / "testA_full_with_AU.xlsx"))


def test_without_frames_the_sheets_are_enough(tmp_path):
    for name, folder in (("cas_me_3", tiny.cas_me_3(tmp_path, [ONE])), ("dfme", tiny.dfme(tmp_path, [CLIP], "testA"))):
        for below in [path for path in folder.iterdir() if path.is_dir()]:
            shutil.rmtree(below)
        clips = databases.read(name, tmp_path, frames=False)
        assert clips.table["frames"].tolist() == [[]] and clips.table["apex"].notna().all()
        with pytest.raises(databases.DatabaseNotFound):
            databases.read(name, tmp_path)
    sheet = tmp_path / "DFME" / "testA_full_with_AU.xlsx"
    assert len(databases.read("dfme", sheet, frames=False)) == 1
    assert not databases.check("dfme", sheet).frames
    with pytest.raises(databases.DatabaseNotFound):
        databases.read("dfme", sheet)


SHEETS = "real/QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files"


@pytest.fixture
def real(shared, tmp_path):
    """Puts a real sheet into a database's folder, and reads it without frames."""

    def read(name, sheet):
        file = shared / SHEETS / sheet
        if not file.is_file():
            pytest.skip(f"no {SHEETS}/{sheet}")
        folder = tmp_path / databases.READERS[name].folder
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder)
        return databases.read(name, folder / file.name if name == "dfme" else tmp_path, frames=False)

    return read


def test_the_real_sheet_of_cas_me_3(real, tmp_path):
    clips = real("cas_me_3", "CASME3/casme3_table.xlsx")
    table = clips.table.set_index(["subject", "clip"])
    assert (len(table), len(set(clips.subjects)), len(clips.excluded)) == (860, 94, 0)
    assert table["emotion"].value_counts().to_dict() == {
        "disgust": 250, "surprise": 187, "others": 161, "fear": 86, "anger": 64, "sad": 57, "happy": 55,
    }  # fmt: skip
    assert table["objective"].value_counts().to_dict() == {
        "VII": 373, "III": 234, "II": 151, "V": 47, "IV": 37, "I": 15, "VI": 3,
    }  # fmt: skip
    assert table.loc["spNO.40"].loc[["e_1812", "e_2327"], "offset"].tolist() == [1845, 2403]
    assert "860 clips, 94 subjects" in str(databases.check("cas_me_3", tmp_path))
    assert "the counts of part A" in str(databases.check("cas_me_3", tmp_path))


@pytest.mark.parametrize(
    ("scheme", "counts"),
    [
        ("cas_me_3-3", {"positive": 55, "negative": 457, "surprise": 187}),
        ("cas_me_3-4", {"positive": 55, "negative": 457, "surprise": 187, "others": 161}),
        (
            "cas_me_3-7",
            {"happy": 55, "anger": 64, "disgust": 250, "fear": 86, "sad": 57, "surprise": 187, "others": 161},
        ),
        ("objective-5", {"happiness": 15, "surprise": 151, "anger": 234, "disgust": 37, "sadness": 47}),
    ],
)
def test_the_classes_of_the_real_sheet_of_cas_me_3(real, scheme, counts):
    found = real("cas_me_3", "CASME3/casme3_table.xlsx").classes(scheme).counts()
    assert dict(zip(found["class"], found["clips"], strict=True)) == counts


@pytest.mark.parametrize(
    ("part", "num_clips", "num_people", "rates", "version"),
    [
        ("training", 1856, 176, {500: 695, 300: 605, 200: 556}, "training"),
        ("testA", 474, 42, {500: 215, 300: 143, 200: 116}, "test A"),
        ("testB", 299, 41, {200: 159, 500: 83, 300: 57}, "test B"),
    ],
)
def test_the_real_sheets_of_dfme(real, tmp_path, part, num_clips, num_people, rates, version):
    clips = real("dfme", f"DFME/{part}_full_with_AU.xlsx")
    assert (len(clips), len(set(clips.subjects)), len(clips.excluded)) == (num_clips, num_people, 0)
    assert clips.table["fps"].astype(int).value_counts().to_dict() == rates
    assert f"the counts of {version}" in str(databases.check("dfme", tmp_path))
    assert clips.classes("dfme-7").excluded.empty


def test_the_parts_of_dfme_have_nobody_in_common(real):
    parts = [real("dfme", f"DFME/{part}_full_with_AU.xlsx") for part in ("training", "testA", "testB")]
    whole = Clips.concat(*parts)
    assert (
        (len(whole), len(set(whole.subjects))) == (2629, 259) == (2629, sum(len(set(part.subjects)) for part in parts))
    )
    assert whole.table["emotion"].value_counts().to_dict() == {
        "disgust": 735, "surprise": 447, "fear": 365, "sadness": 359, "happiness": 311, "anger": 241, "contempt": 171,
    }  # fmt: skip
