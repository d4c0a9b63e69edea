"""How many clips are recognised, found and left alone: rates of confusion matrices, of classes and of results."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from merlib.data.source import Source
from merlib.results import confusions, metrics
from merlib.results.confusions import Matrices
from merlib.results.pages import BEST_TEST, DAGGER, LAST
from merlib.results.rendering import Table

Rates = dict[str, pd.DataFrame]

# what a matrix gives; the last two are means over classes
OF_MATRIX: dict[str, Callable[[np.ndarray], float]] = {
    "recognition rate": metrics.accuracy,
    "true positive rate": metrics.uar,
    "true negative rate": lambda counts: float(np.nanmean(metrics.true_negative_rates(counts))),
}
# what results give -> a column of `metrics.scores`
OF_RESULT = {"recognition rate": "accuracy", "F1, 2PR/(P+R)": "f1_of_means"}
EPOCHS = {"last": LAST, "best test epoch": BEST_TEST}


def of_matrices(matrices: Matrices) -> Rates:
    """Rate -> its values, one row per place, one column per method. `matrices`: (place, method) -> counts (C, C)."""
    places, methods = (list(dict.fromkeys(key[i] for key in matrices)) for i in (0, 1))
    return {
        name: pd.Series({key: rate(counts.to_numpy()) for key, counts in matrices.items()})
        .unstack()
        .reindex(index=places, columns=methods)
        for name, rate in OF_MATRIX.items()
    }


def of_results(results: Mapping[str, pd.DataFrame], rule: str) -> Rates:
    """Rate -> its mean over seeds, one row per result, one column "ours". `rule` as in `metrics.select`."""
    scores = pd.DataFrame(
        {name: metrics.scores(predictions, rule).mean(numeric_only=True) for name, predictions in results.items()}
    ).T
    return {name: scores[[metric]].set_axis(["ours"], axis="columns") for name, metric in OF_RESULT.items()}


def of_classes(predictions: pd.DataFrame) -> Table:
    """One row per place, epoch rule and class: clips, and the two rates of the class, of the first seed."""
    blocks = {}
    for place, part in confusions.by_database(predictions).items():
        for rule, heading in EPOCHS.items():
            counts = confusions.of_predictions(part, rule)
            columns = {"clips": counts.sum(axis="columns"), "true positive rate": metrics.recalls(counts)}
            columns["true negative rate"] = metrics.true_negative_rates(counts)
            blocks[place, heading] = pd.DataFrame(columns, index=counts.index)
    frame = pd.concat(blocks, names=["database", "epoch", "class"])
    seed = predictions["seed"].iloc[0]
    return Table(frame, (f"Rates of seed {seed}.", DAGGER), Source.of_predictions(predictions))
