"""The databases of posed macro-expressions as they lie on disk, to which `micro` adds those of micro-expressions."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from merlib.synthetic.face.identity import Identity
from merlib.synthetic.layouts.base import Layout
from merlib.synthetic.motion.emotions import Part, Unit, cast_posed
from merlib.synthetic.motion.posed_filming import Poser
from merlib.synthetic.motion.posed_takes import Filmed, pose
from merlib.synthetic.motion.takes import Take

SIX = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")


class Posed(Layout):
    """What they have in common: large expressions, and labels that say what was asked for."""

    actor = Poser
    filmed: Filmed = "all"

    def cast(self, num_persons: int, num_clips: int, rng: np.random.Generator) -> list[Part]:
        return cast_posed(self.emotions, num_persons, num_clips, rng)

    def play(self, who: Identity, units: tuple[Unit, ...], fps: int, rng: np.random.Generator) -> Take:
        return pose(who, units, fps, self.filmed, rng)


class CkPlus(Posed):
    """CK+: one file per sequence with its emotion's code, one with its action units; 266 sequences have no emotion."""

    grey, filmed = True, "rise"
    emotions: ClassVar = {
        "anger": 45,
        "contempt": 18,
        "disgust": 59,
        "fear": 25,
        "happiness": 69,
        "sadness": 28,
        "surprise": 83,
        "others": 266,
    }
    codes: ClassVar = {name: code for code, name in enumerate(emotions, start=1) if name != "others"}

    def label(self, emotion: str) -> str:
        return "unlabelled" if emotion == "others" else emotion

    def subject(self, person: int) -> str:
        return f"S{(5, 10, 11, 14, 22, 26, 28, 29)[person % 8] + 30 * (person // 8):03d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"{number:03d}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return 1

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"cohn-kanade-images/{subject}/{clip}/{subject}_{clip}_{number:08d}.png"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        for row in clips.itertuples():
            name = f"{row.subject}_{row.clip}_{row.offset:08d}"
            # the folder of a sequence without an emotion is there, and empty
            code = [[self.codes[row.label]]] if row.label in self.codes else []
            _write_numbers(folder / "Emotion" / row.subject / row.clip, f"{name}_emotion.txt", code)
            units = [[number, min(5, max(1, round(row.intensities[number] / 2)))] for number, _ in row.units]
            _write_numbers(folder / "FACS" / row.subject / row.clip, f"{name}_facs.txt", units)


def _write_numbers(folder: Path, name: str, lines: list[list[int]]) -> None:
    """A text file as CK+ has them, `   3.0000000e+00`; no file without a line."""
    folder.mkdir(parents=True)
    if lines:
        text = "".join("".join(f"   {number:.7e}" for number in line) + "\n" for line in lines)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


class OuluCasia(Posed):
    """Oulu-CASIA: each emotion once a person, from the neutral face to the apex; visible light, strong illumination."""

    filmed = "rise"
    emotions: ClassVar = dict.fromkeys(SIX, 80)

    def cast(self, num_persons: int, num_clips: int, rng: np.random.Generator) -> list[Part]:
        if num_clips > len(SIX) * num_persons:
            raise ValueError(
                f"{num_clips} clips of {num_persons} subjects: a subject of Oulu-CASIA has one clip per emotion, "
                f"so there are at most {len(SIX) * num_persons}"
            )
        return super().cast(num_persons, num_clips, rng)

    def label(self, emotion: str) -> str:
        return emotion.capitalize()

    def subject(self, person: int) -> str:
        return f"P{person + 1:03d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return label

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return 0

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"OriginalImg/VL/Strong/{subject}/{clip}/{number:03d}.jpeg"


class Jaffe(Posed):
    """JAFFE: grey stills at the apex. The last number of a name counts a person's pictures."""

    grey, filmed = True, "apex"
    emotions: ClassVar = {
        "anger": 30,
        "disgust": 29,
        "fear": 32,
        "happiness": 31,
        "neutral": 30,
        "sadness": 31,
        "surprise": 30,
    }
    subjects = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")

    def subject(self, person: int) -> str:
        """Two letters; those of the real ten first."""
        after = person - len(self.subjects)
        return self.subjects[person] if after < 0 else f"{chr(65 + after // 26 % 26)}{chr(65 + after % 26)}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"{subject}.{label[:2].upper()}{take}.{number}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return int(clip.rsplit(".", 1)[1])

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"{clip}.tiff"


class Mug(Posed):
    """MUG: takes of six emotions and of the neutral face, from it through the apex and back."""

    emotions: ClassVar = {**dict.fromkeys(SIX, 6), "neutral": 2}  # the real database's shares are not published

    def subject(self, person: int) -> str:
        return f"{person + 1:03d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"{label}_take{take - 1:03d}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return 0

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"{subject}/{clip.replace('_', '/')}/img_{number:04d}.jpg"
