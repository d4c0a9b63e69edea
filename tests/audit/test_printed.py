"""The printed numbers as the tables have them, and the class counts that they are stated to be of."""

import pytest

from merlib.audit import printed


def test_numbers_and_pairs_are_the_printed_ones():
    shares = printed.numbers({"accuracy %"})
    assert (shares["metric"] == "accuracy %").all() and "—" not in set(shares["printed"])
    assert shares.query("paper == 'mmnet' & table == 'table_6'")["printed"].tolist().count("88.35") == 1
    both = [
        (right.printed, f1.printed) for right, f1 in printed.pairs({"accuracy %"}, "f1") if f1.method == "MMNet (Ours)"
    ]
    assert both == [("95.51", "0.9494"), ("88.35", "0.8676"), ("90.22", "0.8391"), ("80.14", "0.7291")]


def test_class_counts_of_an_evaluation():
    assert printed.used("micro_attention", "casme2+samm", 5) == {
        "Happiness": 49, "Surprise": 28, "Anger": 119, "Disgust": 34, "Sadness": 23,
    }  # fmt: skip
    assert printed.used("mmnet", "samm", 3) == {"Positive": 26, "Negative": 92, "Surprise": 15}
    with pytest.raises(KeyError):
        printed.used("vggface_lstm", "smic", 3)
