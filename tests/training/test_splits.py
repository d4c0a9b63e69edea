import numpy as np
import pandas as pd
import pytest
from helpers import toy
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneGroupOut

from merlib.data.clips import Clips
from merlib.training import splits

POOLED = Clips.concat(toy.clips(4, 5, "smic"), toy.clips(3, 6, "samm"), toy.clips(5, 3, "casme2"))
cheap = {"persons": st.integers(3, 6), "per_person": st.integers(3, 5), "seed": st.integers(0, 99)}


def covers(folds, clips):
    return np.sort(np.concatenate([fold.test for fold in folds])).tolist() == list(range(len(clips)))


@given(**cheap)
def test_loso_tests_each_person_once_and_trains_on_all_others(persons, per_person, seed):
    clips = toy.clips(persons, per_person, seed=seed)
    folds = splits.loso(clips)
    reference = LeaveOneGroupOut().split(clips.y, groups=clips.subjects)
    for fold, (train, test) in zip(folds, reference, strict=True):
        splits.check_persons(fold, clips.subjects)
        assert set(clips.subjects[fold.test]) == {fold.name}
        assert fold.train.tolist() == train.tolist() and fold.test.tolist() == test.tolist()


@given(number=st.integers(0, 8), **cheap)
def test_loso_of_some_people_has_their_folds_and_no_others(number, persons, per_person, seed):
    clips = toy.clips(persons, per_person, seed=seed)
    every = {fold.name: fold for fold in splits.loso(clips)}
    some = splits.loso_of(number)(clips)
    assert len({fold.name for fold in some}) == len(some) == (min(number, persons) or persons)
    for fold in some:
        assert fold.train.tolist() == every[fold.name].train.tolist()
        assert fold.test.tolist() == every[fold.name].test.tolist()


@given(k=st.integers(2, 3), **cheap)
def test_grouped_folds_test_each_clip_once_and_split_no_person(k, persons, per_person, seed):
    clips = toy.clips(persons, per_person, seed=seed)
    folds = splits.grouped_kfold(k, seed)(clips)
    assert covers(folds, clips)
    for fold in folds:
        splits.check_persons(fold, clips.subjects)


def test_stratified_folds_keep_the_classes_shares_and_say_that_they_share_persons():
    clips = toy.clips(persons=6, per_person=10)  # 20 clips a class
    folds = splits.stratified_kfold(5, seed=0)(clips)
    assert covers(folds, clips)
    assert [np.bincount(clips.y[fold.test]).tolist() for fold in folds] == [[4, 4, 4]] * 5
    for fold in folds:
        assert fold.shares_persons and set(clips.subjects[fold.train]) & set(clips.subjects[fold.test])
        splits.check_persons(fold, clips.subjects)


@pytest.mark.parametrize("protocol", [splits.stratified_kfold, splits.grouped_kfold])
def test_k_folds_come_from_the_seed(protocol):
    def members(seed):
        return [fold.test.tolist() for fold in protocol(3, seed)(POOLED)]

    assert members(1) == members(1)
    assert members(1) != members(2)


@given(seed=st.integers(0, 99), persons=st.integers(3, 5))
def test_resampling_repeats_training_clips_up_to_the_largest_class_and_leaves_the_test_alone(seed, persons):
    clips = toy.clips(persons, 7, seed=seed)
    for before, after in zip(splits.loso(clips), splits.resampled(splits.loso, seed)(clips), strict=True):
        assert after.name == before.name and after.test.tolist() == before.test.tolist()
        assert set(after.train) == set(before.train)
        counts = np.bincount(clips.y[before.train], minlength=3)
        assert np.bincount(clips.y[after.train], minlength=3).tolist() == [counts.max()] * 3
        repeats = np.bincount(after.train)[np.unique(after.train)]
        for label in range(3):
            assert np.ptp(repeats[clips.y[np.unique(after.train)] == label]) <= 1
        splits.check_persons(after, clips.subjects)


def test_resampling_leaves_out_a_class_that_the_fold_does_not_train_on():
    clips = toy.clips(persons=3, per_person=4)
    table = clips.table.assign(label=["surprise"] * 4 + ["negative", "negative", "negative", "positive"] * 2)
    fold = splits.resampled(splits.loso)(Clips(table, class_names=clips.class_names))[0]
    assert np.bincount(clips.y[fold.test]).sum() == 4
    assert pd.Series(table["label"]).iloc[fold.train].value_counts().to_dict() == {"negative": 6, "positive": 6}


def test_resampling_comes_from_its_seed():
    def trained(seed):
        return [fold.train.tolist() for fold in splits.resampled(splits.composite, seed)(POOLED)]

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


@pytest.mark.parametrize(
    "protocol",
    [
        splits.loso,
        splits.composite,
        splits.hold_out_database("casme2", "smic"),
        splits.hold_out_database("smic", "samm"),
    ],
)
def test_one_person_under_two_spellings_is_on_one_side_of_every_fold(protocol):
    table = POOLED.table.copy()
    smic = table.index[table["database"] == "smic"]
    table.loc[smic[::2], "subject"] = [f"s{name[1:].zfill(2)}" for name in table.loc[smic[::2], "subject"]]  # s01
    clips = Clips(table, class_names=POOLED.class_names)
    assert {"s1", "s01"} <= set(clips.table["subject"])
    for fold in splits.resampled(protocol)(clips):
        splits.check_persons(fold, clips.subjects)
        names = [
            {(clips.table["database"][i], int(clips.table["subject"][i][1:])) for i in side}
            for side in (fold.train, fold.test)
        ]
        assert not names[0] & names[1]


def test_composite_leaves_one_person_out_of_all_databases():
    folds = splits.composite(POOLED)
    assert len(folds) == 4 + 3 + 5 and covers(folds, POOLED)
    assert {fold.name.split("/")[0] for fold in folds} == {"smic", "samm", "casme2"}
    for fold in folds:
        assert set(POOLED.table["database"].iloc[fold.train]) == {"smic", "samm", "casme2"}


def test_hold_out_database_trains_on_one_and_tests_on_another():
    (fold,) = splits.hold_out_database(train="samm", test="smic")(POOLED)
    assert POOLED.table["database"].iloc[fold.train].unique().tolist() == ["samm"] and len(fold.train) == 18
    assert POOLED.table["database"].iloc[fold.test].unique().tolist() == ["smic"] and len(fold.test) == 20


@pytest.mark.parametrize(
    "protocol, names",
    [
        (splits.loso, "smic has 1"),
        (splits.composite, "smic"),
        (splits.hold_out_database("casme2", "smic"), "casme2"),
        (splits.grouped_kfold(2, 0), "smic has 1"),
    ],
)
def test_what_a_protocol_needs_is_named(protocol, names):
    with pytest.raises(ValueError, match=names):
        protocol(toy.clips(persons=1))


def test_a_person_on_both_sides_is_found_however_the_name_is_written():
    one, other = toy.clips(persons=2), toy.clips(persons=2)
    other.table["clip"] += "b"
    other.table["frames"] = [[f"other/{i}.png"] for i in range(len(other))]
    other.table["subject"] = other.table["subject"].str.replace("s", "s0")
    with pytest.warns(UserWarning, match="'s.', 's0.' are read as one person"):
        clips = one.concat(other)
    with pytest.raises(splits.SharedPersonError, match=r"fold mine: \['smic/001', 'smic/002'\]"):
        splits.check_persons(splits.Fold("mine", np.arange(8), np.arange(8, 16)), clips.subjects)


def test_a_clip_on_both_sides_is_refused_even_where_persons_are_shared():
    fold = splits.Fold("mine", np.array([0, 1, 2]), np.array([2, 3]), shares_persons=True)
    with pytest.raises(splits.SharedPersonError, match=r"clips at \[2\]"):
        splits.check_persons(fold, POOLED.subjects)


@given(num_subjects=st.integers(1, 2), fold_index=st.integers(0, 5), seed=st.integers(0, 99))
def test_persons_kept_aside_are_neither_trained_nor_tested_on(num_subjects, fold_index, seed):
    clips = toy.clips(persons=6)
    fold = splits.loso(clips)[fold_index]
    reduced, inner = splits.keep_aside(fold, clips.subjects, num_subjects, seed)
    parts = [set(clips.subjects[part]) for part in (reduced.train, inner, fold.test)]
    assert [len(part) for part in parts] == [6 - 1 - num_subjects, num_subjects, 1]
    assert len(set.union(*parts)) == 6
    assert sorted([*reduced.train, *inner]) == sorted(fold.train) and reduced.test is fold.test


def test_clips_kept_aside_are_counted_once_when_training_repeats_them():
    clips = toy.clips(persons=3)
    fold = splits.loso(clips)[0]
    repeated = splits.Fold(fold.name, np.repeat(fold.train, 3), fold.test)
    reduced, inner = splits.keep_aside(repeated, clips.subjects, 1, seed=0)
    assert len(reduced.train) == 3 * 4 and len(inner) == 4


def test_keeping_everybody_aside_is_refused():
    clips = toy.clips(persons=2)
    with pytest.raises(ValueError, match="fold smic/001 has 1 training persons"):
        splits.keep_aside(splits.loso(clips)[0], clips.subjects, 1, seed=0)
