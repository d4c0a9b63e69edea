"""Who is trained on and who is tested on: LOSO, k-fold, hold-out (HDE) and composite (CDE) databases.

A protocol is a function from clips to folds. Every protocol here keeps each person on one side of a fold, except
`stratified_kfold`. Its folds say so. `check_persons` is called wherever folds are trained on. A person is known by name
(`Clips.subjects`): one person in two databases, or in the data of pre-trained weights, is not found.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from merlib.data.clips import Clips


@dataclass(frozen=True, eq=False)
class Fold:
    """One split: `train` and `test` are positions in the clip table.

    `train` may hold a position more than once (resampling). `shares_persons` is how a protocol says that the same
    person may be on both sides; `check_persons` refuses it everywhere else.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    shares_persons: bool = False


Protocol = Callable[[Clips], list[Fold]]


class SharedPersonError(ValueError):
    """The same person, or even the same clip, is in the training and the test part of a fold."""


def loso(clips: Clips) -> list[Fold]:
    """Leave one subject out: one fold per person, named after the person. Raises ValueError with fewer than two persons."""
    persons = np.unique(clips.subjects)
    if len(persons) < 2:
        raise ValueError(f"leave-one-subject-out needs two persons or more; {clips.database} has {len(persons)} here")
    return [_fold(str(person), clips.subjects == person) for person in persons]


def loso_of(num_people: int) -> Protocol:
    """`loso`, of which only the folds of so many persons are run, evenly spread over all; 0: of everybody.

    Each fold is the one that `loso` has: it trains on all other persons.
    """

    def folds(clips: Clips) -> list[Fold]:
        every = loso(clips)
        chosen = np.linspace(0, len(every) - 1, min(num_people, len(every))).round().astype(int)
        return [every[i] for i in chosen]

    return folds if num_people else loso


def composite(clips: Clips) -> list[Fold]:
    """Composite database evaluation (MEGC 2019): LOSO over pooled databases. Raises ValueError for one database."""
    databases = sorted(set(clips.table["database"]))
    if len(databases) < 2:
        raise ValueError(f"composite evaluation pools two databases or more; these clips are all of {databases}")
    return loso(clips)


def hold_out_database(train: str, test: str) -> Protocol:
    """Hold-out database evaluation: one fold, trained on all of one database and tested on all of another.

    The protocol raises ValueError when the clips hold none of either; clips of other databases take no part.
    """

    def folds(clips: Clips) -> list[Fold]:
        database = clips.table["database"].to_numpy()
        if missing := sorted({train, test} - set(database)):
            raise ValueError(f"no clips of {missing}: these clips are of {sorted(set(database))}")
        return [Fold(f"{train} to {test}", np.flatnonzero(database == train), np.flatnonzero(database == test))]

    return folds


def stratified_kfold(k: int, seed: int) -> Protocol:
    """Shuffled k folds that keep the classes' shares, as PSN uses (section 3).

    The same person is in training and in test. So this does not estimate how well unseen people are recognised. Report
    it beside `grouped_kfold`.
    """

    def folds(clips: Clips) -> list[Fold]:
        split = StratifiedKFold(k, shuffle=True, random_state=seed).split(clips.y, clips.y)
        return [
            Fold(f"stratified {i} of {k}", train, test, shares_persons=True)
            for i, (train, test) in enumerate(split, start=1)
        ]

    return folds


def grouped_kfold(k: int, seed: int) -> Protocol:
    """Shuffled k folds of whole persons, the classes' shares kept as far as persons allow.

    The protocol raises ValueError with fewer than k persons.
    """

    def folds(clips: Clips) -> list[Fold]:
        if (persons := len(np.unique(clips.subjects))) < k:
            raise ValueError(f"{k} folds grouped by person need {k} persons; {clips.database} has {persons} here")
        split = StratifiedGroupKFold(k, shuffle=True, random_state=seed).split(clips.y, clips.y, clips.subjects)
        return [Fold(f"grouped {i} of {k}", *sides) for i, sides in enumerate(split, start=1)]

    return folds


def resampled(protocol: Protocol, seed: int = 0) -> Protocol:
    """The folds of `protocol` with their training clips repeated until every class has as many as the largest one.

    Micro-Attention, section 4.2. All clips of a class are repeated equally often. If that does not fill the class, `seed`
    draws the clips that are repeated once more. Test clips, and a class that a fold does not train on, stay as they are.
    """

    def folds(clips: Clips) -> list[Fold]:
        return [replace(fold, train=_to_largest(fold.train, clips.y, seed)) for fold in protocol(clips)]

    return folds


def check_persons(fold: Fold, subjects: np.ndarray) -> None:
    """Raise SharedPersonError if a clip, or a person where the fold does not say so, is on both sides of the fold."""
    if clips := np.intersect1d(fold.train, fold.test).tolist():
        raise SharedPersonError(f"fold {fold.name}: the clips at {clips} are in training and in test")
    shared = np.intersect1d(subjects[fold.train], subjects[fold.test]).tolist()
    if shared and not fold.shares_persons:
        raise SharedPersonError(f"fold {fold.name}: {shared} are in training and in test")


def keep_aside(fold: Fold, subjects: np.ndarray, num_subjects: int, seed: int) -> tuple[Fold, np.ndarray]:
    """The fold without `num_subjects` of its training persons, drawn by `seed`, and the positions of their clips.

    Those clips choose the epoch (`metrics.select`, rule "inner") without a look at the test clips.
    Raises ValueError when nobody would be left to train on.
    """
    persons = np.unique(subjects[fold.train])
    if len(persons) <= num_subjects:
        raise ValueError(
            f"fold {fold.name} has {len(persons)} training persons: with {num_subjects} held out nobody is left"
        )
    aside = np.random.default_rng(seed).choice(persons, num_subjects, replace=False)
    inner = np.isin(subjects[fold.train], aside)
    return replace(fold, train=fold.train[~inner]), np.unique(fold.train[inner])


def _to_largest(train: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    largest = np.bincount(y[train]).max(initial=0)
    shuffled = np.random.default_rng(seed).permutation(train)
    classes = [shuffled[y[shuffled] == label] for label in np.unique(y[train])]
    return np.sort(np.concatenate([np.resize(positions, largest) for positions in classes]))


def _fold(name: str, tested: np.ndarray) -> Fold:
    return Fold(name, np.flatnonzero(~tested), np.flatnonzero(tested))
