import pytest
from helpers import tiny_databases as tiny
from helpers.made_predictions import LOOK_ALIKE

from merlib.data import clips, databases
from merlib.data.clips import Clips
from merlib.results import clips_used


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
    table = clips_used.counts("mmnet", "table_1", {"casme2": found.classes("casme2-5")})
    ours, theirs = table.frame["CASME II", "data used"], table.frame["CASME II", "published"]
    assert ours.dropna().to_dict() == {
        "Happiness": "32", "Disgust": "63", "Repression": "27", "Surprise": "25", "Others": "99",
        "Total": "246", "left out": "9", "subjects": "3",
    }  # fmt: skip
    assert (theirs["Surprise"], theirs["Anger"], theirs["Total"]) == ("28", "—", "249")
    assert list(table.frame) == [("CASME II", "published"), ("CASME II", "data used")]
    assert table.sources == (LOOK_ALIKE,)


def test_the_published_number_of_subjects_stands_beside_ours():
    found = {"casme2": casme2(happiness=3, others=2).classes("casme2-5")}
    of_sma_stn = clips_used.counts("sma_stn", "databases", found).frame.loc["subjects", "CASME II"]
    assert of_sma_stn.to_dict() == {"published": "27", "data used": "3"}
    of_mmnet = clips_used.counts("mmnet", "table_1", found).frame.loc["subjects", "CASME II"]
    assert of_mmnet.isna().to_dict() == {"published": True, "data used": False}  # MMNet prints none


def test_counts_of_own_clips_are_theirs_alone():
    mine = casme2(joy=2, calm=1)
    mine = Clips(mine.table.assign(database="own"), source=LOOK_ALIKE).classes("own")
    frame = clips_used.counts("mmnet", "table_1", {"own": mine}).frame
    assert frame["own clips", "data used"].to_dict() == {
        "calm": "1",
        "joy": "2",
        "Total": "3",
        "left out": "0",
        "subjects": "3",
    }
    assert list(frame) == [("own clips", "data used")]


def test_counts_of_three_classes():
    found = casme2(happiness=32, disgust=63, repression=27, surprise=28, others=99, sadness=4, fear=2)
    frame = clips_used.counts("mmnet", "table_2", {"casme2": found.classes("casme2-3")}).frame
    classes = ["Positive", "Negative", "Surprise", "Total"]
    assert list(frame["CASME II", "data used"][classes]) == list(frame["CASME II", "published"][classes])


def test_what_was_left_out_is_counted_by_reason():
    found = casme2(happiness=3, others=2, sadness=7, fear=2)
    five, three = found.classes("casme2-5"), found.classes("casme2-3")
    frame = clips_used.left_out({"five": five, "three": three}).frame
    assert frame.to_numpy().tolist() == [
        ["five", "casme2", "emotion 'sadness' is in no class of casme2-5", 7],
        ["five", "casme2", "emotion 'fear' is in no class of casme2-5", 2],
        ["three", "casme2", "emotion 'others' is in no class of casme2-3", 2],
    ]


def test_nothing_left_out_is_an_empty_table():
    shown = clips_used.left_out({"own": casme2(happiness=2).classes("own")})
    assert shown.frame.empty and "<th" in shown._repr_html_() and "reason" in shown.to_markdown()


def sheet_of(database, place):
    return clips_used.by_sheet(
        "psn", "table_4", {database: databases.read(database, place, frames=False).classes("psn-4")}
    )


def test_the_sheets_counts_stand_beside_the_published_ones(tmp_path):
    units = ["12"] * 24 + ["4"] * 3 + ["17"]
    rows = [["01", f"c{i}", 1, 2, 3, text, "others"] for i, text in enumerate(units)]
    tiny.sheet(tmp_path / "CASME2" / "coding.xlsx", [tiny.HEADER, *rows])
    with pytest.warns(UserWarning, match="surprise"):
        table = sheet_of("casme2", tmp_path)
    assert table.frame.loc["CASME II"].to_dict() == {
        "sheet": "coding.xlsx", "classes": "positive / negative / surprise / others", "by the sheet": "24 / 3 / 0 / 1",
        "published": "24 / 132 / 15 / 77", "equal": "positive",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("database", "folder", "expected"),
    [
        (
            "casme2",
            "CASME2",
            ["CASME2-coding-20140508.xlsx", "24 / 134 / 15 / 82", "24 / 132 / 15 / 77", "positive, surprise"],
        ),
        ("samm", "SAMM", ["SAMM.xlsx", "19 / 31 / 13 / 96", "21 / 30 / 14 / 94", "none"]),
    ],
)
def test_psns_counts_on_the_real_sheets(shared, database, folder, expected):
    sheets = shared / "real" / "QqXuyujie+Micro-Expression-Datasets" / "Onset_Apex_Files"
    if not sheets.is_dir():
        pytest.skip("the real annotation sheets are not there")
    frame = sheet_of(database, sheets / folder).frame
    assert frame[["sheet", "by the sheet", "published", "equal"]].iloc[0].tolist() == expected
