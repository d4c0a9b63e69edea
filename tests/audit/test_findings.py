"""The findings on the five papers' numbers, each recomputed here in another way."""

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support, recall_score

from merlib import published
from merlib.audit import findings

UF1, MEANS = "mean of the classes' F1 (UF1)", "2PR/(P+R) of mean precision and mean recall"
POOLED = "casme+casme2+cas_me_2+samm"
METHODS = ["LBP-SIP 7×7", "KFC", "BDCNN", "RCN-w", "STSTNet", "FR", "MERANet", "FG-AU-Fusion", "MERSiamC3D", "PSN"]


@pytest.fixture(scope="module")
def found():
    return findings.findings()


def one(found, paper, table, what):
    """The one finding whose `what` contains the text."""
    rows = found[(found["paper"] == paper) & (found["table"] == table) & found["what"].str.contains(what, regex=False)]
    assert len(rows) == 1, rows["what"].tolist()
    return rows.iloc[0]


def labels(matrix):
    matrix = np.asarray(matrix)
    return [np.repeat(np.indices(matrix.shape)[axis].ravel(), matrix.ravel()) for axis in (0, 1)]


def both_f1s(matrix):
    """Of the classes' F1, and of mean precision and mean recall; by scikit-learn."""
    precision, recall, f1, _ = precision_recall_fscore_support(*labels(matrix), zero_division=0)
    p, r = precision.mean(), recall.mean()
    return f1.mean(), 2 * p * r / (p + r)


def printed_two_ways(k, n):
    """k of n to two decimals, rounded and truncated, by decimal arithmetic."""
    share = Decimal(k) / Decimal(n)
    return {str(share.quantize(Decimal("0.01"), rule)) for rule in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)}


def test_every_finding_is_whole(found):
    assert list(found) == ["check", "paper", "table", "what", "arithmetic", "verdict", "agrees"]
    assert not (found[["paper", "table", "what", "arithmetic", "verdict"]] == "").any().any()
    assert not found.duplicated(["paper", "table", "what"]).any()
    assert set(found["check"]) == set(findings.CHECKS)
    assert set(found["paper"]) == {"sma_stn", "micro_attention", "psn", "mmnet", "vggface_lstm"}


def test_every_printed_accuracy_is_checked_once(found):
    checked = found[
        found["what"].str.contains(r", (?:accuracy|war) [\d.]+(?: %)?$")
        & ~found["arithmetic"].str.startswith("the matrix")
    ]
    names = [path.stem.rsplit("_table_", 1) for path in published.FOLDER.glob("*_table_*.csv")]
    cells = pd.concat(published.table(paper, f"table_{number}") for paper, number in names)
    printed = cells[cells["metric"].isin(["accuracy %", "accuracy", "war"])]
    assert len(checked) == len(printed) + 4  # SMA-STN's Figure 6, PSN's Figure 7, and Bai's two


# --- whole numbers of clips ---


@pytest.mark.parametrize(
    ("paper", "table", "what", "verdict"),
    [
        ("mmnet", "table_6", "MMNet (Ours), CASME II, 5 classes, accuracy", "220 of 249 clips, rounded or truncated"),
        ("mmnet", "table_6", "MMNet (Ours), CASME II, 3 classes, accuracy", "149 of 156 clips, rounded or truncated"),
        ("mmnet", "table_7", "MMNet (Ours), SAMM, 5 classes, accuracy", "109 of 136 clips, truncated"),
        ("mmnet", "table_7", "MMNet (Ours), SAMM, 3 classes, accuracy", "120 of 133 clips, truncated"),
        (
            "sma_stn",
            "table_1",
            "SMA-STN (Ours), CASME II, 5 classes, accuracy",
            "204 of 247 clips, rounded or truncated",
        ),
        ("sma_stn", "table_2", "SMA-STN (Ours), SAMM, 5 classes, accuracy", "105 of 136 clips, truncated"),
        ("sma_stn", "table_3", "SMA-STN (Ours), SMIC-HS, 3 classes, accuracy", "127 of 164 clips, rounded"),
    ],
)
def test_the_papers_own_accuracies(found, paper, table, what, verdict):
    assert one(found, paper, table, what)["verdict"] == verdict
    k, n = map(int, re.match(r"(\d+) of (\d+)", verdict).groups())
    assert f"{k}/{n} = {100 * k / n:.4f}" in one(found, paper, table, what)["arithmetic"]


def test_accuracies_that_are_no_whole_number_of_the_clips_are_those_quoted_from_elsewhere(found):
    rows = found[found["verdict"].str.startswith("no whole number")]
    assert set(zip(rows["paper"], rows["table"], strict=True)) == {("micro_attention", "table_4")}
    quoted = [what.split(",")[0] for what in rows["what"]]
    assert quoted == ["LBP-TOP", "HOOF", "3D-HOG", "ELRCN", "Merghani et al"]
    for what in rows["what"]:
        printed = what.split()[-1]
        shares = [Fraction(k, 253) for k in range(254)]
        assert not any(f"{float(s):.3f}" == printed or int(s * 1000) == int(printed[2:]) for s in shares)


def test_accuracies_without_a_number_of_clips_are_neither_right_nor_wrong(found):
    lstm = one(found, "vggface_lstm", "section_3_2", "accuracy 60.06 %")
    assert lstm["agrees"] is pd.NA and "none of those tried" in lstm["verdict"] and lstm["arithmetic"] == "tried: 164"
    assert one(found, "mmnet", "table_6", "TSCNN, CASME II")["verdict"].endswith("if they are 247")


# --- class counts, people, quotations ---


def test_class_counts_that_differ(found):
    rows = found[found["what"].str.startswith("class counts") & ~found["agrees"]]
    assert rows["verdict"].tolist() == [
        "the classes do not add up to the total",
        "they differ: Disgust 63 against 64, Surprise 28 against 25",
        "they differ: Surprise 7 against 15",
    ]
    assert rows.iloc[0]["arithmetic"] == f"2 + 18 + 15 + 27 = {2 + 18 + 15 + 27}, printed 57"


def test_people_that_differ(found):
    rows = found[found["what"].str.startswith("subjects of")].set_index("what")
    assert rows["agrees"].to_dict() == {
        "subjects of CASME II": False, "subjects of SAMM": False, "subjects of SMIC-HS": True,
    }  # fmt: skip


def test_a_number_quoted_otherwise_than_printed(found):
    rows = found[found["verdict"].str.startswith("the papers differ;")]
    assert rows[["arithmetic", "verdict"]].to_numpy().tolist() == [
        ["mmnet table_6 71.19, sma_stn table_1 70.78", "the papers differ; 71.19 is SSSN's in sma_stn table_1"]
    ]


# --- matrices ---


def test_micro_attentions_matrix_in_counts(found):
    rows = found[(found["paper"] == "micro_attention") & (found["table"] == "table_5")]
    counts = [list(map(int, text.split(": ")[1].split("/"))) for text in rows["arithmetic"]]
    assert [sum(row) for row in counts] == [49, 28, 119, 34, 23]
    assert np.trace(counts) == 40 + 15 + 112 + 16 + 10 == 193
    assert f"{193 / 253:.3f}" == "0.763" and f"{both_f1s(counts)[0]:.3f}" == "0.668" != f"{both_f1s(counts)[1]:.3f}"
    assert "UF1" in one(found, "micro_attention", "table_4", "Micro-Attention, f1 0.668")["verdict"]


@pytest.mark.parametrize("method", METHODS)
def test_which_f1_a_row_of_psns_table_6_is(found, method):
    """Four rows are 2PR/(P+R), five the mean of the classes' F1, and STSTNet's is both to four digits."""
    uf1, means = both_f1s(published.confusion("psn", "table_7", method).astype(int))
    printed = published.table("psn", "table_6").query("method == @method & database == @POOLED")
    printed = printed.set_index("metric").loc["uf1", "printed"]
    is_uf1, is_means = (printed in (f"{x:.4f}", f"{np.floor(x * 1e4) / 1e4:.4f}") for x in (uf1, means))
    verdict = one(found, "psn", "table_6", f"{method}, uf1")["verdict"]
    assert (UF1 in verdict, MEANS in verdict) == (is_uf1, is_means)
    expected = {"LBP-SIP 7×7": (False, True), "RCN-w": (False, True), "FR": (False, True), "PSN": (False, True)}
    assert (is_uf1, is_means) == expected.get(method, (True, method == "STSTNet"))


def test_psn_leads_under_one_definition_of_f1_and_not_under_the_other(found):
    scores = {m: both_f1s(published.confusion("psn", "table_7", m).astype(int)) for m in METHODS}
    assert max(METHODS, key=lambda m: scores[m][0]) == "MERSiamC3D"
    assert max(METHODS, key=lambda m: scores[m][1]) == "PSN"
    assert one(found, "psn", "table_7", f"ranking by {UF1}")["verdict"] == "PSN is number 2 of 10, behind MERSiamC3D"
    assert one(found, "psn", "table_7", f"ranking by {MEANS}")["verdict"] == "PSN is number 1 of 10"


def test_psns_printed_uar_is_not_that_of_its_matrix(found):
    target, predicted = labels(published.confusion("psn", "table_7", "PSN").astype(int))
    assert f"{recall_score(target, predicted, average='macro'):.5f}" == "0.44705"
    assert one(found, "psn", "table_6", "PSN, uar 0.4871")["verdict"] == "no definition gives it"


def test_rows_of_table_8_that_are_of_no_whole_clips(found):
    rows = found[found["verdict"].str.contains("whole clips has these shares")]
    names = [what.replace(" row ", " ") for what in rows["what"]]
    assert names == [
        "BDCNN, CASME, Positive", "BDCNN, CASME, Surprise", "BDCNN, CASME, Others", "STSTNet, CASME, Others",
        "BDCNN, CASME II, Positive", "BDCNN, CASME II, Surprise", "STSTNet, CASME II, Others",
        "BDCNN, SAMM, Positive", "BDCNN, SAMM, Negative", "RCN-w, SAMM, Negative",
    ]  # fmt: skip
    for what, text in zip(rows["what"], rows["arithmetic"], strict=True):
        cells, n = text.split(" of ")[0].split(), int(re.search(r"of (\d+) clips", text)[1])
        candidates = [[k for k in range(n + 1) if cell in printed_two_ways(k, n)] for cell in cells]
        assert not any(sum(row) == n for row in product(*candidates)), what


def test_a_matrix_printed_across(found):
    """KFC on CASME: the columns sum to 1 and are eighths, hundredths and so on; the rows are not."""
    matrix = published.confusion("psn", "table_8", "KFC", "casme").astype(float)
    assert matrix.sum(axis="index").round(2).tolist() == [1.01, 1, 1, 1]
    assert matrix.sum(axis="columns").round(2).tolist() == [1, 1.33, 1.04, 0.64]
    text = found.query("paper == 'psn' & what == 'KFC, CASME'").iloc[0]
    assert "rows and columns exchanged" in text["verdict"]
    for column, n in zip(matrix, (8, 100, 14, 67), strict=True):
        counts = list(map(int, re.search(rf"{column} ([\d/]+)", text["arithmetic"])[1].split("/")))
        assert sum(counts) == n
        assert np.abs(np.array(counts) / n - matrix[column].to_numpy()).max() <= 0.0051


def test_the_databases_add_up_to_the_pooled_matrix(found):
    rows = found[found["what"].str.contains("over databases")]
    for row in rows[rows["agrees"]].itertuples():
        parts, whole = row.arithmetic.split(" beside ")
        sums = np.sum([list(map(int, part.split("/"))) for part in parts.split(" + ")], axis=0)
        assert "/".join(map(str, sums)) == whole
    assert rows["agrees"].sum() == 14 and len(rows) == 17
    left = one(found, "psn", "table_8", "RCN-w, row Negative, over databases")
    assert "0/8/0/22 or 0/7/0/23 of 30 clips" in left["arithmetic"]


@pytest.mark.parametrize("method", METHODS[:5])
def test_cas_me_2_fits_fifteen_surprise_clips_and_not_seven(found, method):
    row = found[found["what"].str.startswith(f"{method}, CAS(ME)², UAR") & found["what"].str.contains("UF1")].iloc[0]
    assert row["verdict"].endswith("does not give both numbers; one with 15 (Table 8) does")
    uar, uf1 = re.findall(r"0\.\d{4}", row["what"])
    rows = row["arithmetic"].rsplit(" from ", 1)[1].split("; ")
    matrix = np.array([list(map(int, text.split("/"))) for text in rows])
    assert matrix.sum(axis=1).tolist() == [2, 18, 15, 27]
    target, predicted = labels(matrix)
    assert f"{recall_score(target, predicted, average='macro'):.4f}" == uar
    assert f"{f1_score(target, predicted, average='macro'):.4f}" == uf1
    with_seven = published.confusion("psn", "table_8", method, "cas_me_2").astype(float).to_numpy()
    counts = np.round(with_seven * np.array([[2], [18], [7], [27]])).astype(int)
    assert counts.sum(axis=1).tolist() == [2, 18, 7, 27]
    assert f"{both_f1s(counts)[0]:.4f}" != uf1


def test_three_uars_on_cas_me_2_that_seven_surprise_clips_cannot_give(found):
    rows = found[found["verdict"].str.startswith("only 2/18/15/27")]
    assert [what.split(",")[0] for what in rows["what"]] == ["KFC", "MERANet", "PSN"]
    for what in rows["what"]:  # a sum of four such recalls is a multiple of 1/378, 378 = lcm(2, 18, 7, 27)
        number = Fraction(what.split()[-1]) * 4 * 378
        assert number.__floor__() / 1512 < float(what.split()[-1]) - 0.00005
        assert (number.__floor__() + 1) / 1512 >= float(what.split()[-1]) + 0.0001


# --- pairs ---


def test_pairs_are_within_what_accuracy_and_class_counts_leave(found):
    rows = found[found["arithmetic"].str.contains("recognised: ")]
    assert rows["agrees"].all()
    f1s = rows[rows["arithmetic"].str.contains("UF1 is")]
    assert set(f1s["paper"]) == {"sma_stn", "micro_attention", "mmnet"}
    assert (rows["verdict"] == "some matrix has both").sum() == 14
