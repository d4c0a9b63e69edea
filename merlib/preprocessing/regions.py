"""Where the features of a face lie: boxes around brows, eyes, nose and mouth, placed by the eyes' centres."""

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
