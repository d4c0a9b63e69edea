import numpy as np
import pytest

from merlib.preprocessing import faces, regions
from merlib.synthetic import Actor, View, draw_identity, landmarks

VIEW = View.seated(224, 224)


def photograph(actor, seed):
    noise = np.random.default_rng(seed).normal(0, 2, (224, 224, 3))
    return np.clip(actor.frame({}) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_the_boxes_lie_on_eyes_brows_nose_and_mouth_as_they_were_drawn(seed):
    actor = Actor(draw_identity(np.random.default_rng(seed)), VIEW)
    mask = regions.mask(np.stack([photograph(actor, i) for i in range(5)]))
    drawn = landmarks(actor.who)
    (eye, _), (_, brow_line) = drawn["eye"], drawn["brow"]
    features = {"brow": (eye, brow_line)} | {name: drawn[name] for name in ("eye", "nose", "mouth", "corner")}
    for name, (x, y) in features.items():
        for column, row in actor.view.pixels([(-x, y), (x, y)]).round().astype(int):
            assert mask[row, column], name
    assert 0.02 < mask.mean() < 0.25
    assert not mask[:20].any() and not mask[:, :20].any()  # the wall behind


def test_a_clip_without_a_face_is_said():
    with pytest.raises(faces.FaceNotFound):
        regions.mask(np.full((3, 96, 96, 3), 128, np.uint8))


def crops(*moving, size=60, frames=9):
    """A clip of grey face crops in which each box of the regions in `moving` becomes brighter and dark again."""
    video = np.full((frames, size, size, 3), 100, np.uint8)
    rise = (60 * np.sin(np.linspace(0, np.pi, frames))).astype(np.uint8)
    for name, share in moving:
        for left, top, right, bottom in (np.array(regions.BOXES[name]) * size).round().astype(int):
            video[:, top:bottom, left:right] += (rise * share).astype(np.uint8)[:, None, None, None]
    return video


def test_the_clip_to_look_at_moves_most_where_no_eye_blinks():
    still, smile, grin, blink = crops(), crops(("mouth", 0.3)), crops(("mouth", 0.6)), crops(("eye", 2))
    blinking_grin = crops(("eye", 2), ("mouth", 2))
    assert regions.easiest_to_see([blink, still, smile, grin, blinking_grin, blink]) == 3
    assert regions.easiest_to_see([blinking_grin, smile]) == 1
    assert regions.easiest_to_see([blink]) == 0  # there is no other


def test_a_blink_is_told_from_a_widened_eye():
    surprise, blink = crops(("eye", 0.5), ("brow", 1), ("mouth", 0.2)), crops(("eye", 2), ("mouth", 0.2))
    assert regions.blinks([surprise, blink, crops(), crops(("eye", 0.03))]).tolist() == [False, True, False, False]
