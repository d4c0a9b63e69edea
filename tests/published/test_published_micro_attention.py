"""Micro-Attention's tables against a second reading of the paper's text, and their sums."""

import re

import numpy as np
import pandas as pd
import pytest

from merlib import published
from merlib.results import metrics, tables

OWN = "Residual Network with Micro-Attention"
CLASSES = ["Happiness", "Surprise", "Anger", "Disgust", "Sadness"]
DATABASE_OF = {"CASMEII": "casme2", "CASME II": "casme2", "SAMM": "samm", "SMIC": "smic"}
FEATURES = {"Participants": "subjects", "Ethnicities": "ethnicities", "Facial Resolution": "face resolution px"}
METRIC_OF = {"WAR": "war", "UAR": "uar", "Accuracy": "accuracy", "F1-score": "f1"}


@pytest.fixture(scope="module")
def text(shared):
    return (shared / "papers" / "micro_attention.txt").read_text(encoding="utf-8")


def rows_of(text, number):
    after = re.split(rf"^Table {number} \| .*$", text, flags=re.MULTILINE)[1].strip("\n ")
    return [[cell.strip() for cell in line.split("\t")] for line in after.split("\n\n")[0].splitlines()]


def method_of(printed):
    return re.sub(r" \[\d+\]$", "", printed)


def printed_cells(table, *columns):
    return set(published.table("micro_attention", table)[[*columns, "printed"]].itertuples(index=False, name=None))


def test_table_1_agrees_with_a_second_reading(text):
    (_, *names), *lines = rows_of(text, 1)
    databases, read = [DATABASE_OF[name] for name in names], set()
    for label, *values in [line for line in lines if line[0] in FEATURES]:
        read |= {(database, "", FEATURES[label], value) for database, value in zip(databases, values, strict=True)}
    for _, *values in [line for line in lines if line[0] in ("", "Categories")]:
        for database, value in zip(databases, values, strict=True):
            read |= {(database, name, "clips", n) for name, n in re.findall(r"(\w+) \((\d+)\)", value)}
    totals = next(values for label, *values in lines if label == "Number of Samples")
    read |= {(database, "Total", "clips", n) for database, n in zip(databases, totals, strict=True)}
    assert printed_cells("table_1", "database", "setting", "metric") == read
    assert len(published.table("micro_attention", "table_1")) == len(read) == 29


def read_by_two_headings(rows, first_is_metric):
    """Two header rows; a heading spans two columns."""
    (_, *spans), (_, *heads), *lines = rows
    spans = [spans[i - i % 2] for i in range(len(heads))]
    read = set()
    for method, *values in lines:
        for span, head, value in zip(spans, heads, values, strict=True):
            metric, database = (span, head) if first_is_metric else (head, span)
            read.add((method_of(method), DATABASE_OF[database], METRIC_OF[metric], value))
    return read


@pytest.mark.parametrize(("number", "first_is_metric", "size"), [(2, True, 28), (6, False, 18)])
def test_tables_2_and_6_agree_with_a_second_reading(text, number, first_is_metric, size):
    read = read_by_two_headings(rows_of(text, number), first_is_metric)
    assert printed_cells(f"table_{number}", "method", "database", "metric") == read
    assert len(published.table("micro_attention", f"table_{number}")) == len(read) == size


def test_tables_3_and_4_agree_with_a_second_reading(text):
    names = {3: ("parameters million", "time per iteration s"), 4: ("accuracy", "f1")}
    for number, (first, second) in names.items():
        lines = [(method_of(method), *values) for method, *values in rows_of(text, number)[1:]]
        read = {(m, first, a) for m, a, _ in lines} | {(m, second, b) for m, _, b in lines}
        assert printed_cells(f"table_{number}", "method", "metric") == read
        assert len(published.table("micro_attention", f"table_{number}")) == len(read)


def test_table_5_agrees_with_a_second_reading(text):
    (_, *predicted), *lines = rows_of(text, 5)
    matrix = published.confusion("micro_attention", "table_5", OWN)
    assert list(matrix.columns) == predicted == CLASSES == list(matrix.index)
    assert matrix.to_numpy().tolist() == [values for _, *values in lines]


def test_class_counts_sum_to_the_totals():
    cells = published.table("micro_attention", "table_1").query("setting == 'Total'")
    for database, total in zip(cells["database"], cells["printed"], strict=True):
        assert sum(published.class_counts("micro_attention", "table_1", database).values()) == int(total)


def test_n_is_the_number_of_clips_of_the_classes_used():
    used = {}
    for database in ("casme2", "samm", "smic"):
        counts = published.class_counts("micro_attention", "table_1", database)
        used[database] = sum(n for name, n in counts.items() if name not in ("Fear", "Others"))
    used["casme2+samm"] = used["casme2"] + used["samm"]
    assert used == {"casme2": 185, "samm": 68, "smic": 164, "casme2+samm": 253}
    for table in ("table_2", "table_4", "table_5", "table_6"):
        for cell in published.table("micro_attention", table).itertuples():
            assert cell.n == used[cell.database]


def test_the_confusion_matrix_in_counts_gives_the_printed_accuracy_and_f1():
    """40/49, 15/28, 112/119, 16/34 and 10/23 are right: 193 of 253."""
    clips = [
        published.class_counts("micro_attention", "table_1", "casme2")[name]
        + published.class_counts("micro_attention", "table_1", "samm")[name]
        for name in CLASSES
    ]
    percentages = published.confusion("micro_attention", "table_5", OWN).astype(float).to_numpy()
    counts = np.round(percentages * np.array(clips)[:, None] / 100).astype(int)
    assert counts.sum(axis=1).tolist() == clips == [49, 28, 119, 34, 23]
    assert np.diag(counts).tolist() == [40, 15, 112, 16, 10]
    assert np.abs(100 * counts / np.array(clips)[:, None] - percentages).max() < 0.01
    printed = published.table("micro_attention", "table_4").query("method == @OWN").set_index("metric")["printed"]
    assert f"{metrics.accuracy(counts):.3f}" == printed["accuracy"] == f"{193 / 253:.3f}"


def test_comparing_shows_what_our_side_has_no_function_for_as_published_only():
    frame = tables.compare("micro_attention", "table_3", {}).frame
    assert frame.loc[(OWN, "", ""), ("published", "parameters (million)")] == "5.9"
    assert list(frame.columns.get_level_values(0).unique()) == ["published"]
    hde = tables.compare("micro_attention", "table_2", {}).frame
    assert hde.loc[(OWN, "SAMM", 5), ("published", "WAR")] == "0.559"
    assert hde.loc[(OWN, "CASME II", 5), ("published", "UAR")] == "0.341"


def test_printed_shares_are_whole_numbers_of_clips_where_the_authors_ran_the_network():
    """WAR and accuracy of the three residual networks, in all protocols, rounded to three decimals."""
    cells = pd.concat(published.table("micro_attention", table) for table in ("table_2", "table_4", "table_6"))
    cells = cells[cells["metric"].isin(["war", "accuracy"]) & cells["method"].str.startswith("Residual")]
    assert len(cells) == 18
    for cell in cells.itertuples():
        assert f"{round(float(cell.printed) * cell.n) / cell.n:.3f}" == cell.printed, cell
