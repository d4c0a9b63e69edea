"""The frames of a clip from its files, or in words why one cannot be used: loading and `merlib data check` share this.

A frame that nobody could use is refused rather than repaired: a file that ends early, more pixels than a camera has,
several pictures in one, sides shorter than the smallest face that can be found. What no decoder can notice passes: a
flipped bit of a JPEG, zeros in the place of a BMP's pixels, a progressive JPEG that ends between two of its scans.
"""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
VIDEOS = (".avi", ".flv", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")
ACCEPTED = f"pictures {', '.join(PICTURES)}; videos {', '.join(VIDEOS)}"
SMALLEST_SIDE = 20  # px: the face detector's window; optical flow needs 12
LARGEST = 64_000_000  # px: twice an 8K frame

_MARKER = rb"\xff([\x02-\xcf\xd9-\xfe])"  # of a JPEG, except those that stand within compressed data
# compressed data that no encoder wrote: 64 bytes for each of the eight restart markers
_OTHER_DATA = b"".join(
    bytes((37 * i + 11 * k) % 251 + 1 for i in range(64)) + bytes((0xFF, 0xD0 + k)) for k in range(8)
)


class UnreadableClip(ValueError):
    """A file of a clip cannot be used; the message names the file and what is wrong with it."""


def frames(clip, positions: Iterable[int] | None = None) -> Iterator[np.ndarray | UnreadableClip]:
    """The frames of a clip, RGB uint8 (H, W, 3), at `positions` in rising order (0 is the onset); without, all.

    What is wrong with a frame stands in its place; a video ends with it. `clip` is a row of the clip table.
    """
    shape: tuple[int, ...] = ()
    for file, frame in _read(clip, positions):
        if isinstance(frame, np.ndarray):
            shape = shape or frame.shape
            if frame.shape != shape:  # one transform per clip is right only if all frames have one shape
                sizes = f"(height, width) {frame.shape[:2]}, the clip's first frame has {shape[:2]}"
                frame = UnreadableClip(f"{file}: {sizes}")
        yield frame


def length(clip) -> int:
    """The number of frames of a row of the clip table. Raises UnreadableClip for a video without onset or offset."""
    if not is_video(clip.frames[0]):
        return len(clip.frames)
    if pd.isna(clip.onset) or pd.isna(clip.offset):
        raise UnreadableClip(f"{clip.frames[0]}: a clip in a video needs an onset and an offset")
    return clip.offset - clip.onset + 1


def is_video(file: str | Path) -> bool:
    """Whether a file is a video, by its suffix. Raises UnreadableClip if it is neither that nor a picture."""
    suffix = Path(file).suffix.lower()
    if suffix not in PICTURES + VIDEOS:
        raise UnreadableClip(f"{file}: files '{suffix}' are not read; accepted are {ACCEPTED}")
    return suffix in VIDEOS


def num_frames(video: str | Path) -> int:
    """How many frames a video says it has; 0 if it cannot be opened."""
    opened = cv2.VideoCapture(str(video))
    if Path(video).suffix.lower() in (".mpg", ".mpeg"):  # these do not say it, and OpenCV's estimate is wrong
        return sum(1 for _ in iter(opened.grab, False))
    return max(0, int(opened.get(cv2.CAP_PROP_FRAME_COUNT)))


def _read(clip, positions: Iterable[int] | None) -> Iterator[tuple[str, np.ndarray | UnreadableClip]]:
    file = clip.frames[0]
    try:
        positions = range(length(clip)) if positions is None else positions
        if is_video(file):
            yield from ((file, frame) for frame in _video(file, {clip.onset + position for position in positions}))
        else:
            yield from ((clip.frames[position], _picture(clip.frames[position])) for position in positions)
    except UnreadableClip as fault:
        yield file, fault


def _picture(file: str) -> np.ndarray | UnreadableClip:
    try:
        data = Path(file).read_bytes()
        if fault := _fault(data):
            return UnreadableClip(f"{file}: {fault}")
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except OSError as error:
        return UnreadableClip(f"{file}: {error.strerror}")
    except cv2.error:
        picture = None
    if picture is None:
        return UnreadableClip(f"{file}: not a picture that OpenCV can read, or only a part of one")
    if fault := _size_fault(*picture.shape[:2]):
        return UnreadableClip(f"{file}: {fault}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _fault(data: bytes) -> str:
    """What is wrong with a picture that OpenCV would decode all the same, or take gigabytes to decode; or nothing."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if fault := _size_fault(picture.height, picture.width):
                return fault
            # a camera's JPEG may carry a smaller copy of itself (MPO)
            if picture.format != "MPO" and (count := getattr(picture, "n_frames", 1)) > 1:
                return f"{count} pictures in one file: save each as a file of its own, or all as a video"
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))
        return f"{int(pixels[0]) if pixels else LARGEST + 1:,} px: more than {LARGEST:,} px are not read"
    except Exception:  # Pillow's plugins let all kinds through, and OpenCV reads some files that Pillow does not
        pass
    return _jpeg_fault(data) if data.startswith(b"\xff\xd8") else ""


def _size_fault(height: int, width: int) -> str:
    if height * width > LARGEST:
        return f"{width} x {height} px: more than {LARGEST:,} px are not read"
    if min(height, width) < SMALLEST_SIDE:
        return f"{width} x {height} px: a frame needs {SMALLEST_SIDE} px on its shorter side"
    return ""


def _jpeg_fault(data: bytes) -> str:
    """Whether a JPEG ends before its last pixel; decoders fill the rest with grey.

    A whole one has an end marker. Its last pixel is decoded before that, so other data in front of the marker changes
    nothing. If it changes the picture, the decoder was still waiting for data.
    """
    end = _end_of_jpeg(data)
    if end < 0:
        return "truncated JPEG, its end-of-image marker is missing"
    as_it_is, with_more = _small(data), _small(data[:end] + _OTHER_DATA + data[end:])
    if isinstance(as_it_is, str):
        return as_it_is
    return "" if as_it_is == with_more else "truncated JPEG: its data ends early, though an end-of-image marker follows"


def _end_of_jpeg(data: bytes) -> int:
    """Where the first picture of the file ends, before its end marker; -1 without one."""
    position = 2
    while marker := re.compile(_MARKER).search(data, position):
        if marker[1] == b"\xd9":
            return len(data[: marker.start()].rstrip(b"\xff"))
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return -1


def _small(jpeg: bytes) -> bytes | str:
    """The pixels of a JPEG, or why there are none; at an eighth of its size where all data counts then too.

    By Pillow: OpenCV prints a line for data that no pixel needs.
    """
    try:
        with Image.open(io.BytesIO(jpeg)) as picture:
            if not picture.info.get("progressive"):
                picture.draft(picture.mode, (1, 1))
            return picture.tobytes()
    except Exception as error:
        return f"not a JPEG that can be read ({error})"


def _video(file: str, numbers: set[int]) -> Iterator[np.ndarray]:
    """Reads on from the first frame: seeking lands on a neighbouring frame in many formats."""
    video = cv2.VideoCapture(file)
    try:
        size = int(video.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(video.get(cv2.CAP_PROP_FRAME_WIDTH))
        if video.isOpened() and (fault := _size_fault(*size)):
            raise UnreadableClip(f"{file}: {fault}")
        for number in range(max(numbers) + 1):
            if not video.grab():
                raise UnreadableClip(
                    f"{file}: the video has {number} readable frames, the clip needs {max(numbers) + 1}"
                )
            if number in numbers:
                yield cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)
    finally:
        video.release()
