"""What accuracy and class counts leave open: the exact range of UF1, and the recalls that a printed UAR can stand for.

Both go over whole matrices of counts, pooled over all folds. A mean over folds is not such a matrix. Two numbers from
two epochs need not share one.
"""

from collections.abc import Sequence
from math import lcm

import numpy as np

from merlib.audit.counts import interval


def uf1_range(clips: Sequence[int], num_right: int) -> tuple[float, float]:
    """The lowest and the highest UF1 of all matrices with these class counts and `num_right` clips recognised.

    Both ends are attained, up to rounding of floats (1e-12). UF1 depends on the recognised clips t_c and the false
    positives f_c of each class alone: the mean of 2 t_c / (n_c + t_c + f_c). Vectors t and f belong to a matrix exactly
    when sum t = k, sum f = E = N - k and f_c + (n_c - t_c) <= E for every c: a table with zero diagonal and given row and
    column sums exists if and only if no row sum and column sum of one class together pass the total (a set of two or
    more rows reaches every column, so that Gale's condition binds for single classes only). The objective is a sum
    over classes, and a dynamic programme over (sum of t, sum of f) tries every such pair of vectors.

    So a printed F1 outside of the range is proven to be no UF1 of a matrix with this accuracy. One inside is not proven
    to be one: between the ends not every value occurs. 2PR/(P+R) of means is never below UF1 (Opitz and Burst, 2019,
    arXiv:1911.03347), so that the lower end holds for it too; the upper does not.
    Raises ValueError for a class without clips, or more clips recognised than there are.
    """
    if min(clips) < 1 or not 0 <= num_right <= sum(clips):
        raise ValueError(
            f"{num_right} recognised of {list(clips)}: every class needs a clip, and 0 to all are recognised"
        )
    return -_highest(clips, num_right, -1) / len(clips), _highest(clips, num_right, 1) / len(clips)


def recalls_that_give(printed: str, clips: Sequence[int], num_right: int | None = None) -> np.ndarray:
    """Every vector of recognised clips (N, C) whose mean recall is printed as `printed`; with `num_right`, of that sum.

    Exact and complete: every vector is tried, in whole numbers, rounded and truncated as in `counts.fit`. No row means
    that no matrix with these class counts (and that accuracy) has this UAR. Every vector belongs to a matrix, since
    what is not recognised can be any other class.
    """
    order = np.argsort(clips, kind="stable")  # the largest class last: with `num_right` it follows from the others
    sizes = np.asarray(clips)[order]
    tried = _vectors(sizes, num_right)
    common = lcm(*map(int, sizes))
    shares = tried @ (common // sizes)  # the sum of recalls, times `common`
    low, high = interval(printed)
    scale = common * len(sizes)
    fits = (shares * low.denominator >= low.numerator * scale) & (shares * high.denominator < high.numerator * scale)
    return tried[fits][:, np.argsort(order)]


def _vectors(sizes: np.ndarray, num_right: int | None) -> np.ndarray:
    free = sizes if num_right is None else sizes[:-1]
    vectors = np.indices(tuple(free + 1)).reshape(len(free), -1).T
    if num_right is None:
        return vectors
    last = num_right - vectors.sum(axis=1)
    possible = (last >= 0) & (last <= sizes[-1])
    return np.column_stack([vectors, last])[possible]


def _highest(clips: Sequence[int], num_right: int, sign: int) -> float:
    """The highest `sign` times the sum over classes of F1."""
    wrong = sum(clips) - num_right
    best = np.full((num_right + 1, wrong + 1), -np.inf)  # sums of t and f so far
    best[0, 0] = 0
    for n in clips:
        extended = np.full_like(best, -np.inf)
        for t in range(max(0, n - wrong), min(n, num_right) + 1):
            for f in range(wrong - (n - t) + 1):
                reached = best[: num_right + 1 - t, : wrong + 1 - f] + sign * 2 * t / (n + t + f)
                np.maximum(extended[t:, f:], reached, out=extended[t:, f:])
        best = extended
    return float(best[-1, -1])
