"""Block diagrams from real tensors: boxes on a grid with name and shape, coloured by role, and arrows."""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patches
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.path import Path

from merlib.results.diagrams import placement
from merlib.results.diagrams.placement import Arrow, Box, Groups, Point, Rectangle
from merlib.results.style import GREY, styled

__all__ = ["ROLES", "Arrow", "Box", "diagram", "links"]

# role -> its colour and what the legend calls it
ROLES = {
    "data": ("#777777", "data"),
    "convolution": ("#0072B2", "convolution"),
    "frozen": ("#88CCEE", "frozen"),
    "attention": ("#E69F00", "attention"),
    "sequence": ("#009E73", "sequence model"),
    "linear": ("#CC79A7", "linear"),
    "operation": ("#56B4E9", "without weights"),
    "output": ("#D55E00", "output, loss"),
    "symbol": ("#222222", ""),
}


@styled
def diagram(boxes: Mapping[str, Box], arrows: Sequence[Arrow], groups: Groups | None = None) -> Figure:
    """Draws boxes (key -> box) and arrows; `groups` (title -> keys) draws a dashed frame around boxes.

    Columns are as wide and rows as high as what stands in them. Raises ValueError for an unknown role or key, and when
    boxes lie upon each other.
    """
    groups = groups or {}
    _check(boxes, arrows, groups)
    places = placement.place(boxes, arrows, groups)
    routes = {arrow: placement.route(arrow, boxes, places) for arrow in arrows}
    # not layout="none": savefig would put the style's own layout back when it is done
    figure = plt.figure(layout=PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=False))
    ax = figure.add_axes((0, 0, 1, 1))
    frames = [_draw_group(ax, title, keys, places, routes) for title, keys in groups.items()]
    for key, box in boxes.items():
        _draw_box(ax, box, places[key])
    for arrow, corners in routes.items():
        _draw_arrow(ax, arrow, corners)
    ends = np.array([*chain(*routes.values()), *chain(*((r.low, r.high) for r in (*places.values(), *frames)))])
    _finish(figure, ax, ends, {box.role for box in boxes.values()})
    return figure


def links(*routes: str) -> list[Arrow]:
    """Arrows from box to box along routes of keys: "onset shrunk encoder" are two."""
    return [Arrow(*keys) for route in routes for keys in pairwise(route.split())]


def _check(boxes: Mapping[str, Box], arrows: Sequence[Arrow], groups: Groups) -> None:
    named = [*chain(*((arrow.start, arrow.end) for arrow in arrows)), *chain(*groups.values())]
    faults = [f"there is no box {key!r}" for key in dict.fromkeys(named) if key not in boxes]
    faults += [f"box {key!r} has the role {box.role!r}" for key, box in boxes.items() if box.role not in ROLES]
    if faults:
        raise ValueError(f"{'; '.join(faults)}. Boxes: {', '.join(boxes)}. Roles: {', '.join(ROLES)}")


def _draw_box(ax: Axes, box: Box, place: Rectangle) -> None:
    colour = ROLES[box.role][0]
    if box.role == "symbol":
        ax.add_patch(
            patches.Circle((place.x, place.y), place.width / 2, facecolor="white", edgecolor=colour, linewidth=1)
        )
        ax.text(place.x, place.y, box.name, size=11, ha="center", va="center_baseline")
        return
    ax.add_patch(_outline(place, facecolor=_tint(colour), edgecolor=colour, linewidth=1))
    texts = [(box.name, placement.NAME_SIZE, "#111111"), (placement.shape_text(box.shape), placement.SHAPE_SIZE, GREY)]
    heights = [placement.image_size(box.image)[1], *(placement.text_size(text, size)[1] for text, size, _ in texts)]
    gap = (place.height - sum(heights)) / (1 + sum(height > 0 for height in heights))
    y = place.high[1] - gap
    if box.image is not None:
        _draw_pictures(ax, box.image, place.x, y)
        y -= heights[0] + gap
    for height, (text, size, ink) in zip(heights[1:], texts, strict=True):
        at = place.x, y - height / 2
        ax.text(*at, text, size=size, color=ink, linespacing=placement.LINES, ha="center", va="center")
        y -= height + gap


def _draw_pictures(ax: Axes, image: np.ndarray, x: float, top: float) -> None:
    """Centred at x; a stack lies from the upper right, behind, to the lower left."""
    shown, whole = placement.pictures(image), placement.image_size(image)[0]
    width = whole - placement.BEHIND * (len(shown) - 1)
    for i, picture in enumerate(reversed(shown)):
        right, upper = x + whole / 2 - placement.BEHIND * i, top - placement.BEHIND * i
        corner, order = (right - width, upper - placement.IMAGE), 2 + 0.01 * i
        extent = (corner[0], right, corner[1], upper)
        ax.imshow(picture, cmap="gray", extent=extent, interpolation="antialiased", zorder=order)
        edge = patches.Rectangle(corner, width, placement.IMAGE, fill=False, edgecolor="white", linewidth=0.6)
        ax.add_patch(edge).set_zorder(order)


def _draw_arrow(ax: Axes, arrow: Arrow, corners: Sequence[Point]) -> None:
    head = "-|>,head_length=3.2,head_width=1.6"
    line = patches.FancyArrowPatch(
        path=_rounded(corners), arrowstyle=head, mutation_scale=1.4, color="#333333", linewidth=1, zorder=3
    )
    ax.add_patch(line)
    (x0, y0), (x1, y1) = max(pairwise(corners), key=lambda leg: np.hypot(*np.subtract(*leg)))
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    place, sides = ((x, y + 0.03), ("center", "bottom")) if y0 == y1 else ((x + 0.05, y), ("left", "center"))
    ax.text(*place, arrow.label, ha=sides[0], va=sides[1], size=placement.SHAPE_SIZE, color=GREY, zorder=4)


def _rounded(corners: Sequence[Point], radius: float = 0.07) -> Path:
    points, codes = [corners[0]], [Path.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        points += [_towards(corner, before, radius), corner, _towards(corner, after, radius)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*points, corners[-1]], [*codes, Path.LINETO])


def _towards(start: Point, end: Point, distance: float) -> Point:
    right, up = end[0] - start[0], end[1] - start[1]
    share = min(distance / np.hypot(right, up), 0.5)
    return start[0] + share * right, start[1] + share * up


def _draw_group(ax: Axes, title: str, keys: Sequence[str], places: Mapping, routes: Mapping) -> Rectangle:
    """A dashed frame around boxes and the arrows among them; returns where it lies."""
    inside = [route for arrow, route in routes.items() if {arrow.start, arrow.end} <= set(keys)]
    corners = np.array([*chain(*inside), *chain(*((places[key].low, places[key].high) for key in keys))])
    (left, bottom), (right, top) = corners.min(axis=0) - placement.GROUP, corners.max(axis=0) + placement.GROUP
    top += placement.TITLE
    right = max(right, left + placement.text_size(title, placement.NAME_SIZE)[0] + 2 * placement.PAD)
    place = Rectangle((left + right) / 2, (bottom + top) / 2, right - left, top - bottom)
    look = {"facecolor": "#FAFAFA", "edgecolor": "#888888", "linewidth": 0.9, "linestyle": (0, (4, 3))}
    ax.add_patch(_outline(place, zorder=0, **look))
    _draw_title(ax, title, place, routes)
    return place


def _draw_title(ax: Axes, title: str, frame: Rectangle, routes: Mapping) -> None:
    """In the frame's upper edge, as far left as no arrow runs through it; else over the arrows."""
    width, height = placement.text_size(title, placement.NAME_SIZE)
    y, first = frame.high[1] - 0.06, frame.low[0] + placement.PAD
    for x in np.linspace(first, max(first, frame.high[0] - placement.PAD - width), 50):
        if all(
            placement.is_clear(way, [Rectangle(x + width / 2, y - height / 2, width, height)])
            for way in routes.values()
        ):
            first = x
            break
    behind = {"facecolor": "#FAFAFA", "edgecolor": "none", "pad": 1}
    ax.text(first, y, title, size=placement.NAME_SIZE, color=GREY, ha="left", va="top", zorder=3.5, bbox=behind)


def _outline(place: Rectangle, **look: Any) -> patches.FancyBboxPatch:
    style = "round,pad=0,rounding_size=0.05"
    return patches.FancyBboxPatch(tuple(place.low), place.width, place.height, boxstyle=style, **look)


def _tint(colour: str) -> np.ndarray:
    return 0.16 * np.array(to_rgb(colour)) + 0.84


def _finish(figure: Figure, ax: Axes, corners: np.ndarray, roles: set[str]) -> None:
    """Figure and axes as large as the drawing, an inch an inch, with a legend of the roles below it."""
    (left, bottom), (right, top) = corners.min(axis=0) - 0.08, corners.max(axis=0) + 0.08
    bottom -= 0.26
    x, y = left + 0.15, bottom + 0.11
    for role, (colour, name) in ROLES.items():
        if role in roles and name:
            ax.add_patch(
                _outline(Rectangle(x, y, 0.14, 0.11), facecolor=_tint(colour), edgecolor=colour, linewidth=0.8)
            )
            ax.text(x + 0.13, y, name, size=placement.SHAPE_SIZE, color=GREY, ha="left", va="center_baseline")
            x += placement.text_size(name, placement.SHAPE_SIZE)[0] + 0.36
    right = max(right, x - 0.15)
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="auto")
    ax.axis("off")
    figure.set_size_inches(right - left, top - bottom)
