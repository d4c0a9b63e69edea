import pytest
from helpers import tiny_databases
from hypothesis import given
from hypothesis import strategies as st

from merlib import published
from merlib.data import aus, databases, objective, schemes


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ((12, 6), "I"),
        ((1, 2), "II"),
        ((4,), "III"),
        ((10, 4, 7), "IV"),
        ((15,), "V"),
        ((1, 2, 4), "VI"),
        ((14,), "VII"),
    ],
)
def test_a_combination_has_the_class_of_table_2(numbers, name):
    assert objective.of(numbers) == name


def test_psn_has_all_combinations_but_one():
    """Table 2 of both papers, as printed by PSN. 4+5 is anger in Davison et al. 2018 and in no row of PSN's."""
    cells = published.table("psn", "table_2").query("metric == 'action units'")
    printed = {
        aus.numbers(code): cell.setting
        for cell in cells.itertuples()
        for code in cell.printed.split(",")
        if cell.setting != "VII"
    }
    assert all(schemes.psn_category("+".join(map(str, units))) == name for units, name in printed.items())
    davison = {aus.numbers(code): name for name, codes in objective.COMBINATIONS.items() for code in codes.split()}
    assert davison == printed | {frozenset({4, 5}): "III"}
    assert schemes.psn_category("4+5") == "VII"


def test_no_combination_is_in_two_classes():
    codes = " ".join(objective.COMBINATIONS.values()).split()
    assert len(codes) == len(set(codes)) == 36


@given(st.lists(st.integers(1, 40), max_size=5), st.randoms())
def test_neither_order_nor_repetition_of_units_counts(numbers, random):
    shuffled = random.sample(2 * numbers, 2 * len(numbers))
    assert objective.of(shuffled) == objective.of(numbers)


def test_no_unit_at_all_is_class_vii():
    assert objective.of([]) == "VII"


ROWS = [
    [1, "EP01", 5, 6, 7, "L12", "happiness"],
    [1, "EP02", 5, 6, 7, "4+7", "disgust"],
    [2, "EP03", 5, 6, 7, "(R6 or R12)+7B", "others"],
    [2, "EP04", 5, 6, 7, "?", "others"],
    [2, "EP05", 5, 6, 7, "4 and so on", "others"],
]


def with_sheet(root, classes):
    tiny_databases.casme2(root, ROWS)
    rows = [["Subject", "Filename", "Objective Class"], *([*row[:2], n] for row, n in zip(ROWS, classes, strict=True))]
    tiny_databases.sheet(root / "CASME2" / "CASME2-ObjectiveClasses.xlsx", rows)
    return databases.read("casme2", root)


def test_rule_and_sheet_stand_beside_each_other_and_either_gives_the_classes(tmp_path):
    clips = with_sheet(tmp_path, [1, 4, 1, 7, 3])
    compared = objective.compared(clips)
    assert compared["sheet"].tolist() == ["I", "IV", "I", "VII"]
    assert compared["rule"].tolist() == ["I", "III", "I", "VII"]
    labels = [source.classes("objective-5").table["label"].tolist() for source in (clips, objective.by_rule(clips))]
    assert labels == [["happiness", "disgust", "happiness"], ["happiness", "anger", "happiness"]]


def test_seven_objective_classes_leave_nothing_out(tmp_path):
    clips = with_sheet(tmp_path, [1, 6, 2, 7, 3]).classes("objective-7")
    assert clips.table["label"].tolist() == ["happiness", "fear", "surprise", "others"]


def test_action_units_that_do_not_parse_leave_the_clip_out_with_its_place_and_nothing_else(tmp_path):
    clips = objective.by_rule(with_sheet(tmp_path, [1, 4, 1, 7, 3]))
    assert len(clips) == 4
    (left_out,) = clips.excluded.to_dict("records")
    assert (left_out["clip"], left_out["row"]) == ("EP05", 6)
    assert "'4 and so on': not understood at position" in left_out["reason"]


def test_without_a_column_of_objective_classes_only_the_rule_has_them(tmp_path):
    tiny_databases.casme2(tmp_path, ROWS)
    clips = databases.read("casme2", tmp_path)
    with pytest.raises(ValueError, match=r"no objective classes; objective\.by_rule gives them"):
        clips.classes("objective-5")
    assert objective.compared(clips)["sheet"].eq("").all()
    assert objective.by_rule(clips).classes("objective-5").counts()["clips"].tolist() == [2, 0, 1, 0, 0]
