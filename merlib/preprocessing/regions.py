"""Where the features of a face lie: boxes around brows, eyes, nose and mouth, placed by the eyes' centres."""

from collections.abc import Sequence

import cv2
import numpy as np

from merlib.preprocessing import faces

# left, top, right, bottom as shares of the face crop of `faces`, in which the eyes lie at (0.30, 0.32) and (0.70, 0.32)
BOXES = {
    "brow": ((0.14, 0.14, 0.44, 0.25), (0.56, 0.14, 0.86, 0.25)),
    "eye": ((0.17, 0.25, 0.43, 0.40), (0.57, 0.25, 0.83, 0.40)),
    "nose": ((0.36, 0.40, 0.64, 0.66),),
    "mouth": ((0.26, 0.70, 0.74, 0.90),),
}


def mask(frames: np.ndarray) -> np.ndarray:
    """Whether a pixel lies in one of the `BOXES` of the face in a clip's frames (T, H, H, 3) uint8: (H, H) bool.

    One answer per clip, from the eyes' median position. Raises faces.FaceNotFound.
    """
    size = frames.shape[1]
    crop = np.zeros((size, size), np.uint8)
    for left, top, right, bottom in (box for boxes in BOXES.values() for box in boxes):
        crop[round(top * size) : round(bottom * size), round(left * size) : round(right * size)] = 1
    looked_at = frames[np.linspace(0, len(frames) - 1, 5).astype(int)]
    to_crop = faces.alignment(looked_at, size)
    return cv2.warpAffine(crop, to_crop, (size, size), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP).astype(bool)


def easiest_to_see(videos: Sequence[np.ndarray]) -> int:
    """The clip to look at: of the half with the calmest eyes, the one whose brows, nose and mouth move most.

    So it is a clip without a blink where there is one. `videos`: face crops (T, H, W, 3), in which the eyes lie as in
    `BOXES`. Movement is the largest mean absolute difference to the first frame, of the means of 3 x 3 pixels.
    """
    eyes, others = zip(*(_movement(video) for video in videos), strict=True)
    calm = np.argsort(eyes, kind="stable")[: (len(videos) + 1) // 2]
    return int(calm[np.argmax(np.array(others)[calm])])


def blinks(videos: Sequence[np.ndarray]) -> np.ndarray:
    """Which clips have a blink: the eyes change more than three times as much as brows, nose and mouth. (clips,) bool.

    `videos` as in `easiest_to_see`. Changes of less than one grey level are noise.
    """
    eyes, others = np.array([_movement(video) for video in videos]).T
    return eyes > 3 * np.maximum(others, 1)


def _movement(video: np.ndarray) -> tuple[float, float]:
    """How far a clip's grey levels go from its first frame: in the boxes of the eyes, and in the other boxes."""
    grey = [cv2.blur(frame.mean(axis=-1, dtype=np.float32), (3, 3)) for frame in video]
    change = np.abs(np.array(grey) - grey[0])
    inside = {name: np.zeros(change.shape[1:], bool) for name in BOXES}
    size = len(change[0])
    for name, boxes in BOXES.items():
        for left, top, right, bottom in boxes:
            inside[name][round(top * size) : round(bottom * size), round(left * size) : round(right * size)] = True
    elsewhere = np.any([inside[name] for name in BOXES if name != "eye"], axis=0) & ~inside["eye"]
    of_eyes, of_others = (change[:, region].mean(axis=1).max() for region in (inside["eye"], elsewhere))
    return float(of_eyes), float(of_others)
