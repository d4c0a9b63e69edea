import numpy as np
import pytest

from merlib.results import attention

MOTION = np.zeros((1, 4, 4))
MOTION[0, :2, :2] = [[1.0, 0.6], [0.5, 0.4]]  # three of sixteen places move half as much as the largest or more


def test_attention_on_moved_skin_is_its_share_and_rank():
    level = np.ones((1, 4, 4))
    assert attention.on_moved_skin(level, MOTION).iloc[0].tolist() == [3 / 16, 3 / 16, 0.5]
    bright = np.where(MOTION >= 0.5, 3.0, 1.0)
    row = attention.on_moved_skin(bright, MOTION).iloc[0]
    assert row.tolist() == pytest.approx([3 / 16, 9 / 22, 1.0])
    row = attention.on_moved_skin(4 - bright, MOTION).iloc[0]
    assert row.tolist() == pytest.approx([3 / 16, 3 / 42, 0.0])


def test_every_clip_is_measured_by_its_own_largest_motion():
    maps, motion = np.ones((2, 4, 4)), np.concatenate([MOTION, 0.01 * MOTION[:, ::-1]])
    assert attention.on_moved_skin(maps, motion)["area"].tolist() == [3 / 16, 3 / 16]
