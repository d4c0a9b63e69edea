"""Intervals and paired tests against closed forms, full enumeration and their meaning."""

from itertools import combinations, product
from math import comb, sqrt

import numpy as np
import pytest
from helpers.made_predictions import FIVE, made
from hypothesis import given
from hypothesis import strategies as st

from merlib.results import intervals, metrics


def subjects(right, **settings):
    """One seed, one epoch: so many of each subject's five clips recognised."""
    return made({0: [right]}, **settings)


def run_of(right):
    """One subject a clip, recognised or not."""
    clips = made({0: [[int(is_right) for is_right in right]]}, classes=FIVE[:2])
    return clips[clips["target"] == FIVE[0]]


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([(0.95, 1.959963984540054), (0.9, 1.6448536269514722)]))
def test_wilsons_closed_form(n, share, level_z):
    (level, z), k = level_z, round(share * n)
    centre, spread = (k + z**2 / 2) / (n + z**2), z / (n + z**2) * sqrt(k * (n - k) / n + z**2 / 4)
    assert intervals.wilson(k, n, level) == pytest.approx((max(centre - spread, 0), min(centre + spread, 1)), abs=1e-9)


def test_the_bootstrap_is_that_of_all_equally_likely_draws():
    """Three subjects: 27 draws, listed."""
    right = [5, 3, 1]
    found = intervals.over_subjects(subjects(right), "last", level=0.8, draws=10_000)
    pooled = sorted(sum(draw) / 15 for draw in product(right, repeat=3))
    expected = np.quantile(pooled, [0.1, 0.9])
    assert found.loc["accuracy", "value"] == pytest.approx(9 / 15)
    assert found.loc["accuracy", ["low", "high"]].to_numpy(float) == pytest.approx(expected, abs=0.03)
    assert set(found.index) == set(metrics.METRICS)
    assert (found["low"] <= found["value"]).all() and (found["value"] <= found["high"]).all()


def test_values_are_those_of_the_scores():
    predictions = subjects([5, 3, 1, 2])
    found, score = intervals.over_subjects(predictions, "last", draws=50), metrics.scores(predictions, "last").iloc[0]
    assert found["value"].to_dict() == pytest.approx({name: score[name] for name in metrics.METRICS})


def test_people_are_drawn_and_not_clips():
    """Alike within and different between people: the interval must be wider than that of as many independent clips."""
    predictions = subjects([5, 0] * 4)
    low, high = intervals.over_subjects(predictions, "last").loc["accuracy", ["low", "high"]]
    clips_low, clips_high = intervals.wilson(20, 40)
    assert high - low > 1.5 * (clips_high - clips_low)
    same = intervals.over_subjects(subjects([3] * 8), "last").loc["accuracy"]
    assert same["low"] == same["high"] == pytest.approx(0.6)


def test_the_same_seed_gives_the_same_interval():
    first, second = (intervals.over_subjects(subjects([5, 3, 1]), "last", draws=200, seed=3) for _ in range(2))
    assert first.equals(second)


def test_mcnemar_is_the_binomial_of_the_clips_that_one_alone_recognises():
    """6 clips right in the first alone and 0 in the second: p = 2 / 2**6."""
    found = intervals.mcnemar(subjects([5, 5, 5]), subjects([3, 3, 3]), "last")
    assert found.difference == pytest.approx(6 / 15)
    assert found.p == pytest.approx(2 / 2**6)


@pytest.mark.parametrize(("first", "second"), [([5, 1, 3], [2, 4, 3]), ([4, 4, 0], [5, 0, 5])])
def test_mcnemar_with_clips_on_both_sides(first, second):
    b = sum(max(x - y, 0) for x, y in zip(first, second, strict=True))
    c = sum(max(y - x, 0) for x, y in zip(first, second, strict=True))
    expected = min(1, 2 * sum(comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c))
    assert intervals.mcnemar(subjects(first), subjects(second), "last").p == pytest.approx(expected)


@pytest.mark.parametrize(("first", "second", "n"), [(3, 1, 5), (1, 3, 5), (2, 2, 6), (0, 0, 4), (4, 1, 4), (6, 5, 7)])
def test_the_range_of_mcnemar_is_that_of_every_choice_of_clips(first, second, n):
    choices = [
        np.array([i in chosen for i in range(n)]) for k in (first, second) for chosen in combinations(range(n), k)
    ]
    ours, theirs = ([c for c in choices if c.sum() == k] for k in (first, second))
    found = [
        intervals.mcnemar(run_of(one), run_of(other), "last").p
        for one in ours[:1]  # which clips are called the first ones plays no part
        for other in theirs
    ]
    assert intervals.mcnemar_range(first, second, n) == pytest.approx((min(found), max(found)))


@given(st.integers(0, 12), st.integers(0, 100))
def test_the_lowest_p_of_so_many_clips_more(more, second):
    assert intervals.mcnemar_range(second + more, second, 150)[0] == pytest.approx(min(1, 2 ** (1 - more)))
    with pytest.raises(ValueError, match="each must be 0 to 5"):
        intervals.mcnemar_range(6, 3, 5)


def test_alike_methods_do_not_differ():
    one = subjects([5, 3, 1])
    assert intervals.mcnemar(one, one, "last") == intervals.Paired(0.0, 1.0)
    assert intervals.exchanged(one, one, "last", draws=100) == intervals.Paired(0.0, 1.0)


@pytest.mark.parametrize("metric", ["accuracy", "uf1", "uar"])
def test_exchanges_are_those_of_all_equally_likely_ones(metric):
    first, second = [5, 4, 5, 3, 2], [3, 4, 1, 4, 1]

    def score(right):
        return metrics.scores(subjects(right), "last").iloc[0][metric]

    observed = score(first) - score(second)
    differences = []
    for swap in product([False, True], repeat=5):
        ours, theirs = zip(*[(b, a) if s else (a, b) for a, b, s in zip(first, second, swap, strict=True)], strict=True)
        differences.append(score(ours) - score(theirs))
    expected = np.mean(np.abs(differences) >= abs(observed) - 1e-12)
    found = intervals.exchanged(subjects(first), subjects(second), "last", metric, draws=4000)
    assert found.difference == pytest.approx(observed)
    assert found.p == pytest.approx(expected, abs=0.04)


def test_the_order_of_rows_plays_no_part():
    first, second = subjects([5, 3, 1]), subjects([1, 4, 2])
    shuffled = second.sample(frac=1, random_state=0)
    assert intervals.exchanged(first, second, "last", draws=99) == intervals.exchanged(
        first, shuffled, "last", draws=99
    )


def test_what_cannot_be_paired():
    one, other = subjects([5, 3]), subjects([1, 2, 2])
    with pytest.raises(ValueError, match="5 clips are in the second alone"):
        intervals.mcnemar(one, other, "last")
    relabelled = one.assign(target=one["target"].replace(FIVE[0], FIVE[1]))
    with pytest.raises(ValueError, match="2 clips have another target, the first is EP0"):
        intervals.exchanged(one, relabelled, "last")
    with pytest.raises(ValueError, match="cannot be paired"):
        intervals.mcnemar(one, subjects([1, 2], classes=FIVE[:3]), "last")
    with pytest.raises(ValueError, match="one experiment and seed"):
        intervals.over_subjects(made({0: [[1]], 1: [[1]]}), "last")
