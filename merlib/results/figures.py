"""The plots that several notebooks share. Every function returns a matplotlib Figure; `Record.figure` saves it."""

import itertools
from collections.abc import Mapping, Sequence

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from merlib.results import confusions, metrics
from merlib.results.style import GREY, pictures_axes, styled


@styled
def clip_strip(
    frames: np.ndarray, count: int = 8, apex: int | None = None, fps: float | None = None, difference: str = ""
) -> Figure:
    """`count` frames of a clip, evenly spaced. The apex replaces the one nearest to it.

    `frames`: uint8 (T, H, W, 3), onset to offset; `apex`: index into them; with `fps` the titles are milliseconds.
    `difference` adds a row of absolute differences, to the "onset" or to the "previous" frame shown, with their mean.
    """
    shown = np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int))
    if apex is not None:
        shown[1 + np.abs(shown[1:] - apex).argmin()] = apex
    figure, axes = pictures_axes(2 if difference else 1, len(shown), frames.shape[1] / frames.shape[2])
    for ax, i in zip(axes[0], shown, strict=True):
        ax.imshow(frames[i])
        ax.set_title(_moment(i, len(frames), apex, fps))
    if difference:
        pictures = frames[shown].astype(np.float32).mean(axis=-1)
        _differences(
            axes[1], np.abs(pictures[1:] - (pictures[0] if difference == "onset" else pictures[:-1])), difference
        )
    return figure


def _moment(i: int, num_frames: int, apex: int | None, fps: float | None) -> str:
    name = {num_frames - 1: "offset", apex: "apex", 0: "onset"}.get(i, "")
    return "\n".join([name, f"{1000 * i / fps:.0f} ms" if fps and fps > 0 else f"frame {i}"])


def _differences(axes: np.ndarray, change: np.ndarray, to: str) -> None:
    brightest = max(np.percentile(change, 99.5), 1)
    for ax, picture in zip(axes[1:], change, strict=True):
        ax.imshow(picture, cmap="inferno", vmin=0, vmax=brightest)
        ax.set_xlabel(f"mean {picture.mean():.2f}")
    text = f"absolute\ndifference to\n{to} frame,\ngrey levels\n0 to {brightest:.0f}".replace(
        "onset frame", "the onset"
    )
    axes[0].text(0.95, 0.5, text, ha="right", va="center", color=GREY, transform=axes[0].transAxes)


@styled
def confusion(matrix: pd.DataFrame, title: str = "") -> Figure:
    """A confusion matrix of counts (`metrics.confusion`): each cell the count and the share of its row, the recall."""
    counts = matrix.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 1.4 + 0.72 * len(counts)
    figure, ax = plt.subplots(figsize=(side, side - 0.4))
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        text = f"{count}\n{shares[row, column]:.0%}" if count else "0"
        ax.text(column, row, text, ha="center", va="center", color="white" if shares[row, column] > 0.55 else "#222222")
    ax.set_xticks(range(len(counts)), matrix.columns, rotation=30, ha="right")
    ax.set_yticks(
        range(len(counts)), [f"{name} ({n})" for name, n in zip(matrix.index, counts.sum(axis=1), strict=True)]
    )
    ax.set(xlabel="predicted", ylabel="target (clips)", title=title)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return figure


def confusion_of(predictions: pd.DataFrame, rule: str = "last") -> Figure:
    """The confusion matrix of predictions, of their first seed, pooled over all folds; `rule` as in `metrics.select`."""
    epoch = {"last": "last epoch", "inner": "epoch of the inner subjects"}.get(rule, rule)
    scheme, seed = predictions[["scheme", "seed"]].iloc[0]
    return confusion(confusions.of_predictions(predictions, rule), f"{scheme}, {epoch}, seed {seed}")


@styled
def learning_curves(*results: pd.DataFrame) -> Figure:
    """Training loss and test accuracy over epochs, pooled over folds and seeds, one line per experiment.

    The dashed line is the accuracy with the best test epoch of each fold. It is not a fair estimate. The dotted line is
    the share of the largest class. `results`: predictions as `Experiment.run` returns them, all of one class scheme.
    """
    predictions = pd.concat(results, ignore_index=True)
    figure, (loss, accuracy) = plt.subplots(1, 2, figsize=(7.5, 3.2))
    colours = itertools.cycle(plt.rcParams["axes.prop_cycle"].by_key()["color"])
    for (name, runs), colour in zip(predictions.groupby("experiment", sort=False), colours, strict=False):
        tested = runs[runs["part"] == "test"]
        by_fold = tested.groupby(["seed", "fold", "epoch"])["train_loss"].first().groupby("epoch")
        _band(loss, by_fold.mean(), by_fold.quantile(0.1), by_fold.quantile(0.9), colour, name)
        by_clip = tested.assign(accuracy=100 * _correct(tested))
        by_seed = by_clip.groupby(["seed", "epoch"])["accuracy"].mean().groupby("epoch")
        _band(accuracy, by_seed.mean(), by_seed.min(), by_seed.max(), colour, name)
        best = metrics.scores(runs, "best test epoch")["accuracy"].mean() * 100
        accuracy.axhline(best, color=colour, linestyle="--", linewidth=1)
    first = results[0][results[0]["part"] == "test"]  # permuted labels give the people of few folds other classes
    largest = 100 * first["target"].value_counts(normalize=True).max()
    accuracy.axhline(largest, color=GREY, linestyle=":", linewidth=1, label="largest class")
    for ax in (loss, accuracy):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    loss.set(xlabel="epoch", ylabel="training loss", ylim=(0, None), title="band: 10–90 % of folds")
    accuracy.set(xlabel="epoch", ylabel="test accuracy (%)", ylim=(0, 100), title="band: lowest to highest seed")
    accuracy.plot([], [], color=GREY, linestyle="--", linewidth=1, label="best test epoch (not a fair estimate)")
    figure.legend(*accuracy.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _correct(predictions: pd.DataFrame) -> np.ndarray:
    classes = np.array(metrics.class_names(predictions))
    logits = predictions[[f"logit_{name}" for name in classes]].to_numpy()
    return classes[logits.argmax(axis=1)] == predictions["target"].to_numpy()


def _band(ax: Axes, line: pd.Series, low: pd.Series, high: pd.Series, colour: str, label: str) -> None:
    ax.plot(line.index, line, color=colour, label=label, marker="o" if len(line) == 1 else "")
    ax.fill_between(line.index, low, high, color=colour, alpha=0.15, linewidth=0)


@styled
def overlay(
    faces: np.ndarray,
    maps: np.ndarray | Mapping[str, np.ndarray],
    titles: Sequence[str],
    quantity: str = "attention",
    below: Mapping[str, Sequence[str]] | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Maps over faces, below a row of the faces alone. All maps of a row have one scale, `limits` or their own; a colour bar
    shows it.

    `faces`: uint8 (N, H, W, 3); `maps`: (N, h, w), enlarged to the face, or several of them by name, one row each with its own
    scale; `titles`: N, such as "happiness, 6+12"; `below`: for rows by name, N texts under the maps.
    """
    rows = maps if isinstance(maps, Mapping) else {quantity: maps}
    height, width = faces.shape[1:3]
    figure, axes = pictures_axes(1 + len(rows), len(faces), height / width)
    for ax, face, title in zip(axes[0], faces, titles, strict=True):
        ax.imshow(face)
        ax.set_title(title)
    enlarged = {"extent": (-0.5, width - 0.5, height - 0.5, -0.5), "interpolation": "bilinear"}
    for line, (name, values) in zip(axes[1:], rows.items(), strict=True):
        low, high = limits or (float(values.min()), float(values.max()))
        scale = {"vmin": low, "vmax": high, "cmap": "inferno"}
        for ax, face, picture in zip(line, faces, values, strict=True):
            ax.imshow(face.mean(axis=-1), cmap="gray")
            shown = ax.imshow(picture, alpha=0.55, **enlarged, **scale)
            ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        for ax, text in zip(line, (below or {}).get(name, ()), strict=False):
            ax.set_xlabel(text)
        figure.colorbar(shown, ax=line.tolist(), label=name, shrink=0.9, pad=0.01)
    return figure


@styled
def outlined(faces: Sequence[np.ndarray], regions: Sequence[Mapping[str, np.ndarray]], titles: Sequence[str]) -> Figure:
    """Faces (H, W, 3) uint8 with named regions: a name -> a map (h, w), outlined at 60 % of its maximum."""
    height, width = faces[0].shape[:2]
    figure, axes = pictures_axes(1, len(faces), height / width, side=2.4)
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    for ax, face, named, title in zip(axes[0], faces, regions, titles, strict=True):
        ax.imshow(face)
        ax.set_title(title)
        for (name, values), colour in zip(named.items(), itertools.cycle(colours), strict=False):
            whole = cv2.resize(values.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
            ax.contour(whole, levels=[0.6 * whole.max()], colors=[colour], linewidths=1.3)
            ax.plot([], [], color=colour, label=name)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), fontsize=7)
    return figure


@styled
def grid(
    pictures: Sequence[Sequence[np.ndarray]], rows: Sequence[str], captions: Sequence[Sequence[str]] = ()
) -> Figure:
    """Pictures (H, W, 3) or in grey (H, W), uint8 or in 0..1, in rows of one length, each row named.

    `captions`: the texts over the pictures, for as many of the rows as have some.
    """
    height, width = pictures[0][0].shape[:2]
    figure, axes = pictures_axes(len(pictures), len(pictures[0]), height / width)
    for line, name, across in zip(pictures, rows, axes, strict=True):
        across[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for ax, picture in zip(across, line, strict=True):
            ax.imshow(picture, cmap="gray", vmin=0, vmax=255 if picture.dtype == np.uint8 else 1)
    for across, texts in zip(axes, captions, strict=False):
        for ax, text in zip(across, texts, strict=True):
            ax.set_title(text)
    return figure


@styled
def sweep(
    results: Mapping[float | str, pd.DataFrame],
    quantity: str,
    published: Mapping[float | str, tuple[float, float]] | None = None,
) -> Figure:
    """Accuracy and UF1 over the values of a setting, in their order, by both epoch rules: mean and range over seeds.

    The dotted line is the majority guess. `results`: a value -> its predictions, as `Experiment.run` returns them;
    `quantity`: what the values are, "λ"; `published`: a value -> the printed accuracy in percent and F1.
    """
    figure, panels = plt.subplots(1, 2, figsize=(7.5, 3.2))
    names = {"last": "last epoch", "best test epoch": "best test epoch (not a fair estimate)"}
    guess = metrics.majority(next(iter(results.values())))
    for ax, metric, scale in zip(panels, ("accuracy", "uf1"), (100, 1), strict=True):
        for rule, style in {"last": "o-", "best test epoch": "s--"}.items():
            by_value = [scale * metrics.scores(predictions, rule)[metric] for predictions in results.values()]
            mean = np.array([of_seeds.mean() for of_seeds in by_value])
            spread = [
                mean - [of_seeds.min() for of_seeds in by_value],
                [of_seeds.max() for of_seeds in by_value] - mean,
            ]
            ax.errorbar(range(len(mean)), mean, spread, fmt=style, capsize=3, label=names[rule])
        ax.axhline(scale * guess[metric].item(), color=GREY, linestyle=":", linewidth=1, label="majority guess")
    for value, scores in (published or {}).items():
        for ax, score in zip(panels, scores, strict=True):
            ax.plot(list(results).index(value), score, "*", color="black", markersize=9, label="published")
    for ax, label in zip(panels, ("accuracy (%)", "UF1"), strict=True):
        ax.set_xticks(range(len(results)), [f"{value:g}" if isinstance(value, float) else value for value in results])
        ax.set(xlabel=quantity, ylabel=label)
        ax.margins(y=0.12)
    panels[0].set_title("bar: lowest to highest seed")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
