"""How the predictions of a repeated run differ from the first ones: not at all, or where and by how much."""

import numpy as np
import pandas as pd

from merlib.results import metrics
from merlib.results.metrics import RUN

ROW = [*RUN, "fold", "part", "epoch", "subject", "clip"]


def differences(first: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    """One row per experiment, database, scheme and seed of two tables of predictions (`Experiment.run`), in any order of rows.

    Columns: folds; `same bits`, folds whose logits are equal bit for bit; `largest difference` of two logits;
    `clips` tested and `other answers`, those whose class at the last epoch is another one; `accuracy` at the last epoch,
    first and again. A fold that only one of the two has is not equal, and its clips have another answer.
    """
    logits = [name for name in first.columns.union(again.columns) if name.startswith("logit_")]
    both = first.reindex(columns=[*ROW, *logits]).merge(
        again.reindex(columns=[*ROW, *logits]), on=ROW, how="outer", suffixes=("", " again"), validate="one_to_one"
    )
    pair = [both[[f"{name}{end}" for name in logits]].to_numpy() for end in ("", " again")]
    # classes that a row does not have are missing on both sides
    same = ((pair[0] == pair[1]) | (np.isnan(pair[0]) & np.isnan(pair[1]))).all(axis=1)
    both["same"], both["largest"] = same, np.nanmax(np.abs(pair[0] - pair[1]), axis=1, initial=0)
    answers = [np.where(np.isnan(values), -np.inf, values).argmax(axis=1) for values in pair]
    alone = np.isnan(pair[0]).all(axis=1) | np.isnan(pair[1]).all(axis=1)
    both["other"] = (answers[0] != answers[1]) | alone
    rows = [_row(keys, group) for keys, group in both.groupby(RUN, sort=False)]
    table = pd.DataFrame(rows)
    for name, predictions in (("accuracy", first), ("accuracy again", again)):
        table[name] = [_accuracy(predictions, row) for row in table[RUN].itertuples(index=False)]
    return table


def _row(keys: tuple, group: pd.DataFrame) -> dict:
    tested = group[group["part"] == "test"]
    last = tested[tested["epoch"] == tested["epoch"].max()]
    equal = group.groupby("fold")["same"].all()
    counts = {"folds": len(equal), "same bits": int(equal.sum()), "largest difference": group["largest"].max()}
    return dict(zip(RUN, keys, strict=True)) | counts | {"clips": len(last), "other answers": int(last["other"].sum())}


def _accuracy(predictions: pd.DataFrame, run: tuple) -> float:
    of_run = predictions[(predictions[RUN] == list(run)).all(axis=1)]
    return float("nan") if of_run.empty else metrics.scores(of_run.dropna(axis=1, how="all"), "last")["accuracy"].mean()
