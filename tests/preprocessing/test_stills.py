import numpy as np
import pandas as pd
import pytest
from helpers import tiny_databases as tiny
from hypothesis import given
from hypothesis import strategies as st

from merlib.data import databases
from merlib.data.clips import Clips, make_table
from merlib.preprocessing import stills


def clip(name="a", length=9, onset=5, apex=8, frames=None, **columns):
    named = {"database": "own", "subject": "s1", "clip": name, "fps": 30.0, "aus": "", "emotion": "joy"}
    files = frames or [f"{name}/{number}.png" for number in range(onset, onset + length)]
    numbers = {"frames": files, "onset": onset, "apex": apex, "offset": onset + length - 1}
    return named | numbers | {"cropped": False} | columns


def clips(*records):
    return Clips(make_table(list(records)))


def spans(of):
    return [tuple(row) for row in of.table[["onset", "apex", "offset"]].astype(object).fillna(-1).to_numpy()]


def test_a_window_moves_onset_and_offset_with_the_frames():
    some = stills.window(clips(clip("a"), clip("b", length=4, apex=pd.NA)), np.array([1, 0]), np.array([5, 2]))
    assert spans(some) == [(6, 8, 9), (5, -1, 6)]
    assert some.table["frames"][0] == ["a/6.png", "a/7.png", "a/8.png", "a/9.png"]
    assert some.apex_index.tolist() == [2, 0]


def test_an_apex_outside_the_window_is_no_longer_known():
    assert spans(stills.window(clips(clip(apex=8)), np.array([4]), np.array([9]))) == [(9, -1, 13)]


@given(st.integers(1, 30), st.integers(0, 29), st.integers(1, 30))
def test_every_window_of_a_clip_is_a_valid_clip_of_the_same_frames(length, start, stop):
    start, stop = min(start, length - 1), min(stop, length)
    if start < stop:
        whole = clips(clip(length=length, apex=5))
        part = stills.window(whole, np.array([start]), np.array([stop]))  # the table is validated when it is made
        assert part.table["frames"][0] == whole.table["frames"][0][start:stop]


def test_windows_beyond_the_clips_are_listed_together():
    with pytest.raises(ValueError, match="2 clips have no such frames") as error:
        stills.window(clips(clip("a"), clip("b"), clip("c")), np.array([0, -1, 4]), np.array([10, 3, 9]))
    assert "own s1 a: frames 0..10 of its 9" in str(error.value)
    assert "own s1 b: frames -1..3 of its 9" in str(error.value)


def test_the_last_frames_of_clips_and_all_of_shorter_ones():
    some = stills.last(clips(clip("a", apex=13), clip("b", length=2, apex=6), clip("c", length=1, apex=5)), 3)
    assert spans(some) == [(11, 13, 13), (5, 6, 6), (5, 5, 5)]


def test_frames_around_the_apex_end_where_the_clip_does():
    chosen = clips(clip("a", apex=8), clip("b", apex=13), clip("c", apex=pd.NA), clip("d", apex=5))
    assert spans(stills.around_apex(chosen, 2, 1)) == [(6, 8, 9), (11, 13, 13), (7, -1, 10), (5, 5, 6)]


def test_a_part_of_a_video_is_the_same_file_with_other_numbers():
    some = stills.last(clips(clip(frames=["a.avi"])), 3)
    assert spans(some) == [(11, -1, 13)]
    images, _ = stills.images(some, [np.zeros((3, 4, 4, 3), np.uint8)])
    assert images.table["frames"].tolist() == [["a.avi"]] * 3
    assert images.table["onset"].tolist() == [11, 12, 13]


def test_images_are_the_frames_one_by_one_with_their_clips_classes():
    videos = [
        np.full((t, 4, 5, 3), 10 * t, np.uint8) + np.arange(t, dtype=np.uint8)[:, None, None, None] for t in (3, 2)
    ]
    whole = clips(clip("a", length=3, apex=6), clip("b", length=2, apex=pd.NA, emotion="anger")).classes("own")
    images, X = stills.images(whole, videos)
    assert X.shape == (5, 4, 5, 3) and X.dtype == np.uint8
    assert X[:, 0, 0, 0].tolist() == [30, 31, 32, 20, 21]
    assert images.table["clip"].tolist() == ["a#5", "a#6", "a#7", "b#5", "b#6"]
    assert images.table["frames"].tolist() == [[f"a/{i}.png"] for i in (5, 6, 7)] + [[f"b/{i}.png"] for i in (5, 6)]
    assert spans(images) == [(5, -1, 5), (6, 6, 6), (7, -1, 7), (5, -1, 5), (6, -1, 6)]
    assert images.class_names == whole.class_names and images.y.tolist() == [1, 1, 1, 0, 0]
    assert images.subjects.tolist() == ["own/001"] * 5


def test_a_picture_without_a_frame_number_is_one_image():
    numbers = {"onset": pd.NA, "apex": pd.NA, "offset": pd.NA}
    flat = stills.last(clips(clip(length=1) | numbers), 3)
    images, X = stills.images(flat, [np.zeros((1, 4, 4, 3), np.uint8)])
    assert images.table["clip"].tolist() == ["a#0"] and len(X) == 1


def test_videos_of_other_lengths_are_listed():
    videos = [np.zeros((t, 4, 4, 3), np.uint8) for t in (9, 8, 1)]
    with pytest.raises(ValueError, match="not those of the clips") as error:
        stills.images(clips(clip("a"), clip("b"), clip("c")), videos)
    assert str(error.value).splitlines()[1:] == [
        "  own s1 b: 8 frames instead of 9", "  own s1 c: 1 frames instead of 9",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="2 videos for 3 clips"):
        stills.images(clips(clip("a"), clip("b"), clip("c")), videos[:2])


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("ckplus", tiny.ckplus_of_published_size),
        ("oulu_casia", lambda root: tiny.oulu_casia(root, 80)),
        ("jaffe", tiny.jaffe_of_published_size),
    ],
)
def test_databases_of_the_published_size_give_the_published_number_of_pictures(tmp_path, name, write):
    """Micro-Attention, section 4.1; MUG's number depends on a choice of frames that the paper does not state."""
    write(tmp_path)
    chosen = stills.last(databases.read(name, tmp_path).classes("macro-5"), 3)
    assert sum(map(len, chosen.table["frames"])) == stills.PUBLISHED[name]


def test_the_published_number_for_mug_lies_within_6_to_10_frames_a_clip_of_five_emotions():
    clips_of_five_emotions = 1032 * 5 / 6
    assert 6 * clips_of_five_emotions < stills.PUBLISHED["mug"] < 10 * clips_of_five_emotions
