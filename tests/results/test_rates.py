import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers.made_predictions import THREE, made
from matplotlib.container import BarContainer

from merlib.results import figures_rates, metrics, rates


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    assert plt.get_fignums() == []


def matrix(rows):
    return pd.DataFrame(rows, list("ab"), list("ab"))


MATRICES = {
    ("SAMM", "one"): matrix([[3, 1], [2, 2]]),
    ("SAMM", "other"): matrix([[4, 0], [0, 4]]),
    ("CASME", "one"): matrix([[0, 4], [4, 0]]),
}


# --- numbers ---


def test_rates_of_matrices_are_over_places_and_methods_in_their_order():
    found = rates.of_matrices(MATRICES)
    for values in found.values():
        assert values.index.tolist() == ["SAMM", "CASME"] and values.columns.tolist() == ["one", "other"]
        assert values.loc["SAMM", "other"] == 1 and values.loc["CASME", "one"] == 0
        assert np.isnan(values.loc["CASME", "other"])
    assert [values.loc["SAMM", "one"] for values in found.values()] == [5 / 8, (3 / 4 + 2 / 4) / 2, (2 / 4 + 3 / 4) / 2]


def test_rates_of_results_are_means_over_seeds():
    results = {"one": made({0: [[5, 0]], 1: [[2, 2]]}), "other": made({0: [[4, 4], [0, 1]]})}
    last, best = (rates.of_results(results, rule) for rule in ("last", "best test epoch"))
    np.testing.assert_allclose(last["recognition rate"]["ours"], [(5 / 10 + 4 / 10) / 2, 1 / 10])
    assert best["recognition rate"].loc["other", "ours"] == pytest.approx(8 / 10)
    f1 = metrics.scores(results["one"], "last")["f1_of_means"].mean()
    assert last["F1, 2PR/(P+R)"].loc["one", "ours"] == pytest.approx(f1)


def test_rates_of_classes_are_those_of_the_matrix_by_place_and_epoch_rule():
    table = rates.of_classes(made({0: [[3], [1]]}, classes=THREE))  # a clip that is not recognised: the next class
    rows = {key: part.to_numpy().tolist() for key, part in table.frame.groupby(level=["database", "epoch"], sort=False)}
    assert rows == {
        ("CASME II", "last epoch"): [[1, 1, 0.5], [1, 0, 1], [1, 0, 0.5]],
        ("CASME II", "best test epoch†"): [[1, 1, 1]] * 3,
    }
    assert any("not a fair estimate" in line for line in table.lines())
    assert all(source.look_alike for source in table.sources)


# --- figures ---


def heights(ax):
    """The heights of each group of bars, without the empty one that only the legend needs."""
    found = [[bar.get_height() for bar in bars] for bars in ax.containers if isinstance(bars, BarContainer)]
    return [group for group in found if group != [0]]


def crosses(ax):
    return [line.get_ydata().tolist() for line in ax.lines if line.get_marker() == "x" and len(line.get_xdata())]


def test_bars_show_both_epoch_rules_and_what_is_published():
    frame = pd.DataFrame({"one": [0.1, 0.2], "other": [0.3, 0.4]}, index=["SAMM", "CASME"])
    theirs = {"rate": pd.DataFrame({"other": [0.9], "a third": [0.8]}, index=["CASME"])}
    figure = figures_rates.bars({"rate": frame, "F1": frame / 2}, {"rate": frame + 0.1, "F1": frame}, theirs)
    rate, f1 = figure.axes
    np.testing.assert_allclose(heights(rate), [[0.1, 0.2], [0.2, 0.3], [0.3, 0.4], [0.4, 0.5]])
    np.testing.assert_allclose(heights(f1), [[0.05, 0.1], [0.1, 0.2], [0.15, 0.2], [0.3, 0.4]])
    np.testing.assert_array_equal(crosses(rate), [[np.nan, 0.9]])
    assert crosses(f1) == []
    assert [label.get_text() for label in f1.get_xticklabels()] == ["SAMM", "CASME"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert set(legend) == {"one", "other", "best test epoch (not a fair estimate)", "published"}


def test_levels_are_drawn_by_series_and_epoch_rule():
    levels = {"0–50": made({0: [[5], [1]]}), "50–100": made({0: [[2], [3]]})}
    figure = figures_rates.over_levels({"only this part": levels}, "share kept")
    last, best, majority = figure.axes[0].lines
    np.testing.assert_allclose([last.get_ydata(), best.get_ydata()], [[1 / 5, 3 / 5], [5 / 5, 3 / 5]])
    assert set(majority.get_ydata()) == {1 / 5} and majority.get_label() == "majority guess"
    assert list(last.get_xdata()) == list(levels) and "not a fair estimate" in best.get_label()
    assert [ax.get_ylabel() for ax in figure.axes] == list(rates.OF_RESULT)


def test_rate_and_loss_are_means_over_clips_and_seeds():
    predictions = made({0: [[5, 5], [1, 2]], 1: [[5, 0], [0, 0]]})
    rate, loss = figures_rates.rate_and_loss({"PSN": predictions}).axes
    np.testing.assert_allclose(rate.lines[0].get_ydata(), [15 / 20, 3 / 20])
    right, wrong = np.log(np.e + 4) - 1, np.log(np.e + 4)  # the logits are one-hot, of five classes
    test, training = loss.lines
    np.testing.assert_allclose(test.get_ydata(), [(15 * right + 5 * wrong) / 20, (3 * right + 17 * wrong) / 20])
    np.testing.assert_allclose(training.get_ydata(), [1 + 0.5, 0.5 + 0.5])  # 1 / epoch + subject, subjects 0 and 1


def test_clips_that_choose_the_epoch_are_not_in_the_test_rate():
    predictions = made({0: [[5]]})
    inner = made({0: [[0]]}).assign(part="inner")
    rate, _ = figures_rates.rate_and_loss({"PSN": pd.concat([predictions, inner])}).axes
    assert rate.lines[0].get_ydata().tolist() == [1.0]
