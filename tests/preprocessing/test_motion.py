import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from merlib.preprocessing import motion


def texture(size, shift=(0.0, 0.0), seed=0):
    """A sum of plane waves: its picture after any sub-pixel shift is known without interpolation."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size].astype(float)
    waves = 0
    for _ in range(40):
        length, angle, phase = rng.uniform(8, 30), *rng.uniform(0, 2 * np.pi, 2)
        distance = (x - shift[0]) * np.cos(angle) + (y - shift[1]) * np.sin(angle)
        waves = waves + np.cos(2 * np.pi / length * distance + phase)
    return np.clip(127 + 11 * waves, 0, 255).round().astype(np.uint8)


def endpoint_error(field, truth):
    return np.hypot(*np.moveaxis(field - truth, -1, 0))


@pytest.mark.parametrize("shift", [(0.1, 0.0), (0.3, -0.2), (0.5, 0.7), (1.4, -0.6), (2.5, 1.5)])
def test_flow_of_a_subpixel_translation_is_the_translation(shift):
    field = motion.flow(texture(128), texture(128, shift))
    assert field.shape == (128, 128, 2) and field.dtype == np.float32
    error = endpoint_error(field, shift)[8:-8, 8:-8]
    assert error.mean() < 0.07 and error.max() < 0.2


def test_flow_of_a_stretch_grows_linearly_from_the_centre():
    rate, centre = 0.02, 63.5
    y, x = np.mgrid[:128, :128].astype(float)
    truth = np.dstack([rate * (x - centre), np.zeros_like(x)])
    picture = texture(128).astype(float)
    source = [y, centre + (x - centre) / (1 + rate)]
    stretched = ndimage.map_coordinates(picture, source, order=3, mode="nearest").clip(0, 255).round().astype(np.uint8)
    field = motion.flow(texture(128), stretched)
    assert endpoint_error(field, truth)[16:-16, 16:-16].mean() < 0.07
    assert np.median(motion.strain(field)[16:-16, 16:-16]) == pytest.approx(rate, abs=0.004)


def test_flow_lies_closer_to_the_truth_than_farneback_under_noise():
    rng, shift = np.random.default_rng(1), (0.8, -0.4)
    noisy = [
        (0.3 * texture(128, s, seed=3) + 90 + rng.normal(0, 4, (128, 128))).clip(0, 255).astype(np.uint8)
        for s in ((0, 0), shift)
    ]
    farneback = cv2.calcOpticalFlowFarneback(*noisy, None, 0.5, 3, 15, 3, 5, 1.1, 0)
    ours = endpoint_error(motion.flow(*noisy), shift).mean()
    assert ours < endpoint_error(farneback, shift).mean()


def test_flow_of_rgb_frames_is_the_flow_of_their_grey():
    a, b = texture(64), texture(64, (0.6, 0.3))
    np.testing.assert_array_equal(motion.flow(np.dstack([a] * 3), np.dstack([b] * 3)), motion.flow(a, b))


def test_flow_refuses_two_shapes():
    with pytest.raises(ValueError, match=r"\(32, 32\).*\(64, 64\)"):
        motion.flow(texture(32), texture(64))


linear_maps = st.tuples(*[st.floats(-0.2, 0.2)] * 4)


@given(linear_maps)
def test_strain_of_a_linear_motion_is_the_norm_of_its_symmetric_part(entries):
    gradient = np.array(entries).reshape(2, 2)
    y, x = np.mgrid[:16, :20].astype(float)
    field = np.einsum("ij,jhw->hwi", gradient, np.stack([x, y]))
    expected = np.linalg.norm((gradient + gradient.T) / 2)  # Frobenius
    np.testing.assert_allclose(motion.strain(field), expected, atol=1e-12)


def test_strain_of_a_stretch_along_x_is_its_rate():
    x = np.tile(np.arange(20.0), (10, 1))
    np.testing.assert_allclose(motion.strain(np.dstack([-0.05 * x, 0 * x])), 0.05)


@pytest.mark.parametrize("factor", [0, 1, 4])
def test_magnify_of_a_translation_gives_factor_times_the_shift(factor):
    a, b = texture(128), texture(128, (0.7, -0.5))
    moved = motion.magnify(a, b, factor)
    assert moved.dtype == np.uint8 and moved.shape == a.shape
    error = moved.astype(float) - texture(128, (factor * 0.7, factor * -0.5))
    still = a.astype(float) - texture(128, (factor * 0.7, factor * -0.5))
    assert np.abs(error[12:-12, 12:-12]).mean() <= 0.15 * np.abs(still[12:-12, 12:-12]).mean()


def test_magnify_keeps_colour():
    a = np.dstack([texture(64, seed=s) for s in range(3)])
    np.testing.assert_array_equal(motion.magnify(a, a, 10), a)


def test_flow_map_separates_right_from_left_and_up_from_down():
    onset = texture(112, seed=5)
    y, x = np.mgrid[:112, :112].astype(float)
    bulge = 2 * np.exp(-((x - 84) ** 2 + (y - 56) ** 2) / 200)  # moves right on the right half, up on the left half
    rise = -2 * np.exp(-((x - 28) ** 2 + (y - 56) ** 2) / 200)
    apex = ndimage.map_coordinates(onset.astype(float), [y - rise, x - bulge], order=3, mode="nearest")
    picture = motion.flow_map(onset, apex.clip(0, 255).astype(np.uint8))
    assert picture.shape == (28, 28, 3) and picture.dtype == np.uint8
    u_row, u_column = np.unravel_index(picture[..., 0].argmax(), (28, 28))
    v_row, v_column = np.unravel_index(picture[..., 1].argmin(), (28, 28))
    assert abs(u_row - 14) <= 3 and abs(u_column - 21) <= 3
    assert abs(v_row - 14) <= 3 and abs(v_column - 7) <= 3


def test_flow_map_of_a_still_face_is_zero():
    assert not motion.flow_map(texture(64), texture(64)).any()


def test_flow_map_has_the_layout_of_the_published_maps(shared):
    paths = sorted(shared.glob("real/megc2019_flow/datasets/*/*.png"))[::20]
    published = np.stack([cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths])
    ours = np.stack([motion.flow_map(texture(128, seed=s), texture(128, (1, 0.5), seed=s + 50)) for s in range(5)])
    for maps in (published, ours):
        assert maps.shape[1:] == (28, 28, 3) and maps.dtype == np.uint8
        assert (maps.min(axis=(1, 2)) == 0).all() and (maps.max(axis=(1, 2)) == 255).all()
        # strain is a magnitude, mostly near its floor; flow has both signs, so its zero lies between
        assert maps[..., 2].mean() < maps[..., :2].mean()


def test_a_clip_is_interpolated_between_its_frames():
    clip = np.array([0, 10, 30], np.uint8).reshape(3, 1, 1)
    assert motion.interpolate(clip, 5)[:, 0, 0].tolist() == [0, 5, 10, 20, 30]
    assert motion.interpolate(clip, 3)[:, 0, 0].tolist() == [0, 10, 30]
    assert motion.interpolate(clip, 2)[:, 0, 0].tolist() == [0, 30]


@given(st.integers(2, 9), st.integers(2, 20), st.integers(0, 9))
def test_an_interpolated_clip_is_what_numpy_gives_of_each_pixel(length, wanted, seed):
    clip = np.random.default_rng(seed).integers(0, 256, (length, 2, 3, 3), dtype=np.uint8)
    time = np.linspace(0, length - 1, wanted)
    expected = [np.interp(time, range(length), pixel) for pixel in clip.reshape(length, -1).T]
    found = motion.interpolate(clip, wanted)
    assert found.dtype == np.float32 and found.shape == (wanted, 2, 3, 3)
    np.testing.assert_allclose(found.reshape(wanted, -1).T, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(("length", "wanted"), [(1, 5), (5, 1)])
def test_one_frame_is_not_interpolated(length, wanted):
    with pytest.raises(ValueError, match="two frames or more"):
        motion.interpolate(np.zeros((length, 4, 4), np.uint8), wanted)
