"""What the layouts of all databases have in common."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from merlib.data.databases.reader import Reader
from merlib.synthetic.face.identity import Identity
from merlib.synthetic.motion.emotions import Part, Unit, cast
from merlib.synthetic.motion.filming import Actor
from merlib.synthetic.motion.takes import Take, play


class Layout:
    """How the files of a database look. `emotions`: the emotions played, with their clips in the real database."""

    emotions: ClassVar[dict[str, int]]
    cropped = False  # the frames are the database's own face crops
    grey = False
    extra = 0  # frames before the onset and after the offset

    actor: ClassVar[type[Actor]] = Actor
    still_fps = 25  # of the take that a still picture is from

    def __init__(self, reader: Reader):
        self.folder, self.fps = reader.folder, reader.fps or self.still_fps

    def cast(self, num_persons: int, num_clips: int, rng: np.random.Generator) -> list[Part]:
        """Who shows what in `num_clips` clips, sorted by person. Raises ValueError for numbers that do not fit."""
        return cast(self.emotions, num_persons, num_clips, rng)

    def rate(self, person: int) -> int:
        """The frame rate at which the person number `person`, from 0, is filmed."""
        return self.fps

    def play(self, who: Identity, units: tuple[Unit, ...], fps: int, rng: np.random.Generator) -> Take:
        """What happens in a clip of `fps` in which `who` shows `units`."""
        return play(who, units, fps, rng)

    def label(self, emotion: str) -> str:
        """The annotation's name of `emotion`."""
        return emotion

    def subject(self, person: int) -> str:
        """The name of the person number `person`, from 0."""
        raise NotImplementedError

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        """The name of the person's clip number `number`, which is the `take`-th of this label; both from 1."""
        raise NotImplementedError

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        """The number of the first frame of `clip`."""
        return int(rng.integers(20, 200))

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        """Path of a frame inside the database's folder."""
        raise NotImplementedError

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        """Writes the annotation sheet, of a database that has one.

        `clips`: subject, clip, label, fps, onset, apex, offset (frame numbers), units (tuple of (number, side)),
        intensities.
        """
