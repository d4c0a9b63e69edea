import numpy as np
import pandas as pd
import pytest
from helpers.made_predictions import THREE, made

from merlib import published
from merlib.results import confusions, metrics


def of(database, right):
    return made({0: right}, classes=THREE, database=database, scheme="psn-4")


@pytest.fixture
def pooled():
    """Two subjects of CASME II and one of SAMM, over two epochs, predicted together; three clips each."""
    both = pd.concat([of("casme2", [[3, 0], [1, 1]]), of("samm", [[2], [0]])], ignore_index=True)
    return both.assign(database="casme2+samm")


def test_pooled_predictions_come_apart_by_database(pooled):
    places = confusions.by_database(pooled)
    assert {place: len(part) for place, part in places.items()} == {"pooled": 18, "CASME II": 12, "SAMM": 6}
    assert set(places["SAMM"]["subject"]) == {"samm/000"} and set(places["SAMM"]["database"]) == {"samm"}
    pd.testing.assert_frame_equal(places["pooled"], pooled)


def test_one_database_is_one_place():
    assert list(confusions.by_database(of("samm", [[1]]))) == ["SAMM"]


def test_the_databases_matrices_add_up_to_the_pooled_one(pooled):
    found = confusions.of_methods({"PSN": pooled})
    assert list(found) == [("pooled", "PSN"), ("CASME II", "PSN"), ("SAMM", "PSN")]
    np.testing.assert_array_equal(found["pooled", "PSN"], found["CASME II", "PSN"] + found["SAMM", "PSN"])
    assert [int(np.trace(counts)) for counts in found.values()] == [2, 2, 0]  # of the last epoch


def test_the_epoch_rule_chooses_per_fold(pooled):
    best = confusions.of_methods({"PSN": pooled}, "best test epoch")
    assert [int(np.trace(counts)) for counts in best.values()] == [3 + 1 + 2, 3 + 1, 2]


def test_the_matrix_is_that_of_the_first_seed():
    two = made({4: [[5, 0]], 7: [[0, 0]]})
    assert np.trace(confusions.of_predictions(two)) == 5


def test_published_shares_become_clips_by_the_class_counts_of_their_table():
    shares, clips = confusions.printed("psn", "table_8"), confusions.printed_clips("psn", "table_8")
    sizes = published.class_counts("psn", "table_8", "casme")
    of_negative = shares["CASME", "KFC"].loc["negative"].astype(float)
    np.testing.assert_allclose(clips["CASME", "KFC"].loc["negative"], of_negative * sizes["Negative"])
    assert shares.keys() == clips.keys()


def test_published_counts_stay_as_they_are():
    printed, clips = confusions.printed("psn", "table_7"), confusions.printed_clips("psn", "table_7")
    assert printed["pooled", "PSN"].loc["positive"].tolist() == ["10", "20", "0", "25"]
    np.testing.assert_array_equal(clips["pooled", "PSN"], printed["pooled", "PSN"].astype(float))
    assert metrics.accuracy(clips["pooled", "PSN"].to_numpy()) == pytest.approx(422 / 650)


def test_beside_each_other_stand_matrices_of_the_same_place():
    theirs = {("SAMM", "PSN"): pd.DataFrame([["0.70", "0.30"], ["—", "1.00"]], list("ab"), list("ab"))}
    counts = pd.DataFrame([[1, 2], [0, 0]], list("ab"), list("ab"))
    ours = {("SAMM", "PSN, ours"): counts, ("pooled", "PSN, ours"): 10 * counts}
    table = confusions.beside(theirs, ours, shares=True)
    assert table.index.tolist() == [
        ("SAMM", name, target) for name in ("PSN, published", "PSN, ours") for target in ("a", "b")
    ]
    assert table.to_numpy().tolist() == [["0.70", "0.30"], ["—", "1.00"], ["0.33", "0.67"], ["0.00", "0.00"]]
    assert confusions.beside(theirs, ours).to_numpy().tolist()[2:] == [["1", "2"], ["0", "0"]]
