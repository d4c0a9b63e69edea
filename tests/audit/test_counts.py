"""GRIM, rows of shares and definitions, against brute force and known cases."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from merlib.audit import counts

FIVE = pd.Index(["happiness", "surprise", "anger", "disgust", "sadness"])


def printed_ways(k, n, digits):
    """The texts that k of n gives in percent: rounded (two rules for a tie) and truncated. Decimal, not fractions."""
    value, step = Decimal(100 * k) / Decimal(n), Decimal(1).scaleb(-digits)
    return {str(value.quantize(step, rule)) for rule in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)}


@pytest.mark.parametrize(
    ("printed", "n", "expected"),
    [
        ("88.35", 249, {220: "rounded or truncated"}),
        ("95.51", 156, {149: "rounded or truncated"}),
        ("80.14", 136, {109: "truncated"}),
        ("90.22", 133, {120: "truncated"}),
        ("77.20", 136, {105: "truncated"}),
        ("77.21", 136, {105: "rounded"}),
        ("77.22", 136, {}),
        ("60.06", 164, {}),
        ("100.00", 3, {3: "rounded or truncated"}),
        ("66", 3, {2: "truncated"}),
        ("67", 3, {2: "rounded"}),
        ("0.5", 200, {1: "rounded or truncated"}),
    ],
)
def test_known_accuracies(printed, n, expected):
    assert counts.clips_that_give(printed, n) == expected


def test_shares_and_percentages():
    assert counts.clips_that_give("0.763", 253, percent=False) == {193: "rounded"}
    assert counts.clips_that_give("0.524", 253, percent=False) == {}
    with pytest.raises(ValueError, match="0 clips"):
        counts.clips_that_give("50.0", 0)


@given(st.integers(1, 400), st.data(), st.integers(0, 3))
def test_exactly_those_numbers_of_clips_that_can_be_printed_so(n, data, digits):
    printed = sorted(printed_ways(data.draw(st.integers(0, n)), n, digits))[0]
    expected = {k for k in range(n + 1) if printed in printed_ways(k, n, digits)}
    assert set(counts.clips_that_give(printed, n)) == expected


def test_a_tie_is_rounded_either_way():
    assert counts.clips_that_give("12.5", 8) == {1: "rounded or truncated"}
    assert counts.clips_that_give("12", 8) == {1: "rounded or truncated"}  # to the even digit
    assert counts.clips_that_give("13", 8) == {1: "rounded"}


@pytest.mark.parametrize(
    ("printed", "n", "expected"),
    [("50.00", 8, 0), ("80.14", 136, 0.706), ("77.22", 136, -1.412), ("12", 8, 0.5), ("13", 8, -0.5)],
)
def test_distance_of_the_nearest_whole_number_of_clips(printed, n, expected):
    """109 of 136 are 80.1471 %, 105 of 136 are 77.2059 %, 1 of 8 is 12.5 %."""
    assert counts.distance(printed, n) == pytest.approx(expected, abs=5e-4)


@given(st.integers(1, 300), st.integers(1, 3), st.data())
def test_a_number_fits_where_the_nearest_whole_number_of_clips_lies_in_a_band(n, digits, data):
    printed = str(Decimal(data.draw(st.integers(0, 10**digits))).scaleb(-digits))
    distance = counts.distance(printed, n, percent=False)
    near_an_end = min(abs(distance - end) for end in (-0.5, 0.5, 1)) < 1e-9
    assert near_an_end or bool(counts.clips_that_give(printed, n, percent=False)) == (-0.5 < distance < 1)


@pytest.mark.parametrize(("n", "digits"), [(1, 2), (7, 2), (8, 1), (40, 2), (68, 3), (650, 2), (999, 2)])
def test_the_share_of_numbers_that_fit_by_chance_is_that_of_all_numbers_tried(n, digits):
    tried = [str(Decimal(unit).scaleb(-digits)) for unit in range(10**digits + 1)]
    fits = [bool(counts.clips_that_give(printed, n, percent=False)) for printed in tried]
    assert counts.share_that_fits(n, 10**digits) == pytest.approx(np.mean(fits))


def test_plausible_numbers_of_clips():
    assert counts.sizes_that_give("82.59", [246, 247, 249, 255]) == {247: [204]}
    assert counts.sizes_that_give("50", [1, 2, 3, 200]) == {2: [1], 200: [99, 100, 101]}  # 49.5 and 50.5 are ties


def test_rows_of_whole_counts():
    assert counts.rows_that_give(["2.52", "0.00", "94.12", "1.68", "1.68"], 119, True) == [(3, 0, 112, 2, 2)]
    assert counts.rows_that_give(["0.14", "0.29", "0.57", "0.00"], 7, False) == [(1, 2, 4, 0)]
    assert counts.rows_that_give(["0.14", "0.29", "0.57", "0.00"], 15, False) == []
    assert counts.rows_that_give(["0.00", "0.03", "0.00", "0.77"], 30, False) == []  # the cells sum to 0.80


@given(st.lists(st.integers(0, 12), min_size=2, max_size=4).filter(sum))
def test_the_true_row_is_always_among_those_found(row):
    n = sum(row)
    printed = [f"{k / n:.2f}" for k in row]
    rows = counts.rows_that_give(printed, n, percent=False)
    assert tuple(row) in rows
    assert all(sum(other) == n for other in rows)


def test_a_matrix_of_shares_names_its_impossible_rows():
    shares = pd.DataFrame([["0.50", "0.50"], ["0.33", "0.60"]], index=["a", "b"], columns=["a", "b"])
    assert counts.counts_of_shares(shares, {"a": 2, "b": 3}, percent=False) == {"a": [(1, 1)], "b": []}


counts_of_three = st.lists(st.integers(0, 9), min_size=9, max_size=9).map(lambda c: np.array(c).reshape(3, 3))


@given(counts_of_three.filter(lambda m: (m.sum(axis=1) > 0).all() and (m.sum(axis=0) > 0).all()))
def test_definitions_are_those_of_scikit_learn(matrix):
    target, predicted = (np.repeat(np.indices((3, 3))[axis].ravel(), matrix.ravel()) for axis in (0, 1))
    precision, recall = (
        f(target, predicted, average="macro", zero_division=0) for f in (precision_score, recall_score)
    )
    expected = {
        "accuracy (WAR)": (target == predicted).mean(),
        "mean precision": precision,
        "mean recall (UAR)": recall,
        "mean of the classes' F1 (UF1)": f1_score(target, predicted, average="macro"),
        "2PR/(P+R) of mean precision and mean recall": 2 * precision * recall / ((precision + recall) or 1),
        "F1 weighted by class size": f1_score(target, predicted, average="weighted"),
    }
    found = {name: definition(matrix) for name, definition in counts.DEFINITIONS.items()}
    assert found == pytest.approx(expected)
    for name, value in expected.items():
        assert name in counts.definitions_that_fit(f"{value:.4f}", matrix)


def test_which_definition_a_printed_number_is():
    matrix = np.array([[10, 20, 0, 25], [2, 226, 3, 49], [1, 21, 6, 22], [6, 79, 0, 180]])  # PSN, Table 7
    assert list(counts.definitions_that_fit("0.5211", matrix)) == ["2PR/(P+R) of mean precision and mean recall"]
    assert list(counts.definitions_that_fit("0.465", matrix)) == ["mean of the classes' F1 (UF1)"]
    assert list(counts.definitions_that_fit("64.92", matrix, percent=True)) == ["accuracy (WAR)"]
    assert counts.definitions_that_fit("0.4871", matrix) == {}
