"""The tables of findings: what they count, whom they name, and that nothing is lost."""

import pandas as pd
import pytest

from merlib.audit import findings, listing


@pytest.fixture(scope="module")
def found():
    return findings.findings()


def test_the_tally_counts_every_finding_of_every_paper(found):
    tally = listing.tally(found)
    assert tally.to_numpy().sum() == len(found)
    assert tally.loc["PSN"].to_dict() == {"fits": 164, "cannot be told": 0, "does not fit": 36}
    assert set(tally.index) == set(listing.PAPERS.values())


def test_sentences_have_the_names_that_are_printed():
    rows = pd.DataFrame(
        {
            "paper": ["mmnet", "sma_stn"],
            "table": ["table_6", "databases"],
            "what": ["beside sma_stn databases", "psn"],
            "arithmetic": ["mmnet table_6 71.19, sma_stn table_1 70.78", "psn table_4 beside psn table_8"],
        }
    )
    assert listing.named(rows).to_numpy().tolist() == [
        ["MMNet", "Table 6", "beside SMA-STN's text", "MMNet Table 6 71.19, SMA-STN Table 1 70.78"],
        ["SMA-STN", "text", "PSN", "PSN Table 4 beside PSN Table 8"],
    ]


def test_no_short_name_is_left_in_the_list_of_all_findings(found):
    table = listing.every(found)
    assert len(table.frame) == len(found)
    outcomes = table.frame["outcome"].tolist()
    assert outcomes == sorted(outcomes, key=listing.OUTCOMES.index)
    texts = table.frame.drop(columns="outcome").astype(str).agg(" ".join, axis="columns")
    assert not texts.str.contains(r"\b(?:sma_stn|micro_attention|mmnet|vggface_lstm|psn|table_\d)\b").any()


def test_the_table_of_meanings_counts_the_definitions_that_matrices_show(found):
    rows = listing.meanings(found).set_index(["paper", "table"])
    shown = rows["F1, by the matrices"]
    assert shown["PSN", "Table 6"].startswith("6 × mean of the classes' F1 (UF1), 5 × 2PR/(P+R)")
    assert shown["MMNet", "Table 6"] == "no matrix"
    assert rows.loc[("Micro-Attention", "Table 2"), "protocol"] == "HDE"


def test_accuracies_by_chance():
    table = listing.accuracies_by_chance()
    row = table.frame.set_index(["paper", "clips"]).loc[("Micro-Attention", 253)]
    assert row.to_dict() == {"printed in steps of": "1/1000", "numbers": 8, "a whole number": 3, "by chance": "3.0"}
    assert table.notes == ("52 of 149 accuracies have no stated number of clips. They cannot be checked.",)


def test_own_accuracies_are_of_the_papers_own_methods():
    rows = listing.own_accuracies()
    assert set(rows["paper"]) == set(listing.PAPERS.values())
    assert rows["what"].str.contains("MMNet (Ours), CASME II, 5 classes, accuracy 88.35 %", regex=False).sum() == 1
    assert not rows["what"].str.contains("GACNN|TSCNN").any()


@pytest.mark.parametrize(
    ("make", "rows", "note"),
    [
        (listing.counts_that_differ, 6, "6 of 38 such comparisons differ."),
        (listing.rows_of_table_8, 14, "80 of 94 checks of Table 8 fit."),
    ],
)
def test_what_does_not_fit(found, make, rows, note):
    table = make(found)
    assert len(table.frame) == rows
    assert table.notes == (note,)


def test_pairs_of_the_papers_own_methods(found):
    table = listing.own_pairs(found)
    assert set(table.frame["paper"]) == {"SMA-STN", "Micro-Attention", "MMNet"}
    assert table.notes[0].startswith("56 of 56 printed pairs pass")
