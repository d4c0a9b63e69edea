"""Find the face and lay it where every other face lies: eyes level, at the same place, at the same distance.

A clip gets ONE similarity transform (turn, scale, shift), the same for all of its frames, from the median eye
positions of several of them. So alignment adds no motion: a detector's jitter of 1 px would be as large as the
expression. The head's motion within the clip stays in the clip.

Eyes are detected by OpenCV's Haar cascades (Viola & Jones, CVPR 2001). They come with the package. For better
landmarks, hand another function with the signature of `eyes` to `alignment` or `frames.load`.
"""

import threading
from collections.abc import Callable, Iterable

import cv2
import numpy as np

# Where the centres of the two eyes lie in a crop, as a share of its side: brows, mouth and chin are inside.
EYES_IN_CROP = np.array([[0.30, 0.32], [0.70, 0.32]])
# Where they lie in the box of the face cascade, as a share of its side, when no eye is found (closed, or behind glasses).
EYES_IN_BOX = np.array([[0.30, 0.40], [0.70, 0.40]])

_FACE_CASCADE = "haarcascade_frontalface_alt2.xml"
_EYE_CASCADE = "haarcascade_eye_tree_eyeglasses.xml"
_SEARCH_SIDE = 240  # px: the shorter side of a frame is brought down to this before the search for a face
_BOX_SIDE = 128  # px: the face's box is brought to this before the search for eyes
_EYE_ROWS = slice(26, 77)  # of the box: below the hair, above the nostrils

Landmarks = Callable[[np.ndarray], np.ndarray]


class FaceNotFound(ValueError):
    """No face in a frame, or in none of the frames of a clip that were looked at."""


def eyes(frame: np.ndarray) -> np.ndarray:
    """Centres of the two eyes of the largest face in an RGB frame (H, W, 3) uint8.

    Returns (2, 2) float64: x, y in pixels, the eye on the left of the picture first. An eye that the cascade does not
    find is placed by the geometry of the face's box (`EYES_IN_BOX`). Raises FaceNotFound.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    x, y, side = _largest_face(grey)
    to_box = np.array([[_BOX_SIDE / side, 0, -x * _BOX_SIDE / side], [0, _BOX_SIDE / side, -y * _BOX_SIDE / side]])
    box = cv2.warpAffine(grey, to_box, (_BOX_SIDE, _BOX_SIDE))
    halves = (slice(0, _BOX_SIDE // 2), slice(_BOX_SIDE // 2, _BOX_SIDE))
    found = [_eye(box[_EYE_ROWS, half], (half.start, _EYE_ROWS.start)) for half in halves]
    in_box = [
        eye if eye is not None else expected * _BOX_SIDE for eye, expected in zip(found, EYES_IN_BOX, strict=True)
    ]
    return np.array([x, y]) + np.array(in_box) * side / _BOX_SIDE


def alignment(frames: Iterable[np.ndarray], size: int, landmarks: Landmarks = eyes) -> np.ndarray:
    """The similarity transform (2, 3) from the pixels of a clip's frames to those of its (size, size) crop.

    `frames` are a few of the clip's; one in which `landmarks` finds no face is passed over. The median of the eye
    positions is laid on `EYES_IN_CROP`. Raises FaceNotFound when no frame is left.
    """
    positions = []
    for frame in frames:
        try:
            positions.append(landmarks(frame))
        except FaceNotFound:
            continue
    if not positions:
        raise FaceNotFound("no face found in any of the frames looked at")
    return _similarity(np.median(positions, axis=0), EYES_IN_CROP * size - 0.5)


def crop(frame: np.ndarray, transform: np.ndarray, size: int) -> np.ndarray:
    """The (size, size, 3) crop of an RGB frame (H, W, 3) uint8 under `transform`; outside the frame, its edge goes on.

    A face larger than the crop is drawn at a whole multiple of `size` and averaged down: sampling it directly would
    skip pixels, and skipped pixels flicker when the face moves.
    """
    shrink = max(1, round(1 / np.hypot(*transform[:, 0])))
    enlarged = transform * shrink
    enlarged[:, 2] += (shrink - 1) / 2  # pixel centres are whole numbers: (x + 1/2) shrink - 1/2
    picture = cv2.warpAffine(frame, enlarged, (size * shrink, size * shrink), borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def _largest_face(grey: np.ndarray) -> tuple[float, float, float]:
    """Left, top and side, in pixels of `grey`, of the largest face."""
    scale = min(1.0, _SEARCH_SIDE / min(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    smallest = min(small.shape) // 5
    boxes = _cascade(_FACE_CASCADE).detectMultiScale(small, 1.1, 4, minSize=(smallest, smallest))
    if len(boxes) == 0:
        raise FaceNotFound("no face found")
    x, y, side, _ = max(boxes, key=lambda box: box[2]) / scale
    return x, y, side


def _eye(region: np.ndarray, corner: tuple[int, int]) -> np.ndarray | None:
    """Centre, in the face's box, of the eye with the most detections in `region`, whose corner lies at `corner`."""
    boxes, votes = _cascade(_EYE_CASCADE).detectMultiScale2(region, 1.05, 3, minSize=(20, 20))
    if len(boxes) == 0:
        return None
    x, y, width, height = boxes[np.argmax(votes)]
    return np.array([corner[0] + x + (width - 1) / 2, corner[1] + y + (height - 1) / 2])


def _similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The one similarity that takes two points (2, 2) onto two others: z -> a z + b in complex numbers."""
    (p, q), (s, t) = source @ [1, 1j], target @ [1, 1j]
    a = (t - s) / (q - p)
    b = s - a * p
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


class _OfThread(threading.local):
    """The cascades of one thread: OpenCV's classifiers keep state while they search."""

    def __fingerprint__(self) -> tuple:
        return ()  # where eyes are found depends on the cascades' files, which belong to a version of OpenCV


_of_thread = _OfThread()


def _cascade(name: str) -> cv2.CascadeClassifier:
    if not hasattr(_of_thread, name):
        setattr(_of_thread, name, cv2.CascadeClassifier(cv2.data.haarcascades + name))
    return getattr(_of_thread, name)
