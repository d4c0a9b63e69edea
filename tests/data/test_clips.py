from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.tiny_databases import CASME2, MMEW, SAMM
from hypothesis import given
from hypothesis import strategies as st

from merlib.data import schemes
from merlib.data.clips import EXCLUDED_COLUMNS, Clips, ClipTableError, make_table, validate
from merlib.data.source import Source
from merlib.preprocessing import frames


def record(**changes) -> dict:
    given = {
        "database": "casme2", "subject": "sub01", "clip": "EP02_01f", "onset": 46, "apex": 50, "offset": 55, "fps": 200.0,
        "aus": "4+7", "emotion": "disgust", "cropped": True, "file": "sheet.xlsx", "row": 2,
    } | changes  # fmt: skip
    numbers = [] if pd.isna(given["onset"]) else range(given["onset"], given["offset"] + 1)
    return {"frames": [f"{given['database']}/{given['clip']}/img{i}.jpg" for i in numbers]} | given


def clips_of(emotions: dict[str, int], **changes) -> Clips:
    """Clips of a database with as many clips of each emotion, over five subjects."""
    labels = [emotion for emotion, number in emotions.items() for _ in range(number)]
    records = [
        record(emotion=emotion, subject=f"sub{i % 5 + 1:02d}", clip=f"EP{i}", row=i + 2, **changes)
        for i, emotion in enumerate(labels)
    ]
    return Clips(make_table(records))


@pytest.mark.parametrize(
    ("database", "emotions", "scheme", "published"),
    [
        # MMNet, Tables 1 and 2
        (
            "casme2",
            CASME2,
            "casme2-5",
            {"happiness": 32, "disgust": 63, "repression": 27, "surprise": 28, "others": 99},
        ),
        ("casme2", CASME2, "casme2-3", {"positive": 32, "negative": 96, "surprise": 28}),
        ("samm", SAMM, "samm-5", {"happiness": 26, "anger": 57, "contempt": 12, "surprise": 15, "others": 26}),
        ("samm", SAMM, "samm-3", {"positive": 26, "negative": 92, "surprise": 15}),
        ("mmew", MMEW, "mmew-4", {"happiness": 36, "surprise": 89, "disgust": 72, "others": 66}),
        # MEGC 2019 takes SAMM as Table 2 does, and neither sadness nor fear of CASME II
        ("samm", SAMM, "megc2019-3", {"positive": 26, "negative": 92, "surprise": 15}),
        ("casme2", CASME2, "megc2019-3", {"positive": 32, "negative": 90, "surprise": 28}),
    ],
)
def test_classes_have_the_published_order_and_counts(database, emotions, scheme, published):
    every = clips_of(emotions, database=database)
    clips = every.classes(scheme)
    assert clips.class_names == tuple(published)
    assert dict(clips.counts()[["class", "clips"]].itertuples(index=False)) == published
    assert np.bincount(clips.y).tolist() == list(published.values())
    assert len(clips) + len(clips.excluded) == len(every)
    assert clips.excluded["reason"].str.contains(scheme).all()


def test_a_clip_outside_the_scheme_is_left_out_by_name_with_its_place_and_emotion():
    clips = clips_of({"happiness": 1, "fear": 1}).classes("casme2-5")
    assert clips.excluded.to_dict("records") == [
        {
            "database": "casme2", "subject": "sub02", "clip": "EP1", "file": "sheet.xlsx", "row": 3,
            "reason": "emotion 'fear' is in no class of casme2-5",
        }
    ]  # fmt: skip


def test_own_classes_are_the_emotions_found():
    clips = clips_of({"worry": 2, "joy": 3}, database="own").classes("own")
    assert clips.class_names == ("joy", "worry")
    assert clips.y.tolist() == [1, 1, 0, 0, 0]


def test_objective_classes_go_by_the_sheets_column_and_not_by_the_emotion():
    every = Clips(
        make_table([record(clip=text, objective=text) for text in ("I", "II", "III", "IV", "V", "VI", "VII")])
    )
    clips = every.classes("objective-5")
    assert clips.table["label"].tolist() == ["happiness", "surprise", "anger", "disgust", "sadness"]
    assert sorted(clips.excluded["clip"]) == ["VI", "VII"]
    with pytest.raises(ValueError, match="no objective classes"):
        clips_of({"fear": 1}).classes("objective-5")


def test_a_scheme_that_leaves_a_database_no_clip_is_refused_with_what_its_column_holds():
    """As objective classes written 1 to 7 once left none of SAMM's, without a word."""
    digits = Clips(make_table([record(database="samm", clip=text, objective=text) for text in ("1", "7")]))
    casme2 = Clips(make_table([record(objective="I")]))
    said = r"objective-5 leaves none of the 2 clips of samm: the column objective holds '1', '7' \(accepted: 'I', 'II',"
    with pytest.raises(ValueError, match=said):
        digits.classes("objective-5")
    with pytest.raises(ValueError, match=said):
        casme2.concat(digits).classes("objective-5")


def test_unreadable_action_units_matter_to_classes_by_action_units_alone():
    clips = Clips(make_table([record(clip="a", aus="4++7"), record(clip="b", aus="6+12")]))
    assert len(clips.classes("own")) == 2
    with pytest.warns(UserWarning, match="no clip of casme2 is in class negative, surprise, others"):
        by_units = clips.classes("psn-4")
    assert by_units.table["clip"].tolist() == ["b"]
    assert "'4++7': not understood at position 3" in by_units.excluded["reason"].item()
    nothing = Clips(make_table([record(aus="")]))
    with pytest.raises(ValueError, match="the annotations of casme2 have no aus"):
        nothing.classes("psn-4")


def test_clips_without_frames_are_a_table_and_nothing_is_loaded_from_them(home):
    blank = {"frames": [], "onset": pd.NA, "apex": pd.NA, "offset": pd.NA}
    clips = Clips(make_table([record(clip="a", frames=[]), record(clip="b", **blank)]))
    assert clips.apex_index.tolist() == [clips.table["apex"][0] - clips.table["onset"][0], 0]
    with pytest.raises(ValueError, match=r"the clips of casme2 have no frames: they were read with frames=False"):
        frames.load(clips, size=8)


def test_unknown_and_unfitting_schemes_are_refused_with_the_accepted_ones():
    clips = clips_of(SAMM, database="samm")
    with pytest.raises(ValueError, match=r"'samm-4'; accepted: casme2-5, .*own"):
        clips.classes("samm-4")
    with pytest.raises(ValueError, match=r"casme2-5 has no classes for samm; accepted here: samm-5, samm-3, .*own"):
        clips.classes("casme2-5")
    with pytest.raises(ValueError, match=r"call \.classes"):
        _ = clips.y


def test_all_databases_of_a_scheme_have_its_classes_in_one_order():
    for databases in schemes.SCHEMES.values():
        assert len({tuple(dict.fromkeys(classes.values())) for classes in databases.values()}) == 1


def test_s1_and_s01_have_one_key_but_not_across_databases():
    rows = [("smic", "s1"), ("smic", "s01"), ("casme2", "sub01")]
    table = make_table([record(database=d, subject=s, clip=f"{d}{s}") for d, s in rows])
    assert Clips(table).subjects.tolist() == ["smic/001", "smic/001", "casme2/001"]


@given(st.integers(0, 500), st.integers(1, 60), st.integers(0, 59) | st.none())
def test_the_apex_index_finds_the_apex_among_the_frames_or_the_middle_one(onset, length, apex):
    apex = None if apex is None else onset + apex % length
    clips = Clips(make_table([record(onset=onset, apex=apex, offset=onset + length - 1)]))
    frame = clips.table["frames"][0][clips.apex_index[0]]
    if apex is not None:
        assert frame.endswith(f"/img{apex}.jpg")
    else:
        before, after = clips.apex_index[0], length - 1 - clips.apex_index[0]
        assert after - before in (0, 1)


def test_a_picture_of_a_whole_clip_needs_no_frame_numbers():
    clips = Clips(make_table([record(onset=pd.NA, apex=pd.NA, offset=pd.NA, frames=["map.png"], fps=np.nan)]))
    assert clips.apex_index.tolist() == [0]


def test_all_faults_of_a_table_are_reported_at_once_with_their_place():
    table = make_table(
        [
            record(clip="a", apex=80),
            record(clip="b", aus=4, row=3),
            record(clip="c", offset=40, frames=["x.jpg"]),
            record(clip="d", frames=["x.jpg", "y.jpg"]),
            record(clip="e", emotion="Disgust "),
            record(clip="f", fps=0.0),
            record(clip="h", fps=np.inf),
            record(clip="g", frames=[]),
            record(clip="h", subject=""),
            record(clip="i", row=10),
            record(clip="i", row=11),
        ]
    )
    with pytest.raises(ClipTableError) as error:
        validate(table)
    lines = str(error.value).splitlines()
    assert lines[0] == "11 faults in the clip table:"
    for line, parts in zip(
        lines[1:],
        [
            ("casme2 sub01 a (sheet.xlsx, row 2)", "apex 80 is outside onset..offset, 46..55"),
            ("casme2 sub01 b (sheet.xlsx, row 3)", "aus is 4, not a text"),
            ("casme2 sub01 c", "offset 40 comes before onset 46"),
            ("casme2 sub01 d", "2 frames for onset..offset, 46..55"),
            ("casme2 sub01 e", "'Disgust '"),
            ("casme2 sub01 f", "fps is 0.0"),
            ("casme2 sub01 h", "fps is inf"),
            ("casme2  h", "subject is empty"),
            ("casme2 sub01 g", "it has no frames, and others have"),
            ("casme2 sub01 i (sheet.xlsx, row 10)", "more than once"),
            ("casme2 sub01 i (sheet.xlsx, row 11)", "more than once"),
        ],
        strict=True,
    ):
        assert all(part in line for part in parts)


def test_a_missing_column_is_named():
    with pytest.raises(ClipTableError, match="no column apex, cropped"):
        validate(make_table([record()]).drop(columns=["apex", "cropped"]))


def test_clips_are_checked_when_they_are_made():
    clips = clips_of({"fear": 2})
    with pytest.raises(ClipTableError, match="apex 99"):
        replace(clips, table=clips.table.assign(apex=99))


def test_selecting_by_mask_and_by_positions_keeps_rows_and_arrays_in_step():
    clips = clips_of(CASME2).classes("casme2-5")
    positions = np.array([5, 3, 200])
    mask = clips.y == 3
    assert clips[positions].table["clip"].tolist() == ["EP5", "EP3", "EP200"]
    assert clips[positions].y.tolist() == clips.y[positions].tolist()
    assert len(clips[mask]) == 28
    assert set(clips[mask].table["emotion"]) == {"surprise"}
    assert len(clips[mask].excluded) == len(clips.excluded)


def test_dropped_clips_are_excluded_with_the_reason_given():
    clips = clips_of({"fear": 3}).drop({("casme2", "sub02", "EP1"): "no face was found"})
    assert clips.table["clip"].tolist() == ["EP0", "EP2"]
    assert clips.excluded[["clip", "reason"]].to_numpy().tolist() == [["EP1", "no face was found"]]
    with pytest.raises(ValueError, match=r"not among the clips of casme2.*EP1"):
        clips.drop({("casme2", "sub02", "EP1"): "again"})


def test_databases_join_when_their_classes_agree():
    casme2 = replace(clips_of(CASME2).classes("casme2-3"), source=Source("CASME II, the user's copy"))
    samm = replace(clips_of(SAMM, database="samm").classes("samm-3"), source=Source("SAMM, the user's copy"))
    both = Clips.concat(casme2, samm)
    assert (len(both), len(both.excluded)) == (156 + 133, 99 + 26)
    assert (both.database, both.scheme) == ("casme2+samm", "casme2-3+samm-3")
    assert both.source.text == "CASME II, the user's copy; SAMM, the user's copy"
    assert both.y.tolist() == [*casme2.y, *samm.y]
    assert list(both.excluded.columns) == list(EXCLUDED_COLUMNS)
    with pytest.raises(ValueError, match="different classes"):
        Clips.concat(casme2, clips_of(SAMM, database="samm").classes("samm-5"))
    with pytest.raises(ClipTableError, match="more than once"):
        casme2.concat(casme2)


def test_counts_give_subjects_and_empty_classes():
    with pytest.warns(UserWarning, match="casme2-3: no clip of casme2 is in class negative"):
        clips = clips_of({"happiness": 2, "surprise": 7}).classes("casme2-3")
    assert clips.notes == ("casme2-3: no clip of casme2 is in class negative",)
    counts = clips.counts()
    assert counts.to_numpy().tolist() == [["positive", 2, 2], ["negative", 0, 0], ["surprise", 7, 5]]
