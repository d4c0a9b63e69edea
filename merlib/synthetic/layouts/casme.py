"""CASME and CAS(ME)² as they lie on disk; the other layouts are in `micro`."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from merlib.synthetic.layouts import annotation
from merlib.synthetic.layouts.base import Layout


class Casme(Layout):
    """CASME: face crops whose numbers are padded in some clips and not in others, and a sheet with two apex columns."""

    cropped = True
    emotions: ClassVar = {
        "others": 69,
        "disgust": 44,
        "repression": 38,
        "surprise": 20,
        "happiness": 9,
        "sadness": 6,
        "fear": 2,
        "contempt": 1,
    }

    def label(self, emotion: str) -> str:
        # its combinations, brow lowerer and lid tightener above all, are those of "others" elsewhere
        return "tense" if emotion == "others" else emotion

    def subject(self, person: int) -> str:
        return f"{person + 1:02d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"EP{rng.integers(1, 20):02d}_{number}"

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        width = 3 if int(clip.split("_")[1]) % 2 else 1
        return f"Cropped/sub{subject}/{clip}/reg_{clip}-{number:0{width}d}.jpg"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        common = clips.index[clips.label == "tense"]
        first, second, offset = clips.apex.astype(object), clips.apex + 1, clips.offset.astype(object)
        first[common[:1]], offset[common[1:2]] = "\\", "\\"
        header = ["Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "AU", "Emotion"]
        rows = [
            [row.subject, row.clip, None, row.onset, one, other, end, None, _units(row.units), row.label]
            for row, one, other, end in zip(clips.itertuples(), first, second, offset, strict=True)
        ]
        annotation.write(folder / "CASME-coding.xlsx", [header, *rows])


class CasMe2(Layout):
    """CAS(ME)²: parts of long videos, and a workbook of three sheets without headers; it holds macro-expressions too.

    Of the macro-expressions there are rows only, no frames. A video holds the frames around its micro-expressions.
    """

    extra = 4
    emotions: ClassVar = {"disgust": 10, "anger": 6, "sadness": 5, "others": 19, "surprise": 9, "happiness": 8}
    stimuli: ClassVar = {
        "disgust1": "0101disgustingteeth",
        "disgust2": "0102eatingworms",
        "anger1": "0401girlcrashing",
        "anger2": "0402beatingpregnantwoman",
        "happy1": "0502funnyerrors",
        "happy2": "0503unnyfarting",
    }
    watched: ClassVar = {
        "positive": ("happy1", "happy2"),
        "negative": ("disgust1", "disgust2", "anger1", "anger2"),
        "surprise": ("disgust1", "anger1"),
        "others": ("disgust2", "happy1"),
    }

    def label(self, emotion: str) -> str:
        return {"happiness": "positive", "surprise": "surprise", "others": "others"}.get(emotion, "negative")

    def subject(self, person: int) -> str:
        return f"s{person + 15}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"{rng.choice(self.watched[label])}_{number}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        # clips of one video lie in one folder, one after the other
        return 60 * int(clip.split("_")[1]) + int(rng.integers(0, 30))

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        video = self.stimuli[clip.split("_")[0]]
        return f"rawpic/{subject}/{subject[1:]}_{video}/img{number:03d}.jpg"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        apex, offset = clips.apex.copy(), clips.offset.copy()
        common = clips.index[clips.label == "others"]
        apex[common[:1]] = 0
        offset[common[1:2]] = 0
        rows = [
            [self._participant(row.subject), row.clip, row.onset, top, end, _units(row.units), row.label]
            for row, top, end in zip(clips.itertuples(), apex, offset, strict=True)
        ]
        macro = [[1, f"happy1_{90 + i}", 1 + 40 * i, 20 + 40 * i, 35 + 40 * i, "6+12", "positive"] for i in range(3)]
        people = [[int(name[1:]), name, self._participant(name)] for name in sorted(clips.subject.unique())]
        codes = [[video[:4], stimulus] for stimulus, video in self.stimuli.items()]
        coding = [[*row, "macro-expression", "happiness"] for row in macro]
        coding += [[*row, "micro-expression", row[-1]] for row in rows]
        annotation.write(folder / "CAS(ME)^2code_final.xlsx", coding, people, codes)

    def _participant(self, subject: str) -> int:
        return int(subject[1:]) - 14


def _units(units: tuple[tuple[int, str], ...]) -> int | str:
    return annotation.number_if_digits(annotation.joined(units))
