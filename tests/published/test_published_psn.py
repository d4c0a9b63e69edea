"""PSN's tables against a second reading of the paper's text, their sums, and what their matrices give."""

import re

import numpy as np
import pytest
from helpers.made_predictions import made
from sklearn.metrics import f1_score, precision_score, recall_score

from merlib import published
from merlib.results import metrics, tables

POOLED = "casme+casme2+cas_me_2+samm"
DATABASE_OF = {
    "CASME": "casme", "CASME II": "casme2", "CAS(ME) ²": "cas_me_2", "SAMM": "samm",
    "Total": POOLED, "Combined Database": POOLED,
}  # fmt: skip
CLASSES = {"P": "Positive", "N": "Negative", "S": "Surprise", "O": "Others"}
METHODS = ["LBP-SIP 7×7", "KFC", "BDCNN", "RCN-w", "STSTNet", "FR", "MERANet", "FG-AU-Fusion", "MERSiamC3D", "PSN"]


@pytest.fixture(scope="module")
def text(shared):
    return (shared / "papers" / "psn.txt").read_text(encoding="utf-8")


def rows_of(text, number):
    after = re.split(rf"^Table {number}: .*$", text, flags=re.MULTILINE)[1].strip("\n ")
    return [[cell.strip() for cell in line.split("\t")] for line in after.split("\n\n")[0].splitlines()]


def cells_of(table, *columns):
    cells = published.table("psn", table)
    return set(cells[[*columns, "printed"]].itertuples(index=False, name=None)), len(cells)


def named(printed):
    return re.sub(r" \[\d+\]$", "", printed)


def test_the_rules_agree_with_a_second_reading(text):
    read = {(c, "action units", aus) for c, aus, _ in rows_of(text, 2)[1:]}
    read |= {(c, "emotion", emotion) for c, _, emotion in rows_of(text, 2)[1:]}
    assert cells_of("table_2", "setting", "metric") == (read, 14)
    read = {(name, "label", label) for label, name, _ in rows_of(text, 3)[1:]}
    read |= {(name, "criterion", stands) for _, name, stands in rows_of(text, 3)[1:]}
    assert cells_of("table_3", "setting", "metric") == (read, 8)


def test_table_4_agrees_with_a_second_reading(text):
    (_, *classes), *lines = rows_of(text, 4)
    read = {(DATABASE_OF[label], name, n) for label, *values in lines for name, n in zip(classes, values, strict=True)}
    assert cells_of("table_4", "database", "setting") == (read, 25)


def test_table_5_agrees_with_a_second_reading(text):
    """The category, or nothing, comes first or not; a row without a name goes on with the method above."""
    read, method = set(), ""
    for line in rows_of(text, 5)[1:]:
        names = [cell for cell in line if not re.fullmatch(r"[\d.]*|HF-ML|DL", cell)]
        rate, *f1 = [cell for cell in line if re.fullmatch(r"\d+\.\d+", cell)]
        setting = next((name for name in names if re.fullmatch(r"\d×\d|\w-extension", name)), "")
        method = next((named(name) for name in names if name != setting), method)
        read.add((method, setting, "accuracy %", rate))
        read |= {(method, setting, "f1", value) for value in f1}
    assert len(read) == 14 + 8
    assert cells_of("table_5", "method", "setting", "metric") == (read, 22)


def test_table_6_agrees_with_a_second_reading(text):
    (_, *spans), (_, *heads), *lines = rows_of(text, 6)
    read = {
        (named(method), DATABASE_OF[spans[i - i % 2]], heads[i].lower(), value)
        for method, *values in lines
        for i, value in enumerate(values)
    }
    assert cells_of("table_6", "method", "database", "metric") == (read, 100)


def read_matrices(lines, offset):
    """method -> rows of text; blocks of one line of methods, one of P N S O, then a line a true class."""
    read = {}
    for line in lines:
        values = line[offset:]
        if any(name in METHODS for name in values):
            methods = [name for name in values if name]
        elif values[:4] != list(CLASSES):
            assert len(values) == 4 * len(methods)
            for i, method in enumerate(methods):
                read.setdefault(method, []).append(values[4 * i : 4 * i + 4])
    return read


def test_table_7_agrees_with_a_second_reading(text):
    lines = rows_of(text, 7)
    read = read_matrices(lines, 1)
    assert list(read) == METHODS
    for method in METHODS:
        matrix = published.confusion("psn", "table_7", method)
        assert list(matrix.index) == list(matrix.columns) == list(CLASSES.values())
        assert matrix.to_numpy().tolist() == read[method]
    counts = {CLASSES[c]: int(n) for c, n in re.findall(r"^([PNSO]) \((\d+)\)", "\n".join(r[0] for r in lines), re.M)}
    assert published.class_counts("psn", "table_7", POOLED) == counts


def test_table_8_agrees_with_a_second_reading_which_has_five_methods_only(text):
    heading, letters, *lines = rows_of(text, 8)
    assert letters[2:] == list(CLASSES) * 5
    for start in range(0, 16, 4):
        block = lines[start : start + 4]
        name, total = re.fullmatch(r"(.+) \((\d+)\)", block[0][0]).groups()
        read = read_matrices([heading, *block], 2)
        assert list(read) == METHODS[:5]
        for method in read:
            matrix = published.confusion("psn", "table_8", method, DATABASE_OF[name])
            assert matrix.to_numpy().tolist() == read[method]
        printed = {CLASSES[row[1][0]]: int(row[1][3:-1]) for row in block}
        assert published.class_counts("psn", "table_8", DATABASE_OF[name]) == printed
        sums = published.table("psn", "table_8").query("setting == 'Total'").set_index("database")["printed"]
        assert sums[DATABASE_OF[name]] == total
    assert len(published.table("psn", "table_8")) == 4 * (5 + 5 * 16)


def test_table_9_agrees_with_a_second_reading(text):
    read, backbone = set(), ""
    for name, fusion, mean, deviation, f1 in rows_of(text, 9)[1:]:
        backbone = name or backbone
        numbers = {"accuracy %": mean, "std": deviation, "f1": f1}
        read |= {(backbone, fusion, metric, value) for metric, value in numbers.items()}
    assert cells_of("table_9", "method", "setting", "metric") == (read, 27)


def test_figure_7_has_what_the_text_states(text):
    rate, f1 = re.search(
        r"PSN_spatial gets the highest recognition rate (\d+)%.*?F1 score only is ([\d.]+)\.", text
    ).groups()
    assert list(published.table("psn", "figure_7")["printed"]) == [rate, f1]


def test_table_4_sums_along_both_sides():
    pooled = published.class_counts("psn", "table_4", POOLED)
    single = [published.class_counts("psn", "table_4", part) for part in POOLED.split("+")]
    assert pooled == {name: sum(counts[name] for counts in single) for name in CLASSES.values()}
    totals = published.table("psn", "table_4").query("setting == 'Total'").set_index("database")["printed"].astype(int)
    assert {name: sum(published.class_counts("psn", "table_4", name).values()) for name in totals.index} == dict(totals)


@pytest.mark.parametrize("method", METHODS)
def test_table_7_has_the_class_counts_and_the_accuracy_of_table_5(method):
    matrix = published.confusion("psn", "table_7", method).astype(int).to_numpy()
    assert matrix.sum(axis=1).tolist() == list(published.class_counts("psn", "table_7", POOLED).values())
    rates = published.table("psn", "table_5").query("metric == 'accuracy %'").set_index(["method", "setting"])
    row = {"LBP-SIP 7×7": ("LBP-SIP", "7×7"), "RCN-w": ("RCN", "w-extension")}.get(method, (method, ""))
    assert abs(100 * metrics.accuracy(matrix) - float(rates.loc[row, "printed"])) < 0.01


def test_psns_own_matrix_gives_the_known_numbers():
    matrix = published.confusion("psn", "table_7", "PSN").astype(int).to_numpy()
    target, predicted = (np.repeat(np.indices((4, 4))[axis].ravel(), matrix.ravel()) for axis in (0, 1))
    precision = precision_score(target, predicted, average="macro")
    recall = recall_score(target, predicted, average="macro")
    assert (np.trace(matrix), matrix.sum()) == (422, 650)
    assert [f"{x:.4f}" for x in (422 / 650, precision, recall)] == ["0.6492", "0.6246", "0.4471"]
    assert f"{2 * precision * recall / (precision + recall):.4f}" == f"{metrics.f1_of_means(matrix):.4f}" == "0.5211"
    assert f"{f1_score(target, predicted, average='macro'):.3f}" == f"{metrics.uf1(matrix):.3f}" == "0.465"


def test_a_matrix_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(KeyError, match=r"no one matrix of 'PSN', 'samm'.*\('KFC', 'samm'\)"):
        published.confusion("psn", "table_8", "PSN", "samm")
    with pytest.raises(KeyError, match="no one matrix of 'KFC', None"):
        published.confusion("psn", "table_8", "KFC")


def test_ours_beside_a_published_uf1_are_both_definitions():
    predictions = made({0: [[3, 1]]}, database=POOLED, classes=("positive", "negative", "surprise", "others"))
    frame = tables.compare("psn", "table_6", {"PSN": predictions}).frame
    row = frame.loc[("PSN", published.database_name("cas_me_2+casme+casme2+samm"), 4)]
    score = metrics.scores(predictions, "last").iloc[0]
    assert row["published", "UF1"] == "0.5211"
    assert row["ours, last epoch", "UF1"] == f"{score['uf1']:.4f}"
    assert row["ours, last epoch", "2PR/(P+R)"] == f"{score['f1_of_means']:.4f}" != f"{score['uf1']:.4f}"


def test_ours_beside_a_published_deviation_is_that_over_folds():
    predictions = made(
        {0: [[3, 1], [1, 2, 2, 2]]}, database=POOLED, classes=("positive", "negative", "surprise", "others")
    )
    frame = tables.compare("psn", "table_9", {("AlexNet", "SUM"): predictions}).frame
    assert list(frame["published"].columns) == ["Acc. (%)", "clips", "STD", "F1"]
    assert list(frame["ours, last epoch"].columns) == ["Acc. (%)", "STD", "F1"]
    row = frame.loc[("AlexNet, SUM", published.database_name("cas_me_2+casme+casme2+samm"), 4)]
    assert row["ours, last epoch", "STD"] == f"{metrics.scores(predictions, 'last')['accuracy_fold_sd'].item():.4f}"
