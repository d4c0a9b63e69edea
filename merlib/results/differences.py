"""Is one result better than another? Differences on the same clips and seeds, with their standard errors."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from merlib.data.source import Source
from merlib.results import metrics
from merlib.results.rendering import Table

SIGNIFICANT = "significant"
NOTE = "Last epoch where no other is named. Errors are standard errors of the mean. There is no correction for the number of comparisons."


def against(results: Mapping[str, pd.DataFrame], reference: str) -> Table:
    """How much more often `reference` is right than each other result, on the same clips and seeds, at the last epoch.

    Columns: the difference in accuracy in points, its mean over seeds and each seed's; its standard error over subjects,
    whose clips are not independent of each other (that of a ratio of sums over clusters), and over seeds; `significant`,
    whether the mean is larger than twice both errors together. One seed has no error over seeds, and its differences have
    no answer. The first note counts the significant ones. `results`: a name -> its predictions; seeds that only one of
    the two has do not count; of predictions with a column `predicted` (`metrics.select`), these are compared. One person has no
    error over subjects, and no answer either. Raises ValueError when two results have no seed in common, or other clips, and when there is
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
    errors = pd.to_numeric(row[["error over subjects", "error over seeds"]], errors="coerce")  # "one seed" has none
    answer = {"yes": SIGNIFICANT, "no": "not told apart"}.get(row[SIGNIFICANT], row[SIGNIFICANT])
    return f"{row['accuracy, points']} ± {errors.pow(2).sum() ** 0.5:.1f} points ({answer})"


def sentence(table: Table) -> str:
    """What a table of `against` or `in_each` says, with its numbers.

    "MMNet is ahead in 2 of 3 comparisons and behind in 1. Significant: casme2-5, Baseline, +8.1 points."
    """
    frame, gained = table.frame, table.frame["accuracy, points"].astype(float)
    column = next(name for name in frame if name.endswith(" minus"))
    named = frame[[name for name in ("evaluation", column, "accuracy, points") if name in frame]]
    large = [", ".join(row) + " points" for row in named[frame[SIGNIFICANT] == "yes"].to_numpy()]
    answered = frame[SIGNIFICANT].isin(["yes", "no"]).any()
    none = "No difference is significant." if answered else table.notes[0]
    answer = f"Significant: {'; '.join(large)}." if large else none
    ahead, behind = (gained > 0).sum(), (gained < 0).sum()
    reference = column.removesuffix(" minus")
    return f"{reference} is ahead in {ahead} of {len(frame)} comparisons and behind in {behind}. {answer}"


def found(table: Table) -> dict[str, str]:
    """The row of a summary for a table of `against` or `in_each`: number, uncertainty, and what is told apart."""
    if len(table.frame) == 1:
        return _found_alone(table.frame.iloc[0])
    gained = table.frame["accuracy, points"].astype(float)
    errors = pd.to_numeric(table.frame["error over subjects"], errors="coerce").dropna()
    answers = table.frame[SIGNIFICANT]
    known = answers[answers.isin(["yes", "no"])]
    spread = f"standard errors over subjects {errors.min():.1f} to {errors.max():.1f} points" if len(errors) else ""
    return {
        "number": f"ahead in {(gained > 0).sum()} of {len(gained)}, by {gained.min():+.1f} to {gained.max():+.1f} points",
        "uncertainty": spread,
        "told apart": f"{(known == 'yes').sum()} of {len(known)}" if len(known) else f"not with {answers.iloc[0]}",
    }


def _found_alone(row: pd.Series) -> dict[str, str]:
    errors = pd.to_numeric(row[["error over subjects", "error over seeds"]], errors="coerce").dropna()
    answer = row[SIGNIFICANT]
    return {
        "number": f"{row['accuracy, points']} points",
        "uncertainty": f"standard error {errors.pow(2).sum() ** 0.5:.1f} points" if len(errors) else "",
        "told apart": answer if answer in ("yes", "no") else f"not with {answer}",
    }


def _difference(gained: pd.DataFrame) -> dict[str, str]:
    """The row of one comparison; `gained`: points per clip (row) and seed (column)."""
    mean, by_seed = gained.mean(axis=1), gained.mean()
    beyond = (mean - mean.mean()).groupby(gained.index.get_level_values("subject")).sum()
    of_subjects = (beyond.pow(2).sum() * len(beyond) / max(len(beyond) - 1, 1)) ** 0.5 / len(mean)
    of_seeds = by_seed.std() / len(by_seed) ** 0.5  # NaN of one seed
    is_large = abs(mean.mean()) > 2 * np.hypot(of_subjects, of_seeds)
    lacking = "one person" if len(beyond) == 1 else "one seed" if len(by_seed) == 1 else ""
    return {
        "accuracy, points": f"{mean.mean():+.1f}",
        "by seed": ", ".join(f"{value:+.1f} (seed {seed})" for seed, value in by_seed.items()),
        "error over subjects": "one person" if len(beyond) == 1 else f"{of_subjects:.1f}",
        "error over seeds": "one seed" if len(by_seed) == 1 else f"{of_seeds:.1f}",
        SIGNIFICANT: lacking or ("yes" if is_large else "no"),
    }


def _summary(answers: pd.Series) -> str:
    known = answers[answers.isin(["yes", "no"])]
    if known.empty:
        return f"{answers.iloc[0].capitalize()}: no difference can be called significant."
    return f"{(known == 'yes').sum()} of {len(known)} differences are significant: larger than twice their standard errors."


def _right(predictions: pd.DataFrame) -> pd.DataFrame:
    """1 where a clip is recognised, else 0: one row per clip, one column per seed."""
    chosen = predictions if "predicted" in predictions else metrics.select(predictions, "last")
    return (
        chosen.assign(right=chosen["target"] == chosen["predicted"])
        .pivot(index=["subject", "clip"], columns="seed", values="right")
        .astype(float)
    )
