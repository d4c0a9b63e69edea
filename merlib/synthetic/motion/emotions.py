"""Which action units show which emotion, and how a database's clips are cast: person, emotion, action units, label.

The combinations overlap as in the databases: brow lowerer and lid tightener (4+7) are anger, disgust and
"others"; the lip corner depressor (15) is sadness and repression. So no method can be right on every clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

# The share of an emotion's clips that show a combination, after the rules and examples of Yan et al., CASME II (PLoS ONE
# 2014), table 3, and Davison et al., Objective classes for micro-facial expression recognition (J. Imaging 2018), table 2.
# U: on one side of the face.
COMBINATIONS = {
    "happiness": {"12": 0.33, "6+12": 0.25, "U12": 0.2, "6": 0.08, "12+14": 0.08, "12+25": 0.06},
    "surprise": {"1+2": 0.42, "1+2+25": 0.15, "1+2+5": 0.12, "2": 0.1, "25": 0.07, "5+26": 0.07, "1+2+4": 0.07},
    "disgust": {"4+9": 0.17, "4+7": 0.15, "10": 0.14, "4+7+9": 0.12, "4+U10": 0.1, "9": 0.1, "7+10": 0.1, "4": 0.12},
    "repression": {"14": 0.22, "17": 0.2, "15": 0.16, "15+17": 0.14, "14+17": 0.12, "17+24": 0.08, "12+15": 0.08},
    "others": {"4": 0.33, "4+7": 0.24, "U14": 0.12, "7": 0.09, "4+14": 0.07, "17": 0.06, "1": 0.05, "24": 0.04},
    "anger": {"4+7": 0.3, "4": 0.2, "7": 0.12, "4+5+7": 0.1, "4+23": 0.08, "23": 0.08, "17+24": 0.07, "4+16": 0.05},
    "contempt": {"U14": 0.6, "14": 0.2, "U12+14": 0.2},
    "fear": {"1+2+4": 0.45, "20": 0.3, "20+25": 0.25},
    "sadness": {"1+4": 0.4, "15": 0.3, "15+17": 0.15, "1": 0.15},
}
# The same units as they are posed: all together, and none of the half expressions that leak out against somebody's will.
# After the prototypes of Ekman, Friesen and Hager, FACS Investigator's Guide (2002), table 10-2, and Lucey et al., CK+ (CVPR
# Workshops 2010), table 1. `others` are the tasks of CK+ that are no emotion.
POSED = {
    "happiness": {"6+12+25": 0.5, "6+12": 0.3, "12+25": 0.2},
    "surprise": {"1+2+5+25+26": 0.6, "1+2+25+26": 0.25, "1+2+5+25": 0.15},
    "disgust": {"4+7+9": 0.3, "4+9": 0.25, "9+10": 0.2, "4+7+10": 0.25},
    "anger": {"4+5+7+23": 0.35, "4+7+17+24": 0.35, "4+5+7+16": 0.15, "4+7+23": 0.15},
    "contempt": {"U14": 0.6, "U12+14": 0.4},
    "fear": {"1+2+4+20+25": 0.6, "1+2+4+5+25": 0.4},
    "sadness": {"1+4+15": 0.4, "1+4+15+17": 0.6},
    "neutral": {"": 1.0},
    "others": {"1+2": 0.2, "4": 0.1, "17+24": 0.15, "14+17": 0.1, "12+15": 0.1, "25+26": 0.15, "1+4": 0.1, "10": 0.1},
}
LABEL_NOISE = 0.04  # share of the clips that exchange their labels with each other


class Unit(NamedTuple):
    """An action unit of a combination; `one_sided` when it shows on one half of the face only."""

    number: int
    one_sided: bool


@dataclass(frozen=True)
class Part:
    """What one clip shows: the emotion that moves the face, its action units, and the label that the sheet gives it."""

    person: int
    emotion: str
    units: tuple[Unit, ...]
    label: str


def units(combination: str) -> tuple[Unit, ...]:
    """The action units of a combination such as "4+U10"; none of "", the face at rest."""
    tokens = combination.split("+") if combination else []
    return tuple(Unit(int(token.lstrip("U")), token.startswith("U")) for token in tokens)


def apportion(total: int, shares: Sequence[float] | np.ndarray) -> np.ndarray:
    """`total` split into whole numbers in proportion to `shares`, by largest remainder."""
    exact = total * np.asarray(shares, float) / np.sum(shares)
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return counts


def cast(emotion_counts: dict[str, int], num_persons: int, num_clips: int, rng: np.random.Generator) -> list[Part]:
    """The clips of a database with the class shares of `emotion_counts`, sorted by person.

    People have different numbers of clips. Every label that stands on two clips or more is shown by at least two
    people. `LABEL_NOISE` of the clips exchange labels, which leaves the counts as they are.
    """
    parts = _parts(emotion_counts, num_clips, COMBINATIONS)
    while True:
        clips_a_person = 1 + apportion(num_clips - num_persons, rng.gamma(6, size=num_persons))
        persons = np.repeat(np.arange(num_persons), clips_a_person)
        shuffled = [parts[i] for i in rng.permutation(num_clips)]
        drawn = [replace(part, person=int(person)) for part, person in zip(shuffled, persons, strict=True)]
        drawn = _exchange_labels(drawn, rng)
        if _spread(drawn):
            return drawn


def cast_posed(
    emotion_counts: dict[str, int], num_persons: int, num_clips: int, rng: np.random.Generator
) -> list[Part]:
    """The clips of a database of posed expressions with the class shares of `emotion_counts`, sorted by person.

    People take turns, so that nobody poses an emotion again before everybody has posed it. Labels are what was asked
    for.
    """
    parts, order = _parts(emotion_counts, num_clips, POSED), rng.permutation(num_persons)
    drawn = [replace(part, person=int(order[i % num_persons])) for i, part in enumerate(parts)]
    return sorted((drawn[i] for i in rng.permutation(num_clips)), key=lambda part: part.person)


def _parts(emotion_counts: dict[str, int], num_clips: int, table: dict[str, dict[str, float]]) -> list[Part]:
    parts = []
    for emotion, count in zip(emotion_counts, apportion(num_clips, list(emotion_counts.values())), strict=True):
        combinations = table[emotion]
        for combination, times in zip(combinations, apportion(count, list(combinations.values())), strict=True):
            parts += [Part(-1, emotion, units(combination), emotion)] * times
    return parts


def _exchange_labels(parts: list[Part], rng: np.random.Generator) -> list[Part]:
    chosen = rng.choice(len(parts), size=round(LABEL_NOISE * len(parts)), replace=False)
    labels = {to: parts[origin].label for to, origin in zip(chosen, np.roll(chosen, 1), strict=True)}
    return [replace(part, label=labels.get(i, part.label)) for i, part in enumerate(parts)]


def _spread(parts: list[Part]) -> bool:
    """Whether every label on two clips or more is shown by two people or more."""
    labels = [part.label for part in parts]
    return all(
        labels.count(label) < 2 or len({part.person for part in parts if part.label == label}) > 1
        for label in set(labels)
    )
