"""SMA-STN's tables against a second reading of the paper's text."""

import re

import pandas as pd
import pytest

from merlib import published

OWN = "SMA-STN (Ours)"
DATABASES = {"table_1": ("casme2", 5, 247), "table_2": ("samm", 5, 136), "table_3": ("smic", 3, 164)}


@pytest.fixture(scope="module")
def text(shared):
    return (shared / "papers" / "sma_stn.txt").read_text(encoding="utf-8").replace("<b>", "").replace("</b>", "")


def rows_of(text, number):
    """The lines with tabs after the caption of Table `number`, without its heading."""
    after = re.split(rf"^Table {number}: .*$", text, flags=re.MULTILINE)[1].strip()
    return [line.split("\t") for line in after.split("\n\n")[0].splitlines()][1:]


def method_of(printed):
    """Without the citation: "EVM(Li et al. 2017)" is EVM; "(Ours)" stays, after a space."""
    return re.sub(r"\s*\([^)]*\d{4}\)$", "", printed).replace("(Ours)", " (Ours)")


@pytest.mark.parametrize("table", DATABASES)
def test_comparisons_agree_with_a_second_reading(text, table):
    cells = published.table("sma_stn", table)
    rows = [(method_of(method), accuracy, f1) for method, accuracy, f1 in rows_of(text, table[-1])]
    read = [cell for m, accuracy, f1 in rows for cell in ((m, "accuracy %", accuracy), (m, "f1", f1))]
    assert list(cells[["method", "metric", "printed"]].itertuples(index=False, name=None)) == read
    database, classes, n = DATABASES[table]
    assert set(cells[["database", "classes", "protocol"]].itertuples(index=False, name=None)) == {
        (database, classes, "LOSO")
    }
    assert cells.dropna(subset="n").groupby("method")["n"].unique().to_dict() == {OWN: [n]}


def test_the_ablation_agrees_with_a_second_reading(text):
    rows = [(f"STMA {stma}, DE-Loss {de}", a.removesuffix("%"), f1) for _, stma, de, a, f1 in rows_of(text, 4)]
    read = [cell for s, accuracy, f1 in rows for cell in ((s, "accuracy %", accuracy), (s, "f1", f1))]
    cells = published.table("sma_stn", "table_4")
    assert list(cells[["setting", "metric", "printed"]].itertuples(index=False, name=None)) == read
    assert set(cells["database"]) == {"smic"} and set(cells["n"]) == {164}
    assert cells["note"].str.contains("EA-Loss").all()


@pytest.mark.parametrize(
    ("heading", "database"), [("**CASME II** The", "casme2"), ("**SAMM** The", "samm"), ("**SMIC** The", "smic")]
)
def test_class_counts_agree_with_a_second_reading(text, heading, database):
    line = next(line for line in text.splitlines() if line.startswith(heading))
    read = dict(re.findall(r"\*(\w+)\* \((\d+) samples\)", line))
    cells = published.table("sma_stn", "databases").query("database == @database & metric == 'clips'")
    counts = dict(zip(cells["setting"], cells["printed"], strict=True))
    totals = {name: counts.pop(name) for name in ("Total", "whole database") if name in counts}
    assert counts == read
    assert all(re.search(rf"\b{total}\b", line) for total in totals.values())


def test_class_counts_sum_to_n():
    counts = published.table("sma_stn", "databases").query("metric == 'clips'")
    for database, _, n in DATABASES.values():
        of = counts[(counts["database"] == database) & ~counts["setting"].isin(["Total", "whole database"])]
        assert of["printed"].astype(int).sum() == n
        totals = counts[(counts["database"] == database) & (counts["setting"] == "Total")]
        assert set(totals["printed"].astype(int)) <= {n}


def test_differences_are_those_that_the_text_claims():
    """ "Evaluation of the proposed modules": 3.66 / 0.0625, 5.49 / 0.0769 and 8.54 / 0.109 over the baseline."""
    cells = published.table("sma_stn", "table_4")
    numbers = cells.assign(value=pd.to_numeric(cells["printed"])).pivot(
        index="setting", columns="metric", values="value"
    )
    gained = numbers - numbers.loc["STMA ×, DE-Loss ×"]
    claims = {
        "STMA ×, DE-Loss ✓": (3.66, 0.0625),
        "STMA ✓, DE-Loss ×": (5.49, 0.0769),
        "STMA ✓, DE-Loss ✓": (8.54, 0.109),
    }
    for setting, claimed in claims.items():
        assert tuple(gained.loc[setting, ["accuracy %", "f1"]]) == pytest.approx(claimed, abs=1e-9)


def test_the_full_ablation_is_the_result_of_table_3():
    cells = [published.table("sma_stn", table) for table in ("table_3", "table_4")]
    own = cells[0][cells[0]["method"] == OWN]["printed"].tolist()
    assert own == cells[1][cells[1]["setting"] == "STMA ✓, DE-Loss ✓"]["printed"].tolist() == ["77.44", "0.7683"]


def test_counts_are_those_of_the_text():
    counts = {name: published.class_counts("sma_stn", "databases", name) for name in ("casme2", "samm", "smic")}
    assert {name: sum(of_one.values()) for name, of_one in counts.items()} == {"casme2": 247, "samm": 136, "smic": 164}
    assert counts["samm"]["Contempt"] == 12
