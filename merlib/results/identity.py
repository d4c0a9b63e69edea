"""How well a linear read-out tells people apart: what a network could use to know who is there."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

NUM_FOLDS = 5


def balanced(subjects: Sequence[str]) -> np.ndarray:
    """Clips, as positions, of which everybody with `NUM_FOLDS` clips or more has as many: chance is then one of the people.

    Empty where fewer than two people have so many.
    """
    each = [np.flatnonzero(np.asarray(subjects) == person) for person in np.unique(subjects)]
    each = [clips for clips in each if len(clips) >= NUM_FOLDS]
    fewest = min(map(len, each), default=0)
    kept = [clips[np.linspace(0, len(clips) - 1, fewest).astype(int)] for clips in each]
    return np.sort(np.concatenate(kept)) if len(kept) > 1 else np.empty(0, dtype=np.int64)


def read_out(features: Mapping[str, np.ndarray], subjects: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """Per row of `features`, a name -> (clips, ...): the share of clips whose person a linear read-out names.

    A ridge classifier on the principal components, over five stratified folds of clips: each person is in training and
    in test. Columns: people named (%); its standard error over people; chance (%), the share of the person with the most
    clips. People with fewer than `NUM_FOLDS` clips are left out. Raises ValueError where fewer than two people are left.
    """
    names, counts = np.unique(subjects, return_counts=True)
    kept = np.isin(subjects, names[counts >= NUM_FOLDS])
    who = np.asarray(subjects)[kept]
    if len(set(who)) < 2:
        raise ValueError(f"a read-out of people needs two people with {NUM_FOLDS} clips or more")
    rows = {name: _row(np.asarray(of_clips)[kept], who, seed) for name, of_clips in features.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("input")


def _row(features: np.ndarray, who: np.ndarray, seed: int) -> dict[str, float]:
    features = features.reshape(len(who), -1)
    folds = StratifiedKFold(NUM_FOLDS, shuffle=True, random_state=seed)
    components = PCA(min(len(who) // 2, features.shape[1], 40), svd_solver="full")
    model = make_pipeline(components, StandardScaler(), RidgeClassifierCV(np.logspace(-2, 4, 7)))
    right = cross_val_predict(model, features, who, cv=folds) == who
    by_person = pd.Series(right).groupby(who).mean()
    largest = pd.Series(who).value_counts(normalize=True).max()
    return {
        "people named (%)": 100 * right.mean(),
        "error over people": 100 * by_person.std() / len(by_person) ** 0.5,
        "chance (%)": 100 * largest,
    }
