"""How SMA-STN samples a clip: its segments on a timeline, the frames drawn, and the dynamic images made of them."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from merlib.results.style import GREY, PANEL, styled

NAMES = ("$P_0$", "$P_1$", "$P_2$", "$P_3$")
OF_WHOLE = ("on", "mid", "off")


@styled
def sampling(frames: np.ndarray, taken: np.ndarray, bounds: np.ndarray, dynamic: np.ndarray) -> Figure:
    """A timeline of the clip, and below it per snippet its three frames and its dynamic image.

    `frames`: (T, H, W, 3) uint8; `taken`: the frames of P_0..P_3, positions (4, 3); `bounds`: the first frame of each of the
    nine sub-segments, and T (10,); `dynamic`: (4, H, W, 3) in 0..1.
    """
    aspect = frames.shape[1] / frames.shape[2]
    heights = [0.9, *[aspect] * 4]
    figure = plt.figure(figsize=(4.6 * PANEL, (sum(heights) + 0.9) * PANEL))
    places = figure.add_gridspec(5, 4, height_ratios=heights)
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    _timeline(figure.add_subplot(places[0, :]), taken, bounds, colours)
    for i, (row, image) in enumerate(zip(taken, dynamic, strict=True)):
        texts = [
            f"$P_{i}^{{{j if i == 0 else k}}}$, frame {t}" for k, (j, t) in enumerate(zip(OF_WHOLE, row, strict=True))
        ]
        for j, (picture, text) in enumerate(zip([*frames[row], image], [*texts, f"$I_{i}$"], strict=True)):
            ax = figure.add_subplot(places[i + 1, j])
            ax.imshow(picture)
            ax.set_title(text, color=colours[i])
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
    return figure


def _timeline(ax: Axes, taken: np.ndarray, bounds: np.ndarray, colours: list[str]) -> None:
    """Sub-segments as boxes, drawn frames as points; the snippet P_0 on a line of its own."""
    for part, (first, after) in enumerate(pairwise(bounds)):
        segment, sub = part // 3 + 1, part % 3 + 1
        ax.barh(0, after - first, left=first - 0.5, height=0.8, color=colours[segment], alpha=0.18, edgecolor="white")
        ax.text((first + after - 1) / 2, 0.52, f"$s_{segment}^{sub}$", ha="center", va="bottom", color=GREY)
    for i, row in enumerate(taken):
        ax.plot(row, [0 if i else -1] * 3, "o", color=colours[i], markersize=5, clip_on=False)
    ends = [bounds[0] - 0.5, bounds[-1] - 0.5]
    ax.plot(ends, [-1, -1], color=colours[0], alpha=0.4, linewidth=1, zorder=0)
    ax.set_yticks([0, -1], ["$S_1, S_2, S_3$", NAMES[0]])
    ax.set(xlim=ends, ylim=(-1.5, 1.1), xlabel="frame")
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
