"""Who is who in a list of clips: spellings of one person or clip, and frames that belong to two."""

import shutil
import warnings

import numpy as np
import pytest
from helpers import tiny_databases as tiny

from merlib.data import databases
from merlib.data.clips import Clips, ClipTableError
from merlib.data.databases import SheetError, sheets
from merlib.training import splits

HEADER = ["subject", "clip", "frames", "emotion"]


def write(folder, rows: list[list], header=HEADER, name="list.csv"):
    """A list of clips, and a folder of frames for each that is not there yet."""
    for row in rows:
        if not (folder / row[2]).exists():
            tiny.frames(folder / row[2], range(4))
    tiny.sheet(folder / name, [list(header), *rows])
    return folder / name


def quietly(place) -> Clips:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return databases.read("own", place)


def read_without_a_warning(place) -> Clips:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return databases.read("own", place)


def refused(place) -> list[str]:
    """The lines of the error that reading raises; checking finds the same faults."""
    with pytest.raises(SheetError) as error:
        databases.read("own", place)
    report = databases.check("own", place)
    assert not report.ok and all(fault in str(error.value) for fault in report.faults["fault"])
    assert str(error.value).startswith(f"{report.notes[0]}:")
    return [line.strip() for line in str(error.value).splitlines()]


# --- one person or clip in several spellings ---


@pytest.mark.parametrize(
    "spellings",
    [
        ("Zo\u00eb", "Zoe\u0308"), ("anna", "an\u200bna"), ("anna k", "anna  k"), ("anna k", "anna\u00a0k"),
        ("\uff11", "1"), ("strauß", "STRAUSS"), ("s1", "s01"), ("Anna", "anna"),
    ],
)  # fmt: skip
def test_spellings_of_one_person_are_one_fold_and_are_said(tmp_path, spellings):
    rows = [[spellings[0], "c1", "a", "joy"], [spellings[1], "c2", "b", "fear"], ["ben", "c1", "c", "joy"]]
    place = write(tmp_path, rows)
    with pytest.warns(UserWarning, match="are read as one person") as said:
        clips = databases.read("own", place)
    assert len(set(clips.subjects)) == len(splits.loso(clips)) == 2
    assert len(said) == len(clips.notes) == 1
    report = databases.check("own", place)
    assert report.ok and report.notes[0].startswith("3 clips, 2 subjects")
    assert clips.notes[0] in report.notes


def test_one_spelling_is_no_note(tmp_path):
    clips = read_without_a_warning(write(tmp_path, [["anna", "c1", "a", "joy"], ["anna", "c2", "b", "joy"]]))
    assert clips.notes == ()


@pytest.mark.parametrize("subject", ["\u200b", "\ufeff\u00ad"])
def test_a_person_of_invisible_characters_is_nobody(tmp_path, subject):
    place = write(tmp_path, [[subject, "c1", "a", "joy"], ["ben", "c1", "b", "joy"]])
    assert databases.read("own", place).excluded["reason"].tolist() == ["the subject is not given"]


def test_one_clip_in_two_spellings_with_two_labels_is_refused(tmp_path):
    rows = [["anna", "c1", "a", "joy"], ["Anna", "C\u200b1", "a", "fear"]]
    assert refused(write(tmp_path, rows))[1:] == [
        r"list.csv, row 2: anna c1 is different in list.csv, row 3 (written 'Anna C\u200b1')"
    ]


def test_one_clip_in_two_spellings_with_one_label_is_one_clip(tmp_path):
    clips = quietly(write(tmp_path, [["anna", "c1", "a", "joy"], ["Anna", "C1", "a", "Joy"]]))
    assert clips.table["clip"].tolist() == ["c1"]
    assert clips.excluded["reason"].tolist() == ["repeats list.csv, row 2 (written 'anna c1')"]


def test_emotions_in_two_spellings_are_one_class(tmp_path):
    rows = [["anna", "c1", "a", "Pre\u0301sent"], ["anna", "c2", "b", "pr\u00e9sent\u200b"]]
    clips = databases.read("own", write(tmp_path, rows)).classes("own")
    assert clips.class_names == ("pr\u00e9sent",)


@pytest.mark.parametrize(("written", "subject"), [("\uff11", "sub01"), ("\u0661", "sub01"), ("\u1369", "\u1369")])
def test_a_number_in_any_script_finds_its_subject_and_what_is_no_number_stays(written, subject):
    assert sheets.numbered("sub{:02d}", written) == subject


# --- the same frames twice ---


def test_the_same_frames_under_two_people_are_refused_with_both_places(tmp_path):
    rows = [["anna", "c1", "a", "joy"], ["ben", "c2", "a", "fear"], ["ben", "c3", "./a/../a", "fear"]]
    lines = refused(write(tmp_path, rows))
    assert lines == [
        "two people have the same frames, so leave-one-subject-out would train on its test pictures "
        "(accepted: other frames for one of them, or one subject for both):",
        "list.csv, row 3: ben c2 has frames of anna c1 (list.csv, row 2)",
        "list.csv, row 4: ben c3 has frames of anna c1 (list.csv, row 2)",
    ]


def test_a_copy_of_frames_under_another_person_is_refused(tmp_path):
    rows = [["anna", "c1", "a", "joy"], ["ben", "c2", "b", "fear"]]
    tiny.frames(tmp_path / "a", range(4))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "img3.jpg").unlink()
    assert "row 3: ben c2 has frames of anna c1 (list.csv, row 2)" in refused(write(tmp_path, rows))[1]


def test_one_video_may_show_two_people_in_turn_but_not_at_once(tmp_path):
    header = [*HEADER, "onset", "offset"]
    tiny.video(tmp_path / "v.avi", 20)
    rows = [["anna", "c1", "v.avi", "joy", 0, 9], ["ben", "c2", "v.avi", "fear", 10, 19]]
    assert len(read_without_a_warning(write(tmp_path, rows, header))) == 2
    rows[1][4] = 9
    assert "ben c2 has frames of anna c1" in refused(write(tmp_path, rows, header))[1]


def test_many_clips_of_two_people_are_counted(tmp_path):
    rows = [["anna", "c0", "a", "joy"], *(["ben", f"c{i}", "a", "joy"] for i in range(1, 15))]
    lines = refused(write(tmp_path, rows))
    assert len(lines) == 12 and lines[-1] == "...: and 4 more"


def test_one_clip_under_two_names_of_a_person_is_kept_once(tmp_path):
    rows = [["anna", "c1", "a", "joy"], ["anna", "c2", "a", "Joy"], ["ben", "c1", "b", "joy"]]
    clips = databases.read("own", write(tmp_path, rows))
    assert clips.table[["subject", "clip"]].to_numpy().tolist() == [["anna", "c1"], ["ben", "c1"]]
    assert clips.excluded[["file", "row", "reason"]].to_numpy().tolist() == [
        ["list.csv", 3, "has the same frames as anna c1 (list.csv, row 2)"]
    ]
    assert databases.check("own", tmp_path / "list.csv").faults["fault"].tolist() == clips.excluded["reason"].tolist()


def test_one_clip_with_two_labels_under_two_names_is_not_used(tmp_path):
    rows = [["anna", "c1", "a", "joy"], ["anna", "c2", "a", "fear"]]
    with pytest.raises(SheetError) as error:
        databases.read("own", write(tmp_path, rows))
    assert [line.strip() for line in str(error.value).splitlines()] == [
        "none of the 2 annotated clips can be used:",
        "list.csv, row 2: has the same frames as anna c2 (list.csv, row 3), annotated as fear",
        "list.csv, row 3: has the same frames as anna c1 (list.csv, row 2), annotated as joy",
    ]
    clips = databases.read("own", write(tmp_path, [*rows, ["ben", "c1", "b", "joy"]]))
    assert (clips.table["subject"].tolist(), len(clips.excluded)) == (["ben"], 2)


def test_overlapping_windows_of_one_person_are_used_and_said(tmp_path):
    header = [*HEADER, "onset", "offset"]
    rows = [["anna", f"c{i}", "a", "joy", i, i + 1] for i in range(3)]
    place = write(tmp_path, rows, header)
    with pytest.warns(UserWarning) as said:
        clips = databases.read("own", place)
    pairs = "anna c0 (list.csv, row 2) and anna c1 (list.csv, row 3); anna c1 (list.csv, row 3) and anna c2 (list.csv, row 4)"
    note = f"clips of one person share frames: {pairs}"
    assert (len(clips), [str(warning.message) for warning in said]) == (3, [note])
    report = databases.check("own", place)
    assert report.ok and note in report.notes


def test_databases_that_share_frames_are_not_joined(tmp_path):
    for name in ("one", "two"):
        tiny.mug(tmp_path / name, ["001/anger/take000"])
    shutil.copytree(tmp_path / "one/MUG/001/anger/take000", tmp_path / "own/a")
    mug, other = (databases.read("mug", tmp_path / name).classes("own") for name in ("one", "two"))
    rows = [["anna", "c1", "a", "anger"], ["anna", "c2", str(tmp_path / "two/MUG/001/anger/take000"), "anger"]]
    own = databases.read("own", write(tmp_path / "own", rows)).classes("own")
    assert len(Clips.concat(own[[1]], mug)) == 2
    with pytest.raises(ClipTableError) as error:
        Clips.concat(mug, own)
    assert str(error.value).splitlines()[1:] == [
        "  own anna c1 (list.csv, row 2): has frames of mug 001 anger_take000 (001/anger/take000)"
    ]
    with pytest.raises(ClipTableError, match="two people have the same frames"):
        Clips.concat(own, other)


# --- the column person ---

WITH_PERSON = [*HEADER, "person"]


def test_the_column_person_makes_subjects_one_person(tmp_path):
    rows = [["anna", "c1", "a", "joy", "P1"], ["anna_2", "c2", "b", "fear", "p1"], ["ben", "c1", "c", "joy", ""]]
    clips = quietly(write(tmp_path, rows, WITH_PERSON))
    assert clips.subjects.tolist() == ["own/p1", "own/p1", "own/ben"]
    assert len(splits.loso(clips)) == 2
    assert databases.check("own", tmp_path / "list.csv").notes[0].startswith("3 clips, 2 subjects")


def test_people_of_two_lists_are_one_by_the_column_person(tmp_path):
    first = write(tmp_path, [["anna", "c1", "a", "joy", "P1"]], WITH_PERSON, "first.csv")
    second = write(
        tmp_path, [["proband 7", "c7", "b", "joy", "P1"], ["ben", "c1", "c", "joy", ""]], WITH_PERSON, "second.csv"
    )
    third = write(tmp_path, [["p1", "d1", "d", "joy"]], name="third.csv")
    joined = Clips.concat(*(databases.read("own", place).classes("own") for place in (first, second, third)))
    assert joined.subjects.tolist() == ["own/p1", "own/p1", "own/ben", "own/p1"]


def test_spellings_in_two_lists_are_said_when_they_are_joined(tmp_path):
    lists = [
        write(tmp_path, [["Zoe", "c1", "a", "joy"]], name="first.csv"),
        write(tmp_path, [["ZOE", "c2", "b", "joy"]], name="second.csv"),
    ]
    parts = [read_without_a_warning(place).classes("own") for place in lists]
    with pytest.warns(UserWarning, match="read as one person, zoe"):
        joined = Clips.concat(*parts)
    assert joined.subjects.tolist() == ["own/zoe", "own/zoe"]
    assert joined.notes == ("own: subject 'Zoe', 'ZOE' are read as one person, zoe",)


def test_a_subject_cannot_be_two_people(tmp_path):
    rows = [["anna", "c1", "a", "joy", "P1"], ["Anna", "c2", "b", "joy", "P2"], ["anna", "c3", "c", "joy", ""]]
    accepted = " (accepted: one person in all rows of a subject)"
    assert refused(write(tmp_path, rows, WITH_PERSON))[1:] == [
        f"list.csv, row 3: subject Anna has the person 'P2' here and 'P1' in list.csv, row 2{accepted}",
        f"list.csv, row 4: subject anna has the person '' here and 'P1' in list.csv, row 2{accepted}",
    ]
    first = write(tmp_path, rows[:1], WITH_PERSON, "first.csv")
    second = write(tmp_path, [["anna", "c2", "b", "joy"]], name="second.csv")
    with pytest.raises(
        ClipTableError, match=r"own anna c2 \(second.csv, row 2\): .* '' here and 'P1' in first.csv, row 2"
    ):
        Clips.concat(*(databases.read("own", place).classes("own") for place in (first, second)))


def test_a_persons_clips_have_names_of_their_own(tmp_path):
    rows = [["anna", "c1", "a", "joy", "P1"], ["anna_2", "c1", "b", "joy", "P1"]]
    assert refused(write(tmp_path, rows, WITH_PERSON))[1:] == [
        "list.csv, row 2: anna c1 is different in list.csv, row 3 (written 'anna_2 c1')"
    ]


def test_clips_are_dropped_by_any_spelling_of_their_name(tmp_path):
    clips = databases.read("own", write(tmp_path, [["anna", "c1", "a", "joy"], ["ben", "c1", "b", "joy"]]))
    left = clips.drop({("own", "Anna", "C1"): "blurred"})
    assert left.table["subject"].tolist() == ["ben"] and left.excluded["reason"].tolist() == ["blurred"]
    assert np.array_equal(left.subjects, ["own/ben"])


def test_every_fault_of_a_list_is_told_at_once(tmp_path):
    header = [*HEADER, "fps", "person"]
    rows = [
        ["anna", "c1", "a", "joy", "", ""],
        ["anna", "c1", "a", "fear", "", ""],  # row 3: c1 in another way
        ["ben", "c1", "b", "joy", "fast", ""],
        ["ben", "c2", "c", "joy", "", ""],
        ["carla", "c1", "c", "joy", "", ""],  # row 6: frames of ben
        ["dora", "c1", "d", "joy", "", "x"],
        ["dora", "c2", "e", "joy", "", "y"],  # row 8: another person
        ["anna", "c2", "f", "joy", "", ""],
        ["anna", "c2", "f", "joy", "", ""],  # row 10: a row twice
        ["anna", "c3", "f", "joy", "", ""],  # row 11: a clip under two names
        ["anna", "c4", "g", "joy", "", ""],
    ]
    place = write(tmp_path, rows, header)
    shutil.rmtree(tmp_path / "g")
    title, *lines = refused(place)
    assert title.startswith("annotations contradict each other; two people have the same frames")
    assert title.endswith("; clips that cannot be used:")
    assert lines == [
        "list.csv, row 2: anna c1 is different in list.csv, row 3",
        "list.csv, row 8: subject dora has the person 'y' here and 'x' in list.csv, row 7 "
        "(accepted: one person in all rows of a subject)",
        "list.csv, row 6: carla c1 has frames of ben c2 (list.csv, row 5)",
        "list.csv, row 4: fps 'fast' is not a number above 0, such as 29.97, and at most 100000",
        "list.csv, row 10: repeats list.csv, row 9",
        f"list.csv, row 12: {tmp_path / 'g'} is not there",
        "list.csv, row 11: has the same frames as anna c2 (list.csv, row 9)",
    ]
