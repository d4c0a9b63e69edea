"""The databases as they lie on disk: class shares, names, folders, frame numbers and sheets, quirks included.

Here are those of micro-expressions; CASME and CAS(ME)² are in `casme`, CAS(ME)³ and DFME in `large`, those of
macro-expressions in `macro`.
"""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from merlib.data.databases import READERS
from merlib.synthetic.layouts import annotation
from merlib.synthetic.layouts.base import Layout
from merlib.synthetic.layouts.casme import Casme, CasMe2
from merlib.synthetic.layouts.large import CasMe3, Dfme
from merlib.synthetic.layouts.macro import CkPlus, Jaffe, Mug, OuluCasia


class Casme2(Layout):
    """CASME II: the 2019 sheet, the file of objective classes and the registered face crops."""

    cropped = True
    differing = 9  # every so many clips the sheet has another objective class than the file
    emotions: ClassVar = {
        "others": 99,
        "disgust": 63,
        "happiness": 32,
        "surprise": 28,
        "repression": 27,
        "sadness": 4,
        "fear": 2,
    }

    def subject(self, person: int) -> str:
        return f"{person + 1:02d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        if number == 9:
            return "EP09f"
        return f"EP{rng.integers(1, 20):02d}_{number:02d}{rng.choice(['', '', 'f'])}"

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"Cropped/sub{subject}/{clip}/reg_img{number}.jpg"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        common = clips.index[clips.label == "others"]
        units, apex = clips.units.map(annotation.joined), clips.apex.astype(object)
        units[common[:1]], units[common[1:2]], apex[common[2:3]] = "?", "none", "/"
        classes = clips.units.map(annotation.objective_class)
        header = ["Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units"]
        rows = [
            [
                row.subject,
                row.clip,
                None,
                row.onset,
                top,
                row.offset,
                None,
                annotation.number_if_digits(code),
                row.label,
            ]
            for row, top, code in zip(clips.itertuples(), apex, units, strict=True)
        ]
        in_sheet = [annotation.digit("VII" if i % self.differing == 0 else name) for i, name in enumerate(classes)]
        coded = [[*row, digit] for row, digit in zip(rows, in_sheet, strict=True)]
        header += ["Estimated Emotion", "Objective Classes"]
        annotation.write(folder / "CASME2-coding-20190701.xlsx", [header, *coded], [], [])
        apart = [
            [subject, clip, name] for subject, clip, name in zip(clips["subject"], clips["clip"], classes, strict=True)
        ]
        # the file's second worksheet holds some rows of the sheet, below no header
        header = ["Subject", "Filename", "Objective Class"]
        annotation.write(folder / "CASME2-ObjectiveClasses.xlsx", [header, *apart], rows[:10])


class Samm(Layout):
    """SAMM, version 2 of the sheet: 13 lines of text above the header, FACS codes with intensities and remarks."""

    grey = True
    emotions: ClassVar = {
        "anger": 57,
        "happiness": 26,
        "others": 26,
        "surprise": 15,
        "contempt": 12,
        "disgust": 9,
        "fear": 8,
        "sadness": 6,
    }
    # each is applied to the first code that it fits
    quirks = (
        (r"^1([A-D])\+2([A-D])$", r"A1\1+A2\2"),
        (r"^(\d+)A$", r"\1A/B"),
        (r"^[LR](6|12)$", "(R6 or R12)"),
        (r"^23[A-D]?$", "T23"),
        (r"^([LR]14)$", r"\1+soft focus"),
        (r"^(\d+B)$", r"\1+ ref(43)"),
        (r"^4\+7$", "4/7"),
        (r"^7[A-D]?$", "ref(7B)+43"),
        (r"^7[A-D]?$", "ref(7B)+43C"),
        (r"^12[A-D]?$", "ref(L10)+A12B"),
        (r"^[LR]12$", "A/L12"),
    )

    def label(self, emotion: str) -> str:
        return "Other" if emotion == "others" else emotion.capitalize()

    def subject(self, person: int) -> str:
        return f"{person + 6:03d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"{subject}_{rng.integers(1, 8)}_{number}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return int(rng.integers(200, 20000))

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"{subject}/{clip}/{subject}_{number:05d}.jpg"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        apex = clips.apex.copy()
        outside = clips.index[clips.label == "Anger"][:1]
        apex[outside] = clips.offset[outside] + 3
        header = ["Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration"]
        header += ["Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes"]
        rows = []
        for row, top, code in zip(clips.itertuples(), apex, self._codes(clips), strict=True):
            frames = [row.onset, top, row.offset, row.offset - row.onset + 1]
            digit = annotation.digit(annotation.objective_class(row.units))
            rows.append([row.subject, row.clip, row.clip.split("_")[1], *frames, "1/2", code, row.label, digit])
        annotation.write(folder / "SAMM_Micro_FACS_Codes_v2.xlsx", [["SAMM"], *[[]] * 12, header, *rows])

    def _codes(self, clips: pd.DataFrame) -> pd.Series:
        """The FACS codes: every other clip has its intensities scored; `quirks` are applied."""
        codes = [
            annotation.facs(row.units, row.intensities) if row.Index % 2 else annotation.joined(row.units)
            for row in clips.itertuples()
        ]
        codes = pd.Series(codes, index=clips.index)
        for pattern, replacement in self.quirks:
            codes = annotation.replace_first(codes, pattern, replacement)
        return codes


class Smic(Layout):
    """SMIC-HS: no sheet; the label is a folder, and there is no apex. A sheet of apexes lies apart: it is not SMIC's own."""

    emotions: ClassVar = {"disgust": 40, "sadness": 18, "fear": 12, "happiness": 51, "surprise": 43}
    subjects = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 14, 15, 18, 19, 20)

    def label(self, emotion: str) -> str:
        return {"happiness": "positive", "surprise": "surprise"}.get(emotion, "negative")

    def subject(self, person: int) -> str:
        return f"s{self.subjects[person] if person < len(self.subjects) else person + 5}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"{subject}_{label[:2]}_{number:02d}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return int(rng.integers(100_000, 300_000))

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"SMIC_all_raw/HS/{subject}/micro/{label}/{clip}/image{number:06d}.bmp"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        labels = ("negative", "positive", "surprise")
        rows = [
            ["smic", int(row.subject[1:]), row.clip, labels.index(row.label), row.onset, row.apex, row.offset]
            for row in clips.itertuples()
        ]
        rows[-1][-1] = None
        header = ["data", "subject", "clip", "label", "onset_frame", "apex_frame", "offset_frame"]
        (folder / "optional").mkdir()
        annotation.write(folder / "optional" / "smic_apex.xlsx", [header, *rows])


class Mmew(Layout):
    """MMEW: face crops, numbered from 1, some of them outside onset..offset."""

    extra, cropped = 3, True
    emotions: ClassVar = {
        "surprise": 89,
        "disgust": 72,
        "others": 66,
        "happiness": 36,
        "fear": 16,
        "sadness": 13,
        "anger": 8,
    }

    def subject(self, person: int) -> str:
        return f"{person + 1:02d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"S{subject}-{sorted(self.emotions).index(label) + 1:02d}-{number:03d}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return 1

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"Micro_Expression/{label}/{clip}/{number}.jpg"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        header = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion"]
        rows = [
            [row.subject, row.clip, row.onset, row.apex, row.offset, annotation.joined(row.units), row.label, None]
            for row in clips.itertuples()
        ]
        rows[0][-1] = "blink"
        annotation.write(folder / "MMEW_Micro_Exp.xlsx", [[*header, "remarks"], *rows])


def _of(**layouts: type[Layout]) -> dict[str, Layout]:
    return {name: layout(READERS[name]) for name, layout in layouts.items()}


MICRO = _of(casme2=Casme2, samm=Samm, smic=Smic, mmew=Mmew, casme=Casme, cas_me_2=CasMe2, cas_me_3=CasMe3, dfme=Dfme)
MACRO = _of(ckplus=CkPlus, oulu_casia=OuluCasia, jaffe=Jaffe, mug=Mug)
LAYOUTS = MICRO | MACRO
