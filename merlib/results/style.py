"""The look that all figures share, whichever module draws them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("merlib.mplstyle")

GREY = "#5A5A5A"
PANEL = 1.25  # inches, the side of one picture in a row of pictures

P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draws in the project's style, and closes the figure: a cell that ends on it then shows it once, not twice."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with plt.style.context(STYLE):
            figure = draw(*args, **kwargs)
        plt.close(figure)
        return figure

    return wrapped


def pictures_axes(rows: int, columns: int, aspect: float, side: float = PANEL) -> tuple[Figure, np.ndarray]:
    """Axes (rows, columns) without ticks for pictures of height / width `aspect`."""
    size = (columns * side, rows * side * aspect + 0.4)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    return figure, axes
