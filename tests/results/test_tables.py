import csv
import html
import io
import re

import numpy as np
import pandas as pd
import pytest
from helpers.made_predictions import FIVE, LOOK_ALIKE, THREE, made
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from merlib import published
from merlib.data import clips
from merlib.data.clips import Clips
from merlib.results import metrics, tables
from merlib.results.rendering import Table

LAST, BEST = "ours, last epoch", "ours, best test epoch (not a fair estimate)"
OURS = ("MMNet (Ours)", "CASME II", 5)
# two subjects, five clips each; seed 0: 9 of 10 right at the last epoch, seed 1: 5 of 10
TWO_SEEDS = {0: [[5, 3], [4, 5]], 1: [[5, 0], [2, 3]]}


def cell(table, row, group, column):
    return table.frame.loc[row, (group, column)]


def test_ours_stand_beside_the_published_number():
    table = tables.compare("mmnet", "table_6", {"MMNet (Ours)": made(TWO_SEEDS)})
    assert cell(table, OURS, "published", "Acc. (%)") == "88.35"
    assert cell(table, OURS, "published", "clips") == "249"
    # (90 + 50) / 2, and the deviation of two numbers is their distance over the root of two
    assert cell(table, OURS, LAST, "Acc. (%)") == f"70.00 ± {40 / np.sqrt(2):.2f}"
    # the best epoch of each fold: 5 and 5 right, 5 and 3 right
    assert cell(table, OURS, BEST, "Acc. (%)") == f"90.00 ± {20 / np.sqrt(2):.2f}"


def test_f1_is_the_mean_of_the_classes_f1_over_all_folds():
    predictions = made({0: [[3, 4]]})
    chosen = metrics.select(predictions, "last")
    expected = f1_score(chosen["target"], chosen["predicted"], average="macro")
    table = tables.compare("mmnet", "table_6", {"MMNet (Ours)": predictions})
    assert cell(table, OURS, LAST, "F1") == f"{expected:.4f}"
    assert any("UF1" in note for note in table.notes)


def test_the_data_that_was_used():
    table = tables.compare("mmnet", "table_6", {"MMNet (Ours)": made(TWO_SEEDS)})
    used = table.frame.loc[OURS]["data used"].to_dict()
    assert used == {"clips": "10", "subjects": "2", "class counts": "2/2/2/2/2", "seeds": "0, 1"}
    assert f"data, CASME II: {LOOK_ALIKE}" in table.notes
    assert any(" / ".join(FIVE) in note for note in table.notes)
    assert table.sources == (LOOK_ALIKE,)


def test_several_results_of_one_method_find_their_rows():
    three = made({0: [[2]]}, classes=THREE, scheme="casme2-3")
    table = tables.compare("mmnet", "table_6", {"mmnet (ours)": [made(TWO_SEEDS), three]})
    assert cell(table, ("MMNet (Ours)", "CASME II", 3), LAST, "Acc. (%)") == "66.67"
    assert cell(table, OURS, LAST, "Acc. (%)").startswith("70.00")
    assert len(table.frame) == 16


def test_a_setting_finds_its_row_and_a_new_database_gets_one():
    setting = ("MMNet", "N_L = 2, N_H = 4")
    other = made({0: [[1]]}, database="my_clips", scheme="own")
    table = tables.compare("mmnet", "table_5", {setting: [made({0: [[4]]}), other]})
    assert cell(table, ("MMNet, N_L = 2, N_H = 4", "CASME II", 5), LAST, "Acc. (%)") == "80.00"
    assert table.frame.index[-1] == ("MMNet, N_L = 2, N_H = 4", "my_clips", 5)
    assert pd.isna(table.frame.iloc[-1]["published", "Acc. (%)"])


def test_pooled_databases_are_found_in_any_order():
    rows = [
        tables.compare("mmnet", "table_6", {"MMNet (Ours)": made({0: [[1]]}, database=database)}).frame.index[-1]
        for database in ("samm+casme2", "casme2+samm")
    ]
    assert rows == [("MMNet (Ours)", "CASME II + SAMM", 5)] * 2


@pytest.mark.parametrize("table", ["table_3", "table_4", "table_5", "table_6", "table_7"])
def test_every_published_number_is_shown_as_printed(table):
    frame = tables.compare("mmnet", table, {}).frame
    printed = published.table("mmnet", table)
    for row in printed.itertuples():
        label = ", ".join(filter(None, [row.method, row.setting]))
        heading = {"accuracy %": "Acc. (%)", "f1": "F1"}[row.metric]
        shown = frame.loc[(label, published.DATABASES[row.database], row.classes), ("published", heading)]
        assert shown == row.printed
    assert frame[["published"]].drop(columns="clips", level=1).notna().sum().sum() == len(printed)


def test_look_alike_data_is_always_named_and_other_data_never():
    real = made({0: [[1]]}, source="casme2, the user's copy")
    noted = tables.compare("mmnet", "table_6", {"MMNet (Ours)": made({0: [[1]]})})
    assert tables.LOOK_ALIKE in noted.notes and tables.LOOK_ALIKE in noted.to_markdown()
    assert tables.LOOK_ALIKE in noted._repr_html_() and tables.LOOK_ALIKE in noted.to_latex("", "")
    assert tables.LOOK_ALIKE not in tables.compare("mmnet", "table_6", {"MMNet (Ours)": real}).notes


def test_how_a_published_number_was_made_is_said_only_where_ours_stand_beside_it():
    of_five = tables.compare("mmnet", "table_6", {"MMNet (Ours)": made({0: [[1]]})}).notes
    assert sum("best test accuracy over epochs" in note for note in of_five) == 1
    assert not tables.compare("mmnet", "table_6", {}).notes


def test_what_is_refused():
    mixed = pd.concat([made({0: [[1]]}), made({0: [[1]]}, experiment="other")])
    with pytest.raises(KeyError, match=r"'MMNet' is no method.*MMNet \(Ours\)"):
        tables.compare("mmnet", "table_6", {"MMNet": made({0: [[1]]})})
    with pytest.raises(ValueError, match="one experiment"):
        tables.compare("mmnet", "table_6", {"MMNet (Ours)": mixed})
    with pytest.raises(ValueError, match="two results for the row MMNet"):
        tables.compare("mmnet", "table_6", {"MMNet (Ours)": [made({0: [[1]]}), made({0: [[2]]})]})


def test_psn_has_its_own_f1(monkeypatch):
    """The paper's "F1" is 2PR/(P+R) of mean precision and mean recall; another paper's table stands in for PSN's."""
    cells = published.table("mmnet", "table_6")
    monkeypatch.setattr(published, "table", lambda paper, table: cells)
    predictions = made({0: [[3, 1]]})
    table = tables.compare("psn", "table_5", {"MMNet (Ours)": predictions})
    score = metrics.scores(predictions, "last").iloc[0]
    assert cell(table, OURS, LAST, "F1") == f"{score['f1_of_means']:.4f}" != f"{score['uf1']:.4f}"


# --- counts ---


def casme2(**numbers):
    """Clips of CASME II with so many of each emotion, by three people in turn."""
    emotions = [emotion for emotion, number in numbers.items() for _ in range(number)]
    known = {"onset": 1, "apex": 5, "offset": 9, "fps": 200.0, "aus": "", "cropped": True, "database": "casme2"}
    rows = [
        known | {"subject": f"sub{i % 3:02d}", "clip": f"EP{i}", "frames": [f"{i}.avi"], "emotion": emotion}
        for i, emotion in enumerate(emotions)
    ]
    return Clips(clips.make_table(rows), source=LOOK_ALIKE)


def test_counts_beside_the_published_ones():
    found = casme2(happiness=32, disgust=63, repression=27, surprise=25, others=99, sadness=7, fear=2)
    table = tables.counts("mmnet", "table_1", {"casme2": found.classes("casme2-5")})
    ours, theirs = table.frame["CASME II", "data used"], table.frame["CASME II", "published"]
    assert ours.dropna().to_dict() == {
        "Happiness": "32", "Disgust": "63", "Repression": "27", "Surprise": "25", "Others": "99",
        "Total": "246", "left out": "9", "subjects": "3",
    }  # fmt: skip
    assert (theirs["Surprise"], theirs["Anger"], theirs["Total"]) == ("28", "—", "249")
    assert ("SAMM", "data used") not in table.frame and table.frame["SAMM", "published"]["Total"] == "136"
    assert "CASME II, left out: 7 × emotion 'sadness' is in no class of casme2-5" in table.notes
    assert table.notes[-1] == tables.LOOK_ALIKE and table.sources == (LOOK_ALIKE,)


def test_counts_of_three_classes():
    found = casme2(happiness=32, disgust=63, repression=27, surprise=28, others=99, sadness=4, fear=2)
    frame = tables.counts("mmnet", "table_2", {"casme2": found.classes("casme2-3")}).frame
    classes = ["Positive", "Negative", "Surprise", "Total"]
    assert list(frame["CASME II", "data used"][classes]) == list(frame["CASME II", "published"][classes])


# --- the forms ---


@pytest.fixture
def table():
    return tables.compare("mmnet", "table_6", {"MMNet (Ours)": made(TWO_SEEDS)})


def test_csv_holds_what_is_shown(table):
    read = pd.read_csv(io.StringIO(table.to_csv()), dtype=str).set_index(["method", "database", "classes"])
    assert read.loc[("AU-GACN", "CASME II", "3"), "published: F1"] == "0.3550"
    assert read.loc[("MMNet (Ours)", "CASME II", "5"), f"{LAST}: Acc. (%)"] == cell(table, OURS, LAST, "Acc. (%)")
    assert len(read) == 16


def test_markdown_is_one_table_of_even_rows_and_a_list(table):
    lines = table.to_markdown().splitlines()
    rows, notes = [line for line in lines if line.startswith("|")], [line for line in lines if line.startswith("- ")]
    assert len(rows) == 2 + 16 and len({row.count("|") for row in rows}) == 1
    assert [note[2:] for note in notes] == list(table.notes)
    assert "0.7000" not in rows[2] and any("0.6700" in row for row in rows)  # numbers keep their zeros


def test_latex_is_a_booktabs_table(table):
    text = table.to_latex("Methods, 50 % & more", "tab:mmnet_table_6")
    body = text.split(r"\begin{tabular}")[1].split(r"\end{tabular}")[0]
    columns = re.match(r"\{([lr]+)\}", body)[1]
    assert columns == "ll" + "r" * 12
    for line in [line for line in body.splitlines() if line.endswith(r"\\")]:
        spans = sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line))
        assert len(re.findall(r"(?<!\\)&", line)) + spans == len(columns) - 1, line
    for command in (r"\toprule", r"\midrule", r"\bottomrule", r"\caption{Methods, 50 \% \& more}", r"\label{tab:mmnet"):
        assert command in text
    assert text.count(r"MiNet\&MaNet") == 1 and r"$\pm$" in text
    assert [line for line in text.splitlines() if re.search(r"(?<!\\)%", line)] == [r"\resizebox{\linewidth}{!}{%"]


def test_a_table_longer_than_a_page_breaks_over_pages_and_repeats_its_header():
    frame = pd.DataFrame(
        {"check": [f"check {i}" for i in range(61)], "verdict": ["so long " * 10] * 61, "n": range(61)}
    )
    assert r"\begin{table}" in Table(frame[:60]).to_latex("Checks", "tab:checks")
    text = Table(frame, ("50 %",)).to_latex("Checks & more", "tab:checks")
    assert r"\begin{xltabular}{\linewidth}{l>{\raggedright\arraybackslash}Xr}" in text
    assert text.count(r"check & verdict & n \\") == 2 and text.index(r"\endhead") < text.index("check 0 &")
    assert text.count(r"\caption") == 2 and text.count(r"\label{tab:checks}") == 1
    for command in (r"\resizebox", r"\begin{table}", "{longtable}"):
        assert command not in text
    opened = re.findall(r"\\(begingroup|begin\{\w+\}|endgroup|end\{\w+\})", text)
    assert opened == ["begingroup", "begin{xltabular}", "end{xltabular}", "endgroup"]
    assert text.index(r"50 \%") > text.index(r"\end{xltabular}")


@given(st.text(alphabet="ab &%$#_{}~^\\—±<>", max_size=20))
def test_no_text_breaks_a_form(text):
    table = Table(pd.DataFrame({"name": [text], "value": [1.5]}), notes=(text,))
    latex = table.to_latex(text, "tab:x")
    escaped = re.sub(r"\\[&%$#_{}]", "", latex)
    assert escaped.count("{") == escaped.count("}") and escaped.count("$") % 2 == 0
    row = next(line for line in latex.splitlines() if line.endswith(r"1.5000 \\"))
    assert len(re.findall(r"(?<!\\)&", row)) == 1
    assert next(csv.DictReader(io.StringIO(table.to_csv(), newline="")))["name"] == text
    assert table._repr_html_().count(html.escape(text)) >= 2  # in its cell and in its note


def test_a_plain_frame():
    table = Table(pd.DataFrame({"module": ["conv1", "fc"], "loss": [1 / 3, np.nan], "n": [1, 2]}))
    assert table.to_csv().splitlines()[1] == f"conv1,{1 / 3!r},1"  # in full
    assert re.split(r"\s*\|\s*", table.to_markdown().splitlines()[2])[1:4] == ["conv1", "0.3333", "1"]
    assert "nan" not in table.to_markdown() + table.to_latex("", "") + table._repr_html_()
    assert table._repr_html_() == table._repr_html_()
    assert ">0</" not in table._repr_html_()  # the plain index is not shown


def test_only_a_column_with_sentences_is_broken_into_lines():
    page = Table(pd.DataFrame({"name": ["a" * 60], "what": ["so long " * 10]}))._repr_html_()
    broken = [rule for rule in page.split("}") if "white-space: normal" in rule]
    assert len(broken) == 1 and "td.col1" in broken[0]


# --- differences between results ---


def test_differences_are_the_means_over_clips_with_their_error_over_persons():
    whole, part = made({0: [[1, 0], [5, 2]], 1: [[4, 4]]}), made({0: [[3, 2]], 1: [[4, 1]]}, experiment="part")
    table = tables.differences({"part": part, "whole": whole}, reference="whole").frame
    # by seed, of 10 clips each: (5 + 2 - 3 - 2) / 10 and (4 + 4 - 4 - 1) / 10; by person, over seeds: 2 / 2 and 3 / 2 of 5
    assert table.iloc[0]["whole minus"] == "part"
    assert table.iloc[0]["accuracy, points"] == "+25.0"
    assert table.iloc[0]["by seed"] == "+20.0 (seed 0), +30.0 (seed 1)"
    gained = np.array([1.0, 1.5])  # clips a person, of 5
    error = np.sqrt(((gained - 5 * 0.25) ** 2).sum() * 2) / 10
    assert table.iloc[0]["error over persons"] == f"{100 * error:.1f}"
    assert table.iloc[0]["error over seeds"] == "5.0"  # of 20 and 30
    assert table.iloc[0]["tells apart"] == "yes"


def test_seeds_that_contradict_each_other_tell_nothing_apart():
    whole, part = made({0: [[5, 5]], 1: [[0, 0]]}), made({0: [[2, 2]], 1: [[1, 1]]}, experiment="part")
    row = tables.differences({"part": part, "whole": whole}, reference="whole").frame.iloc[0]
    assert row[["accuracy, points", "error over persons", "error over seeds"]].tolist() == ["+20.0", "0.0", "40.0"]
    assert row["tells apart"] == "no"


def test_equal_results_are_not_told_apart_and_only_common_seeds_count():
    table = tables.differences({"a": made({0: [[3, 1]], 5: [[0, 0]]}), "b": made({0: [[3, 1]], 1: [[5, 5]]})}, "a")
    row = table.frame.iloc[0][["accuracy, points", "by seed", "error over seeds", "tells apart"]]
    assert row.tolist() == ["+0.0", "+0.0 (seed 0)", "one seed", "one seed"]
    assert tables.LOOK_ALIKE in table.notes and made({0: [[0]]})["source"].iloc[0] in table.notes


def test_results_on_other_clips_or_seeds_are_not_compared():
    for other in (made({1: [[3, 1]]}), made({0: [[3]]})):
        with pytest.raises(ValueError, match="'a' and 'b' have no seed in common, or other clips"):
            tables.differences({"a": made({0: [[3, 1]]}), "b": other}, "a")


def test_the_error_over_persons_is_that_of_repeated_samples():
    """200 databases drawn from one population: the errors reported agree with how much the differences vary."""
    rng, means, errors = np.random.default_rng(0), [], []
    for _ in range(200):
        skill = rng.integers(0, 5, 12)  # persons differ, so their clips are not independent
        a, b = ({0: [[int(np.clip(s + rng.integers(0, 2 + bonus), 0, 5)) for s in skill]]} for bonus in (1, 0))
        row = tables.differences({"a": made(a), "b": made(b)}, "a").frame.iloc[0]
        means.append(float(row["accuracy, points"]))
        errors.append(float(row["error over persons"]))
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.2)
