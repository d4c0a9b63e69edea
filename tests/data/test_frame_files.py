import os
import shutil

import pandas as pd
import pytest
from helpers import tiny_databases as tiny
from hypothesis import given
from hypothesis import strategies as st

from merlib.data.frame_files import Shared, shared


def table(*clips: tuple) -> pd.DataFrame:
    """Clips of (files, onset, offset)."""
    return pd.DataFrame([(files if isinstance(files, list) else [str(files)], *span) for files, *span in clips],
                        columns=["frames", "onset", "offset"])  # fmt: skip


def folder(place, numbers) -> tuple:
    """A clip of these frames of a folder."""
    return [str(place / f"img{number}.jpg") for number in numbers], numbers[0], numbers[-1]


@pytest.fixture
def anna(tmp_path):
    tiny.frames(tmp_path / "anna", range(1, 9))
    return tmp_path / "anna"


def test_clips_of_other_frames_share_none(tmp_path, anna):
    tiny.frames(tmp_path / "ben", range(1, 9))
    clips = table(folder(anna, range(1, 5)), folder(anna, range(5, 9)), folder(tmp_path / "ben", range(1, 9)))
    assert shared(clips) == []


def test_frames_are_the_same_by_path_whatever_the_way_to_them(tmp_path, anna):
    os.symlink(anna, tmp_path / "linked")
    whole, part = folder(anna, range(1, 9)), folder(tmp_path / "linked", range(3, 6))
    assert shared(table(whole, part)) == [Shared(0, 1, whole=False)]
    assert shared(table(whole, folder(tmp_path / "ben" / ".." / "anna", range(1, 9)))) == [Shared(0, 1, whole=True)]


def test_a_copy_is_known_by_the_content_of_its_first_or_last_frame(tmp_path, anna):
    shutil.copytree(anna, tmp_path / "ben")
    for number in range(1, 9):
        (tmp_path / "ben" / f"img{number}.jpg").rename(tmp_path / "ben" / f"other{9 - number}.jpg")
    first = folder(anna, range(1, 9))
    copies = [str(tmp_path / "ben" / f"other{number}.jpg") for number in range(8, 0, -1)]
    assert shared(table(first, (copies, 1, 8))) == [Shared(0, 1, whole=True)]
    assert shared(table(first, (copies[:5], 1, 5))) == [Shared(0, 1, whole=False)]
    assert shared(table(first, (copies[2:], 3, 8))) == [Shared(0, 1, whole=False)]


def test_a_video_is_shared_where_its_windows_overlap(tmp_path):
    tiny.video(tmp_path / "a.avi", 20)
    shutil.copy(tmp_path / "a.avi", tmp_path / "b.avi")
    a, b = tmp_path / "a.avi", tmp_path / "b.avi"
    assert shared(table((a, 0, 9), (a, 10, 19), (b, 4, 6))) == [Shared(0, 2, whole=False)]
    assert shared(table((a, 0, 9), (b, 0, 9))) == [Shared(0, 1, whole=True)]
    assert shared(table((a, 0, 9), (b, pd.NA, pd.NA))) == [Shared(0, 1, whole=False)]


def test_a_picture_is_the_same_whatever_number_it_has(tmp_path):
    content = tiny.picture(".tiff")
    for name in ("KA.AN1.39.tiff", "KL.AN1.40.tiff"):
        (tmp_path / name).write_bytes(content)
    clips = table((tmp_path / "KA.AN1.39.tiff", 39, 39), (tmp_path / "KL.AN1.40.tiff", 40, 40))
    assert shared(clips) == [Shared(0, 1, whole=True)]


def test_missing_and_empty_files_are_not_the_same_frames(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"")
    files = [tmp_path / name for name in ("a.png", "b.png", "gone.png", "gone too.png")]
    assert shared(table(*((file, 1, 1) for file in files))) == []


windows = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6)), min_size=2, max_size=7)


@given(windows, st.booleans())
def test_every_clip_that_shares_a_frame_is_found_and_no_other(windows, is_video):
    spans = [(start, start + length) for start, length in windows]
    clips = [
        ("v.avi", *span) if is_video else ([f"{i}.png" for i in range(span[0], span[1] + 1)], *span) for span in spans
    ]
    pairs = shared(table(*clips))
    held = [set(range(start, stop + 1)) for start, stop in spans]
    assert all(held[a] & held[b] for a, b, _ in pairs)
    assert all(whole == (held[a] == held[b]) for a, b, whole in pairs)
    alone = {i for i, mine in enumerate(held) if not any(mine & other for j, other in enumerate(held) if j != i)}
    assert {clip for a, b, _ in pairs for clip in (a, b)} == set(range(len(held))) - alone


@given(windows, st.data())
def test_two_people_who_share_a_frame_are_never_hidden_by_others(windows, data):
    spans = [(start, start + length) for start, length in windows]
    people = data.draw(st.lists(st.sampled_from("ab"), min_size=len(spans), max_size=len(spans)))
    held = [set(range(start, stop + 1)) for start, stop in spans]
    mixed = any(
        held[i] & held[j] and people[i] != people[j] for i in range(len(spans)) for j in range(i + 1, len(spans))
    )
    pairs = shared(table(*(("v.avi", *span) for span in spans)))
    assert mixed == any(people[a] != people[b] for a, b, _ in pairs)
