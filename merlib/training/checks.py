"""Whether clips, folds and seeds can be trained on, and which classes are too small to say much about."""

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np

from merlib.data.clips import Clips
from merlib.training.loop import Inputs
from merlib.training.splits import Fold

FEW = 2  # clips of a class: its recall can be 0, a half or 1


class SmallClasses(UserWarning):
    """Classes with two clips or fewer, of one person, or that a fold tests without training on them."""


def check(X: Inputs, clips: Clips, folds: Sequence[Fold], seeds: Sequence[int]) -> None:
    """Raises ValueError that lists all that does not fit together; warns of small classes."""
    sizes = {f"X[{name!r}]": len(value) for name, value in X.items()} if isinstance(X, dict) else {"X": len(X)}
    faults = [f"{name} has {n} clips, the clip table {len(clips)}" for name, n in sizes.items() if n != len(clips)]
    for what, values in (("fold", [fold.name for fold in folds]), ("seed", list(seeds))):
        faults += [] if values else [f"there is no {what}"]
        faults += [f"{what} {value} is there {n} times" for value, n in Counter(values).items() if n > 1]
    if len(present := np.unique(clips.y)) == 1:
        name = clips.class_names[present[0]]
        faults.append(f"all {len(clips)} clips are of one class, {name}: there is nothing to tell apart")
    for fold in folds:
        faults += [f"fold {fold.name} {fault}" for fault in _faults(fold, len(clips))]
    if faults:
        raise ValueError("; ".join(faults))
    if small := _small_classes(clips, folds):
        said = "\n  ".join([f"{clips.database}, {clips.scheme}: classes too small to say much about:", *small])
        warnings.warn(said, SmallClasses, stacklevel=4)


def _faults(fold: Fold, num_clips: int) -> list[str]:
    positions = np.concatenate([fold.train, fold.test])
    outside = np.unique(positions[(positions < 0) | (positions >= num_clips)]).tolist()
    twice = [position for position, n in Counter(fold.test.tolist()).items() if n > 1]
    found = {
        "trains on no clip": not len(fold.train),
        "tests no clip": not len(fold.test),
        f"tests the clips at {twice} more than once": twice,
        f"holds positions outside 0 to {num_clips - 1}: {outside}": outside,
    }
    return [fault for fault, is_there in found.items() if is_there]


def _small_classes(clips: Clips, folds: Sequence[Fold]) -> list[str]:
    lines = []
    for label, name in enumerate(clips.class_names):
        of_class = clips.y == label
        num_clips, num_people = of_class.sum(), len(np.unique(clips.subjects[of_class]))
        unseen = [fold.name for fold in folds if of_class[fold.test].any() and not of_class[fold.train].any()]
        if num_clips <= FEW or num_people == 1 or unseen:
            untrained = f", tested but not trained on in fold {', '.join(unseen)}" if unseen else ""
            people = "1 person" if num_people == 1 else f"{num_people} people"
            lines.append(f"{name}: {num_clips} {'clip' if num_clips == 1 else 'clips'} of {people}{untrained}")
    return lines
