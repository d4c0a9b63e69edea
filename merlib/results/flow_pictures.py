"""Optical flow to be looked at: as arrows over a frame, and as colours."""

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from merlib.results.style import GREY, pictures_axes, styled


def colours(flow: np.ndarray, longest: float) -> np.ndarray:
    """Flow (H, W, 2) in pixels as uint8 (H, W, 3): hue is the direction, saturation the length, full at `longest`."""
    hue = np.arctan2(flow[..., 1], flow[..., 0]) % (2 * np.pi) * 90 / np.pi  # OpenCV's hues are 0..180
    saturation = np.hypot(flow[..., 0], flow[..., 1]) / longest * 255
    hsv = np.stack([hue, saturation.clip(0, 255), np.full_like(hue, 255)], axis=-1).round().astype(np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


@styled
def picture(flow: np.ndarray, frame: np.ndarray) -> Figure:
    """Optical flow (H, W, 2) in pixels: as arrows over its frame (H, W, 3), as colours, and the wheel to read them.

    Arrows are drawn longer than the motion, by the factor in the title.
    """
    height, width = flow.shape[:2]
    longest = max(float(np.percentile(np.hypot(flow[..., 0], flow[..., 1]), 99.5)), 1e-6)
    figure, axes = pictures_axes(1, 3, height / width, side=2.2)
    step = max(height // 16, 1)
    y, x = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    factor = 1.5 * step / longest
    arrows = flow[y, x] * factor
    axes[0, 0].imshow(frame)
    look = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.006, "minlength": 0.5, "color": "#56B4E9"}
    axes[0, 0].quiver(x, y, arrows[..., 0], arrows[..., 1], **look)
    axes[0, 0].set_title(f"arrows, {factor:.0f} times the motion")
    axes[0, 1].imshow(colours(flow, longest))
    axes[0, 1].set_title("direction and length")
    _wheel(axes[0, 2], longest)
    return figure


def _wheel(ax: Axes, longest: float) -> None:
    y, x = np.mgrid[-1:1:201j, -1:1:201j]
    wheel = colours(np.stack([x, y], axis=-1), 1)
    wheel[np.hypot(x, y) > 1] = 255
    ax.imshow(wheel, extent=(-1, 1, 1, -1))
    ax.set(xlim=(-1.6, 1.6), ylim=(1.6, -1.6), title=f"rim: {longest:.2g} px or more")
    for text, place in {"right": (1.3, 0), "left": (-1.3, 0), "up": (0, -1.2), "down": (0, 1.2)}.items():
        ax.text(*place, text, ha="center", va="center", color=GREY, size=8)
