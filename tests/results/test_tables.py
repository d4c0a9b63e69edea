import numpy as np
import pandas as pd
import pytest
from helpers.made_predictions import LOOK_ALIKE, THREE, made
from sklearn.metrics import f1_score

from merlib import published
from merlib.data.source import Source
from merlib.results import metrics, rendering, tables

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


def test_the_f1_of_a_paper_that_chooses_its_epoch_by_f1_has_a_column_of_its_own():
    table = tables.compare("mmnet", "table_6", {"MMNet (Ours)": made(TWO_SEEDS)})
    by_seed = metrics.scores(made(TWO_SEEDS), "best test F1 epoch")["uf1"]
    authors = "ours, authors' F1 (not a fair estimate)"
    assert cell(table, OURS, authors, "F1") == f"{by_seed.mean():.4f} ± {by_seed.std():.4f}"
    assert (authors, "Acc. (%)") not in table.frame
    assert any("the last epoch with its highest F1 counts" in note for note in table.notes)


def test_the_data_that_was_used():
    table = tables.compare("mmnet", "table_6", {"MMNet (Ours)": made(TWO_SEEDS)})
    counts = "happiness 2, disgust 2, repression 2, surprise 2, others 2"
    used = {"clips": "10", "subjects": "2", "class counts": counts, "seeds": "0, 1"}
    assert table.frame.loc[OURS]["data used"].to_dict() == used
    assert table.notes[0] == "Ours: CASME II, 5 classes: 10 clips, 2 people (seeds 0, 1)."
    assert table.sources == (LOOK_ALIKE,)


def test_results_on_several_databases_are_counted_in_one_line():
    three = made({0: [[2]]}, classes=THREE, scheme="casme2-3")
    notes = tables.compare("mmnet", "table_6", {"MMNet (Ours)": [made(TWO_SEEDS), three]}).notes
    assert notes[0] == (
        "Ours: CASME II, 5 classes: 10 clips, 2 people (seeds 0, 1); CASME II, 3 classes: 3 clips, 1 people (seed 0)."
    )


def test_the_majority_guess_stands_beside_ours():
    """Three of ten clips are of one class: a guess that always says it is right for 30 %, and its UAR is 1 / 5."""
    predictions = made({0: [[3, 4]]})
    predictions.loc[predictions["clip"].eq("EP1") & predictions["subject"].str.endswith("0"), "target"] = "happiness"
    table = tables.compare("mmnet", "table_6", {"MMNet (Ours)": predictions})
    assert cell(table, OURS, "majority guess", "Acc. (%)") == "30.00"
    f1 = 2 * 3 / (2 * 3 + 7)  # of the class that is guessed; the other four have none
    assert cell(table, OURS, "majority guess", "F1") == f"{f1 / 5:.4f}"
    assert metrics.majority(predictions)["uar"].item() == pytest.approx(1 / 5)


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


def test_published_rows_stand_only_beside_a_result_on_the_same_database():
    on_own = made({0: [[4]]}, database="own", scheme="own")
    own = tables.compare("mmnet", "table_3", {"CA block": on_own})
    assert list(own.frame.index) == [("CA block", "own clips", 5)] and "published" not in own.frame
    both = tables.compare("mmnet", "table_3", {"CA block": [on_own, made({0: [[4]]})]})
    assert set(both.frame.index.get_level_values("database")) == {"CASME II", "own clips"}
    assert cell(both, ("PC module", "CASME II", 5), "published", "Acc. (%)") == "85.14"


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
    real = made({0: [[1]]}, source=Source("casme2, the user's copy"))
    noted = tables.compare("mmnet", "table_6", {"MMNet (Ours)": made({0: [[1]]})})
    assert all(
        rendering.LOOK_ALIKE in form for form in (noted.to_markdown(), noted._repr_html_(), noted.to_latex("", ""))
    )
    of_real = tables.compare("mmnet", "table_6", {"MMNet (Ours)": real})
    assert of_real.lines()[-1] == "Data: casme2, the user's copy." and rendering.LOOK_ALIKE not in of_real.lines()


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


def test_results_of_ours_alone_have_one_row_per_rule_and_the_majority_guess():
    predictions = made(TWO_SEEDS)
    table = tables.by_epoch_rule({"MMNet": predictions}, {"accuracy": "Acc.", "uar": "UAR"})
    frame = table.frame.set_index("epoch")
    assert frame["Acc."].to_dict() == {
        "last": f"0.7000 ± {0.4 / np.sqrt(2):.4f}",
        "best test epoch": f"0.9000 ± {0.2 / np.sqrt(2):.4f}",
        "majority guess": "0.2000",
    }
    assert frame["fair estimate"].to_dict() == tables.FAIR
    assert table.page.cells.to_numpy().tolist() == [
        ["MMNet", *(frame.loc[rule, score] for score in ("Acc.", "UAR") for rule in tables.FAIR)]
    ]


def test_results_with_fewer_seeds_on_the_same_clips_are_counted_once():
    notes = tables.by_epoch_rule({"MMNet": made(TWO_SEEDS), "control": made({0: [[1, 1]]})}).notes
    assert notes[0] == "Ours: CASME II, 5 classes: 10 clips, 2 people (seeds 0, 1, some results fewer)."
