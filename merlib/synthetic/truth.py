"""What really happened in look-alike clips: how far the action units moved the skin, from the drawn person and `truth.csv`."""

import re
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from merlib import paths
from merlib.data import names
from merlib.data.clips import Clips
from merlib.preprocessing.faces import EYES_IN_CROP
from merlib.synthetic import writer
from merlib.synthetic.face.canvas import Canvas, View
from merlib.synthetic.layouts.micro import LAYOUTS
from merlib.synthetic.motion.muscles import Muscles

NOTE = re.compile(
    re.escape(writer.SIGNATURE)
    + r" (?P<name>\w+): (?P<subjects>\d+) subjects, \d+ clips, (?P<height>\d+) x (?P<width>\d+) px, "
    + r"seed (?P<seed>\d+), generator version (?P<version>\d+)\)"
)


def skin_motion(clips: Clips, size: int) -> np.ndarray | None:
    """How far action units move the skin at their peak, in inter-pupil distances: (clips, size, size) float32 maps.

    A map lies on the face crop of `preprocessing.frames`. A head that sways and eyes that blink are not in it. None where
    the truth is not known, as of real clips. Raises ValueError for a look-alike of another version of the generator.
    """
    found = [_folder(files[0]) for files in clips.table["frames"]]
    folders = [folder for folder in found if folder]
    if len(folders) < len(found):
        return None
    people = [person.split("/")[1] for person in names.people(clips.table)]
    rows = list(zip(folders, people, clips.table["clip"], clips.table["cropped"], strict=True))
    if any((person, clip) not in _units(folder).index for folder, person, clip, _ in rows):
        return None  # own clips, made of a look-alike's frames
    return np.stack([_map(*row, size) for row in rows])


def _folder(file: str) -> Path | None:
    """The look-alike database that a frame is of."""
    return next((parent for parent in Path(file).absolute().parents if (parent / "truth.csv").is_file()), None)


def _map(folder: Path, person: str, clip: str, cropped: bool, size: int) -> np.ndarray:
    units = _units(folder).loc[(person, clip)]
    active = {(int(name[2:-1]), name[-1]): intensity for name, intensity in units.items() if intensity > 0}
    displacement, _ = _muscles(folder, person, cropped, size).motion(active)
    far = np.hypot(displacement[..., 0], displacement[..., 1])
    return cv2.resize(far, (size, size), interpolation=cv2.INTER_AREA)


@cache
def _units(folder: Path) -> pd.DataFrame:
    """Peak intensity of every action unit, one column per unit and side ("AU12L"), one row per person and clip."""
    truth = pd.read_csv(folder / "truth.csv", dtype={"subject": str, "clip": str})
    truth["person"] = [names.person(subject) for subject in truth["subject"]]
    return truth.set_index(["person", "clip"]).filter(like="AU")


@cache
def _muscles(folder: Path, person: str, cropped: bool, size: int) -> Muscles:
    """The person's muscles on the points of the face crop: a frame as it is, or the face found in one."""
    note = NOTE.match((folder / paths.SOURCE).read_text(encoding="utf-8"))
    if not note or int(note["version"]) != writer.VERSION:
        raise ValueError(
            f"{folder} was drawn by another version of the generator than {writer.VERSION}: draw it again with "
            "`merlib data synth`"
        )
    layout = LAYOUTS[note["name"]]
    number = [names.person(layout.subject(i)) for i in range(int(note["subjects"]))].index(person)
    view = View.cropped(int(note["height"]), int(note["width"])) if cropped else _aligned(size)
    return Muscles(writer.identity(note["name"], int(note["seed"]), number), Canvas(view, 1))


def _aligned(size: int) -> View:
    """A face crop as `faces.alignment` makes it."""
    (left, top), (right, _) = EYES_IN_CROP * size - 0.5
    return View(size, size, ipd=right - left, centre_x=(left + right) / 2, centre_y=top)
