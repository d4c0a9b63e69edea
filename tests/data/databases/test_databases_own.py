"""Own lists: their files, frame numbers and frame rates. `check` says what loading says."""

from pathlib import Path

import pandas as pd
import pytest
from helpers import damaged_files as files
from helpers import tiny_databases as tiny

from merlib.data import databases, pictures
from merlib.data.databases import SheetError
from merlib.preprocessing import frames


def reasons(clips):
    return dict(clips.excluded[["clip", "reason"]].itertuples(index=False))


def listed(folder, *rows):
    """A list of own clips in the folder: rows of frames, onset, offset, fps."""
    header = ["subject", "clip", "emotion", "frames", "onset", "offset", "fps"]
    tiny.sheet(folder / "list.csv", [header, *(["anna", f"c{i}", "joy", *row] for i, row in enumerate(rows))])
    return databases.read("own", folder / "list.csv")


def damage(folder, kind):
    """A clip's folder or video with one fault; returns its entry in a list and words of the fault."""
    whole = files.encoded(".jpg")
    clips = {
        "other sizes": ([whole, files.encoded(".jpg", height=40)], "(40, 96), the clip's first frame has (64, 96)"),
        "half a JPEG": ([whole, files.ended_early(whole)], "its data ends early"),
        "small frames": ([files.encoded(".jpg", height=1, width=1)], "1 x 1 px: a frame needs 20 px"),
        "a bomb": ([files.bomb()], "64,000,000 px are not read"),
        "several": ([files.several("PNG")], "10 pictures in one file"),
    }
    if kind == "a cut video":
        files.video(folder / "a.avi", 30, kept=0.5)
        return "a.avi", "readable frames, the clip needs 30"
    contents, words = clips[kind]
    files.clip(folder / "a", *contents, suffix=".png" if kind in ("a bomb", "several") else ".jpg")
    return "a", words


@pytest.mark.parametrize("kind", ["a cut video", "other sizes", "half a JPEG", "small frames", "a bomb", "several"])
def test_check_finds_what_loading_excludes(home, kind):
    entry, words = damage(home, kind)
    files.clip(home / "good", *(files.encoded(".jpg", seed=i) for i in (1, 2, 3)))
    place = files.own_list(home, entry, "good")
    faults = databases.check("own", place).faults
    kept, _ = frames.load(databases.read("own", place), size=16, crop=False)
    assert kept.table["clip"].tolist() == ["c1"]
    assert set(faults["clip"]) == set(kept.excluded["clip"]) == {"c0"}
    assert words in kept.excluded["reason"][0]
    assert faults["fault"][0].endswith(kept.excluded["reason"][0])


@pytest.mark.parametrize(("suffix", "codec"), [(".m4v", "mp4v"), (".mpeg", "MPG2"), (".flv", "FLV1"), (".mpg", "PIM1")])
def test_check_and_loading_agree_about_whole_videos(home, suffix, codec):
    files.video(home / f"a{suffix}", 13, codec)
    place = files.own_list(home, f"a{suffix}")
    assert databases.check("own", place).ok
    _, (array,) = frames.load(databases.read("own", place), size=32, crop=False)
    assert len(array) == 13


def test_all_frames_of_a_gif_are_read(home):
    (home / "a.gif").write_bytes(files.several("GIF"))
    place = files.own_list(home, "a.gif")
    assert databases.check("own", place).ok
    clips, (array,) = frames.load(databases.read("own", place), size=16, crop=False)
    assert len(array) == 10 and clips.apex_index.tolist() == [4]


def test_the_report_names_each_frame_that_cannot_be_used(tmp_path):
    files.clip(tmp_path / "a", *[files.encoded(".jpg")] * 4)
    for number in (2, 4):
        (tmp_path / "a" / f"img{number}.jpg").write_bytes(b"no picture")
    faults = databases.check("own", files.own_list(tmp_path, "a")).faults["fault"]
    assert [fault.split(":")[0] for fault in faults] == [str(tmp_path / "a" / f"img{number}.jpg") for number in (2, 4)]


@pytest.mark.parametrize("name", ["a.webp", "a.txt", "a.3gp", "a"])
def test_a_file_of_an_unknown_suffix_is_named_with_the_accepted_ones(tmp_path, name):
    (tmp_path / name).write_bytes(files.several("WEBP"))
    tiny.frames(tmp_path / "good", range(3))
    clips = databases.read("own", files.own_list(tmp_path, name, "good"))
    suffix = name[1:]
    assert reasons(clips)["c0"] == f"{name}: files '{suffix}' are not read; accepted are {pictures.ACCEPTED}"


def test_a_blank_cell_of_frames_is_not_the_lists_own_folder(tmp_path):
    tiny.frames(tmp_path, range(5))
    tiny.frames(tmp_path / "good", range(3))
    assert reasons(databases.read("own", files.own_list(tmp_path, "", "good"))) == {"c0": "the frames are not given"}


def test_an_entry_that_no_file_can_have_is_a_fault_of_its_row(tmp_path):
    tiny.frames(tmp_path / "good", range(3))
    found = reasons(databases.read("own", files.own_list(tmp_path, "x" * 5000, "good", "good/img1.jpg/deeper")))
    assert found["c0"].endswith("is not there") and found["c2"].endswith("is not there")


def test_a_single_picture_is_a_clip_of_one_frame(home):
    tiny.frames(home / "a", [7], "img{}.png", 64, 64)
    clips, (array,) = frames.load(databases.read("own", files.own_list(home, "a/img7.png")), size=64, crop=False)
    assert len(array) == 1 and clips.apex_index.tolist() == [0]


@pytest.mark.parametrize("fps", ["inf", "nan", "-inf", "0", "-5", "1e300", "1_0", "100001", "29,97", "１２０"])
def test_a_frame_rate_that_no_camera_has_is_refused(tmp_path, fps):
    for name in "abc":
        tiny.frames(tmp_path / name, range(3))
    clips = listed(tmp_path, ["a", "", "", fps], ["b", "", "", "29.97"], ["c", "", "", ""])
    assert reasons(clips) == {"c0": f"fps {fps!r} is not a number above 0, such as 29.97, and at most 100000"}
    assert clips.table["fps"][0] == 29.97 and pd.isna(clips.table["fps"][1])


def test_numbers_of_thirty_digits_are_faults_of_their_rows(tmp_path):
    long = "1" * 30
    tiny.frames(tmp_path / "a", range(3))
    tiny.frames(tmp_path / "b", [long, "2"])
    tiny.frames(tmp_path / "c", ["1", "9" * 17])
    clips = listed(
        tmp_path, ["a", "", "", ""], ["a", long, "", ""], ["a", "", long, ""], ["b", "", "", ""], ["c", "", "", ""]
    )
    assert reasons(clips) == {
        "c1": f"onset '{long}' is not a frame number",
        "c2": f"offset '{long}' is not a frame number",
        "c3": f"img{long}.jpg is numbered with more than 18 digits in b",
        "c4": f"onset..offset, 1..{'9' * 17}, are more than 1,000,000 frames in c",
    }
    assert clips.excluded["row"].tolist() == [3, 4, 5, 6]


def test_a_list_is_found_whatever_the_case_of_its_suffix(tmp_path):
    tiny.frames(tmp_path / "a", range(3))
    files.own_list(tmp_path, "a").rename(tmp_path / "LIST.CSV")
    assert len(databases.read("own", tmp_path)) == len(databases.read("own", tmp_path / "LIST.CSV")) == 1


def test_a_subject_of_digits_that_are_no_number_stays_text(tmp_path):
    row = ["EP1", 1, 2, 3, "4", "disgust"]
    tiny.casme2(tmp_path, [["01", *row]])
    tiny.sheet(tmp_path / "CASME2" / "CASME2-coding-20190701.xlsx", [tiny.HEADER, ["²", *row], ["9" * 5000, *row]])
    with pytest.raises(SheetError, match="none of the 2 annotated clips can be used"):
        databases.read("casme2", tmp_path)


def test_the_page_on_data_names_the_accepted_suffixes():
    page = (Path(__file__).parents[3] / "data" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{suffix}`" in page for suffix in pictures.PICTURES + pictures.VIDEOS)
