import numpy as np
import pytest

from merlib.results import identity

WHO = np.repeat(["ann", "bob", "cem"], [12, 10, 8])


def test_people_are_read_out_of_what_differs_between_them_and_not_of_noise():
    rng = np.random.default_rng(0)
    faces = {name: rng.normal(size=(6, 6)) for name in set(WHO)}
    noise = rng.normal(size=(30, 6, 6))
    table = identity.read_out({"face": np.array([faces[w] for w in WHO]) + 0.1 * noise, "noise": noise}, WHO)
    named, error, chance = (table[column] for column in table)
    assert named["face"] == 100 and error["face"] == 0
    assert named["noise"] < 65 and error["noise"] > 0
    assert chance.tolist() == [pytest.approx(40)] * 2  # 12 of 30


def test_people_with_few_clips_are_left_out_and_one_alone_is_refused():
    x = np.random.default_rng(0).normal(size=(33, 4))
    table = identity.read_out({"x": x}, [*WHO, "dan", "dan", "dan"])
    assert table["chance (%)"].item() == pytest.approx(40)
    with pytest.raises(ValueError, match="needs two people with 5 clips or more"):
        identity.read_out({"x": x[:14]}, ["ann"] * 10 + ["dan"] * 4)


def test_everybody_has_as_many_of_the_balanced_clips():
    subjects = ["a"] * 6 + ["b"] * 9 + ["c"] * 4 + ["d"] * 5
    kept = identity.balanced(subjects)
    assert [subjects[i] for i in kept] == ["a"] * 5 + ["b"] * 5 + ["d"] * 5 and len(set(kept)) == 15
    assert identity.balanced(["a"] * 6 + ["b"] * 4).tolist() == []
