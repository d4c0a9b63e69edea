"""CASME and CAS(ME)² as they lie on disk, and the four databases of PSN as one."""

import os

import pandas as pd
import pytest
from helpers import tiny_databases as tiny

from merlib.data import databases, schemes
from merlib.data.clips import Clips
from merlib.data.databases import SheetError
from merlib.training import splits

MICRO = "micro-expression"
# PSN, Table 4: positive, negative, surprise, others
TABLE_4 = {
    "casme": (8, 100, 14, 67),
    "casme2": (24, 132, 15, 77),
    "cas_me_2": (2, 18, 7, 27),
    "samm": (21, 30, 14, 94),
}


def reasons(clips) -> dict[str, str]:
    return dict(clips.excluded[["clip", "reason"]].itertuples(index=False))


def window(place: int) -> tuple[int, int, int]:
    """Onset, apex and offset of the clips of a video, one after the other."""
    return 3 * place + 1, 3 * place + 2, 3 * place + 3


@pytest.mark.parametrize(("layout", "cropped"), [("Cropped", True), ("CASME_raw_selected", False)])
def test_casme_with_numbers_padded_or_not(tmp_path, layout, cropped):
    rows = [[1, "EP01_5", 98, 101, 104, "4+L10", "disgust"], ["02", "EP02_1", 5, 7, 9, "", "Tense"]]
    tiny.casme(tmp_path, rows, layout, padding=3)
    folder = tmp_path / "CASME" / layout / "sub01" / "EP01_5"
    prefix = "reg_EP01_5-" if cropped else "EP01_5-"
    (folder / f"{prefix}099.jpg").rename(folder / f"{prefix}99.jpg")
    clips = databases.read("casme", tmp_path)
    first, second = clips.table.to_dict("records")
    assert first["frames"] == [
        str(folder / f"{prefix}{n}.jpg") for n in ("098", "99", "100", "101", "102", "103", "104")
    ]
    kept = ["database", "subject", "clip", "onset", "apex", "offset", "fps", "aus", "emotion", "cropped", "file", "row"]
    assert [first[key] for key in kept] == [
        "casme", "sub01", "EP01_5", 98, 101, 104, 60.0, "4+L10", "disgust", cropped, "CASME-coding.xlsx", 2,
    ]  # fmt: skip
    assert (second["subject"], second["emotion"], clips.source.text) == ("sub02", "tense", "CASME, the user's copy")


def test_casme_without_an_apex_or_an_offset(tmp_path):
    rows = [[1, clip, 10, 12, 14, "4", "tense"] for clip in ("EP01_1", "EP01_2", "EP01_3", "EP01_4")]
    tiny.casme(tmp_path, rows)
    cells = [
        [1, "EP01_1", None, 10, "\\", 13, 14, None, "4", "tense"],
        [1, "EP01_2", None, 10, "\\", "\\", 14, None, "4", "tense"],
        [1, "EP01_3", None, 10, 12, 12, "\\", None, "4", "tense"],
        [1, "EP01_4", None, 10, 12, None, 17, None, "4", "tense"],
    ]
    tiny.sheet(tmp_path / "CASME" / "CASME-coding.xlsx", [tiny.CASME_HEADER, *cells])
    clips = databases.read("casme", tmp_path)
    assert clips.table["apex"].fillna(-1).tolist() == [13, -1, 12]
    assert clips.table["offset"].tolist() == [14, 14, 14]
    folder = tmp_path / "CASME" / "Cropped" / "sub01" / "EP01_4"
    assert reasons(clips) == {
        "EP01_4": f"onset..offset, 10..17, goes beyond the frames 10..14 in {folder.relative_to(tmp_path / 'CASME')}"
    }


def test_cas_me_2_finds_its_micro_expressions_in_long_videos(tmp_path):
    rows = [
        [1, "disgust1_1", 10, 14, 18, "4+7", "negative", MICRO],
        [1, "disgust1_2", 30, 60, 90, "9", "negative", "macro-expression"],
        [2, "anger1_3", 98, 101, 0, "AU4", "Negative", "Micro-expression"],
        [2, "anger1_4", 40, 0, 44, "14", "others", MICRO],
    ]
    tiny.cas_me_2(tmp_path, rows)
    clips = databases.read("cas_me_2", tmp_path)
    first, second, third = clips.table.to_dict("records")
    video = tmp_path / "CASME_sq" / "rawpic" / "s15" / "15_0101disgustingteeth"
    assert first["frames"] == [str(video / f"img{i:03d}.jpg") for i in range(10, 19)]
    kept = ["database", "subject", "clip", "onset", "apex", "offset", "fps", "aus", "emotion", "cropped", "row"]
    assert [first[key] for key in kept] == [
        "cas_me_2", "s15", "disgust1_1", 10, 14, 18, 30.0, "4+7", "negative", False, 1,
    ]  # fmt: skip
    assert [second[key] for key in ("subject", "onset", "apex", "offset", "emotion", "row")] == [
        "s16", 98, 101, 101, "negative", 3,
    ]  # fmt: skip
    assert "16_0401girlcrashing" in second["frames"][0]
    assert pd.isna(third["apex"]) and clips.apex_index.tolist() == [4, 3, 2]
    assert len(clips.excluded) == 0


def test_what_is_wrong_with_rows_of_cas_me_2_is_said_of_each(tmp_path):
    rows = [
        [1, "disgust1_1", 10, 14, 18, "4+7", "negative", MICRO],
        [1, "happy9_1", 10, 14, 18, "12", "positive", MICRO],
        [1, "disgust1", 10, 14, 18, "12", "positive", MICRO],
        [1, "disgust1_2", 20, 24, 28, "9", "negative", "microexpresion?"],
        [1, "disgust1_3", 10, 14, 18, "9", "negative", "mixed"],
        [1, "disgust1_4", 110, 114, 128, "9", "negative", MICRO],
        [2, "anger1_1", 10, 14, 18, "9", "negative", MICRO],
        [3, "anger1_2", 10, 14, 18, "9", "negative", MICRO],
        ["two coders", None, None, None, None, None, None, None],
    ]
    tiny.cas_me_2(tmp_path, rows[:7])
    folder = tmp_path / "CASME_sq"
    names = [[15, "s15", 1], [16, "s16", 2]], [[101, "disgust1"], ["0401", "anger1"]]
    tiny.sheet(folder / "CAS(ME)^2code_final.xlsx", rows, *names)
    for file in (folder / "rawpic" / "s16" / "16_0401girlcrashing").iterdir():
        os.remove(file)
    (folder / "rawpic" / "s16" / "16_0401girlcrashing").rmdir()
    clips = databases.read("cas_me_2", tmp_path)
    assert clips.table["clip"].tolist() == ["disgust1_1", "disgust1_2"]
    video = folder / "rawpic" / "s15" / "15_0101disgustingteeth"
    assert reasons(clips) == {
        "happy9_1": "the stimulus of 'happy9_1' has no code in the third sheet",
        "disgust1": "the stimulus of 'disgust1' has no code in the third sheet",
        "disgust1_3": "type 'mixed' is neither micro-expression nor macro-expression",
        "disgust1_4": f"onset..offset, 110..128, goes beyond the frames 1..120 in {video.relative_to(tmp_path / 'CASME_sq')}",
        "anger1_1": "no folder of the video 0401 in rawpic/s16",
        "anger1_2": "participant '3' has no folder in the second sheet",
    }
    assert clips.excluded["row"].tolist() == [2, 3, 5, 6, 7, 8]


def test_a_workbook_that_is_not_that_of_cas_me_2_is_refused_with_what_it_lacks(tmp_path):
    folder = tmp_path / "CASME_sq"
    (folder / "rawpic").mkdir(parents=True)
    with pytest.raises(SheetError, match=r"no \.xlsx file"):
        databases.read("cas_me_2", tmp_path)
    tiny.sheet(folder / "code.xlsx", [["a", "b"]])
    with pytest.raises(SheetError, match=r"code\.xlsx: 1 of the 3 sheets"):
        databases.read("cas_me_2", tmp_path)
    tiny.sheet(folder / "code.xlsx", [["a", "b"]], [["15", "s15"]], [["0101", "disgust1"]])
    with pytest.raises(SheetError) as error:
        databases.read("cas_me_2", tmp_path)
    assert "sheet 1 has 2 columns; 8 are needed" in str(error.value)
    assert "sheet 2 has 2 columns; 3 are needed" in str(error.value)
    macro = [[1, "disgust1_1", 1, 2, 3, "4", "negative", "macro-expression"]]
    tiny.cas_me_2(tmp_path, macro)
    with pytest.raises(SheetError, match="one workbook such as"):
        databases.read("cas_me_2", tmp_path)
    os.remove(folder / "code.xlsx")
    with pytest.raises(SheetError, match="none of the 1 rows is a micro-expression"):
        databases.read("cas_me_2", tmp_path)


def test_casme_and_cas_me_2_of_the_published_size(tmp_path):
    tiny.casme(tmp_path, tiny.counted_rows(tiny.CASME, 19))
    micro = [
        [i % 14 + 1, f"{('disgust1', 'anger1')[i % 2]}_{i}", *window(i // 14), "4+7", emotion, MICRO]
        for i, emotion in enumerate(label for label, number in tiny.CAS_ME_2.items() for _ in range(number))
    ]
    tiny.cas_me_2(tmp_path, micro, length=20)
    for name in ("casme", "cas_me_2"):
        report = databases.check(name, tmp_path)
        assert report.ok, report


def with_units(counts: dict[str, int], subjects: int, first: list) -> list[list]:
    """As many rows as `counts` (annotation of action units -> clips) says: `first` builds one of subject, name and units."""
    codes = [code for code, number in counts.items() for _ in range(number)]
    return [first(i % subjects + 1, i, code) for i, code in enumerate(codes)]


def test_the_four_databases_of_psn_are_one_by_their_action_units(tmp_path, capsys):
    """Sheets written the way each database writes its units. Beside Table 4: on the real CASME II and SAMM sheets Table 2
    does not give its counts either."""
    casme = {"12": 4, "6+L12": 3, "1+2": 5, "4": 20, "R14": 6, "?": 1}
    casme2 = {"L12": 3, "6+12": 5, "1+2+25": 4, "4+7": 25, "4+9": 5, "none": 2, "14+17": 6}
    cas_me_2 = {"AU6+AU12": 2, "AU25": 3, "AU4+AU7": 7, "AU14": 8}
    samm = {
        "12B": 3,
        "(R6 or R12)": 2,
        "A1B+A2C": 3,
        "4/7": 4,
        "L12A+R14": 5,
        "15A/B": 2,
        "T23": 1,
        "R14+soft focus": 9,
    }
    tiny.casme(tmp_path, with_units(casme, 6, lambda s, i, code: [s, f"EP01_{i}", 5, 6, 7, code, "tense"]))
    tiny.casme2(tmp_path, with_units(casme2, 6, lambda s, i, code: [s, f"EP01_{i}", 5, 6, 7, code, "others"]))
    rows = with_units(cas_me_2, 5, lambda s, i, code: [s, f"disgust1_{i}", *window(i // 5), code, "negative", MICRO])
    tiny.cas_me_2(tmp_path, rows, length=20)
    tiny.samm(tmp_path, with_units(samm, 6, lambda s, i, code: [f"{s:03d}", f"{s:03d}_1_{i}", 5, 6, 7, code, "Anger"]))
    parts = {name: databases.read(name, tmp_path).classes("psn-4") for name in TABLE_4}
    found = {name: tuple(clips.counts()["clips"]) for name, clips in parts.items()}
    assert found == {"casme": (7, 20, 5, 7), "casme2": (8, 30, 4, 8), "cas_me_2": (2, 7, 3, 8), "samm": (5, 7, 3, 14)}
    clips = Clips.concat(*parts.values())
    assert clips.class_names == ("positive", "negative", "surprise", "others")
    assert (clips.scheme, len(clips), len(clips.excluded)) == ("psn-4", 39 + 50 + 20 + 29, 0)
    assert len(splits.loso(clips)) == len(set(clips.subjects)) == 6 + 6 + 5 + 6
    for protocol in (splits.loso, splits.stratified_kfold(10, 0), splits.grouped_kfold(10, 0)):
        folds = protocol(clips)
        assert sorted(i for fold in folds for i in fold.test) == list(range(len(clips)))
        for fold in folds:
            splits.check_persons(fold, clips.subjects)
    beside = {
        "these sheets": pd.DataFrame(found, clips.class_names).T,
        "Table 4": pd.DataFrame(TABLE_4, clips.class_names).T,
    }
    with capsys.disabled():
        print(f"\n{pd.concat(beside, axis=1).to_string()}")


@pytest.mark.parametrize(
    ("units", "category"),
    [
        ("AU6+AU7+AU12", "I"), ("L12A", "I"), ("12L", "I"), ("6+12+25", "VII"), ("25", "II"), ("5+24", "II"),
        ("2", "VII"), ("4+7", "III"), ("7+4", "III"), ("4B+6+7", "III"), ("4+5", "VII"), ("AU4+AU38", "III"),
        ("4+L10", "VII"), ("4+7+L10", "IV"), ("AU4+AU5+AU7+AU9", "IV"), ("1", "V"), ("6+15", "V"), ("1+2+4", "VI"),
        ("20", "VI"), ("14", "VII"), ("?", "VII"), ("", "VII"),
    ],
)  # fmt: skip
def test_a_category_needs_exactly_its_action_units(units, category):
    assert schemes.psn_category(units) == category
