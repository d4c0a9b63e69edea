"""The exact ranges against every matrix there is, for classes small enough to list them."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merlib.audit import bounds
from merlib.results import metrics


def rows_of(n, num_classes):
    return [row for row in product(range(n + 1), repeat=num_classes) if sum(row) == n]


def every_matrix(clips):
    return [np.array(rows) for rows in product(*(rows_of(n, len(clips)) for n in clips))]


@pytest.mark.parametrize("clips", [(1, 1), (4, 2), (9, 5), (2, 3, 1), (4, 2, 3), (1, 1, 1), (1, 2, 1, 2)])
def test_the_range_of_uf1_is_that_of_every_matrix(clips):
    by_right = {}
    for matrix in every_matrix(clips):
        by_right.setdefault(int(np.trace(matrix)), []).append(metrics.uf1(matrix))
    assert set(by_right) == set(range(sum(clips) + 1))
    for right, values in by_right.items():
        assert bounds.uf1_range(clips, right) == pytest.approx((min(values), max(values)), abs=1e-12)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_no_matrix_is_outside_of_the_range(clips, random):
    shares = [[random.random() ** 4 for _ in clips] for _ in clips]
    matrix = np.zeros((len(clips), len(clips)), dtype=int)
    for row, n in enumerate(clips):
        for predicted in random.choices(range(len(clips)), weights=shares[row], k=n):
            matrix[row, predicted] += 1
    low, high = bounds.uf1_range(clips, int(np.trace(matrix)))
    assert low - 1e-12 <= metrics.uf1(matrix) <= high + 1e-12
    assert low - 1e-12 <= metrics.f1_of_means(matrix)  # Opitz and Burst: never below UF1


def test_all_recognised_and_refusals():
    assert bounds.uf1_range([3, 4], 7) == (1.0, 1.0)
    assert bounds.uf1_range([3, 4], 0) == (0.0, 0.0)
    for clips, right in (([3, 0], 1), ([3, 4], 8), ([3, 4], -1)):
        with pytest.raises(ValueError, match="every class needs a clip"):
            bounds.uf1_range(clips, right)


@pytest.mark.parametrize("num_right", [None, 9])
@pytest.mark.parametrize("printed", ["0.5", "0.52", "0.523", "0.5185", "1.000"])
def test_recalls_are_those_of_every_vector(printed, num_right):
    clips, number = (6, 2, 9), Fraction(printed)
    unit = Fraction(1, 10 ** len(printed.partition(".")[2]))
    expected = set()
    for vector in product(*(range(n + 1) for n in clips)):
        mean = sum(Fraction(k, n) for k, n in zip(vector, clips, strict=True)) / 3
        fits = abs(mean - number) <= unit / 2 or number <= mean < number + unit
        if fits and num_right in (None, sum(vector)):
            expected.add(vector)
    found = bounds.recalls_that_give(printed, clips, num_right)
    assert set(map(tuple, found.tolist())) == expected
    assert len(found) == len(expected)


def test_a_mean_recall_that_seven_surprise_clips_cannot_give_and_fifteen_can():
    """PSN, Table 6, CAS(ME)²: 4 * 0.4481 is no sum of recalls of 2, 18, 7 and 27 clips, multiples of 1/378."""
    assert not len(bounds.recalls_that_give("0.4481", [2, 18, 7, 27]))
    near = [Fraction(k, 4 * 378) for k in (677, 678)]
    assert [f"{float(value):.5f}" for value in near] == ["0.44775", "0.44841"]
    found = bounds.recalls_that_give("0.4481", [2, 18, 15, 27])
    assert {f"{float(sum(map(Fraction, row.tolist(), [2, 18, 15, 27])) / 4):.4f}" for row in found} == {"0.4481"}
