import numpy as np
import pytest
from helpers.made_predictions import LOOK_ALIKE, made

from merlib.results import differences, metrics


def test_differences_are_the_means_over_clips_with_their_error_over_subjects():
    whole, part = made({0: [[1, 0], [5, 2]], 1: [[4, 4]]}), made({0: [[3, 2]], 1: [[4, 1]]}, experiment="part")
    table = differences.against({"part": part, "whole": whole}, reference="whole").frame
    # by seed, of 10 clips each: (5 + 2 - 3 - 2) / 10 and (4 + 4 - 4 - 1) / 10; by person, over seeds: 2 / 2 and 3 / 2 of 5
    assert table.iloc[0]["whole minus"] == "part"
    assert table.iloc[0]["accuracy, points"] == "+25.0"
    assert table.iloc[0]["by seed"] == "+20.0 (seed 0), +30.0 (seed 1)"
    gained = np.array([1.0, 1.5])  # clips a person, of 5
    error = np.sqrt(((gained - 5 * 0.25) ** 2).sum() * 2) / 10
    assert table.iloc[0]["error over subjects"] == f"{100 * error:.1f}"
    assert table.iloc[0]["error over seeds"] == "5.0"  # of 20 and 30
    assert table.iloc[0]["significant"] == "yes"


def test_seeds_that_contradict_each_other_make_nothing_significant():
    whole, part = made({0: [[5, 5]], 1: [[0, 0]]}), made({0: [[2, 2]], 1: [[1, 1]]}, experiment="part")
    row = differences.against({"part": part, "whole": whole}, reference="whole").frame.iloc[0]
    assert row[["accuracy, points", "error over subjects", "error over seeds"]].tolist() == ["+20.0", "0.0", "40.0"]
    assert row["significant"] == "no"


def test_equal_results_do_not_differ_and_only_common_seeds_count():
    table = differences.against({"a": made({0: [[3, 1]], 5: [[0, 0]]}), "b": made({0: [[3, 1]], 1: [[5, 5]]})}, "a")
    row = table.frame.iloc[0][["accuracy, points", "by seed", "error over seeds", "significant"]]
    assert row.tolist() == ["+0.0", "+0.0 (seed 0)", "one seed", "one seed"]
    assert table.notes[0] == "One seed: no difference can be called significant." and table.sources == (LOOK_ALIKE,)


def test_results_on_other_clips_or_seeds_are_not_compared():
    for other in (made({1: [[3, 1]]}), made({0: [[3]]})):
        with pytest.raises(ValueError, match="'a' and 'b' have no seed in common, or other clips"):
            differences.against({"a": made({0: [[3, 1]]}), "b": other}, "a")


def test_the_error_over_subjects_is_that_of_repeated_samples():
    """200 databases drawn from one population: the errors reported agree with how much the differences vary."""
    rng, means, errors = np.random.default_rng(0), [], []
    for _ in range(200):
        skill = rng.integers(0, 5, 12)  # persons differ, so their clips are not independent
        a, b = ({0: [[int(np.clip(s + rng.integers(0, 2 + bonus), 0, 5)) for s in skill]]} for bonus in (1, 0))
        row = differences.against({"a": made(a), "b": made(b)}, "a").frame.iloc[0]
        means.append(float(row["accuracy, points"]))
        errors.append(float(row["error over subjects"]))
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.2)


def test_the_significant_ones_are_counted_and_one_seed_says_nothing():
    whole, part = made({0: [[5] * 6], 1: [[5] * 6]}), made({0: [[1] * 6], 1: [[1] * 6]}, experiment="part")
    one = made({0: [[1] * 6]}, experiment="one seed")
    note = differences.against({"part": part, "whole": whole, "same": whole, "one": one}, "whole").notes[0]
    assert note == "1 of 2 differences are significant: larger than twice their standard errors."


def test_a_result_alone_cannot_be_compared():
    with pytest.raises(ValueError, match="no result beside 'a'"):
        differences.against({"a": made({0: [[1]]})}, "a")


def test_several_evaluations_are_counted_together():
    clear = {"part": made({0: [[1] * 6], 1: [[1] * 6]}), "whole": made({0: [[5] * 6], 1: [[5] * 6]})}
    none = {"part": clear["whole"], "third": clear["whole"], "whole": clear["whole"]}
    table = differences.in_each({"HDE": clear, "CDE": none}, "whole")
    assert table.frame["evaluation"].tolist() == ["HDE", "CDE", "CDE"]
    assert table.frame["whole minus"].tolist() == ["part", "part", "third"]
    assert table.frame["significant"].tolist() == ["yes", "no", "no"]
    assert table.notes[0].startswith("1 of 3 differences are significant")
    assert table.sources == (LOOK_ALIKE,)


def test_differences_are_said_in_one_line_with_their_whole_error():
    whole, part = made({0: [[1, 0], [5, 2]], 1: [[4, 4]]}), made({0: [[3, 2]], 1: [[4, 1]]}, experiment="part")
    one = made({0: [[1, 1]]}, experiment="one")
    said = differences.said(differences.against({"part": part, "whole": whole, "one": one}, "whole"))
    # errors of 5.0 over subjects and 5.0 over seeds
    assert said.startswith("whole minus part: +25.0 ± 7.1 points (significant); whole minus one: +50.0 ± ")
    assert said.endswith(" points (one seed)")
    in_two = differences.in_each({"here": {"a": whole, "b": part}, "there": {"a": part, "b": part}}, "a")
    assert differences.said(in_two) == (
        "a minus b, here: +25.0 ± 7.1 points (significant); a minus b, there: +0.0 ± 0.0 points (not told apart)"
    )


def test_one_person_has_no_error_over_subjects():
    whole, part = made({0: [[5]], 1: [[4]]}), made({0: [[2]], 1: [[1]]}, experiment="part")
    table = differences.against({"part": part, "whole": whole}, "whole")
    assert table.frame.iloc[0][["accuracy, points", "error over subjects", "significant"]].tolist() == [
        "+60.0", "one person", "one person",
    ]  # fmt: skip
    assert table.notes[0] == "One person: no difference can be called significant."


def test_rows_chosen_by_another_rule_are_compared_as_they_are():
    both = made({0: [[1, 1], [0, 0]], 1: [[2, 2], [1, 1]]})  # the first epoch is the better one
    chosen = {"best": metrics.select(both, "best test epoch"), "last": both}
    assert differences.against(chosen, "best").frame.iloc[0]["accuracy, points"] == "+20.0"


def test_a_sentence_reads_the_table():
    whole, part = made({0: [[5] * 6], 1: [[5] * 6]}), made({0: [[1] * 6], 1: [[1] * 6]}, experiment="part")
    table = differences.in_each({"a": {"whole": whole, "part": part}, "b": {"whole": part, "same": part}}, "whole")
    assert differences.sentence(table) == (
        "whole is ahead in 1 of 2 comparisons and behind in 0. Significant: a, part, +80.0 points."
    )
    one = differences.against({"a": made({0: [[1]]}), "b": made({0: [[3]]})}, "a")
    assert differences.sentence(one) == (
        "a is ahead in 0 of 1 comparisons and behind in 1. One person: no difference can be called significant."
    )


def test_a_summary_has_number_uncertainty_and_answer():
    whole, part = made({0: [[5] * 6], 1: [[5] * 6]}), made({0: [[1] * 6], 1: [[1] * 6]}, experiment="part")
    found = differences.found(differences.against({"whole": whole, "part": part, "same": whole}, "whole"))
    assert found == {
        "number": "ahead in 1 of 2, by +0.0 to +80.0 points",
        "uncertainty": "standard errors over subjects 0.0 to 0.0 points",
        "told apart": "1 of 2",
    }
    alone = made({0: [[1, 0], [5, 2]], 1: [[4, 4]]}), made({0: [[3, 2]], 1: [[4, 1]]}, experiment="part")
    assert differences.found(differences.against(dict(zip("ab", alone, strict=True)), "a")) == {
        "number": "+25.0 points", "uncertainty": "standard error 7.1 points", "told apart": "yes"
    }  # fmt: skip
    one = differences.found(differences.against({"a": made({0: [[1]]}), "b": made({0: [[3]]})}, "a"))
    assert (one["uncertainty"], one["told apart"]) == ("", "not with one person")
