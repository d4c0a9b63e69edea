import re

import numpy as np
import pandas as pd
import pytest

from merlib import published

OWN = {"table_3": None, "table_4": None, "table_5": None, "table_6": "MMNet (Ours)", "table_7": "MMNet (Ours)"}
TEXTS = {
    "sma_stn": "sma_stn",
    "micro_attention": "micro_attention",
    "psn": "psn",
    "mmnet": "mmnet",
    "vggface_lstm": "bai_icmi2020",
}
NAMES = {"SAMM": "samm", "CSAME II": "casme2", "CSAME2": "casme2", "CASME2": "casme2", "MMEW": "mmew"}


def numbers(table, method, database="casme2", classes=5):
    cells = published.table("mmnet", table).query("method == @method & database == @database & classes == @classes")
    return dict(zip(cells["metric"], cells["printed"].astype(float), strict=True))


# --- a second reading of the paper's text, which knows nothing of the CSV files ---


def rows_of(text, number):
    """The cells of Table `number`: the lines with tabs that follow its caption."""
    after = re.split(rf"^Table {number}\. .*$", text, flags=re.MULTILINE)[1].strip()
    lines = after.split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("\t")] for line in lines]


def database_of(heading):
    return NAMES[re.sub(r"\s*\(.*", "", heading)]


def read_counts(rows):
    (_, *headings), *lines = rows
    return {
        (label, database_of(h), value) for label, *values in lines for h, value in zip(headings, values, strict=True)
    }


def read_ablation(rows):
    """Two header rows; each database's heading spans accuracy and F1."""
    headings, _, *lines = rows
    databases = [database_of(heading) for heading in headings[1:] if heading]
    return {
        (method, database, "accuracy %", values[2 * i])
        for method, *values in lines
        for i, database in enumerate(databases)
    } | {
        (method, database, "f1", values[2 * i + 1]) for method, *values in lines for i, database in enumerate(databases)
    }


def read_comparison(rows):
    lines = [(re.sub(r" \[\d+\]", "", method), protocol, int(k), *values) for method, protocol, k, *values in rows[1:]]
    return {(m, p, k, "accuracy %", accuracy) for m, p, k, accuracy, _ in lines} | {
        (m, p, k, "f1", f1) for m, p, k, _, f1 in lines
    }


@pytest.fixture(scope="module")
def text(shared):
    return (shared / "papers" / "mmnet.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [1, 2])
def test_counts_agree_with_a_second_reading(text, number):
    cells = published.table("mmnet", f"table_{number}")
    read = read_counts(rows_of(text, number))
    assert set(cells[["setting", "database", "printed"]].itertuples(index=False, name=None)) == read
    assert len(cells) == len(read)


@pytest.mark.parametrize("number", [3, 4])
def test_ablations_agree_with_a_second_reading(text, number):
    cells = published.table("mmnet", f"table_{number}")
    read = read_ablation(rows_of(text, number))
    assert set(cells[["method", "database", "metric", "printed"]].itertuples(index=False, name=None)) == read
    assert len(cells) == len(read)


def test_table_5_agrees_with_a_second_reading(text):
    (*_, first, second), *lines = rows_of(text, 5)
    read = {
        (f"N_L = {layers}, N_H = {heads}", database_of(heading), value)
        for _, layers, heads, *values in lines
        for heading, value in zip((first, second), values, strict=True)
    }
    cells = published.table("mmnet", "table_5")
    assert set(cells[["setting", "database", "printed"]].itertuples(index=False, name=None)) == read
    assert len(cells) == len(read) == 12


@pytest.mark.parametrize(("number", "database"), [(6, "casme2"), (7, "samm")])
def test_comparisons_agree_with_a_second_reading(text, number, database):
    cells = published.table("mmnet", f"table_{number}")
    read = read_comparison(rows_of(text, number))
    columns = ["method", "protocol", "classes", "metric", "printed"]
    assert set(cells[columns].itertuples(index=False, name=None)) == read
    assert len(cells) == len(read)
    assert set(cells["database"]) == {database}


@pytest.mark.parametrize(("paper", "file"), TEXTS.items())
def test_every_captioned_table_and_figure_is_listed(shared, paper, file):
    text = (shared / "papers" / f"{file}.txt").read_text(encoding="utf-8")
    captions = re.findall(r"^\W*(Table|Fig|Figure)\.? (\d+)(?=\.|:| \|)", text, flags=re.MULTILINE)
    found = {f"{'Figure' if kind.startswith('Fig') else 'Table'} {number}" for kind, number in captions}
    assert found
    assert found <= set(published.artifacts(paper)["label"])


# --- what the numbers must satisfy among themselves ---


@pytest.mark.parametrize("table", ["table_1", "table_2"])
def test_class_counts_sum_to_the_totals(table):
    cells = published.table("mmnet", table).assign(count=lambda t: pd.to_numeric(t["printed"].replace("—", "0")))
    for database, of in cells.groupby("database"):
        total = of.loc[of["setting"] == "Total", "count"].item()
        assert of.loc[of["setting"] != "Total", "count"].sum() == total, database


@pytest.mark.parametrize(("table", "method"), OWN.items())
def test_own_accuracies_are_whole_numbers_of_clips(table, method):
    """Printed to two decimals, some rounded and some cut: within 0.01 of a whole number of the table's n clips."""
    cells = published.table("mmnet", table).query("metric == 'accuracy %'")
    cells = cells if method is None else cells[cells["method"] == method]
    assert len(cells)
    for cell in cells.itertuples():
        clips = round(float(cell.printed) * cell.n / 100)
        assert abs(100 * clips / cell.n - float(cell.printed)) < 0.01, cell


def test_the_two_known_counts():
    assert f"{100 * 220 / 249:.2f}" == "88.35" and numbers("table_6", "MMNet (Ours)")["accuracy %"] == 88.35
    assert f"{100 * 149 / 156:.2f}" == "95.51" and numbers("table_6", "MMNet (Ours)", classes=3)["accuracy %"] == 95.51


def test_n_is_the_total_of_the_class_tables():
    totals = pd.concat([published.table("mmnet", f"table_{i}").query("setting == 'Total'") for i in (1, 2)])
    n = {(row.database, row.classes): int(row.printed) for row in totals.itertuples()}
    for table in OWN:
        for cell in published.table("mmnet", table).dropna(subset="n").itertuples():
            assert cell.n == n[cell.database, cell.classes]


@pytest.mark.parametrize(
    ("table", "ours", "other", "database", "classes", "accuracy", "f1"),
    [
        ("table_3", "PC module + CA block", "Baseline(ResNet)", "casme2", 5, 7.23, None),
        ("table_3", "PC module + CA block", "Baseline(ResNet)", "samm", 5, 6.61, None),
        ("table_3", "PC module + CA block", "Baseline(ResNet)", "mmew", 4, 5.70, None),
        ("table_7", "MMNet (Ours)", "GACNN", "samm", 3, 1.5, 2.73),
        ("table_6", "MMNet (Ours)", "GACNN", "casme2", 3, 5.85, 7.99),
        ("table_7", "MMNet (Ours)", "SMA-STN", "samm", 5, 2.94, 2.58),
        ("table_6", "MMNet (Ours)", "SMA-STN", "casme2", 5, 5.76, 7.3),
    ],
)
def test_margins_are_those_that_the_text_claims(table, ours, other, database, classes, accuracy, f1):
    """Sections 3.3 and 3.4 state the differences in words."""
    a, b = numbers(table, ours, database, classes), numbers(table, other, database, classes)
    assert a["accuracy %"] - b["accuracy %"] == pytest.approx(accuracy, abs=1e-6)
    if f1:
        assert 100 * (a["f1"] - b["f1"]) == pytest.approx(f1, abs=1e-6)


def test_the_same_result_is_the_same_in_every_table():
    full = [numbers("table_3", "PC module + CA block"), numbers("table_4", "Continuous attention")]
    assert full == [numbers("table_6", "MMNet (Ours)")] * 2


# --- the files ---


def test_every_file_is_a_listed_table_in_the_same_form():
    files = sorted(file for file in published.FOLDER.glob("*_*_*.csv") if "databases" not in file.stem)
    assert len(files) >= 29
    for file in files:
        cells = pd.read_csv(file, dtype=str, keep_default_na=False)
        paper, table = cells["paper"].unique().item(), cells["table"].unique().item()
        assert file.stem == f"{paper}_{table}"
        assert table in set(published.artifacts(paper)["artifact"])
        assert list(cells) == list(published.table("mmnet", "table_1"))
        assert not cells.duplicated(["method", "setting", "database", "classes", "protocol", "metric"]).any()
        assert {part for name in cells["database"] for part in name.split("+") if part} <= set(published.DATABASES)


def test_artifacts_name_each_thing_once_with_a_known_kind():
    listed = published.artifacts()
    assert not listed.duplicated(["paper", "artifact"]).any() and not listed.duplicated(["paper", "label"]).any()
    kinds = {kind for text in listed["kind"] for kind in text.split(" + ")}
    assert kinds == {"measured", "computed", "counted", "drawn", "quoted"}
    assert {name for text in listed["databases"] for name in text.split()} <= set(published.DATABASES)
    assert listed.groupby("paper").size().to_dict() == {
        "sma_stn": 10, "micro_attention": 12, "psn": 19, "mmnet": 11, "vggface_lstm": 9,
    }  # fmt: skip


def test_all_of_mmnets_tables_are_there():
    tables = published.artifacts("mmnet").query("artifact.str.startswith('table')")["artifact"]
    assert [len(published.table("mmnet", table)) for table in tables] == [24, 8, 24, 12, 12, 32, 28]


def test_a_table_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(KeyError, match=r"table_99.*mmnet_table_6"):
        published.table("mmnet", "table_99")


def test_printed_text_is_kept_as_printed():
    cells = published.table("mmnet", "table_7")
    assert "70.2" in set(cells["printed"]) and "70.20" not in set(cells["printed"])
    assert cells["n"].isna().sum() == 24 and cells["classes"].to_numpy(np.int64).min() == 3


def test_names_of_joined_databases():
    assert published.database_name("casme2+samm") == "CASME II + SAMM"
    assert published.database_name("my_clips") == "my_clips"
