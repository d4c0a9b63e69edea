"""A paper's own accuracy beside the next best of its table."""

import pytest
from scipy.stats import binomtest

from merlib.audit import leads


@pytest.fixture(scope="module")
def found():
    return leads.leads()


def test_a_lead_that_clips_can_be_counted_for(found):
    """MMNet's ablation on SAMM: 109 of 136 clips, the PC module alone 105."""
    row = found.query("paper == 'mmnet' and table == 'table_3' and what == 'SAMM, 5 classes'").iloc[0]
    assert (row["clips"], row["next best"], row["clips more"]) == ("109/136", "PC module", 4)
    assert row["own"] == pytest.approx(109 / 136) and row["its accuracy"] == pytest.approx(0.7721)
    interval = binomtest(109, 136).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["lowest p"] == pytest.approx(2 ** (1 - 4))


def test_a_next_best_that_is_of_other_clips_has_no_p(found):
    row = found.query("paper == 'sma_stn' and table == 'table_2'").iloc[0]
    assert row[["clips more", "lowest p", "highest p"]].isna().all()


def test_the_next_best_is_the_largest_of_the_others(found):
    assert not found["next best"].isin(leads.OWN).any()
    row = found.query("paper == 'mmnet' and table == 'table_6' and what == 'CASME II, 5 classes'").iloc[0]
    assert row["next best"] == "SMA-STN"  # 82.59


def test_the_table_counts_what_its_columns_say(found):
    table = leads.table(found)
    below = (table.frame["next best below the interval"] == "yes").sum()
    assert table.notes[0].startswith(f"{below} of {len(found)} next best accuracies lie below")
    assert (table.frame["p of McNemar's test"] == "").sum() == found["lowest p"].isna().sum() == 4
    assert (table.frame.query("`next best below the interval` == 'no'")["low"] <= table.frame.query(
        "`next best below the interval` == 'no'")["its accuracy"]).all()  # fmt: skip
