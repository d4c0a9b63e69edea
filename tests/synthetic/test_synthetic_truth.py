import re

import numpy as np
import pytest

from merlib.data import read
from merlib.preprocessing import frames
from merlib.synthetic import Size, truth, write


@pytest.fixture(scope="module", params=["casme2", "samm"])
def clips(request, tmp_path_factory):
    """One database whose frames are face crops, and one whose faces are found in them."""
    root = tmp_path_factory.mktemp("data")
    write(request.param, root, Size(subjects=2, clips=12, height=100, width=100), seed=4)
    return read(request.param, root).classes(f"{request.param}-5")


def test_frames_change_where_the_truth_says_that_skin_moves(clips, home):
    clips, videos = frames.load(clips, size=64)
    moved = truth.skin_motion(clips, 64)
    assert moved.shape == (len(clips), 64, 64) and moved.dtype == np.float32
    changed = [np.abs(v[apex].astype(float) - v[0]).mean(-1) for v, apex in zip(videos, clips.apex_index, strict=True)]

    def inside(maps):  # of heads that sway and eyes that blink
        return np.mean([c[m > m.max() / 2].mean() / c.mean() for c, m in zip(changed, maps, strict=True)])

    of_other_clips = np.mean([inside(np.roll(moved, k, axis=0)) for k in range(1, len(moved))])
    assert inside(moved) > max(1.2, of_other_clips + 0.1)


def test_brows_move_above_and_lip_corners_below(clips):
    moved = truth.skin_motion(clips, 32)
    height = (moved.sum(2) * np.linspace(0, 1, 32)).sum(1) / moved.sum((1, 2))  # 0 on top
    units = [[int(number) for number in re.findall(r"\d+", codes)] for codes in clips.table["aus"]]
    brow = [h for h, codes in zip(height, units, strict=True) if codes and max(codes) <= 7]
    mouth = [h for h, codes in zip(height, units, strict=True) if codes and min(codes) >= 12]
    assert np.mean(brow) < 0.45 and np.mean(mouth) > 0.6


def test_nothing_is_known_of_real_clips(clips, tmp_path):
    moved = clips.table["frames"].map(lambda files: [file.replace("/data", "/elsewhere") for file in files])
    assert truth.skin_motion(type(clips)(clips.table.assign(frames=moved)), 32) is None
    renamed = clips.table.assign(clip=[f"mine {i}" for i in range(len(clips))])
    assert truth.skin_motion(type(clips)(renamed), 32) is None


def test_a_look_alike_of_an_older_generator_is_said(clips, monkeypatch):
    truth._muscles.cache_clear()
    monkeypatch.setattr(truth.writer, "VERSION", 99)
    with pytest.raises(ValueError, match="another version of the generator than 99: draw it again"):
        truth.skin_motion(clips, 32)
