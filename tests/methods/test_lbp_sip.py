import numpy as np
import pytest
from helpers import toy
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import SVC

from merlib.methods import lbp_sip
from merlib.results import metrics
from merlib.training import splits
from merlib.training.experiments import Experiment
from merlib.training.loop import Settings

SMALLEST = {"num_epochs": 1, "batch_size": 8, "lr": 1e-3, "precision": "float32"}


def test_a_volume_worked_out_by_hand():
    """One pixel has all six neighbours: 5, with 6 to its right, 1 above, 5 to its left, 4 below, 9 before and 2 after."""
    clip = np.zeros((3, 3, 3), np.uint8)
    clip[1] = [[0, 1, 0], [5, 5, 6], [0, 4, 0]]
    clip[0, 1, 1], clip[2, 1, 1] = 9, 2
    expected = np.zeros(20)
    expected[0b0101] = 1  # right (1) and left (4) are not less
    expected[16 + 0b01] = 1  # nor is the one before
    assert lbp_sip.describe(clip, blocks=1).tolist() == expected.tolist()


def test_blocks_lie_row_by_row_and_each_adds_up_to_one_a_code():
    clip = np.zeros((4, 6, 6), np.uint8)
    clip[:, :, 3:] = (
        np.arange(4)[:, None, None] * 10
    )  # the right half gets brighter, so all but the frame before is not less
    found = lbp_sip.describe(clip, blocks=2).reshape(2, 2, 20)
    np.testing.assert_allclose(found[..., :16].sum(-1), 1)
    np.testing.assert_allclose(found[..., 16:].sum(-1), 1)
    assert found[0, 0, 19] == found[1, 0, 19] == 1 and found[0, 1, 18] == found[1, 1, 18] == 1


@given(
    shape=st.tuples(st.integers(3, 5), st.integers(4, 7), st.integers(4, 7)),
    seed=st.integers(0, 99),
    blocks=st.integers(1, 2),
)
def test_the_histograms_are_those_of_a_loop_over_pixels(shape, seed, blocks):
    clip = np.random.default_rng(seed).integers(0, 4, shape, dtype=np.uint8)
    frames, height, width = shape
    expected = np.zeros((blocks, blocks, 20))
    for t in range(1, frames - 1):
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                around = [clip[t, y, x + 1], clip[t, y - 1, x], clip[t, y, x - 1], clip[t, y + 1, x]]
                in_time = [clip[t - 1, y, x], clip[t + 1, y, x]]
                row = next(i for i in range(blocks) if y - 1 < (i + 1) * (height - 2) // blocks)
                column = next(i for i in range(blocks) if x - 1 < (i + 1) * (width - 2) // blocks)
                expected[row, column, sum(2**i for i, value in enumerate(around) if value >= clip[t, y, x])] += 1
                expected[row, column, 16 + sum(2**i for i, value in enumerate(in_time) if value >= clip[t, y, x])] += 1
    expected /= expected[..., :16].sum(-1, keepdims=True)
    np.testing.assert_allclose(lbp_sip.describe(clip, blocks).reshape(blocks, blocks, 20), expected, rtol=1e-6)


def test_light_that_changes_all_pixels_alike_changes_no_code_in_a_frame():
    clip = np.random.default_rng(0).integers(0, 100, (5, 12, 12), dtype=np.uint8)
    brighter = clip + np.array([0, 9, 3, 20, 1], np.uint8)[:, None, None]
    before, after = (lbp_sip.describe(c, 2).reshape(-1, 20) for c in (clip, brighter))
    assert np.array_equal(before[:, :16], after[:, :16]) and not np.array_equal(before[:, 16:], after[:, 16:])


@pytest.mark.parametrize(("shape", "blocks"), [((2, 9, 9), 2), ((5, 5, 9), 4), ((5, 9, 9, 3), 2)])
def test_clips_that_cannot_be_described_are_refused(shape, blocks):
    with pytest.raises(ValueError, match="LBP-SIP"):
        lbp_sip.describe(np.zeros(shape, np.uint8), blocks)


def test_predictions_have_the_columns_and_types_of_an_experiment(home):
    clips = toy.clips(persons=4)
    images = toy.inputs(clips.y)
    network = Experiment("toy", toy.Net, Settings(**SMALLEST)).run(images, clips, n_jobs=1)
    svm = lbp_sip.run("LBP-SIP", images.mean((2, 3)), clips)
    assert dict(svm.dtypes) == dict(network.dtypes)
    keys = ["database", "scheme", "source", "fold", "seed", "part", "epoch", "subject", "clip", "target"]
    assert svm[keys].equals(network[keys])
    score = metrics.scores(svm, "last").iloc[0]
    assert (score["n"], score["folds"]) == (16, 4) and score["accuracy"] > 0.9
    assert metrics.scores(svm, "best test epoch").iloc[0]["accuracy"] == score["accuracy"]


def test_the_highest_logit_is_the_svms_own_prediction(home):
    clips = toy.clips(persons=6, per_person=8)
    X = np.random.default_rng(0).normal(size=(len(clips), 5)) + clips.y[:, None]
    chosen = metrics.select(lbp_sip.run("LBP-SIP", X, clips), "last").set_index("clip")["predicted"]
    for fold in splits.loso(clips):
        scaled = (X - X[fold.train].mean(0)) / X[fold.train].std(0)
        expected = SVC(break_ties=True).fit(scaled[fold.train], clips.y[fold.train]).predict(scaled[fold.test])
        names = clips.table["clip"].to_numpy()[fold.test]
        assert chosen[names].tolist() == [clips.class_names[label] for label in expected]


def test_a_class_without_training_clips_is_never_predicted():
    clips = toy.clips(persons=3, per_person=6)
    alone = clips[(clips.subjects == "smic/001") | (clips.y != 0)]  # only person 1 has the first class
    predictions = lbp_sip.run("LBP-SIP", np.random.default_rng(0).normal(size=(len(alone), 3)), alone)
    tested = predictions[predictions["fold"] == "smic/001"]
    first, *others = (tested[f"logit_{name}"] for name in alone.class_names)
    np.testing.assert_allclose(first, np.minimum(*others) - 1, rtol=1e-6)


def test_what_does_not_fit_together_is_refused():
    clips = toy.clips(persons=3)
    with pytest.raises(ValueError, match="X has 3 clips, the clip table 12"):
        lbp_sip.run("LBP-SIP", np.zeros((3, 2)), clips)
    one_class = clips[clips.y == 1]
    with pytest.raises(ValueError, match="trains on 1 of the 3 classes"):
        lbp_sip.run("LBP-SIP", np.zeros((len(one_class), 2)), one_class)

    def shared(clips):
        return [splits.Fold("mine", np.arange(6), np.arange(6, 12))]

    with pytest.raises(splits.SharedPersonError, match="fold mine"):
        lbp_sip.run("LBP-SIP", np.zeros((12, 2)), clips, shared)
