import shutil
import warnings

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


def labels(clips):
    with warnings.catch_warnings(action="ignore"):
        return clips.classes("objective-5").table["label"].tolist()


def with_file(root, classes, write_sheet=True):
    if write_sheet:
        tiny_databases.casme2(root, ROWS)
    rows = [["Subject", "Filename", "Objective Class"], *([*row[:2], n] for row, n in zip(ROWS, classes, strict=True))]
    tiny_databases.sheet(root / "CASME2" / "CASME2-ObjectiveClasses.xlsx", rows)
    return databases.read("casme2", root)


def test_rule_and_file_stand_beside_each_other_and_either_gives_the_classes(tmp_path):
    clips = with_file(tmp_path, [1, 4, 1, 7, 3])
    compared = objective.compared(clips)
    assert compared["file"].tolist() == ["I", "IV", "I", "VII", "III"]
    assert compared["rule"].tolist() == ["I", "III", "I", "VII", ""]
    assert compared["sheet"].eq("").all()
    assert labels(clips) == ["happiness", "disgust", "happiness", "anger"]
    assert labels(objective.by(clips, "rule")) == ["happiness", "anger", "happiness"]


def test_seven_objective_classes_leave_nothing_out(tmp_path):
    clips = with_file(tmp_path, [1, 6, 2, 7, 3]).classes("objective-7")
    assert clips.table["label"].tolist() == ["happiness", "fear", "surprise", "others", "anger"]


def test_the_file_of_objective_classes_is_used_and_the_column_of_the_sheet_can_be_chosen(tmp_path):
    """The sheet of 2019 holds digits, and other classes than the file."""
    rows = [[*row, number] for row, number in zip(ROWS, (1, 1, 1, 7, 3), strict=True)]
    tiny_databases.casme2(tmp_path, rows, header=[*tiny_databases.HEADER, "Objective Classes"])
    only_sheet = databases.read("casme2", tmp_path)
    assert only_sheet.table["objective"].tolist() == ["I", "I", "I", "VII", "III"]
    assert only_sheet.notes == ()
    both = with_file(tmp_path, ["I", "IV", "II", "VII", "III"], write_sheet=False)
    said = (
        "casme2: 2 of 5 clips have another objective class in the sheet than in the file of its own; the {}'s are used"
    )
    for chosen, used in ((both, "file"), (objective.by(both, "sheet"), "sheet")):
        with pytest.warns(UserWarning, match=said.format(used)):
            chosen.classes("objective-7")
    assert any(said.format("file") in note for note in databases.check("casme2", tmp_path).notes)
    assert both.table["objective"].tolist() == ["I", "IV", "II", "VII", "III"]
    assert objective.by(both, "sheet").table["objective"].tolist() == only_sheet.table["objective"].tolist()
    assert objective.by(only_sheet, "file").table["objective"].tolist() == only_sheet.table["objective"].tolist()
    with pytest.raises(ValueError, match="accepted: file, sheet, rule"):
        objective.by(both, "guess")


def test_action_units_that_cannot_be_read_leave_a_clip_out_of_the_rule_and_of_nothing_else(tmp_path):
    clips = with_file(tmp_path, [1, 4, 1, 7, 3])
    assert clips.excluded.empty
    assert len(clips.classes("casme2-5")) == 5
    for by_units in (objective.by(clips, "rule"), clips.classes("psn-4")):
        assert len(by_units) == 4
        (left_out,) = by_units.excluded.to_dict("records")
        assert (left_out["clip"], left_out["row"]) == ("EP05", 6)
        assert "'4 and so on': not understood at position" in left_out["reason"]


def test_without_objective_classes_only_the_rule_has_them(tmp_path):
    tiny_databases.casme2(tmp_path, ROWS)
    clips = databases.read("casme2", tmp_path)
    with pytest.raises(ValueError, match=r'no objective classes; objective\.by\(clips, "rule"\) gives them'):
        clips.classes("objective-5")
    by_rule = objective.by(clips, "rule")
    with pytest.warns(UserWarning, match="no clip of casme2 is in class surprise, disgust, sadness"):
        assert by_rule.classes("objective-5").counts()["clips"].tolist() == [2, 0, 1, 0, 0]


REAL = "real/QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files"


def test_the_objective_classes_of_the_real_sheets_have_the_published_counts(shared, tmp_path):
    """SAMM's are digits in its sheet; CASME II's are in a file of its own. Five classes make the paper's 253 clips."""
    published = {"samm": (24, 13, 20, 8, 3, 7, 84), "casme2": (25, 15, 99, 26, 20, 1, 69)}
    sheets = {"samm": f"{REAL}/SAMM/SAMM.xlsx", "casme2": f"{REAL}/CASME2/CASME2-coding-20140508.xlsx"}
    five = 0
    for name, counts in published.items():
        folder = tmp_path / databases.READERS[name].folder
        folder.mkdir()
        shutil.copy(shared / sheets[name], folder)
        if name == "casme2":
            shutil.copy(shared / "real/davidnvq+me_recognition/datasets/CASME2-ObjectiveClasses.xlsx", folder)
        clips = databases.read(name, tmp_path, frames=False)
        assert clips.classes("objective-7").counts()["clips"].tolist() == list(counts)
        five += len(clips.classes("objective-5"))
    assert five == 253
