"""Eulerian video magnification: small motions and small changes of colour in a clip, made visible.

Wu et al., "Eulerian Video Magnification for Revealing Subtle Changes in the World", SIGGRAPH 2012, the linear method:
each pixel of each spatial band is filtered over time, multiplied by alpha and added to the clip. `motion` works on a
Laplacian pyramid, `colour` on one level of a Gaussian pyramid. (`motion.magnify` warps one frame along its flow.)

The filter over time is the paper's ideal one, by cosine transform (Fig. 9a, b). Micro-expressions last 10 to 100
frames. An IIR filter does not settle within so few, and a Fourier transform takes the step from the offset back to the
onset for motion. A cosine transform continues the clip by its mirror image: T frames hold the frequencies
k fps / (2 T), k = 1 .. T-1. The frequencies in the band pass unchanged; the others and the mean over time are removed.

The change is counted from the first frame, and the first frame stays as it is. The authors' IIR filter does the same:
its state starts there. A band alone has a mean of zero; it would move the neutral face at the onset against the
expression.
"""

from itertools import count

import cv2
import numpy as np

from merlib.data.clips import Clips

_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FINEST = 5.0  # px: level n of cv2's Laplacian pyramid responds most to the wavelength _FINEST * 2**n
_SMALLEST_SIDE = 8


def rates(clips: Clips) -> np.ndarray:
    """The frame rate of each clip, (n,) fps. Raises ValueError that names every clip without one."""
    unknown = clips.table[clips.table["fps"].isna()]
    if len(unknown):
        named = ", ".join(" ".join(key) for key in unknown[["database", "subject", "clip"]].to_numpy())
        raise ValueError(f"magnification needs the frame rate (fps) of each clip; these have none: {named}")
    return clips.table["fps"].to_numpy()


def motion(
    clip: np.ndarray,
    fps: float,
    alpha: float = 10.0,
    band: tuple[float, float] = (0.5, 10.0),
    wavelength: float = 80.0,
    chrominance: float = 0.1,
) -> np.ndarray:
    """The clip with its motions in the band made about 1 + `alpha` times as large; uint8 (T, H, W, 3), as the clip.

    `clip` is RGB uint8 (T, H, W, 3), at least 8 px per side; `band` is in Hz. `wavelength` is the spatial cut-off
    lambda_c in pixels. A spatial band of wavelength lambda is multiplied by `alpha` from lambda_c on, and by 0 below
    lambda_c / (1 + alpha) (Fig. 6). In between the factor is (1 + alpha) lambda / lambda_c - 1: a motion delta that
    just meets the bound (1 + alpha) delta < lambda / 8 (Eq. 14) at lambda_c then meets it everywhere. `chrominance`
    multiplies the change in I and Q of YIQ. What is coarser than the pyramid is brightness rather than motion; it stays
    as it is, as in the authors' code. The authors' code also doubles the factor; this does not.

    The defaults are for faces of about 224 px. Band and lambda_c are those of the head motion in the authors' code
    (`face2`: 0.5 to 10 Hz, 80 px); the band holds micro-expressions of 0.1 to 1 s. Alpha and chrominance are those of
    `baby` and `wrist` (10, 0.1). With face2's alpha of 20 the edges of a mouth that moves by 1 px glare: Eq. 14 then
    allows half a pixel, and nearly one with an alpha of 10. Slow head sway and drifting light are also in the band and
    grow as well. Raises ValueError as `colour` does.
    """
    _check(clip, fps, band, alpha=alpha, wavelength=wavelength, chrominance=chrominance)
    filtered = _bandpass(clip.astype(np.float32), fps, band)
    return _added(clip, np.stack([_amplified(frame, alpha, wavelength) for frame in filtered]), chrominance)


def colour(
    clip: np.ndarray,
    fps: float,
    alpha: float = 50.0,
    band: tuple[float, float] = (50 / 60, 1.0),
    level: int = 4,
    chrominance: float = 1.0,
) -> np.ndarray:
    """The clip with its changes of brightness and colour in the band 1 + `alpha` times as large; uint8, as the clip.

    `clip` is RGB uint8 (T, H, W, 3), at least 8 px per side; `band` is in Hz. The frames are halved `level` times, and
    what remains is multiplied. The defaults are those of the authors' code for a pulse of 50 to 60 per minute (`face`).

    Raises ValueError that lists everything wrong: another type than uint8, another shape, a rate, band or factor out of
    range, and too few frames for the band, with the number that would do.
    """
    _check(clip, fps, band, alpha=alpha, level=level, chrominance=chrominance)
    sizes, small = [], clip.astype(np.float32)
    for _ in range(level):
        sizes.append(small.shape[2:0:-1])
        small = np.stack([cv2.pyrDown(frame) for frame in small])
    change = np.float32(alpha) * _bandpass(small, fps, band)
    for size in reversed(sizes):
        change = np.stack([cv2.pyrUp(frame, dstsize=size) for frame in change])
    return _added(clip, change, chrominance)


def _amplified(frame: np.ndarray, alpha: float, wavelength: float) -> np.ndarray:
    """Each level of the frame's Laplacian pyramid by its factor, collapsed again. Frames are float32 (H, W, 3)."""
    bands = []
    while min(frame.shape[:2]) >= _SMALLEST_SIDE // 2:
        coarser = cv2.pyrDown(frame)
        bands.append(frame - cv2.pyrUp(coarser, dstsize=frame.shape[1::-1]))
        frame = coarser
    total = np.zeros_like(frame)
    for level in reversed(range(len(bands))):
        factor = np.clip((1 + alpha) * _FINEST * 2**level / wavelength - 1, 0, alpha)
        total = np.float32(factor) * bands[level] + cv2.pyrUp(total, dstsize=bands[level].shape[1::-1])
    return total


def _bandpass(series: np.ndarray, fps: float, band: tuple[float, float]) -> np.ndarray:
    """float32 (T, ...) without what is outside the band, as a difference from its first frame."""
    frames, passed = len(series), np.flatnonzero(_passed(len(series), fps, band))
    places = np.pi * (2 * np.arange(frames) + 1) / (2 * frames)
    # orthonormal, the rows of the cosine transform
    waves = (np.sqrt(2 / frames) * np.cos(passed[:, None] * places)).astype(np.float32)
    return ((waves - waves[:, :1]).T @ (waves @ series.reshape(len(series), -1))).reshape(series.shape)


def _passed(frames: int, fps: float, band: tuple[float, float]) -> np.ndarray:
    """Which of the frequencies of a clip of T frames are in the band, bool (T,). The mean over time never is."""
    frequencies = np.arange(frames) * fps / (2 * frames)
    return (frequencies > 0) & (band[0] <= frequencies) & (frequencies <= band[1])


def _added(clip: np.ndarray, change: np.ndarray, chrominance: float) -> np.ndarray:
    # to YIQ, I and Q attenuated, and back: all linear, so one matrix, and the clip itself is not converted
    attenuated = np.linalg.inv(_YIQ) @ np.diag([1, chrominance, chrominance]) @ _YIQ
    frames, height, width, _ = clip.shape
    change = cv2.transform(change.reshape(frames * height, width, 3), attenuated).reshape(clip.shape)
    return np.clip(np.rint(clip + change), 0, 255).astype(np.uint8)


def _check(clip: np.ndarray, fps: float, band: tuple[float, float], **factors: float) -> None:
    faults = []
    if clip.dtype != np.uint8:
        faults.append(f"the frames are {clip.dtype}, not uint8 (grey levels 0 to 255)")
    if clip.ndim != 4 or clip.shape[-1] != 3 or min(clip.shape[1:3]) < _SMALLEST_SIDE or not len(clip):
        faults.append(f"the shape is {clip.shape}, not (T, H, W, 3) with H and W of at least {_SMALLEST_SIDE} pixels")
    faults += [f"{name} is {value}, not a number from 0" for name, value in factors.items() if not 0 <= value < np.inf]
    if factors.get("wavelength") == 0:
        faults.append("wavelength is 0 pixels, not above 0")
    if not 0 < fps < np.inf:
        faults.append(f"fps is {fps}, not a number above 0")
    elif not 0 <= band[0] < min(band[1], fps / 2):
        faults.append(
            f"the band is {band[0]:g} to {band[1]:g} Hz, not low to high within 0 to {fps / 2:g} Hz (fps / 2)"
        )
    elif clip.ndim == 4 and not _passed(len(clip), fps, band).any():
        needed = next(n for n in count(len(clip)) if _passed(n, fps, band).any())
        faults.append(
            f"{len(clip)} frames at {fps:g} a second hold no frequency from {band[0]:g} to {band[1]:g} Hz (only multiples of "
            f"fps / (2 T)): it takes {needed} frames, or a wider band"
        )
    if faults:
        raise ValueError("the clip cannot be magnified:\n  " + "\n  ".join(faults))
