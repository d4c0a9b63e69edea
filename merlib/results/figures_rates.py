"""Plots of recognition rates: by method and database, over the levels of a setting, and over training."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.special import log_softmax

from merlib.results import metrics, rates
from merlib.results.rates import Rates
from merlib.results.style import GREY, styled

INK = "#222222"
NOT_FAIR = "best test epoch (not a fair estimate)"


@styled
def bars(last: Rates, best: Rates, published: Rates) -> Figure:
    """One panel per rate, one group of bars per row, one bar per column, in 0..1.

    Filled: the last epoch. Dotted outline: the best test epoch. Crosses: what is published, where there is such a number.
    """
    figure, axes = plt.subplots(len(last), 1, figsize=(7.5, 2 * len(last) + 0.8), sharex=True, squeeze=False)
    for ax, (rate, values) in zip(axes[:, 0], last.items(), strict=True):
        crosses = published.get(rate, pd.DataFrame()).reindex(index=values.index)
        wide = 0.8 / len(values.columns)
        for i, method in enumerate(values):
            x = np.arange(len(values)) - 0.4 + (i + 0.5) * wide
            ax.bar(x, values[method], 0.85 * wide, color=f"C{i}", label=method)
            ax.bar(x, best[rate][method], 0.85 * wide, fill=False, edgecolor=INK, linestyle=":")
            if method in crosses:
                ax.plot(x, crosses[method], "x", color=INK, markersize=5)
        ax.set(ylabel=rate, ylim=(0, 1))
        ax.set_xticks(range(len(values)), values.index)
    _legend(figure, axes[0, 0])
    return figure


def _legend(figure: Figure, ax: Axes) -> None:
    ax.bar(0, 0, fill=False, edgecolor=INK, linestyle=":", label=NOT_FAIR)
    ax.plot([], [], "x", color=INK, label="published")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)


@styled
def over_levels(results: Mapping[str, Mapping[str, pd.DataFrame]], quantity: str) -> Figure:
    """Recognition rate and F1 over the levels of `quantity`, one line per series and epoch rule, means over seeds.

    The grey line is the majority guess. `results`: a series -> its levels in order -> predictions of the same clips.
    """
    figure, axes = plt.subplots(1, len(rates.OF_RESULT), figsize=(7.5, 3.2))
    for i, (series, levels) in enumerate(results.items()):
        for rule, look in {"last": "o-", "best test epoch": "s:"}.items():
            label = series if rule == "last" else f"{series}, {NOT_FAIR}"
            for ax, (rate, values) in zip(axes, rates.of_results(levels, rule).items(), strict=True):
                ax.plot(values.index, values["ours"], look, color=f"C{i}", label=label)
                ax.set(ylabel=rate, xlabel=quantity, ylim=(0, 1))
                ax.tick_params(axis="x", rotation=45)
    majority = metrics.majority(next(iter(levels.values())))
    for ax, metric in zip(axes, rates.OF_RESULT.values(), strict=True):
        ax.axhline(majority[metric].item(), color=GREY, linestyle="--", linewidth=1, label="majority guess")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


@styled
def rate_and_loss(results: Mapping[str, pd.DataFrame]) -> Figure:
    """Test recognition rate, test loss and training loss (dashed) over epochs, means over clips, folds and seeds."""
    figure, (rate, loss) = plt.subplots(1, 2, figsize=(7.5, 3))
    for i, (name, predictions) in enumerate(results.items()):
        by_epoch = _judged(predictions[predictions["part"] == "test"]).groupby("epoch")
        rate.plot(by_epoch["right"].mean(), ".-", color=f"C{i}", label=name)
        loss.plot(by_epoch["loss"].mean(), ".-", color=f"C{i}")
        loss.plot(by_epoch["train_loss"].mean(), ".--", color=f"C{i}")
    for ax in (rate, loss):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    rate.set(xlabel="epoch", ylabel="test recognition rate", ylim=(0, 1))
    loss.set(xlabel="epoch", ylabel="loss; dashed: in training", ylim=(0, None))
    figure.legend(*rate.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _judged(tested: pd.DataFrame) -> pd.DataFrame:
    """The test predictions with `right` and the cross-entropy `loss` of the target."""
    classes = metrics.class_names(tested)
    logits = tested[[f"logit_{name}" for name in classes]].to_numpy()
    target = pd.Index(classes).get_indexer(tested["target"])
    loss = -log_softmax(logits, axis=1)[np.arange(len(target)), target]
    return tested.assign(right=logits.argmax(axis=1) == target, loss=loss)
