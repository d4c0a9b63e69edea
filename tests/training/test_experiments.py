import gc
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import toy
from torch.nn import functional as F

from merlib.results import metrics
from merlib.training import checks, experiments, splits
from merlib.training.experiments import Experiment
from merlib.training.loop import Settings, TrainingDiverged

CLIPS = toy.clips(persons=4)
X = toy.inputs(CLIPS.y)
TOY = Experiment("toy", toy.Net, Settings(num_epochs=2, batch_size=8, lr=1e-2), prepare=toy.flip)


@pytest.fixture(autouse=True)
def one_worker(monkeypatch):
    """These folds take a moment each: processes would cost more than they give."""
    monkeypatch.setattr(experiments, "_workers", lambda: 1)


@pytest.fixture
def trained(home, monkeypatch) -> list[str]:
    """The names of the folds that are trained, in order."""
    names, train = [], Experiment._train

    def noted(self, X, clips, task):
        names.append(task.fold.name)
        return train(self, X, clips, task)

    monkeypatch.setattr(Experiment, "_train", noted)
    return names


def files(home: Path) -> list[Path]:
    return sorted((home / ".cache" / "folds").iterdir())


def by_clip(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions.sort_values(["seed", "fold", "part", "epoch", "clip"], ignore_index=True)


def test_predictions_are_a_row_a_clip_and_epoch(home):
    table = TOY.run(X, CLIPS, seeds=(3, 0))
    assert list(table.columns) == [
        "experiment", "database", "scheme", "source", "look_alike", "fold", "seed", "part", "epoch", "subject", "clip", "target",
        "train_loss", "logit_positive", "logit_negative", "logit_surprise",
    ]  # fmt: skip
    assert len(table) == 2 * 2 * 16
    assert (
        table["seed"].unique().tolist() == [3, 0] and set(table["epoch"]) == {1, 2} and set(table["part"]) == {"test"}
    )
    same = table[["experiment", "database", "scheme", "source"]].drop_duplicates().to_numpy().tolist()
    assert same == [["toy", "smic", "megc2019-3", "made for a test"]]
    targets = dict(zip(CLIPS.table["clip"], CLIPS.table["label"], strict=True))
    assert table["target"].tolist() == table["clip"].map(targets).tolist()
    assert table["fold"].tolist() == table["subject"].tolist()
    assert (table.groupby(["seed", "epoch", "clip"]).size() == 1).all()


def test_logits_and_losses_are_those_of_the_fit(home):
    table = TOY.run(X, CLIPS, seeds=(5,))
    fold = splits.loso(CLIPS)[2]
    result = TOY.fit(X, CLIPS, fold, seed=5)
    rows = table[table["fold"] == fold.name]
    assert np.array_equal(rows.filter(like="logit_").to_numpy(), result.logits.reshape(8, 3))
    assert np.array_equal(rows["train_loss"], np.repeat(result.train_loss, 4))
    assert rows["clip"].tolist() == CLIPS.table["clip"].iloc[fold.test].tolist() * 2


def test_reading_finished_folds_is_silent(home):
    TOY.run(X, CLIPS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TOY.run(X, CLIPS, n_jobs=2)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_a_run_notes_each_fold_with_the_time_of_its_training(home, monkeypatch):
    log = home / "folds.txt"
    monkeypatch.setenv("MERLIB_FOLDS", str(log))
    TOY.run(X, CLIPS)
    TOY.run(X, CLIPS, seeds=(0, 1))
    lines = [line.split() for line in log.read_text().splitlines()]
    first, second = lines[:4], lines[4:]
    assert [now for *_, now, _ in first] == ["1"] * 4 and [now for *_, now, _ in second] == ["0"] * 4 + ["1"] * 4
    assert {key for key, *_ in lines} == {path.stem for path in files(home)} and first[0][:2] == second[0][:2]
    assert all(float(seconds) > 0 for _, seconds, *_ in lines)
    assert {precision for *_, precision in lines} == {TOY.settings.precision}


def test_finished_folds_are_read_and_not_trained_again(trained):
    first = TOY.run(X, CLIPS)
    assert len(trained) == 4
    pd.testing.assert_frame_equal(TOY.run(X, CLIPS), first)
    renamed = replace(TOY, name="same under another name").run(X, CLIPS)
    assert len(trained) == 4 and set(renamed["experiment"]) == {"same under another name"}
    TOY.run(X, CLIPS, seeds=(0, 1))
    assert len(trained) == 8
    subset = replace(TOY, protocol=lambda clips: splits.loso(clips)[:2])
    assert len(subset.run(X, CLIPS)) == 2 * 2 * 4 and len(trained) == 8


changes = {
    "settings": lambda: (replace(TOY, settings=replace(TOY.settings, lr=2e-2)), X, CLIPS),
    "prepare": lambda: (replace(TOY, prepare=lambda batch, generator, is_training: batch / 255), X, CLIPS),
    "loss": lambda: (replace(TOY, loss=lambda output, y: F.cross_entropy(output, y, label_smoothing=0.1)), X, CLIPS),
    "build": lambda: (replace(TOY, build=lambda num_classes: toy.Net(num_classes)), X, CLIPS),
    "one byte of X": lambda: (TOY, np.concatenate([X[:-1], X[-1:] ^ 1]), CLIPS),
    "a dict around X": lambda: (replace(TOY, prepare=lambda batch, *_: batch["X"] / 255), {"X": X}, CLIPS),
    "kept aside": lambda: (replace(TOY, keep_aside=1), X, CLIPS),
    "order of clips": lambda: (TOY, X[::-1], CLIPS[np.arange(len(CLIPS))[::-1]]),
}


@pytest.mark.parametrize("change", changes)
def test_whatever_changes_the_result_is_trained_again(trained, change):
    TOY.run(X, CLIPS)
    experiment, inputs, clips = changes[change]()
    experiment.run(inputs, clips)
    assert len(trained) == 8


def test_a_helper_that_forward_calls_is_part_of_the_key(trained):
    notebook = """
from helpers import toy
def brighter(x):
    return x * 1.5
class Net(toy.Net):
    def forward(self, x):
        return super().forward(brighter(x))
"""
    for text in (notebook, notebook.replace("1.5", "1.6"), notebook + "\nseven = 7"):
        names = {"__name__": "__main__"}
        exec(text, names)
        replace(TOY, build=names["Net"]).run(X, CLIPS)
    assert len(trained) == 8


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path, other: path.write_bytes(path.read_bytes()[:-100]),
        lambda path, other: path.write_bytes(b""),
        lambda path, other: path.write_bytes(b"not a table"),
        lambda path, other: path.write_bytes(other.read_bytes()),
        lambda path, other: pd.DataFrame({"a": [1]}).to_parquet(path),
    ],
    ids=["cut off", "empty", "foreign", "another fold", "another table"],
)
def test_a_damaged_file_is_reported_and_its_fold_trained_again(home, trained, spoil):
    first = TOY.run(X, CLIPS)
    spoil(*files(home)[:2])
    with pytest.warns(UserWarning, match="damaged"):
        again = TOY.run(X, CLIPS)
    assert len(trained) == 5
    pd.testing.assert_frame_equal(first, again)
    TOY.run(X, CLIPS)
    assert len(trained) == 5


def test_no_flipped_bit_anywhere_in_a_file_reaches_the_predictions(home):
    first = TOY.run(X, CLIPS)
    path = files(home)[0]
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with warnings.catch_warnings(record=True):  # most are reported, some are in bytes that mean nothing
            pd.testing.assert_frame_equal(TOY.run(X, CLIPS), first, check_exact=True)


def test_inner_rows_are_of_one_training_person_of_the_fold(home):
    table = replace(TOY, keep_aside=1).run(X, CLIPS)
    persons = table.groupby(["fold", "part"])["subject"].unique()
    for fold in splits.loso(CLIPS):
        assert persons[fold.name, "test"].tolist() == [fold.name]
        assert len(persons[fold.name, "inner"]) == 1 and persons[fold.name, "inner"][0] != fold.name
    assert len(metrics.select(table, "inner")) == len(CLIPS)
    with pytest.raises(ValueError, match="keep_aside=1"):
        metrics.select(TOY.run(X, CLIPS), "inner")


def test_a_fold_with_a_person_on_both_sides_is_refused_before_training(trained):
    everybody = np.arange(len(CLIPS))
    mine = replace(TOY, protocol=lambda clips: [splits.Fold("mine", everybody[2:], everybody[:2])])
    with pytest.raises(splits.SharedPersonError, match=r"fold mine.*smic/001"):
        mine.run(X, CLIPS)
    assert trained == []
    assert len(replace(TOY, protocol=splits.stratified_kfold(4, seed=0)).run(X, CLIPS)) == 2 * len(CLIPS)


@pytest.mark.parametrize(
    "experiment, inputs, seeds, message",
    [
        (TOY, X[:-1], (0,), "X has 15 clips, the clip table 16"),
        (TOY, {"a": X, "b": X[:3]}, (0, 0), r"X\['b'\] has 3 clips.*seed 0 is there 2 times"),
        (TOY, X, (), "there is no seed"),
        (replace(TOY, protocol=lambda clips: splits.loso(clips)[:1] * 2), X, (0,), "fold smic/001 is there 2 times"),
        (replace(TOY, keep_aside=3), X, (0,), "fold smic/001 has 3 training persons"),
    ],
)
def test_what_does_not_fit_together_is_refused(home, experiment, inputs, seeds, message):
    with pytest.raises(ValueError, match=message):
        experiment.run(inputs, CLIPS, seeds=seeds)


def with_labels(*counts):
    """The clips with `counts` of them in each class, in the order of the clips: the first four are of one person."""
    labels = np.repeat(CLIPS.class_names, counts)
    return replace(CLIPS, table=CLIPS.table.assign(label=labels))


@pytest.mark.parametrize("label", [0, 2])
def test_clips_of_one_class_are_refused(trained, label):
    counts = [16 * (label == other) for other in range(3)]
    message = f"all 16 clips are of one class, {CLIPS.class_names[label]}: there is nothing to tell apart"
    for train in (TOY.run, TOY.run_permuted, partial(experiments.pretrain, TOY)):
        with pytest.raises(ValueError, match=message):
            train(X, with_labels(*counts))
    assert trained == []


@pytest.mark.parametrize(
    "counts, warned",
    [
        ((2, 7, 7), "positive: 2 clips of 1 person, tested but not trained on in fold smic/001"),
        ((4, 6, 6), "positive: 4 clips of 1 person, tested but not trained on in fold smic/001"),
        ((7, 8, 1), "surprise: 1 clip of 1 person, tested but not trained on in fold smic/004"),
        ((8, 8, 0), "surprise: 0 clips of 0 people"),
    ],
)
def test_a_class_too_small_to_say_much_about_is_named(home, counts, warned):
    with pytest.warns(checks.SmallClasses) as caught:
        TOY.run(X, with_labels(*counts))
    [warning] = caught
    assert str(warning.message).splitlines() == [
        "smic, megc2019-3: classes too small to say much about:",
        f"  {warned}",
    ]
    assert warning.filename == __file__


def test_two_clips_of_two_people_are_few_and_three_are_not(home):
    labels = np.array(["negative"] * 3 + ["surprise"] + ["positive"] * 11 + ["surprise"])
    two = replace(CLIPS, table=CLIPS.table.assign(label=labels))
    with pytest.warns(checks.SmallClasses, match=r"surprise: 2 clips of 2 people$"):
        TOY.run(X, two[np.arange(16)])


def test_a_permuted_control_says_nothing_of_small_classes(home):
    with warnings.catch_warnings():
        warnings.simplefilter("error", checks.SmallClasses)
        TOY.run_permuted(X, with_labels(2, 7, 7))


def test_a_fold_that_tests_a_clip_twice_or_one_that_is_not_there_is_refused(trained):
    mine = splits.Fold("mine", np.array([-1, 8]), np.array([0, 1, 1, 2, 0, 16]))
    with pytest.raises(ValueError) as raised:
        replace(TOY, protocol=lambda clips: [mine]).run(X, CLIPS)
    assert str(raised.value).split("; ") == [
        "fold mine tests the clips at [0, 1] more than once",
        "fold mine holds positions outside 0 to 15: [-1, 16]",
    ]
    assert trained == []


def test_a_loss_that_is_not_finite_names_the_experiment(home):
    broken = replace(TOY, loss=lambda output, y: F.cross_entropy(output, y) / 0)
    with pytest.raises(
        TrainingDiverged, match="experiment toy, seed 4, fold smic/001, epoch 1: the training loss is nan"
    ):
        broken.run(X, CLIPS, seeds=(4,))


SCRIPT = """
import os
import sys

sys.path.insert(0, {tests!r})
from helpers import toy
from merlib.training import splits
from merlib.training.experiments import Experiment
from merlib.training.loop import Settings


class Net(toy.Net):
    def forward(self, x):
        return super().forward(contrast(x))


def contrast(x):
    return 2 * x


def build(num_classes):
    with open(os.environ["MERLIB_HOME"] + "/built.txt", "a") as file:
        print("a fold", file=file)
    return Net(num_classes)


def run(home, protocol, n_jobs):
    os.environ["MERLIB_HOME"] = home
    mine = Experiment("mine", build, Settings(20, 8, 1e-2), protocol=protocol, prepare=toy.flip, keep_aside=1)
    mine.run(toy.inputs(clips.y), clips, n_jobs=n_jobs).to_parquet(home + "/predictions.parquet")


clips = toy.clips(persons=10)
run(sys.argv[1], splits.loso, n_jobs=1)
run(sys.argv[2], lambda clips: splits.loso(clips)[::-1], n_jobs=2)
"""


def test_killed_and_started_again_gives_the_bits_of_a_parallel_run_in_another_order(tmp_path):
    script, killed, unbroken = tmp_path / "script.py", tmp_path / "killed", tmp_path / "unbroken"
    script.write_text(SCRIPT.format(tests=str(Path(toy.__file__).parents[1])))
    folds = killed / ".cache" / "folds"
    built, predictions = killed / "built.txt", killed / "predictions.parquet"
    for home in (killed, unbroken):
        home.mkdir()
    command = [sys.executable, script, killed, unbroken]

    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while len(list(folds.glob("*.parquet"))) < 3:
        assert process.poll() is None, "it was over before it could be killed"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = len(list(folds.glob("*.parquet")))
    assert 3 <= finished < 10 and not predictions.exists()

    built.unlink()
    subprocess.run(command, check=True)
    assert len(built.read_text().splitlines()) == 10 - finished  # no finished fold was trained again
    assert len((unbroken / "built.txt").read_text().splitlines()) == 10
    resumed, whole = (pd.read_parquet(home / "predictions.parquet") for home in (killed, unbroken))
    assert resumed["fold"].iloc[0] == whole["fold"].iloc[-1]
    pd.testing.assert_frame_equal(by_clip(resumed), by_clip(whole), check_exact=True)
