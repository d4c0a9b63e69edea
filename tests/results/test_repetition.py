import numpy as np
import pandas as pd
from helpers.made_predictions import THREE, made

from merlib.results import repetition


def of(first, again):
    return repetition.differences(first, again).to_dict("records")


def test_the_same_predictions():
    first = made({0: [[3, 1], [2, 2]], 1: [[1, 1], [0, 3]]})
    again = first.sample(frac=1, random_state=0)
    for row in of(first, again):
        assert (row["folds"], row["same bits"], row["largest difference"], row["other answers"]) == (2, 2, 0, 0)
        assert row["clips"] == 10 and row["accuracy"] == row["accuracy again"]


def test_a_last_bit_is_seen():
    first = made({0: [[3, 1], [2, 2]]})
    again = first.copy()
    again.loc[3, "logit_surprise"] = np.nextafter(again.loc[3, "logit_surprise"], 2)
    (row,) = of(first, again)
    assert (row["folds"], row["same bits"], row["other answers"]) == (2, 1, 0)
    assert 0 < row["largest difference"] < 1e-15


def test_other_answers_count_at_the_last_epoch():
    first, again = made({0: [[5, 5], [3, 3]]}), made({0: [[0, 0], [3, 1]]})
    (row,) = of(first, again)
    assert (row["same bits"], row["largest difference"], row["other answers"]) == (0, 1, 2)
    assert (row["accuracy"], row["accuracy again"]) == (0.6, 0.4)


def test_classes_of_another_scheme_do_not_count():
    three = made({0: [[1]]}, classes=THREE, scheme="casme2-3")
    first = pd.concat([made({0: [[1]]}), three], ignore_index=True)
    assert [row["same bits"] for row in of(first, first)] == [1, 1]


def test_a_fold_that_one_of_the_two_lacks():
    first = made({0: [[3, 1]]})
    (row,) = of(first, first[first["fold"] != "casme2/001"])
    assert (row["folds"], row["same bits"], row["other answers"]) == (2, 1, 5)
    (row,) = of(first[first["fold"] != "casme2/001"], first)
    assert (row["folds"], row["same bits"], row["other answers"]) == (2, 1, 5)
