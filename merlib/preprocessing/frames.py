"""A clip as one uint8 array of its frames, onset..offset: decoded once, then mapped from the disk.

Each clip is a `.npy` file in the cache folder. Its name is a hash of everything that its content depends on: every
source file (path, size, times), the frame numbers, the target size, the crop, and the code that makes it
(`fingerprint`). So a changed file or a changed crop is a new entry, and nothing stale is ever read.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import joblib
import numpy as np

from merlib import paths, reproducible
from merlib.cache import arrays
from merlib.cache.fingerprint import fingerprint
from merlib.data import pictures
from merlib.data.clips import Clips
from merlib.data.pictures import UnreadableClip
from merlib.preprocessing import faces
from merlib.progress import track

_LOOKED_AT = 5  # frames of a clip, evenly spread, in which the face is searched


def load(
    clips: Clips, size: int, crop: bool = True, landmarks: faces.Landmarks = faces.eyes
) -> tuple[Clips, list[np.ndarray]]:
    """The frames of every clip, RGB uint8 (T, size, size, 3), memory-mapped and read-only, in the order of the clips.

    With `crop` the face is aligned and cut out (`faces`, with `landmarks` to find the eyes). Files that are face crops
    already, by the table, and all files with `crop=False`, are resized to a square. T runs from onset to offset. A
    video is one file; its onset and offset count frames from 0.

    Clips without a face or with an unreadable file (missing, truncated, not a picture) are in `excluded` of the
    returned Clips, with the file and the reason. Raises UnreadableClip when no clip is left, ValueError for clips that
    were read without frames.
    """
    if not all(clips.table["frames"]):
        raise ValueError(f"the clips of {clips.database} have no frames: they were read with frames=False")
    folder, code = paths.cache("frames"), fingerprint(_decode, landmarks, reproducible.mode())
    jobs = (joblib.delayed(_stored)(folder, code, clip, size, crop, landmarks) for clip in clips.table.itertuples())
    run = joblib.Parallel(n_jobs=-1, prefer="threads", return_as="generator")  # OpenCV decodes outside the GIL
    _allow_open_files()
    outcomes = list(track(run(jobs), "frames", total=len(clips)))
    reasons = {
        (clip.database, clip.subject, clip.clip): _short(outcome, clips)
        for clip, outcome in zip(clips.table.itertuples(), outcomes, strict=True)
        if isinstance(outcome, str)
    }
    videos = [outcome for outcome in outcomes if not isinstance(outcome, str)]
    if reasons and not videos:
        raise UnreadableClip(f"none of the {len(clips)} clips can be used; the first: {outcomes[0]}")
    return clips.drop(reasons), videos


def _short(reason: str, clips: Clips) -> str:
    """A reason with paths below the folder that holds all clips: tables of reasons are passed on."""
    # unlike commonpath it takes files on two drives; what it has of a name goes with dirname
    common = os.path.dirname(os.path.commonprefix([files[0] for files in clips.table["frames"]]))  # noqa: RUF071
    return reason.replace(os.path.join(common, ""), "") if len(common) > 1 else reason


def _stored(folder: Path, code: str, clip, size: int, crop: bool, landmarks: faces.Landmarks) -> np.ndarray | str:
    """The clip's frames, decoded unless they are stored; or the reason why there are none."""
    align = crop and not clip.cropped
    try:
        path = folder / f"{_key(clip, size, align, code)}.npy"
        if (found := arrays.stored(path)) is not None:
            return found
        array = _decode(clip, size, align, landmarks)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    except UnreadableClip as error:
        return str(error)
    except faces.FaceNotFound as error:
        return f"{clip.frames[0]}: {error}"
    return arrays.keep(path, array)


def _key(clip, size: int, align: bool, code: str) -> str:
    status = [(os.path.abspath(file), os.stat(file)) for file in clip.frames]
    # ctime: a program may set a file's mtime back, but not the time of that
    sources = [(file, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for file, s in status]
    return fingerprint(sources, str(clip.onset), str(clip.offset), size, align, code)


def _decode(clip, size: int, align: bool, landmarks: faces.Landmarks) -> np.ndarray:
    positions = range(pictures.length(clip))
    frames = _read(clip, positions)
    if not align:
        return np.stack([_resize(frame, size) for frame in frames])
    looked_at = np.unique(np.linspace(positions[0], positions[-1], _LOOKED_AT).round().astype(int))
    transform = faces.alignment(_read(clip, looked_at), size, landmarks)
    return np.stack([faces.crop(frame, transform, size) for frame in frames])


def _resize(frame: np.ndarray, size: int) -> np.ndarray:
    smaller = size <= min(frame.shape[:2])
    return cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _read(clip, positions: Iterable[int]) -> Iterator[np.ndarray]:
    """The frames (H, W, 3) RGB at `positions`, in rising order; 0 is the onset. Raises UnreadableClip."""
    for frame in pictures.frames(clip, positions):
        if isinstance(frame, UnreadableClip):
            raise frame
        yield frame


def _allow_open_files(wanted: int = 8192) -> None:
    """Every memory map keeps its file open; many systems allow a process 256 or 1024 files until it asks for more."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
