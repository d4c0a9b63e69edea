"""How uncertain a number is: intervals of one result, and paired tests between two.

All functions take predictions as `Experiment.run` returns them, of one experiment and seed. Clips of one person are not
independent. So whole subjects are drawn and exchanged, not clips. Wilson's interval and McNemar's test treat clips as
independent; they are too narrow where people differ. `rule` is that of `metrics.select`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from merlib.results import metrics

CLIP = ["database", "subject", "clip"]
SIDES = {"left_only": "first", "right_only": "second"}


@dataclass(frozen=True)
class Paired:
    """The difference of a metric, first minus second, and its p-value (two-sided)."""

    difference: float
    p: float


def wilson(num_right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson, 1927, doi:10.1080/01621459.1927.10502953), without continuity correction."""
    found = binomtest(num_right, n).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


def over_subjects(
    predictions: pd.DataFrame, rule: str, level: float = 0.95, draws: int = 10_000, seed: int = 0
) -> pd.DataFrame:
    """One row per metric of `metrics.METRICS`: value, low, high; percentile intervals of a bootstrap over subjects.

    A draw takes as many subjects as there are, with replacement, each with all its clips, and pools them in one
    matrix. Its means skip a class that it does not hold. No model is trained again: the interval is that of these
    predictions on other people. It does not hold how training would vary. Raises ValueError for predictions of several
    runs.
    """
    classes = metrics.class_names(predictions)
    by_subject = _matrices(_one_run(predictions, rule), classes)
    drawn = np.random.default_rng(seed).integers(len(by_subject), size=(draws, len(by_subject)))
    pooled = [by_subject[subjects].sum(axis=0) for subjects in drawn]
    tail = (1 - level) / 2
    rows = []
    for name, metric in metrics.METRICS.items():
        low, high = np.quantile([metric(matrix) for matrix in pooled], [tail, 1 - tail])
        rows.append({"metric": name, "value": metric(by_subject.sum(axis=0)), "low": low, "high": high})
    return pd.DataFrame(rows).set_index("metric")


def mcnemar(first: pd.DataFrame, second: pd.DataFrame, rule: str) -> Paired:
    """The exact test of McNemar (1947, doi:10.1007/BF02295996) on the same clips; the difference is that of accuracy.

    Of the clips that one alone recognises, either is as likely to recognise each: a binomial test with 1/2; p = 1
    where there are none. Raises ValueError as `exchanged`.
    """
    both = _paired(first, second, rule)
    right = [(both[f"predicted_{i}"] == both["target_1"]).to_numpy() for i in (1, 2)]
    only = [int((right[i] & ~right[1 - i]).sum()) for i in (0, 1)]
    p = binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0
    return Paired((only[0] - only[1]) / len(both), float(p))


def mcnemar_range(first: int, second: int, n: int) -> tuple[float, float]:
    """The lowest and the highest p of `mcnemar` for methods that recognise `first` and `second` of the same `n` clips.

    What two accuracies alone leave open: which clips they are. The lowest is 2^(1 - d) where d clips more are recognised
    and none fewer, so that five clips more are never below 0.05. Raises ValueError for more clips recognised than n.
    """
    if not 0 <= min(first, second) <= max(first, second) <= n:
        raise ValueError(f"{first} and {second} recognised of {n}: each must be 0 to {n}")
    only_second = range(max(0, second - first), min(second, n - first) + 1)
    sides = [(c + first - second, c) for c in only_second]  # clips that the first, the second alone recognises
    ps = [float(binomtest(b, b + c).pvalue) if b + c else 1.0 for b, c in sides]
    return min(ps), max(ps)


def exchanged(
    first: pd.DataFrame, second: pd.DataFrame, rule: str, metric: str = "uf1", draws: int = 10_000, seed: int = 0
) -> Paired:
    """A permutation test on the same clips: were the methods alike, each subject's two results could be exchanged.

    A draw exchanges them for every subject with probability 1/2 and pools; p = (1 + draws with a difference at least as
    large) / (1 + draws). Raises ValueError for predictions of several runs, and where the two have other clips, targets
    or classes.
    """
    classes, both = metrics.class_names(first), _paired(first, second, rule)
    sides = np.stack(
        [
            _matrices(both.rename(columns={f"target_{i}": "target", f"predicted_{i}": "predicted"}), classes)
            for i in (1, 2)
        ]
    )  # (2, subjects, C, C)
    measure, (ours, theirs) = metrics.METRICS[metric], sides.sum(axis=1)
    observed = measure(ours) - measure(theirs)
    swap = np.random.default_rng(seed).integers(2, size=(draws, sides.shape[1]))
    found = [_difference(measure, sides, exchange) for exchange in swap]
    at_least = (np.abs(found) >= abs(observed) - 1e-12).sum()
    return Paired(observed, float((1 + at_least) / (1 + draws)))


def _difference(measure: Callable[[np.ndarray], float], sides: np.ndarray, exchange: np.ndarray) -> float:
    subjects = np.arange(len(exchange))
    return measure(sides[exchange, subjects].sum(axis=0)) - measure(sides[1 - exchange, subjects].sum(axis=0))


def _one_run(predictions: pd.DataFrame, rule: str) -> pd.DataFrame:
    runs = predictions[metrics.RUN].drop_duplicates()
    if len(runs) != 1:
        raise ValueError(f"predictions of one experiment and seed are needed, here are:\n{runs.to_string(index=False)}")
    return metrics.select(predictions, rule)


def _matrices(chosen: pd.DataFrame, classes: tuple[str, ...]) -> np.ndarray:
    """(subjects, C, C) counts, row = target."""
    of_subjects = chosen.groupby("subject")
    return np.stack([metrics.confusion(c["target"], c["predicted"], classes).to_numpy() for _, c in of_subjects])


def _paired(first: pd.DataFrame, second: pd.DataFrame, rule: str) -> pd.DataFrame:
    if metrics.class_names(first) != metrics.class_names(second):
        raise ValueError(f"classes {metrics.class_names(first)} and {metrics.class_names(second)} cannot be paired")
    one, two = (_one_run(predictions, rule)[[*CLIP, "target", "predicted"]] for predictions in (first, second))
    both = one.merge(two, on=CLIP, suffixes=("_1", "_2"), how="outer", validate="one_to_one", indicator=True)
    faults = [
        f"{n} clips are in the {SIDES[side]} alone"
        for side, n in both["_merge"].value_counts().items()
        if n and side != "both"
    ]
    kept = both[both["_merge"] == "both"]
    relabelled = kept[kept["target_1"] != kept["target_2"]]
    faults += (
        [f"{len(relabelled)} clips have another target, the first is {relabelled.iloc[0]['clip']}"]
        if len(relabelled)
        else []
    )
    if faults:
        raise ValueError(f"a paired test needs the same clips with the same targets: {'; '.join(faults)}")
    return both
