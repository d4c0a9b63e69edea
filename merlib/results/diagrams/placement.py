"""Where the boxes and arrows of a block diagram lie, in inches, y upward: sizes from the text, places from a grid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from operator import attrgetter

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

# inches
PAD, COLUMN_GAP, ROW_GAP, LANE, GROUP, TITLE, IMAGE, BEHIND, SYMBOL = 0.09, 0.34, 0.3, 0.2, 0.11, 0.2, 0.85, 0.08, 0.28
NAME_SIZE, SHAPE_SIZE = 9, 7.5  # points
LINES = 1.15

Point = tuple[float, float]
Groups = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Box:
    """A box of a diagram.

    `name`: its text, of one or more lines; `at`: column and row, row 0 on top; a fraction lies between two columns or rows.
    `shape`: the shape of the tensor that leaves it, or a text. `role`: a key of `diagrams.ROLES`; a "symbol" ("+", "×")
    is drawn as a circle. `image`: (H, W) or (H, W, 3), or a stack (N, H, W, 3), shown above the name.
    """

    name: str
    at: tuple[float, float]
    shape: Sequence[int] | str = ""
    role: str = "operation"
    image: np.ndarray | None = None


@dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes, by their keys.

    `lane` 0 goes the direct way. Lane 1, 2, ... runs beside the boxes, as a skip connection does: above a row, to the
    right of a column; -1, -2, ... below and to the left.
    """

    start: str
    end: str
    label: str = ""
    lane: int = 0


@dataclass(frozen=True)
class Rectangle:
    """Centre and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def low(self) -> np.ndarray:
        """Left and bottom."""
        return np.array([self.x - self.width / 2, self.y - self.height / 2])

    @property
    def high(self) -> np.ndarray:
        """Right and top."""
        return np.array([self.x + self.width / 2, self.y + self.height / 2])

    def meets(self, low: np.ndarray, high: np.ndarray) -> bool:
        """Whether it shares more than its border with the rectangle from `low` to `high`."""
        return bool((self.low < np.asarray(high) - 1e-6).all() and (self.high > np.asarray(low) + 1e-6).all())


def shape_text(shape: Sequence[int] | str) -> str:
    """(64, 56, 56) as "64×56×56"."""
    return shape if isinstance(shape, str) else "×".join(map(str, shape))


@cache
def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height of a text at a size in points."""
    if not text:
        return 0.0, 0.0
    canvas = FigureCanvasAgg(Figure(dpi=72))
    drawn = Text(0, 0, text, size=size, figure=canvas.figure, linespacing=LINES)
    extent = drawn.get_window_extent(canvas.get_renderer())
    return extent.width / 72, extent.height / 72


def pictures(image: np.ndarray) -> list[np.ndarray]:
    """The pictures to draw of an image: itself, or at most four of a stack, first to last."""
    if image.ndim < 4:
        return [image]
    return [image[i] for i in np.unique(np.linspace(0, len(image) - 1, 4).astype(int))]


def image_size(image: np.ndarray | None) -> tuple[float, float]:
    """Width and height of an image in its box; those of a stack lie a little behind each other."""
    if image is None:
        return 0.0, 0.0
    shown = pictures(image)
    height, width = shown[0].shape[:2]
    behind = BEHIND * (len(shown) - 1)
    return IMAGE * width / height + behind, IMAGE + behind


def place(boxes: Mapping[str, Box], arrows: Sequence[Arrow], groups: Groups) -> dict[str, Rectangle]:
    """A rectangle a box. Columns and rows are as large as what stands in them, the gaps as what runs through them.

    Raises ValueError when boxes lie upon each other.
    """
    plain = {key for key, box in boxes.items() if box.image is None and box.role != "symbol"}
    content = {key: _content_size(box) for key, box in boxes.items()}
    gaps = _column_gaps(boxes, arrows), _row_gaps(boxes, arrows, groups)
    centres, sizes = [], []
    for axis in (0, 1):
        lines, size = ({key: of[key][axis] for key in boxes} for of in ({k: b.at for k, b in boxes.items()}, content))
        centres.append(_centres(lines, size, gaps[axis]))
        sizes.append(_even(lines, size, plain))
    places = {key: Rectangle(centres[0][key], -centres[1][key], sizes[0][key], sizes[1][key]) for key in boxes}
    upon = [(a, b) for a, b in combinations(places, 2) if places[a].meets(places[b].low, places[b].high)]
    if upon:
        raise ValueError("; ".join(f"boxes {a!r} and {b!r} lie upon each other: change their `at`" for a, b in upon))
    return places


def route(arrow: Arrow, boxes: Mapping[str, Box], places: Mapping[str, Rectangle]) -> list[Point]:
    """The corners of an arrow's way from border to border, around other boxes where one of the simple ways is."""
    start, end = places[arrow.start], places[arrow.end]
    others = [place for key, place in places.items() if key not in (arrow.start, arrow.end)]
    if arrow.lane:
        return _lane(start, end, others, arrow.lane)
    ways = list(_ways(start, end, corner_first=boxes[arrow.end].role == "symbol"))
    return next((way for way in ways if is_clear(way, others)), ways[0])


def is_clear(way: Sequence[Point], places: Sequence[Rectangle]) -> bool:
    """Whether a way passes by all places."""
    legs = [(np.minimum(a, b) - 0.02, np.maximum(a, b) + 0.02) for a, b in pairwise(way)]
    return not any(place.meets(low, high) for place in places for low, high in legs)


def _content_size(box: Box) -> tuple[float, float]:
    if box.role == "symbol":
        return SYMBOL, SYMBOL
    parts = [text_size(box.name, NAME_SIZE), text_size(shape_text(box.shape), SHAPE_SIZE), image_size(box.image)]
    shown = [part for part in parts if part[1]]
    return max(width for width, _ in shown) + 2 * PAD, sum(height for _, height in shown) + 0.8 * PAD * (len(shown) + 1)


def _centres(lines: Mapping[str, float], sizes: Mapping[str, float], gaps: Mapping[int, float]) -> dict[str, float]:
    """Centre of each box along one axis; line k is as large as its largest box and lies `gaps[k]` after line k - 1."""
    whole = sorted({int(line) for line in lines.values() if line == int(line)})
    centres, edge = [], 0.0
    for line in whole:
        size = max(sizes[key] for key, at in lines.items() if at == line)
        edge += gaps[line]
        centres.append(edge + size / 2)
        edge += size
    return {key: float(np.interp(line, whole, centres)) for key, line in lines.items()}


def _even(lines: Mapping[str, float], sizes: Mapping[str, float], plain: set[str]) -> dict[str, float]:
    """Plain boxes of one line take the largest one's size."""
    largest = {line: max((sizes[k] for k in plain if lines[k] == line), default=0) for line in lines.values()}
    return {key: largest[lines[key]] if key in plain else size for key, size in sizes.items()}


def _column_gaps(boxes: Mapping[str, Box], arrows: Sequence[Arrow]) -> dict[int, float]:
    """The gap before each column, wide enough for the labels and lanes in it."""
    columns = {key: box.at[0] for key, box in boxes.items()}
    gaps = dict.fromkeys(range(int(min(columns.values())), int(max(columns.values())) + 2), COLUMN_GAP)
    for arrow in arrows:
        start, end = sorted((columns[arrow.start], columns[arrow.end]))
        label, into = text_size(arrow.label, SHAPE_SIZE)[0] + 0.2, int(np.ceil(end))
        if end > start and arrow.label and not arrow.lane:
            gaps[into] = max(gaps[into], label)
        if end == start and arrow.lane:
            beside = into + 1 if arrow.lane > 0 else into
            gaps[beside] = max(gaps[beside], COLUMN_GAP + LANE * abs(arrow.lane) + (label if arrow.label else 0))
    return gaps


def _row_gaps(boxes: Mapping[str, Box], arrows: Sequence[Arrow], groups: Groups) -> dict[int, float]:
    """The gap before each row, high enough for the lanes and group frames in it."""
    rows = {key: box.at[1] for key, box in boxes.items()}
    above, below = dict.fromkeys(rows.values(), 0.0), dict.fromkeys(rows.values(), 0.0)
    for arrow in arrows:
        if boxes[arrow.start].at[0] != boxes[arrow.end].at[0]:
            pair = rows[arrow.start], rows[arrow.end]
            above[min(pair)] = max(above[min(pair)], arrow.lane * LANE)
            below[max(pair)] = max(below[max(pair)], -arrow.lane * LANE)
    for keys in groups.values():
        above[min(rows[key] for key in keys)] += GROUP + TITLE
        below[max(rows[key] for key in keys)] += GROUP
    whole = range(int(min(rows.values())), int(max(rows.values())) + 1)
    return {row: ROW_GAP + below.get(row - 1, 0.0) + above.get(row, 0.0) for row in whole}


def _lane(start: Rectangle, end: Rectangle, others: Sequence[Rectangle], lane: int) -> list[Point]:
    along = 1 if abs(start.x - end.x) < 1e-6 else 0  # the axis from start to end
    across = 1 - along
    low, high = np.minimum(start.low, end.low), np.maximum(start.high, end.high)
    inside = [start, end, *(other for other in others if other.meets(low, high))]
    side = max(place.high[across] for place in inside) if lane > 0 else min(place.low[across] for place in inside)
    corners = []
    for place in (start, end):
        border = place.high[across] if lane > 0 else place.low[across]
        for value in (border, side + lane * LANE):
            corners.append((place.x, value) if along == 0 else (value, place.y))
    return [corners[0], corners[1], corners[3], corners[2]]


def _ways(start: Rectangle, end: Rectangle, corner_first: bool) -> Iterator[list[Point]]:
    """The straight way where there is one, else one corner or two, nicest first."""
    right, up = (1 if end.x > start.x else -1), (1 if end.y > start.y else -1)
    out_x, in_x = start.x + right * start.width / 2, end.x - right * end.width / 2
    out_y, in_y = start.y + up * start.height / 2, end.y - up * end.height / 2
    thin = [min(start, end, key=attrgetter(side)) for side in ("width", "height")]
    low, high = np.maximum(start.low, end.low), np.minimum(start.high, end.high)
    if low[1] <= thin[1].y <= high[1]:
        yield [(out_x, thin[1].y), (in_x, thin[1].y)]
    elif low[0] <= thin[0].x <= high[0]:
        yield [(thin[0].x, out_y), (thin[0].x, in_y)]
    else:
        bend = in_x - right * COLUMN_GAP / 2
        corner = [(out_x, start.y), (end.x, start.y), (end.x, in_y)]
        step = [(out_x, start.y), (bend, start.y), (bend, end.y), (in_x, end.y)]
        yield from (corner, step) if corner_first else (step, corner)
        yield [(start.x, out_y), (start.x, end.y), (in_x, end.y)]
