"""Look-alike faces: they move by action units, locally, by the amount that is documented, and a face detector finds them."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merlib.synthetic import Actor, View, draw_identity
from merlib.synthetic.face.canvas import Canvas
from merlib.synthetic.layouts.micro import MICRO
from merlib.synthetic.motion.action_units import ACTION_UNITS
from merlib.synthetic.motion.emotions import COMBINATIONS, apportion, cast, units
from merlib.synthetic.motion.filming import film
from merlib.synthetic.motion.muscles import Muscles
from merlib.synthetic.motion.takes import AMPLITUDE, LONGEST, RESIDUE, SHORTEST, Take, envelope, flicker, play, sway


@pytest.fixture(scope="module")
def actor():
    return Actor(draw_identity(np.random.default_rng(3)), View.cropped(170, 140))


def test_a_shift_of_the_head_shifts_the_picture(actor):
    pixels = 2
    moved = actor.frame({}, pose=np.array([pixels / actor.view.ipd, 0, 0, 0, 0, 0]))
    still = actor.frame({})
    face = np.s_[40:120, 40:100]
    assert np.abs(moved[face] - np.roll(still, pixels, axis=1)[face]).mean() < 0.3
    assert np.abs(moved[face] - still[face]).mean() > 2


def test_pupils_lie_one_inter_pupil_distance_apart(actor):
    eyes = actor.view.pixels([(-0.5, 0), (0.5, 0)])
    assert np.diff(eyes[:, 0]) == pytest.approx(actor.view.ipd)
    grey = actor.frame({}).mean(axis=2)
    for x, y in eyes.round().astype(int):
        assert grey[y - 1 : y + 2, x - 1 : x + 2].mean() < 0.6 * grey[y + 25, x]  # the pupil is darker than the cheek


@pytest.mark.parametrize("number", ACTION_UNITS)
def test_an_action_unit_moves_its_side_of_the_face_and_little_else(actor, number):
    both, _ = actor.muscles.motion({(number, "L"): 1, (number, "R"): 1})
    length = np.linalg.norm(both, axis=-1)
    assert length.max() == pytest.approx(AMPLITUDE, rel=1e-5)
    assert (length > 0.25 * AMPLITUDE).mean() < 0.25
    left, _ = actor.muscles.motion({(number, "L"): 1})
    weight = np.linalg.norm(left, axis=-1)
    assert (weight * actor.fields.x).sum() > 0  # the person's left is the right of the picture


def test_action_units_add_up_and_scale(actor):
    one, _ = actor.muscles.motion({(12, "L"): 1})
    other, _ = actor.muscles.motion({(4, "R"): 1})
    mixed, _ = actor.muscles.motion({(12, "L"): 2, (4, "R"): 0.5})
    np.testing.assert_allclose(mixed, 2 * one + 0.5 * other, atol=1e-7)


def test_a_blink_darkens_the_eyes_whites_and_leaves_the_mouth(actor):
    opened, closed = actor.frame({}), actor.frame({}, closing=1.0)
    change = np.abs(opened - closed).mean(axis=2)
    (x, y), (_, mouth) = actor.view.pixels([(0.35, 0), (0, 1.1)]).round().astype(int)
    assert change[y, x] > 10
    assert change[mouth - 10 :].max() == 0


@given(st.integers(5, 101), st.floats(0.2, 0.8), st.floats(-0.1, 0.1))
def test_envelope_rises_from_onset_to_one_peak_and_falls_to_the_residue(num_frames, apex, lag):
    take = Take(num_frames, 200, round(apex * (num_frames - 1)), {}, 0, ())
    level = envelope(take, lag, np.arange(-3, num_frames + 3))
    assert level[:4].max() == 0
    np.testing.assert_allclose(level[-4:], RESIDUE)
    peak = level.argmax()
    assert (np.diff(level[: peak + 1]) >= 0).all() and (np.diff(level[peak:]) <= 0).all()
    if lag == 0:
        assert level[3 + np.clip(take.apex, 1, num_frames - 2)] == 1


def test_sway_and_flicker_have_the_spread_that_they_name():
    rng = np.random.default_rng(0)
    motion = np.concatenate([(p := sway(2000, 200, True, rng)) - p.mean(axis=0) for _ in range(8)])
    np.testing.assert_allclose(motion.std(axis=0), [0.008, 0.006, 0.005, 0.003, 0.008, 0.008], rtol=0.15)
    assert flicker(4000, 200, rng).std() == pytest.approx(np.hypot(0.006, 0.003 / np.sqrt(2)), rel=0.15)


def test_motion_has_the_documented_amplitude_and_duration():
    """data/README.md: largest action-unit motion on a face 224 px wide 1.0 / 2.3 / 5.8 px (5 / 50 / 95 % of clips)."""
    view, largest, seconds = View.cropped(272, 224), [], []
    canvas = Canvas(view, 0.25)
    parts = [part for layout in MICRO.values() for part in cast(layout.emotions, 2, 150, np.random.default_rng(0))]
    for number, part in enumerate(parts):
        rng = np.random.default_rng([number, 1])
        who = draw_identity(rng)
        take = play(who, part.units, 200, rng)
        motion, _ = Muscles(who, canvas).motion({key: unit.intensity for key, unit in take.activations.items()})
        largest.append(np.linalg.norm(motion, axis=-1).max() * view.ipd)
        seconds.append((take.num_frames - 1) / 200)
    np.testing.assert_allclose(np.percentile(largest, [5, 50, 95]), [1.0, 2.3, 5.8], rtol=0.2)
    assert min(seconds) >= SHORTEST and max(seconds) <= LONGEST


def test_the_picture_moves_as_the_motion_field_says(actor):
    """Lucas and Kanade's flow on brows and mouth corners, as an independent witness."""
    active = {(2, "L"): 2.0, (12, "R"): 2.0}
    before, after = (
        cv2.cvtColor(frame.clip(0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
        for frame in (actor.frame({}), actor.frame(active))
    )
    who = actor.who
    points = actor.view.pixels([(0.68, who.brow_y), (-who.mouth_width, who.mouth_y), (-0.68, who.brow_y)])
    moved, _, _ = cv2.calcOpticalFlowPyrLK(before, after, points.astype(np.float32)[:, None], None, winSize=(13, 13))
    motion, _ = actor.muscles.motion(active)
    columns, rows = (points * 0.5).round().astype(int).T  # the field has half the frame's size
    np.testing.assert_allclose(moved[:, 0] - points, motion[rows, columns] * actor.view.ipd, atol=0.5)
    assert np.linalg.norm(moved[:2, 0] - points[:2], axis=1).min() > 1


def test_a_film_has_its_frames_and_fresh_noise_in_each(actor):
    rng = np.random.default_rng(8)
    take = play(actor.who, units("6+12"), 200, rng)
    frames = film(actor, take, cropped=True, extra=2, rng=rng)
    assert len(frames) == take.num_frames + 4
    assert {(frame.shape, frame.dtype) for frame in frames} == {((170, 140, 3), np.dtype(np.uint8))}
    wall = np.array([frame[100:, :6] for frame in frames], float)  # beside the neck: nothing moves
    noise = np.diff(wall, axis=0).std() / np.sqrt(2)
    assert noise == pytest.approx(2, rel=0.2)


def test_the_face_cascade_finds_uncropped_neutral_faces():
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    view = View.seated(120, 160)
    x, y = view.pixels([(0, 0.5)])[0]
    found = 0
    for seed in range(20):
        face = Actor(draw_identity(np.random.default_rng(seed)), view).frame({})
        grey = cv2.cvtColor(np.clip(face, 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
        boxes = cascade.detectMultiScale(grey, 1.1, 4, minSize=(24, 24))
        found += any(abs(left + side / 2 - x) < 8 and abs(top + side / 2 - y) < 12 for left, top, side, _ in boxes)
    assert found >= 19


@given(st.integers(0, 400), st.lists(st.floats(0.01, 100), min_size=1, max_size=9))
def test_apportion_gives_every_share_its_floor_or_one_more(total, shares):
    counts = apportion(total, shares)
    assert counts.sum() == total
    exact = total * np.array(shares) / sum(shares)
    assert (np.abs(counts - exact) < 1 + 1e-9).all()


@pytest.mark.parametrize("name", MICRO)
@pytest.mark.parametrize("seed", range(3))
def test_cast_keeps_the_class_shares_and_spreads_classes_over_people(name, seed):
    emotions = MICRO[name].emotions
    parts = cast(emotions, 5, 60, np.random.default_rng(seed))
    labels = [part.label for part in parts]
    assert {label: labels.count(label) for label in emotions} == dict(
        zip(emotions, apportion(60, list(emotions.values())), strict=True)
    )
    assert sum(part.label != part.emotion for part in parts) <= 0.04 * 60 + 1
    for label in set(labels):
        people = {part.person for part in parts if part.label == label}
        assert len(people) >= min(2, labels.count(label))


def test_combinations_are_whole_and_overlap_between_emotions():
    for combinations in COMBINATIONS.values():
        assert sum(combinations.values()) == pytest.approx(1)
        assert all(unit.number in ACTION_UNITS for code in combinations for unit in units(code))
    assert {"anger", "disgust", "others"} <= {emotion for emotion, codes in COMBINATIONS.items() if "4+7" in codes}
