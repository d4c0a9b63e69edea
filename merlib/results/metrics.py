"""From predictions to numbers. Every number is a function of a confusion matrix: counts, row = target, column = predicted.

Conventions, the same everywhere:
- Pooled: all test clips of a seed in one matrix. Mean over folds: one matrix per fold, then the plain mean over folds, however
  many clips a fold has. A name without `fold_mean` is pooled.
- A class that is never predicted has precision 0 and F1 0, not undefined.
- A mean of recalls skips a class without test clips. A mean of precisions or F1 skips a class that has no test clips
  and is never predicted. (Pooled, every class has clips. In a LOSO fold few classes do.)
- UF1 (MEGC 2019), "macro F1": the mean over classes of 2TP/(2TP+FP+FN). UAR: the mean over classes of recall.
  WAR: recall weighted by class size, which is accuracy.
- F1 of means: 2PR/(P+R) of the mean precision P and the mean recall R. PSN reports it as its F1: the matrix of its
  Table 7 has an F1 of means of 0.521 and a UF1 of 0.465.
- Equal logits: the first class. Equal epochs: the first epoch, but for "best test F1 epoch".
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

RUN = ["experiment", "database", "scheme", "seed"]
RULES = ("last", "best test epoch", "best test F1 epoch", "inner")


def confusion(target: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    """Counts: row = target, column = predicted, both in the order of `classes`.

    Raises ValueError when a target or a prediction is none of the classes.
    """
    if unknown := sorted({*target, *predicted} - set(classes)):
        raise ValueError(f"{unknown} are none of the classes {list(classes)}")
    counts = confusion_matrix(list(target), list(predicted), labels=list(classes))
    return pd.DataFrame(counts, index=pd.Index(classes, name="target"), columns=pd.Index(classes, name="predicted"))


def recalls(matrix: np.ndarray) -> np.ndarray:
    """TP/(TP+FN) of each class (C,); NaN for a class without clips."""
    counts = np.asarray(matrix)
    return _ratio(np.diag(counts), counts.sum(axis=1), defined=counts.sum(axis=1) > 0)


def true_negative_rates(matrix: np.ndarray) -> np.ndarray:
    """TN/(TN+FP) of each class (C,), over the clips of the other classes; NaN for a class that has all clips.

    The true positive rates are the `recalls`.
    """
    counts = np.asarray(matrix)
    others = counts.sum() - counts.sum(axis=1)
    wrongly = counts.sum(axis=0) - np.diag(counts)
    return _ratio(others - wrongly, others, defined=others > 0)


def precisions(matrix: np.ndarray) -> np.ndarray:
    """TP/(TP+FP) of each class (C,); 0 for a class never predicted, NaN if it has no clips either."""
    counts = np.asarray(matrix)
    return _ratio(np.diag(counts), counts.sum(axis=0), defined=counts.sum(axis=0) + counts.sum(axis=1) > 0)


def f1s(matrix: np.ndarray) -> np.ndarray:
    """2TP/(2TP+FP+FN) of each class (C,); NaN for a class without clips that is never predicted."""
    counts = np.asarray(matrix)
    present = counts.sum(axis=0) + counts.sum(axis=1)
    return _ratio(2 * np.diag(counts), present, defined=present > 0)


def accuracy(matrix: np.ndarray) -> float:
    """The share of clips that are right."""
    return float(np.trace(matrix) / np.sum(matrix))


def war(matrix: np.ndarray) -> float:
    """Weighted average recall: a class counts as often as it has clips. This is the accuracy."""
    return accuracy(matrix)


def uar(matrix: np.ndarray) -> float:
    """Unweighted average recall (MEGC 2019)."""
    return float(np.nanmean(recalls(matrix)))


def uf1(matrix: np.ndarray) -> float:
    """Unweighted F1 (MEGC 2019): the mean of the classes' F1."""
    return float(np.nanmean(f1s(matrix)))


def f1_of_means(matrix: np.ndarray) -> float:
    """2PR/(P+R) of the classes' mean precision P and mean recall R; 0 when nothing is recognised."""
    precision, recall = np.nanmean(precisions(matrix)), np.nanmean(recalls(matrix))
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


METRICS: dict[str, Callable[[np.ndarray], float]] = {
    "accuracy": accuracy,
    "uf1": uf1,
    "uar": uar,
    "war": war,
    "f1_of_means": f1_of_means,
}


def class_names(predictions: pd.DataFrame) -> tuple[str, ...]:
    """The classes of a predictions table, in class order, from its logit columns."""
    return tuple(name.removeprefix("logit_") for name in predictions.columns if name.startswith("logit_"))


def select(predictions: pd.DataFrame, rule: str) -> pd.DataFrame:
    """One row per test clip, experiment and seed, at the epoch that `rule` chooses for the fold, with `predicted`.

    Rules: "last". "best test epoch": the first epoch with the fold's highest test accuracy; it is chosen on the test
    clips and so is not a fair estimate. "best test F1 epoch": the last epoch with the fold's highest test F1, the mean over
    classes; MMNet's authors report their F1 so, and it is not fair either. "inner": the epoch with the highest accuracy on
    the held-out training subjects; among equal epochs, the one with the lowest cross-entropy there (few clips make many
    epochs equal).
    Raises ValueError for another rule, for "inner" without such clips, and for a mix of class schemes.
    """
    if rule not in RULES:
        raise ValueError(f"epoch rule {rule!r}: must be one of {', '.join(map(repr, RULES))}")
    judged = _judged(predictions)
    fold = [*RUN, "fold"]
    if rule == "last":
        chosen = judged.groupby(fold, sort=False)["epoch"].max().rename("chosen")
    elif rule == "best test F1 epoch":
        chosen = _best_f1_epoch(judged, fold)
    else:
        chosen = _best_epoch(judged, fold, part="test" if rule == "best test epoch" else "inner")
    judged = judged[judged["part"] == "test"].merge(chosen.reset_index(), on=fold)
    return judged[judged["epoch"] == judged["chosen"]].drop(columns=["chosen", "correct", "cross_entropy"])


def scores(predictions: pd.DataFrame, rule: str) -> pd.DataFrame:
    """One row per experiment and seed: the metrics, pooled, and their means over folds.

    The standard deviation of the accuracy over folds is with n - 1; it is missing for one fold.

    Columns: experiment, database, scheme, seed, n (test clips), folds, the metrics, `<metric>_fold_mean`, accuracy_fold_sd.
    `rule` as in `select`, which says what is raised.
    """
    chosen, classes = select(predictions, rule), class_names(predictions)
    rows = []
    for run, clips in chosen.groupby(RUN, sort=False):
        folds = pd.DataFrame([_measure(fold, classes) for _, fold in clips.groupby("fold", sort=False)])
        rows.append(
            {
                **dict(zip(RUN, run, strict=True)),
                "n": len(clips),
                "folds": len(folds),
                **_measure(clips, classes),
                **folds.mean().add_suffix("_fold_mean"),
                "accuracy_fold_sd": folds["accuracy"].std(),
            }
        )
    return pd.DataFrame(rows)


def majority(predictions: pd.DataFrame) -> pd.DataFrame:
    """`scores` of a guess that says the most frequent class of the tested clips every time; one row.

    Its UAR is 1 / number of classes. Raises as `select`.
    """
    return scores(majority_guess(predictions[predictions["seed"] == predictions["seed"].iloc[0]]), "last")


def majority_guess(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions of the guess that says the most frequent class of the tested clips every time, for every seed.

    One epoch. Raises as `select`.
    """
    tested = select(predictions, "last").drop(columns="predicted")
    logits = [f"logit_{name}" for name in class_names(predictions)]
    guess = tested["target"].mode()[0]
    return tested.assign(experiment="majority guess", **{name: float(name == f"logit_{guess}") for name in logits})


def _measure(clips: pd.DataFrame, classes: Sequence[str]) -> dict[str, float]:
    matrix = confusion(clips["target"], clips["predicted"], classes).to_numpy()
    return {name: metric(matrix) for name, metric in METRICS.items()}


def _judged(predictions: pd.DataFrame) -> pd.DataFrame:
    """The predictions with `predicted`, `correct` and the `cross_entropy` of the target."""
    classes = np.array(class_names(predictions))
    logits = predictions[[f"logit_{name}" for name in classes]].to_numpy(np.float64)  # (rows, C)
    if np.isnan(logits).any():
        raise ValueError("these predictions mix class schemes (a logit is missing): select from one scheme at a time")
    predicted = classes[logits.argmax(axis=1)]
    target = logits[np.arange(len(logits)), pd.Index(classes).get_indexer(predictions["target"])]
    top = logits.max(axis=1)
    log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return predictions.assign(
        predicted=predicted, correct=predicted == predictions["target"].to_numpy(), cross_entropy=log_sum - target
    )


def _best_epoch(judged: pd.DataFrame, fold: list[str], part: str) -> pd.Series:
    """The epoch with the highest accuracy on the part's clips, of each fold."""
    clips = judged[judged["part"] == part]
    num_folds, judged_folds = judged.groupby(fold).ngroups, clips.groupby(fold).ngroups
    if judged_folds < num_folds:
        raise ValueError(
            f"{num_folds - judged_folds} of {num_folds} folds have no {part} clips to choose the epoch by"
            + (": run the experiment with keep_aside=1" if part == "inner" else "")
        )
    epochs = clips.groupby([*fold, "epoch"], as_index=False).agg(
        wrong=("correct", lambda correct: -correct.mean()), loss=("cross_entropy", "mean")
    )
    order = ["wrong", "epoch"] if part == "test" else ["wrong", "loss", "epoch"]
    return epochs.sort_values(order).groupby(fold, sort=False)["epoch"].first().rename("chosen")


def _best_f1_epoch(judged: pd.DataFrame, fold: list[str]) -> pd.Series:
    """The last epoch of each fold with the highest `uf1` on the test clips."""
    clips = judged[judged["part"] == "test"]
    epochs = [*fold, "epoch"]
    right = clips[clips["correct"]]
    counts = [  # (epochs of folds, C): clips of a class, clips taken for it, and both
        rows.groupby([*epochs, column], sort=False).size().unstack(fill_value=0)
        for rows, column in ((clips, "target"), (clips, "predicted"), (right, "target"))
    ]
    classes = counts[0].columns.union(counts[1].columns)
    target, predicted, both = (table.reindex(counts[0].index, columns=classes, fill_value=0) for table in counts)
    present = target + predicted
    f1 = (2 * both / present).where(present > 0).mean(axis=1).round(9).rename("f1").reset_index()
    return f1.sort_values(["f1", "epoch"]).groupby(fold, sort=False)["epoch"].last().rename("chosen")


def _ratio(part: np.ndarray, whole: np.ndarray, defined: np.ndarray) -> np.ndarray:
    return np.where(defined, part / np.maximum(whole, 1), np.nan)
