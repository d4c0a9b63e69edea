"""CAS(ME)³ part A and DFME, the large databases, as they lie on disk; the other layouts are in `micro`."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from merlib.synthetic.layouts import annotation
from merlib.synthetic.layouts.base import Layout


class CasMe3(Layout):
    """CAS(ME)³ part A: clips of one name and one video, which their onsets tell apart; all cells of the sheet are texts.

    A video holds the frames around its micro-expressions.
    """

    extra = 4
    emotions: ClassVar = {
        "disgust": 250,
        "surprise": 187,
        "others": 161,
        "fear": 86,
        "anger": 64,
        "sadness": 57,
        "happiness": 55,
    }

    def label(self, emotion: str) -> str:
        return {"happiness": "happy", "sadness": "sad"}.get(emotion, emotion)

    def subject(self, person: int) -> str:
        return f"spNO.{(1, 2, 3, 7, 10, 40, 141, 216)[person % 8] + 300 * (person // 8)}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        onset = 60 * number + rng.integers(0, 30)
        return f"{'abcdefghijklm'[(number - 1) // 3 % 13]}_{onset}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return int(clip.split("_")[1]) - self.extra

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"part_A/{subject}/{clip.split('_')[0]}/color/{number}.jpg"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        common = clips.index[clips.label == "others"]
        offset, label = clips.offset.copy(), clips.label.copy()
        offset[common[:1]], label[common[1:2]] = 0, "Others"
        header = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]
        rows = [
            [*row.clip.split("_"), row.apex, end, annotation.joined(row.units), annotation.objective_class(row.units)]
            for row, end in zip(clips.itertuples(), offset, strict=True)
        ]
        rows = [
            [subject, *map(str, row), emotion] for subject, row, emotion in zip(clips.subject, rows, label, strict=True)
        ]
        annotation.write(folder / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", [header, *rows], [], [])


class Dfme(Layout):
    """DFME: people filmed at 200, 300 and 500 fps. Of the test sets there are the sheets only, no frames."""

    extra = 5
    rates = (200, 300, 500, 200)
    emotions: ClassVar = {
        "disgust": 548,
        "surprise": 298,
        "sadness": 278,
        "fear": 265,
        "happiness": 206,
        "anger": 161,
        "contempt": 100,
    }
    # descriptors and movements of the head, each added to the first code that it fits
    quirks = ((r"^(\d+)$", r"\1+AD38"), (r"^(\d+\+\d+)$", r"\1+M58"))

    def rate(self, person: int) -> int:
        return self.rates[person % len(self.rates)]

    def subject(self, person: int) -> str:
        return f"sub{person + 3:04d}"

    def clip(self, subject: str, label: str, number: int, take: int, rng: np.random.Generator) -> str:
        return f"{subject}_{number:02d}"

    def first_frame(self, clip: str, rng: np.random.Generator) -> int:
        return 0

    def frame(self, subject: str, label: str, clip: str, number: int) -> str:
        return f"train_data/{clip}/{number:05d}.png"

    def annotate(self, folder: Path, clips: pd.DataFrame) -> None:
        codes = clips.units.map(annotation.joined)
        for pattern, replacement in self.quirks:
            codes = annotation.replace_first(codes, pattern, replacement)
        rows = [
            self._row(row.subject, row.clip, row.onset, row.apex, row.offset, row.label, row.fps, code)
            for row, code in zip(clips.itertuples(), codes, strict=True)
        ]
        self._write(folder / "training_full_with_AU.xlsx", rows)
        for part, subject in (("testA", "sub0908"), ("testB", "sub0901")):
            untold = [self._row(subject, f"{subject}_{i:02d}", 0, 60, 120, "disgust", 500, "4+9") for i in (1, 2)]
            self._write(folder / f"{part}_full_with_AU.xlsx", untold)

    def _row(
        self, subject: str, clip: str, onset: int, apex: int, offset: int, label: str, fps: int, code: str
    ) -> list:
        number = sorted(self.emotions).index(label)
        return [subject, clip, onset, apex, offset, label, number, fps, annotation.number_if_digits(code)]

    def _write(self, file: Path, rows: list[list]) -> None:
        header = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "EmotionId", "Fps", "AU"]
        annotation.write(file, [header, *rows])
