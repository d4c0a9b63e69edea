"""PSN's Table 6 beside its Table 7."""

import numpy as np
import pytest

from merlib import published
from merlib.audit import definitions
from merlib.results import metrics


def test_matrices_are_those_of_table_7_in_the_order_of_table_6():
    matrices = definitions.matrices()
    assert list(matrices) == published.table("psn", "table_6")["method"].unique().tolist()
    assert matrices["PSN"].tolist() == [[10, 20, 0, 25], [2, 226, 3, 49], [1, 21, 6, 22], [6, 79, 0, 180]]
    assert {matrix.sum() for matrix in matrices.values()} == {650}


def test_scores_are_those_of_the_matrices():
    scores = definitions.scores()
    matrix = published.confusion("psn", "table_7", "KFC").astype(int).to_numpy()
    assert scores.loc["KFC", "mean recall (UAR)"] == pytest.approx(metrics.uar(matrix))
    assert scores.shape == (10, 6) and not np.isnan(scores.to_numpy()).any()


def test_the_table_names_the_definition_of_each_printed_number():
    table = definitions.which_f1()
    rows = table.frame.set_index("method")
    assert rows.loc["PSN", ["printed UF1", "the printed UF1 is"]].tolist() == ["0.5211", "2PR/(P+R)"]
    assert rows.loc["PSN", ["printed UAR", "the printed UAR is"]].tolist() == ["0.4871", "none of these"]
    assert rows.loc["STSTNet", "the printed UF1 is"] == "UF1 and 2PR/(P+R)"
    assert rows.loc["LBP-SIP 7×7", "the printed UAR is"] == "mean of the classes' F1 (UF1)"
    assert table.notes == (
        "The UF1 that is printed for 10 methods is: 5 × UF1, 4 × 2PR/(P+R), 1 × UF1 and 2PR/(P+R).",
        "8 of 10 printed UARs are that of their matrix.",
    )
