"""Motion between two frames: optical flow and strain, their flow map, magnification; and clips of another length.

The flow is OpenCV's DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016). On drawn faces
with sensor noise and JPEG compression it lies closer to the true motion than Farneback's, and takes less time: its
variational refinement smooths the noise that a local polynomial follows. TV-L1, which many papers on
micro-expressions use, is not part of the main OpenCV package. Eulerian magnification of a clip is `magnification`.
"""

import cv2
import numpy as np


def flow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Dense optical flow from frame `a` to frame `b`: what is at x in `a` is at x + flow(x) in `b`.

    Frames are (H, W) grey or (H, W, 3) RGB, uint8, at least 12 px per side. Returns (H, W, 2) float32 in pixels,
    horizontal (to the right) first, vertical (downward) second. Raises ValueError when the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"flow needs two frames of one shape, got {a.shape} and {b.shape}")
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return search.calc(_grey(a), _grey(b), None)


def strain(flow: np.ndarray) -> np.ndarray:
    """Optical strain magnitude (H, W), a ratio without unit, of a flow (H, W, 2) in pixels.

    With the infinitesimal strain tensor e = (grad u + grad u^T) / 2, |e| = sqrt(exx^2 + eyy^2 + exy^2 + eyx^2), that
    is sqrt(u_x^2 + v_y^2 + (u_y + v_x)^2 / 2). Shreve et al., "Macro- and micro-expression spotting in long videos
    using spatio-temporal strain", FG 2011; the same in Liong et al., STSTNet, FG 2019. Zero where the face only
    shifts; derivatives are central differences.
    """
    u_y, u_x = np.gradient(flow[..., 0])
    v_y, v_x = np.gradient(flow[..., 1])
    return np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)


def flow_map(onset: np.ndarray, apex: np.ndarray, size: int = 28) -> np.ndarray:
    """The input of STSTNet (Liong et al., FG 2019): (size, size, 3) uint8, horizontal flow, vertical flow, strain.

    The flow from onset to apex is computed at the frames' resolution and then brought down to `size`. Each channel is
    stretched to 0..255 separately, as in the published flow maps of MEGC 2019. A channel without any motion is 0.
    """
    field = flow(onset, apex)
    channels = np.dstack([field, strain(field)])
    small = cv2.resize(channels, (size, size), interpolation=cv2.INTER_AREA)
    low, high = small.min(axis=(0, 1)), small.max(axis=(0, 1))
    span = np.where(high > low, high - low, 1)
    return np.rint((small - low) / span * 255).astype(np.uint8)


def interpolate(frames: np.ndarray, length: int) -> np.ndarray:
    """A clip of `length` frames, evenly spread in time over the clip (T, ...): float32 (length, ...).

    Linear between neighbouring frames, pixel by pixel; the first and last frames stay as they are. Raises ValueError
    when one of the two clips has fewer than two frames.
    """
    if min(len(frames), length) < 2:
        raise ValueError(f"interpolation in time needs two frames or more, got {len(frames)} to make {length}")
    time = np.linspace(0, len(frames) - 1, length)
    before = np.minimum(time.astype(int), len(frames) - 2)
    share = (time - before).astype(np.float32).reshape(-1, *(1,) * (frames.ndim - 1))
    return (1 - share) * frames[before] + share * frames[before + 1]


def magnify(a: np.ndarray, b: np.ndarray, factor: float) -> np.ndarray:
    """Frame `a` with its motion toward `b` made `factor` times as large, for showing; same shape and type as `a`.

    Warps `a` along `factor` times the flow, to first order: the pixel at x is fetched from x - factor * flow(x). The
    picture folds where the magnified motion changes by more than 1 px per px. On faces this starts at factors of 5 to
    10.
    """
    rows, columns = np.indices(a.shape[:2], dtype=np.float32)
    field = factor * flow(a, b)
    fetched_from = columns - field[..., 0], rows - field[..., 1]
    return cv2.remap(a, *fetched_from, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _grey(frame: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.ndim == 3 else frame
