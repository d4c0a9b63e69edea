import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merlib.preprocessing import faces, motion
from merlib.synthetic import Actor, View, draw_identity, landmarks

VIEW = View.seated(180, 240)


@pytest.fixture(scope="module")
def actors():
    return [Actor(draw_identity(np.random.default_rng(seed)), VIEW) for seed in range(6)]


def photograph(actor, seed, sd=2.0, **how):
    image = actor.frame({}, **how)
    return np.clip(image + np.random.default_rng(seed).normal(0, sd, image.shape), 0, 255).astype(np.uint8)


def true_eyes(actor):
    x, y = landmarks(actor.who)["eye"]
    return actor.view.pixels([(-x, y), (x, y)])


def known(eyes):
    return lambda frame: np.array(eyes, dtype=float)


def test_eyes_are_found_where_they_were_drawn(actors):
    for actor in actors:
        error = faces.eyes(photograph(actor, 0)) - true_eyes(actor)
        assert np.hypot(*error.T).max() < 0.1 * VIEW.ipd


def test_closed_eyes_are_placed_by_the_geometry_of_the_face(actors):
    for actor in actors:
        error = faces.eyes(photograph(actor, 0, closing=1.0)) - true_eyes(actor)
        assert np.hypot(*error.T).max() < 0.2 * VIEW.ipd


def test_the_largest_face_counts(actors):
    large, small = (photograph(actor, 0) for actor in actors[:2])
    beside = np.full((180, 120, 3), 128, np.uint8)
    beside[:90] = cv2.resize(small, (120, 90))
    for both, shift in ((np.hstack([large, beside]), 0), (np.hstack([beside, large]), 120)):
        error = faces.eyes(both) - true_eyes(actors[0]) - [shift, 0]
        assert np.hypot(*error.T).max() < 0.1 * VIEW.ipd


@pytest.mark.parametrize("value", [0, 128])
def test_no_face_is_an_error(value):
    with pytest.raises(faces.FaceNotFound):
        faces.eyes(np.full((120, 160, 3), value, np.uint8))


points = st.floats(0, 200)


@given(left=st.tuples(points, points), angle=st.floats(-np.pi, np.pi), distance=st.floats(10, 300))
def test_alignment_lays_the_eyes_on_their_place_and_changes_no_shape(left, angle, distance):
    eyes = np.array([left, left + distance * np.array([np.cos(angle), np.sin(angle)])])
    transform = faces.alignment([None], 100, known(eyes))
    np.testing.assert_allclose(
        transform[:, :2] @ eyes.T + transform[:, 2:], (faces.EYES_IN_CROP * 100 - 0.5).T, atol=1e-6
    )
    scale = 40 / distance
    np.testing.assert_allclose(transform[:, :2].T @ transform[:, :2], scale**2 * np.eye(2), atol=1e-9)
    assert np.linalg.det(transform[:, :2]) > 0


def test_alignment_takes_the_median_over_frames_and_passes_over_frames_without_a_face():
    found = iter([[[0, 0], [10, 0]], None, [[2, 0], [12, 0]], [[90, 90], [95, 90]]])

    def landmarks_of(frame):
        eyes = next(found)
        if eyes is None:
            raise faces.FaceNotFound
        return np.array(eyes, dtype=float)

    expected = faces.alignment([None], 64, known([[2, 0], [12, 0]]))
    np.testing.assert_allclose(faces.alignment([None] * 4, 64, landmarks_of), expected)


def test_alignment_without_any_face_is_an_error():
    with pytest.raises(faces.FaceNotFound):
        faces.alignment([np.zeros((60, 60, 3), np.uint8)] * 3, 64)


@pytest.mark.parametrize("distance", [10, 40, 90, 130])
def test_crop_samples_where_the_transform_says(distance):
    """A ramp stays a ramp at any scale, so its value tells the place it was fetched from."""
    ramp = np.dstack([np.tile(np.arange(250.0), (250, 1)), *[np.tile(np.arange(250.0)[:, None], (1, 250))] * 2])
    transform = faces.alignment([None], 50, known([[80, 90], [80 + distance, 90]]))
    cut = faces.crop(ramp.astype(np.float32), transform, 50)
    inverse = cv2.invertAffineTransform(transform)
    y, x = np.mgrid[:50, :50]
    fetched = np.einsum("ij,jhw->hwi", inverse[:, :2], np.stack([x, y])) + inverse[:, 2]
    inside = ((fetched > 3) & (fetched < 246)).all(axis=-1)
    assert inside.sum() > 500
    np.testing.assert_allclose(cut[inside][:, :2], fetched[inside], atol=1 / 16)  # OpenCV samples at 32nds of a pixel


def test_a_turned_and_enlarged_picture_gives_the_same_crop(actors):
    turn = cv2.getRotationMatrix2D((120, 90), 6, 1.2)
    for actor in actors[:3]:
        frame = photograph(actor, 0)
        other = cv2.warpAffine(frame, turn, (240, 180), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        points = actor.view.pixels(list(landmarks(actor.who).values()))
        in_crop = moved(points, faces.alignment([frame], 100))
        in_other_crop = moved(moved(points, turn), faces.alignment([other], 100))
        assert (
            np.hypot(*(in_crop - in_other_crop).T).max() < 5
        )  # of 100 pixels; with the other transform the chin is off by 11


def moved(points, transform):
    return points @ transform[:, :2].T + transform[:, 2]


def test_alignment_adds_no_motion_to_a_still_face(actors):
    """A face at rest under noise: what moves in the crop is the alignment's doing."""
    for actor in actors[:3]:
        clip = [photograph(actor, seed, sd=4) for seed in range(6)]
        one = faces.alignment(clip, 96)
        assert drift([faces.crop(frame, one, 96) for frame in clip]) < 0.05
        each = drift([faces.crop(frame, faces.alignment([frame], 96), 96) for frame in clip])
        assert each > 0.2  # what a transform a frame would add


def drift(crops):
    """Mean over frames of the shift of the whole face against the first frame, in pixels."""
    shifts = [np.median(motion.flow(crops[0], crop)[24:84, 16:80], axis=(0, 1)) for crop in crops[1:]]
    return np.hypot(*np.transpose(shifts)).mean()
