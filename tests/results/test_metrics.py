import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from merlib.results import metrics

CLASSES = ("negative", "positive", "surprise")
PSN = np.array([[10, 20, 0, 25], [2, 226, 3, 49], [1, 21, 6, 22], [6, 79, 0, 180]])  # Table 7; order P, N, S, O
# Micro-Attention, Table 5 is in percent of the row; these are the counts that give it
MICRO_ATTENTION = np.array(
    [[40, 6, 3, 0, 0], [5, 15, 3, 2, 3], [3, 0, 112, 2, 2], [6, 0, 12, 16, 0], [1, 2, 10, 0, 10]]
)
MICRO_ATTENTION_PRINTED = """
    81.63 12.24  6.12  0.00  0.00
    17.86 53.57 10.71  7.14 10.71
     2.52  0.00 94.12  1.68  1.68
    17.65  0.00 35.29 47.06  0.00
     4.35  8.70 43.47  0.00 43.48
"""
labels = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=40)


def test_psn_table_7_gives_the_published_numbers():
    assert PSN.sum(axis=1).tolist() == [55, 280, 50, 265]
    assert metrics.accuracy(PSN) == 422 / 650 == pytest.approx(0.6492, abs=5e-5)
    assert metrics.precisions(PSN).mean() == pytest.approx(0.6246, abs=5e-5)
    assert metrics.recalls(PSN).mean() == metrics.uar(PSN) == pytest.approx(0.4470, abs=1e-4)
    assert metrics.f1_of_means(PSN) == pytest.approx(0.5211, abs=5e-5)  # what PSN prints as F1
    assert metrics.uf1(PSN) == pytest.approx(0.465, abs=5e-4)  # what F1 means in MEGC 2019


def test_micro_attention_table_5_gives_the_published_numbers():
    printed = np.array(MICRO_ATTENTION_PRINTED.split(), dtype=float).reshape(5, 5)
    percent = 100 * MICRO_ATTENTION / MICRO_ATTENTION.sum(axis=1, keepdims=True)
    assert percent == pytest.approx(printed, abs=0.011)
    assert np.trace(MICRO_ATTENTION) == 193 and MICRO_ATTENTION.sum() == 253
    assert metrics.war(MICRO_ATTENTION) == metrics.accuracy(MICRO_ATTENTION) == pytest.approx(0.763, abs=5e-4)


@given(labels)
def test_metrics_agree_with_scikit_learn(pairs):
    target, predicted = zip(*pairs, strict=True)
    matrix = metrics.confusion(target, predicted, CLASSES)
    options = {"labels": CLASSES, "average": None, "zero_division": np.nan}
    assert matrix.loc["negative", "surprise"] == pairs.count(("negative", "surprise"))
    assert metrics.accuracy(matrix) == pytest.approx(reference.accuracy_score(target, predicted))
    recalls = reference.recall_score(target, predicted, **options)
    assert metrics.recalls(matrix) == pytest.approx(recalls, nan_ok=True)
    assert metrics.uar(matrix) == pytest.approx(np.nanmean(recalls))
    f1s = reference.f1_score(target, predicted, **options)
    assert metrics.f1s(matrix) == pytest.approx(f1s, nan_ok=True)
    assert metrics.uf1(matrix) == pytest.approx(np.nanmean(f1s))
    present = sorted({*target, *predicted})  # the classes that take part in a mean of precisions
    precision = reference.precision_score(target, predicted, labels=present, average="macro", zero_division=0)
    assert np.nanmean(metrics.precisions(matrix)) == pytest.approx(precision)
    weighted = reference.recall_score(target, predicted, average="weighted", zero_division=0)
    assert metrics.war(matrix) == pytest.approx(weighted)


def test_a_class_that_is_nowhere_takes_no_part_and_one_never_predicted_counts_as_zero():
    nowhere = np.array([[3, 1, 0], [1, 3, 0], [0, 0, 0]])
    assert metrics.uf1(nowhere) == metrics.uar(nowhere) == metrics.f1_of_means(nowhere) == 0.75
    never_predicted = np.array([[3, 1, 0], [1, 3, 0], [2, 2, 0]])
    assert metrics.uf1(never_predicted) == pytest.approx((0.6 + 0.6 + 0) / 3)
    assert metrics.precisions(never_predicted).tolist() == [0.5, 0.5, 0.0]
    assert metrics.f1_of_means(np.array([[0, 2], [3, 0]])) == 0.0


def test_true_negative_rates_are_the_recalls_of_being_another_class():
    matrix = np.array([[5, 1, 2], [0, 7, 3], [4, 0, 6]])
    for label, rate in enumerate(metrics.true_negative_rates(matrix)):
        other = np.delete(matrix, label, axis=0)
        assert rate == 1 - other[:, label].sum() / other.sum()
    assert np.isnan(metrics.true_negative_rates(np.array([[3, 1], [0, 0]])))[0]


def test_an_unknown_class_is_refused():
    with pytest.raises(ValueError, match="fear"):
        metrics.confusion(["fear"], ["negative"], CLASSES)


def predictions(part_by_epoch: dict[str, list[str]], fold="a") -> pd.DataFrame:
    """Each part's clips, written target:predicted, one text an epoch; 'n:p' is a negative taken for a positive."""
    name = {"n": "negative", "p": "positive", "s": "surprise"}
    run = {"experiment": "toy", "database": "smic", "scheme": "smic-3", "fold": fold, "seed": 0}
    rows = []
    for part, epochs in part_by_epoch.items():
        for epoch, clips in enumerate(epochs, start=1):
            for i, (target, guess) in enumerate(pair.split(":") for pair in clips.split()):
                strength = float(guess[1:] or 1)  # 'n:p4': with a logit of 4
                logits = {f"logit_{c}": strength * (c == name[guess[0]]) for c in CLASSES}
                where = {"part": part, "epoch": epoch, "clip": f"{fold}{part}{i}", "target": name[target]}
                rows.append({**run, **where, **logits})
    return pd.DataFrame(rows)


FOLD_A = predictions(
    {"test": ["n:n p:n", "n:n p:p", "n:n p:p", "n:p p:p"], "inner": ["s:n"] * 2 + ["s:s", "s:s9"]}, "a"
)
FOLD_B = predictions({"test": ["s:s", "s:n", "s:n", "s:n"], "inner": ["n:p", "n:n", "n:n", "n:p"]}, "b")
BOTH = pd.concat([FOLD_A, FOLD_B], ignore_index=True)


@pytest.mark.parametrize(
    "rule, epochs, predicted",
    [
        ("last", [4, 4, 4], ["positive", "positive", "negative"]),
        ("best test epoch", [2, 2, 1], ["negative", "positive", "surprise"]),  # fold a: epochs 2 and 3 are equal
        ("best test F1 epoch", [3, 3, 1], ["negative", "positive", "surprise"]),  # of equal epochs the last
        ("inner", [4, 4, 2], ["positive", "positive", "negative"]),  # fold a: 3 and 4 are equally right, 4 is surer
    ],
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_each_fold_has_its_epoch(rule, epochs, predicted, shuffled):
    table = BOTH.sample(frac=1, random_state=0) if shuffled else BOTH
    chosen = metrics.select(table, rule).sort_values("clip")
    assert chosen["clip"].tolist() == ["atest0", "atest1", "btest0"]
    assert chosen["epoch"].tolist() == epochs
    assert chosen["predicted"].tolist() == predicted


def test_scores_pool_the_folds_and_also_average_them():
    (row,) = metrics.scores(BOTH, "last").to_dict("records")
    # fold a: n:p p:p; fold b: s:n
    assert (row["seed"], row["n"], row["folds"]) == (0, 3, 2)
    assert row["accuracy"] == row["war"] == pytest.approx(1 / 3)
    assert row["uf1"] == pytest.approx((0 + 2 / 3 + 0) / 3)
    assert row["uar"] == pytest.approx((0 + 1 + 0) / 3)
    assert row["f1_of_means"] == pytest.approx(2 * (1 / 6) * (1 / 3) / (1 / 6 + 1 / 3))
    assert row["accuracy_fold_mean"] == pytest.approx((1 / 2 + 0) / 2)
    assert row["uf1_fold_mean"] == pytest.approx(((0 + 2 / 3) / 2 + 0) / 2)
    assert row["uar_fold_mean"] == pytest.approx((1 / 2 + 0) / 2)
    assert row["accuracy_fold_sd"] == pytest.approx(np.sqrt(2 * 0.25**2))  # 1/2 and 0, with n - 1


def test_scores_have_a_row_an_experiment_and_seed():
    other = BOTH.assign(experiment="other", target="surprise")
    table = metrics.scores(pd.concat([BOTH, BOTH.assign(seed=7), other]), "best test epoch")
    assert table[["experiment", "seed", "n"]].to_numpy().tolist() == [["toy", 0, 3], ["toy", 7, 3], ["other", 0, 3]]
    assert table["accuracy"].tolist() == [1, 1, pytest.approx(1 / 3)]


def test_the_best_test_epoch_is_never_below_the_last():
    rng = np.random.default_rng(0)
    folds = [
        predictions(
            {"test": [" ".join(f"{'nps'[j % 3]}:{rng.choice(list('nps'))}" for j in range(4)) for _ in range(6)]}, f
        )
        for f in "abcdef"
    ]
    table = pd.concat(folds)
    best, last = (metrics.scores(table, rule)["accuracy"].item() for rule in ("best test epoch", "last"))
    assert best > last


def random_folds(num_folds):
    rng = np.random.default_rng(1)
    return [
        predictions(
            {
                "test": [
                    " ".join(f"{'nps'[j % 2 + j // 3]}:{rng.choice(list('nps'))}" for j in range(4)) for _ in range(9)
                ]
            },
            str(fold),
        )
        for fold in range(num_folds)
    ]


def test_the_best_f1_is_what_the_authors_of_mmnet_add_up():
    """Their loop, written again: per fold the counts of the last epoch with the highest F1, added over folds."""
    folds = random_folds(12)
    added = np.zeros((3, 3))
    for fold in folds:
        highest, kept = 0.0, None
        for _, clips in fold.groupby("epoch"):
            predicted = clips[[f"logit_{c}" for c in CLASSES]].to_numpy().argmax(axis=1)
            counts = [(clips["target"] == c, predicted == i) for i, c in enumerate(CLASSES)]
            of_epoch = np.array([[t.sum(), p.sum(), (t & p).sum()] for t, p in counts])
            f1 = [2 * both / (t + p) for t, p, both in of_epoch if t + p]
            if np.mean(f1) >= highest - 1e-9:
                highest, kept = np.mean(f1), of_epoch
        added += kept
    expected = np.mean([2 * both / (t + p) for t, p, both in added if t + p])
    assert metrics.scores(pd.concat(folds), "best test F1 epoch")["uf1"].item() == pytest.approx(expected)


@pytest.mark.parametrize(
    "table, rule, message",
    [
        (BOTH, "best", "'last', 'best test epoch', 'best test F1 epoch', 'inner'"),
        (
            pd.concat([FOLD_A, FOLD_B[FOLD_B["part"] == "test"]]),
            "inner",
            "1 of 2 folds have no inner clips.*keep_aside=1",
        ),
        (pd.concat([BOTH, BOTH.rename(columns={"logit_surprise": "logit_fear"})]), "last", "mix class schemes"),
    ],
)
def test_what_cannot_be_selected_is_refused(table, rule, message):
    with pytest.raises(ValueError, match=message):
        metrics.select(table, rule)
