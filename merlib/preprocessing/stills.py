"""From clips to single pictures: which frames of a clip a network for pictures is shown, with one row per frame.

Micro-Attention (Wang et al., Neurocomputing 2020, section 4.1) pre-trains on the last three frames of CK+ and
Oulu-CASIA, on all stills of JAFFE and on 6 to 10 frames around the apex in MUG:

    chosen = stills.last(databases.read("ckplus").classes("macro-5"), 3)
    images, X = stills.images(*frames.load(chosen, size=224))
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from merlib.data.clips import Clips

# The paper's numbers of pictures in its five classes. It does not say how many frames of each take of MUG were used.
PUBLISHED = {"ckplus": 852, "oulu_casia": 1200, "jaffe": 151, "mug": 8228}


def window(clips: Clips, start: np.ndarray, stop: np.ndarray) -> Clips:
    """Every clip from its frame `start` up to and without `stop`: positions as in a slice, int (n,), 0 is the onset.

    Onset and offset become those of the shorter clip. An apex outside it becomes missing, and the middle frame stands
    in for it. Raises ValueError that lists every clip whose window is empty or goes beyond its frames.
    """
    lengths = _lengths(clips)
    wrong = np.flatnonzero(~((start >= 0) & (start < stop) & (stop <= lengths)))
    if len(wrong):
        faults = [f"{_name(clips, i)}: frames {start[i]}..{stop[i]} of its {lengths[i]}" for i in wrong.tolist()]
        raise ValueError(f"{len(wrong)} clips have no such frames:\n  " + "\n  ".join(faults))
    table = clips.table
    pairs = zip(table["frames"], start, stop, lengths, strict=True)
    frames = [files[first:end] if len(files) == length else files for files, first, end, length in pairs]
    onset = table["onset"] + start
    offset = table["onset"] + (stop - 1)
    apex = table["apex"].where(table["apex"].between(onset, offset).fillna(False))
    return replace(clips, table=table.assign(frames=frames, onset=onset, apex=apex, offset=offset))


def last(clips: Clips, number: int) -> Clips:
    """The last `number` frames of every clip; a shorter clip stays whole."""
    lengths = _lengths(clips)
    return window(clips, np.maximum(lengths - number, 0), lengths)


def around_apex(clips: Clips, before: int, after: int) -> Clips:
    """Every clip from `before` frames before its apex to `after` frames after it, as far as it has them.

    If no apex is annotated, these are the frames around the middle one.
    """
    apex = clips.apex_index
    return window(clips, np.maximum(apex - before, 0), np.minimum(apex + after + 1, _lengths(clips)))


def images(clips: Clips, videos: list[np.ndarray]) -> tuple[Clips, np.ndarray]:
    """One row per frame of every clip, and the pictures, uint8 (N, H, W, 3), in the same order.

    `videos` are the clips' frames as `frames.load` gives them, one uint8 (T, H, W, 3) per clip. A row keeps its clip's
    subject and class and holds one frame; its name is that of the clip with the frame's number, "001#9". Raises
    ValueError that lists the clips whose video has another number of frames than the table says.
    """
    lengths = _lengths(clips)
    if len(videos) != len(clips):
        raise ValueError(f"{len(videos)} videos for {len(clips)} clips")
    if faults := [
        f"{_name(clips, i)}: {len(video)} frames instead of {lengths[i]}"
        for i, video in enumerate(videos)
        if len(video) != lengths[i]
    ]:
        raise ValueError("videos that are not those of the clips:\n  " + "\n  ".join(faults))
    return replace(clips, table=_frame_rows(clips.table, lengths)), np.concatenate(videos)


def _frame_rows(table: pd.DataFrame, lengths: np.ndarray) -> pd.DataFrame:
    position = np.concatenate([np.arange(length) for length in lengths])
    rows = table.loc[np.repeat(np.arange(len(table)), lengths)].reset_index(drop=True)
    number = rows["onset"] + position
    files = [[files[min(i, len(files) - 1)]] for files, i in zip(rows["frames"], position, strict=True)]
    names = rows["clip"] + "#" + number.astype("string").fillna("0").astype(object)
    apex = rows["apex"].where((rows["apex"] == number).fillna(False))
    return rows.assign(clip=names, frames=files, onset=number, apex=apex, offset=number)


def _lengths(clips: Clips) -> np.ndarray:
    """Number of frames per clip, int64 (n,): onset..offset, or 1 for a clip without frame numbers."""
    return (clips.table["offset"] - clips.table["onset"] + 1).fillna(1).to_numpy(np.int64)


def _name(clips: Clips, position: int) -> str:
    return " ".join(clips.table.loc[position, ["database", "subject", "clip"]])
