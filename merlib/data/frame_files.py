"""Which clips share frames: a picture of two people would be trained on and tested on."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import NamedTuple

import pandas as pd

from merlib.data.pictures import PICTURES


class Shared(NamedTuple):
    """Two clips, by their positions in the table, that share frames; `whole`: they hold the same ones throughout."""

    first: int
    other: int
    whole: bool


Span = tuple[str, float, float]  # a file and the frames of it: numbers in a video, 0 to 0 for a picture


def shared(table: pd.DataFrame) -> list[Shared]:
    """The pairs of clips in a clip table that share frames; `first` comes first. A clip that shares any is in a pair.

    A file is known by its path, links resolved. The files that a clip begins and ends with are known by their content
    too, so a copy is found unless it is cut at both ends. Of these, only files of equal size are read.
    """
    real = cache(os.path.realpath)
    clips = [_spans(*clip, real) for clip in zip(table["frames"], table["onset"], table["offset"], strict=True)]
    known = _by_content({spans[i][0] for spans in clips if spans for i in (0, -1)})
    clips = [[(known.get(file, file), start, stop) for file, start, stop in spans] for spans in clips]
    found = dict.fromkeys(sorted(_overlapping(clips)))
    return [Shared(a, b, whole=_ends(clips[a]) == _ends(clips[b])) for a, b in found]


def _spans(files: list[str], onset: int, offset: int, real: Callable[[str], str]) -> list[Span]:
    if not files or files[0].lower().endswith(PICTURES):
        return [(os.path.join(real(os.path.dirname(file)), os.path.basename(file)), 0, 0) for file in files]
    whole = pd.isna(onset) or pd.isna(offset)
    return [(real(files[0]), 0, float("inf")) if whole else (real(files[0]), onset, offset)]


def _ends(spans: list[Span]) -> tuple[int, Span, Span]:
    return len(spans), spans[0], spans[-1]


def _overlapping(clips: list[list[Span]]) -> Iterable[tuple[int, int]]:
    """Pairs of clips; of each file, every clip with the one before it that reaches furthest."""
    by_file = defaultdict(list)
    for clip, spans in enumerate(clips):
        for file, start, stop in spans:
            by_file[file].append((start, clip, stop))
    for uses in by_file.values():
        (_, owner, reached), *others = sorted(uses)
        for start, clip, stop in others:
            if start <= reached and clip != owner:
                yield min(owner, clip), max(owner, clip)
            if stop > reached:
                owner, reached = clip, stop


def _by_content(files: Iterable[str]) -> dict[str, str]:
    """File -> hash of its content, for the files that have the size of another one. Missing and empty files have none."""
    by_size = defaultdict(list)
    for file in files:
        with suppress(OSError):
            by_size[os.path.getsize(file)].append(file)
    alike = [file for size, same in by_size.items() if size and len(same) > 1 for file in same]
    return {file: digest for file in alike if (digest := _digest(file))}


def _digest(file: str) -> str:
    try:
        with open(file, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:  # whoever reads the frames says so
        return ""
