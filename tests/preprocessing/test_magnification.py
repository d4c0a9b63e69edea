import numpy as np
import pytest
from helpers import tiny_databases as tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from merlib.data import databases
from merlib.preprocessing import magnification

FPS, LENGTH = 100, 64
FEW = settings(max_examples=15)


def oscillation(hertz, phase=0.0, frames=LENGTH):
    """A sine over time at the middle of each frame's interval, where cosine transforms have their samples."""
    return np.sin(2 * np.pi * hertz * (np.arange(frames) + 0.5) / FPS + phase)


def translating(shifts, wavelength=32, size=128):
    """A grating that moves along x by `shifts` pixels, exact at any sub-pixel shift; rounding averages out over rows."""
    x = np.arange(size) - np.asarray(shifts)[:, None]
    row = 127.5 + 80 * np.sin(2 * np.pi * x / wavelength)
    dither = np.random.default_rng(0).uniform(-0.5, 0.5, (size, size, 3))
    return np.rint(row[:, None, :, None] + dither).astype(np.uint8)


def displacement(clip, wavelength=32):
    """Pixels by which the grating of `translating` moves over time, from its phase; the first frame is 0."""
    middle = clip[:, 32:96, 32:96].mean(axis=(1, 3))  # a whole number of wavelengths, away from the border
    phase = np.angle(middle @ np.exp(-2j * np.pi * np.arange(64) / wavelength))
    moved = -np.unwrap(phase) * wavelength / (2 * np.pi)
    return moved - moved[0]


def flickering(change, size=24, seed=0):
    """Grey noise in space, so that rounding averages out, with `change` grey levels added to each frame."""
    base = np.random.default_rng(seed).uniform(90, 160, (size, size, 3))
    return np.rint(base + np.asarray(change)[:, None, None, None]).astype(np.uint8)


def amplitude(signal, hertz):
    """Of the sine of that frequency and any phase that lies closest to the signal, beside a constant."""
    time = 2 * np.pi * hertz * (np.arange(len(signal)) + 0.5) / FPS
    waves = np.stack([np.cos(time), np.sin(time), np.ones_like(time)], axis=1)
    return np.hypot(*np.linalg.lstsq(waves, signal, rcond=None)[0][:2])


@pytest.mark.parametrize("phase", [0.0, 0.8, np.pi / 2])
@pytest.mark.parametrize("alpha", [2, 4, 8])
def test_a_motion_in_the_band_is_one_plus_alpha_times_as_large(alpha, phase):
    shifts = 0.6 / (1 + alpha) * oscillation(6.25, phase)  # far within the bound lambda / 8, of first order
    magnified = magnification.motion(translating(shifts), FPS, alpha, band=(2, 15), wavelength=4)
    expected = (1 + alpha) * amplitude(shifts, 6.25)
    assert amplitude(displacement(magnified), 6.25) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("band", [(0.5, 4), (10, 40)])
def test_a_motion_outside_the_band_stays_as_large(band):
    shifts = 0.5 * oscillation(6.25, np.pi / 2)
    magnified = magnification.motion(translating(shifts), FPS, 8, band, wavelength=4)
    assert amplitude(displacement(magnified), 6.25) == pytest.approx(0.5, rel=0.05)


def test_of_two_motions_only_the_one_in_the_band_is_magnified():
    shifts = 0.15 * oscillation(3.125, np.pi / 2) + 0.15 * oscillation(12.5, np.pi / 2)
    moved = displacement(magnification.motion(translating(shifts), FPS, 4, band=(8, 20), wavelength=4))
    assert amplitude(moved, 3.125) == pytest.approx(0.15, rel=0.05)
    assert amplitude(moved, 12.5) == pytest.approx(5 * 0.15, rel=0.05)


@pytest.mark.parametrize("phase", [0.0, np.pi / 2])
def test_a_flicker_in_the_band_is_one_plus_alpha_times_as_large(phase):
    change = 3 * oscillation(6.25, phase)
    magnified = magnification.colour(flickering(change), FPS, 9, band=(2, 15), level=2)
    assert amplitude(magnified.mean(axis=(1, 2, 3)), 6.25) == pytest.approx(10 * 3, rel=0.05)


def test_a_flicker_outside_the_band_stays_as_large():
    clip = flickering(8 * oscillation(6.25, np.pi / 2))
    magnified = magnification.colour(clip, FPS, 9, band=(10, 40), level=2)
    assert amplitude(magnified.mean(axis=(1, 2, 3)), 6.25) == pytest.approx(8, rel=0.05)


def test_motion_leaves_a_flicker_of_the_whole_frame_alone():
    clip = flickering(5 * oscillation(6.25))
    magnified = magnification.motion(clip, FPS, 10, wavelength=1000)
    assert np.abs(magnified.mean(axis=(1, 2, 3)) - clip.mean(axis=(1, 2, 3))).max() < 0.2


def test_chrominance_is_attenuated_and_luminance_is_not():
    red_to_cyan = np.array([1.0, -1.0, -1.0]) * [0.701, 0.299, 0.299]  # in YIQ: a change without luminance
    clip = np.rint(128 + 20 * oscillation(6.25)[:, None, None, None] * np.broadcast_to(red_to_cyan, (16, 16, 3)))
    magnified = {
        factor: magnification.colour(clip.astype(np.uint8), FPS, 3, (2, 15), level=1, chrominance=factor).astype(float)
        for factor in (0, 1)
    }
    before = amplitude(clip[:, 8, 8, 0], 6.25)
    assert amplitude(magnified[0][:, 8, 8, 0], 6.25) == pytest.approx(before, rel=0.05)
    assert amplitude(magnified[1][:, 8, 8, 0], 6.25) == pytest.approx(4 * before, rel=0.05)
    luminance = [video[:, 8, 8] @ [0.299, 0.587, 0.114] for video in (clip, magnified[1])]
    assert np.ptp(luminance[0]) < 1.5 and np.ptp(luminance[1]) < 3


def plane_wave(wavelength, size=256):
    wave = np.cos(2 * np.pi * np.arange(size) / wavelength) * np.ones((size, 1))
    return np.repeat(wave[..., None], 3, axis=2).astype(np.float32)


def middle(frame):
    return frame[64:192, 64:192, 0]


@pytest.mark.parametrize("wavelength", [10, 20, 40])
@pytest.mark.parametrize("cut", [8, 30, 90, 400])
def test_a_wave_is_multiplied_by_the_factors_of_the_levels_that_it_lies_in(wavelength, cut):
    """Fig. 6: (1 + alpha) lambda / lambda_c - 1, from 0 to alpha; a wave spreads over levels an octave and more apart."""
    alpha, wave = 6, plane_wave(wavelength)
    gain = np.std(middle(magnification._amplified(wave, alpha, cut))) / np.std(middle(wave))
    shorter, longer = (np.clip((1 + alpha) * wavelength * octave / cut - 1, 0, alpha) for octave in (0.5, 2))
    assert shorter - 0.05 * alpha <= gain <= longer + 0.05 * alpha


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_level_of_the_pyramid_responds_most_to_its_wavelength(level):
    def response(wavelength):
        """With so small an alpha a level is multiplied by alpha or by 0: from this level on, less from the next on."""
        cuts = 5 * 2.0**level, 5 * 2.0 ** (level + 1)
        these, coarser = (magnification._amplified(plane_wave(wavelength), 1e-3, cut) for cut in cuts)
        return np.std(middle(these - coarser))

    lengths = 5 * 2.0**level * np.array([0.5, 0.7, 1, 1.4, 2])
    assert np.argmax([response(length) for length in lengths]) == 2


clips = st.builds(
    lambda shape, seed: np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8),
    st.tuples(st.integers(10, 30), st.integers(8, 21), st.integers(8, 21)),
    st.integers(0, 9),
)
methods = pytest.mark.parametrize(
    "method",
    [magnification.motion, lambda clip, fps, alpha=50.0, band=(2, 20): magnification.colour(clip, fps, alpha, band, 2)],
    ids=["motion", "colour"],
)


@methods
@given(clip=clips)
@FEW
def test_alpha_0_gives_the_clip_back(method, clip):
    np.testing.assert_array_equal(method(clip, FPS, alpha=0), clip)


@methods
@given(clip=clips)
@FEW
def test_a_clip_that_does_not_change_stays_as_it_is(method, clip):
    still = np.repeat(clip[:1], len(clip), axis=0)
    np.testing.assert_array_equal(method(still, FPS), still)


@methods
@given(clip=clips)
@FEW
def test_shape_type_and_first_frame_are_kept(method, clip):
    before = clip.copy()
    magnified = method(clip, FPS)
    assert magnified.shape == clip.shape and magnified.dtype == np.uint8
    np.testing.assert_array_equal(magnified[0], clip[0])
    np.testing.assert_array_equal(clip, before)


@methods
@given(clip=clips)
@FEW
def test_twice_as_many_frames_a_second_and_twice_the_band_is_the_same(method, clip):
    np.testing.assert_array_equal(method(clip, 50, 5, (2, 9)), method(clip, 100, 5, (4, 18)))


def test_a_clip_from_a_memory_map_is_read_only_and_magnified_all_the_same(tmp_path):
    clip = translating(0.3 * oscillation(6.25))
    np.save(tmp_path / "clip.npy", clip)
    mapped = np.load(tmp_path / "clip.npy", mmap_mode="r")
    np.testing.assert_array_equal(magnification.motion(mapped, FPS), magnification.motion(clip, FPS))


CLIP = np.zeros((16, 32, 32, 3), np.uint8)


@pytest.mark.parametrize(
    ("clip", "changed", "told"),
    [
        (CLIP + np.nan, {}, r"float64, not uint8"),
        (CLIP.astype(np.float32), {}, r"float32, not uint8"),
        (CLIP[..., 0], {}, r"\(16, 32, 32\), not \(T, H, W, 3\)"),
        (CLIP[:, :7], {}, r"at least 8 pixels"),
        (CLIP[:0], {}, r"\(0, 32, 32, 3\)"),
        (CLIP[:1], {}, r"1 frames .* it takes 5 frames"),
        (CLIP[:1], {"band": (0, 10)}, r"1 frames .* it takes 5 frames"),
        (CLIP, {"fps": np.nan}, r"fps is nan"),
        (CLIP, {"band": (3, 2)}, r"3 to 2 Hz"),
        (CLIP, {"band": (60, 70)}, r"within 0 to 50 Hz"),
        (CLIP, {"alpha": -1}, r"alpha is -1"),
        (CLIP, {"wavelength": 0}, r"wavelength is 0"),
    ],
)
def test_what_cannot_be_magnified_is_told(clip, changed, told):
    with pytest.raises(ValueError, match=told):
        magnification.motion(clip, **({"fps": FPS} | changed))


def test_every_fault_is_told_at_once():
    with pytest.raises(ValueError) as raised:
        magnification.colour(CLIP.astype(float), fps=0, alpha=np.inf)
    assert all(fault in str(raised.value) for fault in ("float64", "fps is 0", "alpha is inf"))


def test_the_number_of_frames_that_is_asked_for_is_enough_and_one_less_is_not():
    with pytest.raises(ValueError, match=r"16 frames at 100 a second .* from 0\.8\d* to 1 Hz .*: it takes 50 frames"):
        magnification.colour(CLIP, FPS)
    longer = np.repeat(CLIP, 4, axis=0)
    magnification.colour(longer[:50], FPS)
    with pytest.raises(ValueError, match="it takes 50"):
        magnification.colour(longer[:49], FPS)


def test_clips_without_a_frame_rate_are_named(tmp_path):
    for name in "abc":
        tiny.frames(tmp_path / name, range(3))
    header = ["subject", "clip", "frames", "emotion", "fps"]
    rows = [["anna", "c1", "a", "joy", 30], ["anna", "c2", "b", "joy", ""], ["ben", "c1", "c", "fear", ""]]
    tiny.sheet(tmp_path / "list.csv", [header, *rows])
    clips = databases.read("own", tmp_path / "list.csv")
    assert magnification.rates(clips[[0]]).tolist() == [30]
    with pytest.raises(ValueError, match=r"these have none: own anna c2, own ben c1$"):
        magnification.rates(clips)
