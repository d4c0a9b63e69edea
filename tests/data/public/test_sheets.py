import pytest
from helpers import tiny_databases as tiny

from merlib.data.public import sheets


def test_files_of_two_repositories_are_read_as_one_database(tmp_path):
    folder = tmp_path / "Annotation_sheets"
    sheet = (
        folder / "QqXuyujie+Micro-Expression-Datasets" / "Onset_Apex_Files" / "CASME2" / "CASME2-coding-20140508.xlsx"
    )
    classes = folder / "davidnvq+me_recognition" / "datasets" / "CASME2-ObjectiveClasses.xlsx"
    header = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion"]
    tiny.sheet(sheet, [header, [1, "EP01", 1, 2, 3, "12", "happiness"], [2, "EP02", 1, 2, 3, "4", "disgust"]])
    tiny.sheet(classes, [["Subject", "Filename", "Objective Class"], [1, "EP01", "I"], [2, "EP02", "IV"]])
    (folder / "SOURCE.txt").write_text("sheets from somewhere")
    clips = sheets.read("casme2", tmp_path)
    assert clips.table[["clip", "objective"]].to_numpy().tolist() == [["EP01", "I"], ["EP02", "IV"]]
    assert clips.source.text == "sheets from somewhere" and clips.table["frames"].tolist() == [[], []]


def test_another_name_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(ValueError, match="no public sheet 'smic'; there are casme2, samm, "):
        sheets.read("smic", tmp_path)
    with pytest.raises(FileNotFoundError, match="merlib data get annotation_sheets"):
        sheets.read("samm", tmp_path)
