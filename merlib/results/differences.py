"""Is one result better than another? Differences on the same clips and seeds, with their standard errors."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from merlib.data.source import Source
from merlib.results import metrics
from merlib.results.rendering import Table

SIGNIFICANT = "significant"
NOTE = "Last epoch. Errors are standard errors of the mean. There is no correction for the number of comparisons."


def against(results: Mapping[str, pd.DataFrame], reference: str) -> Table:
    """How much more often `reference` is right than each other result, on the same clips and seeds, at the last epoch.

    Columns: the difference in accuracy in points, its mean over seeds and each seed's; its standard error over subjects,
    whose clips are not independent of each other (that of a ratio of sums over clusters), and over seeds; `significant`,
    whether the mean is larger than twice both errors together. One seed has no error over seeds, and its differences have
    no answer. The first note counts the significant ones. `results`: a name -> its predictions; seeds that only one of
    the two has do not count. Raises ValueError when two results have no seed in common, or other clips, and when there is
    nothing to compare with.
    """
    rows = []
    for name in [name for name in results if name != reference]:
        gained = (_right(results[reference]) - _right(results[name])) * 100  # clips x seeds, missing where one has none
        gained = gained.dropna(axis="columns", how="all")
        if gained.empty or gained.isna().any(axis=None):
            raise ValueError(f"{reference!r} and {name!r} have no seed in common, or other clips")
        rows.append({f"{reference} minus": name} | _difference(gained))
    if not rows:
        raise ValueError(f"there is no result beside {reference!r} to compare it with")
    frame = pd.DataFrame(rows)
    return Table(frame, (_summary(frame[SIGNIFICANT]), NOTE), Source.of_predictions(*results.values()))


def in_each(evaluations: Mapping[str, Mapping[str, pd.DataFrame]], reference: str) -> Table:
    """`against` in several evaluations, with the evaluation as first column. The first note counts over all of them.

    `evaluations`: a name -> its results, each with `reference` among them. Raises as `against`.
    """
    answers = {name: against(results, reference) for name, results in evaluations.items()}
    frames = [answer.frame.assign(evaluation=name).set_index("evaluation") for name, answer in answers.items()]
    frame = pd.concat(frames).reset_index()
    sources = dict.fromkeys(source for answer in answers.values() for source in answer.sources)
    return Table(frame, (_summary(frame[SIGNIFICANT]), NOTE), tuple(sources))


def said(table: Table) -> str:
    """The differences of `against` or `in_each` in one line: "A minus B: +3.1 ± 1.2 points (significant)"."""
    heading = next(column for column in table.frame if column.endswith(" minus"))
    return "; ".join(
        f"{heading} {row[heading]}{f', {row.evaluation}' if 'evaluation' in row else ''}: {_points(row)}"
        for _, row in table.frame.iterrows()
    )


def _points(row: pd.Series) -> str:
    seeds = row["error over seeds"]
    error = np.hypot(float(row["error over subjects"]), 0 if seeds == "one seed" else float(seeds))
    answer = {"yes": SIGNIFICANT, "no": "not told apart"}.get(row[SIGNIFICANT], row[SIGNIFICANT])
    return f"{row['accuracy, points']} ± {error:.1f} points ({answer})"


def _difference(gained: pd.DataFrame) -> dict[str, str]:
    """The row of one comparison; `gained`: points per clip (row) and seed (column)."""
    mean, by_seed = gained.mean(axis=1), gained.mean()
    beyond = (mean - mean.mean()).groupby(gained.index.get_level_values("subject")).sum()
    of_subjects = (beyond.pow(2).sum() * len(beyond) / (len(beyond) - 1)) ** 0.5 / len(mean)
    of_seeds = by_seed.std() / len(by_seed) ** 0.5  # NaN of one seed
    is_large = abs(mean.mean()) > 2 * np.hypot(of_subjects, of_seeds)
    one_seed = len(by_seed) == 1
    return {
        "accuracy, points": f"{mean.mean():+.1f}",
        "by seed": ", ".join(f"{value:+.1f} (seed {seed})" for seed, value in by_seed.items()),
        "error over subjects": f"{of_subjects:.1f}",
        "error over seeds": "one seed" if one_seed else f"{of_seeds:.1f}",
        SIGNIFICANT: "one seed" if one_seed else "yes" if is_large else "no",
    }


def _summary(answers: pd.Series) -> str:
    known = answers[answers != "one seed"]
    if known.empty:
        return "One seed: no difference can be called significant."
    return f"{(known == 'yes').sum()} of {len(known)} differences are significant: larger than twice their standard errors."


def _right(predictions: pd.DataFrame) -> pd.DataFrame:
    """1 where a clip is recognised at the last epoch, else 0: one row per clip, one column per seed."""
    chosen = metrics.select(predictions, "last")
    return (
        chosen.assign(right=chosen["target"] == chosen["predicted"])
        .pivot(index=["subject", "clip"], columns="seed", values="right")
        .astype(float)
    )
