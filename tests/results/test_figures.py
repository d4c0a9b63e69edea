from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from helpers.made_predictions import FIVE, made
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch
from matplotlib.transforms import Bbox
from torch import nn

from merlib.results import diagrams, figures, figures_sampling, flow_pictures, metrics
from merlib.results.diagrams import placement
from merlib.results.diagrams.placement import Arrow, Box
from merlib.training import shapes

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    """A figure left open would be shown a second time under the cell that ends on it."""
    yield
    assert plt.get_fignums() == []


def titles(figure):
    return [ax.get_title() for ax in figure.axes if ax.get_title()]


# --- pictures ---


def test_a_sampled_clip_shows_every_drawn_frame_on_the_timeline_and_its_picture():
    frames = np.stack([np.full((6, 4, 3), i, np.uint8) for i in range(20)])
    taken = np.array([[0, 9, 19], [1, 3, 5], [7, 9, 11], [14, 16, 18]])
    bounds = np.arange(10) * 20 // 9
    figure = figures_sampling.sampling(frames, taken, bounds, np.full((4, 6, 4, 3), 0.5))
    timeline, *pictures = figure.axes
    drawn = [line.get_xdata().tolist() for line in timeline.lines]
    assert drawn[:4] == taken.tolist()
    assert [bar.get_x() + 0.5 for bar in timeline.patches] == bounds[:-1].tolist()
    shown = [ax.images[0].get_array()[0, 0, 0] for ax in pictures]
    assert [shown[4 * row : 4 * row + 3] for row in range(4)] == taken.tolist()
    assert shown[3::4] == [0.5] * 4
    assert [ax.get_title() for ax in pictures[:5]] == [
        "$P_0^{on}$, frame 0", "$P_0^{mid}$, frame 9", "$P_0^{off}$, frame 19", "$I_0$", "$P_1^{0}$, frame 1"
    ]  # fmt: skip


def test_a_grid_names_its_rows_and_every_picture():
    pictures = [[np.full((6, 4), 10 * row + column) for column in range(3)] for row in range(2)]
    captions = [[f"{row}{column}" for column in range(3)] for row in range(2)]
    figure = figures.grid(pictures, ["first", "second"], captions)
    assert titles(figure) == ["00", "01", "02", "10", "11", "12"]
    assert [ax.get_ylabel() for ax in figure.axes] == ["first", "", "", "second", "", ""]
    assert [int(ax.images[0].get_array()[0, 0]) for ax in figure.axes] == [0, 1, 2, 10, 11, 12]


def test_a_sweep_shows_mean_and_range_of_the_seeds_by_both_rules():
    results = {
        0.0: made({0: [[5, 1]], 1: [[2, 3]], 2: [[0, 1]]}),
        0.03: made({0: [[5, 5], [1, 2]], 1: [[2, 0], [4, 0]]}),
    }
    figure = figures.sweep(results, "λ")
    for ax, metric, scale in zip(figure.axes, ("accuracy", "uf1"), (100, 1), strict=True):
        for bars, rule in zip(ax.containers, ("last", "best test epoch"), strict=True):
            line, (low, high), _ = bars
            for i, predictions in enumerate(results.values()):
                by_seed = scale * metrics.scores(predictions, rule)[metric]
                drawn = [line.get_ydata()[i], low.get_ydata()[i], high.get_ydata()[i]]
                np.testing.assert_allclose(drawn, [by_seed.mean(), by_seed.min(), by_seed.max()])
        assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.03"]


def test_a_sweep_has_the_majority_guess_the_published_point_and_an_axis_as_wide_as_its_values():
    results = {0.0: made({0: [[3, 2]]}), 0.03: made({0: [[3, 4]], 1: [[2, 3]]})}
    figure = figures.sweep(results, "λ", published={0.03: (77.44, 0.7683)})
    for ax, printed, guess in zip(figure.axes, (77.44, 0.7683), (20, 1 / 15), strict=True):
        points = {line.get_label(): np.ravel(line.get_ydata()) for line in ax.lines}
        assert points["published"].tolist() == [printed] and points["majority guess"] == pytest.approx(guess)
        low, high = ax.get_ylim()
        assert low < guess and printed < high and high - low < 1.3 * (printed - guess)
    assert [text.get_text() for text in figure.legends[0].get_texts()].count("published") == 1


def clip(num_frames=31, height=24, width=20):
    """Frame t is of the grey level 4 t throughout."""
    levels = np.arange(num_frames, dtype=np.uint8) * 4
    return np.broadcast_to(levels[:, None, None, None], (num_frames, height, width, 3)).copy()


def test_a_clip_strip_shows_onset_apex_and_offset():
    figure = figures.clip_strip(clip(), count=4, apex=13, fps=200)
    assert titles(figure) == ["onset\n0 ms", "apex\n65 ms", "\n100 ms", "offset\n150 ms"]
    shown = [ax.images[0].get_array()[0, 0, 0] for ax in figure.axes]
    assert shown == [0, 4 * 13, 4 * 20, 4 * 30]


def test_a_clip_shorter_than_the_strip_is_shown_once():
    for unknown in (None, float("nan")):
        strip = figures.clip_strip(clip(3), count=8, fps=unknown)
        assert titles(strip) == ["onset\nframe 0", "\nframe 1", "offset\nframe 2"]


@pytest.mark.parametrize(("to", "means"), [("onset", [40, 80, 120]), ("previous", [40, 40, 40])])
def test_the_differences_of_a_strip(to, means):
    figure = figures.clip_strip(clip(), count=4, difference=to)
    assert [ax.get_xlabel() for ax in figure.axes if ax.get_xlabel()] == [f"mean {mean:.2f}" for mean in means]


def test_colours_of_a_flow():
    flow = np.zeros((1, 4, 2), np.float32)
    flow[0, 1:] = [(2, 0), (-2, 0), (1, 0)]
    none, right, left, slow = flow_pictures.colours(flow, longest=2)[0].astype(int)
    assert tuple(none) == (255, 255, 255)
    assert tuple(right) == (255, 0, 0) and tuple(left) == (0, 255, 255)  # complements
    assert tuple(slow) == pytest.approx((255, 127, 127), abs=1)  # half as long, half as full


def test_the_arrows_over_a_frame_point_along_the_flow():
    flow = np.zeros((32, 48, 2), np.float32)
    flow[..., 1] = 0.5  # downward in the picture
    figure = flow_pictures.picture(flow, np.zeros((32, 48, 3), np.uint8))
    quiver = figure.axes[0].collections[0]
    assert (quiver.U == 0).all() and (quiver.V > 0).all()
    assert figure.axes[0].yaxis_inverted()
    assert "0.5 px" in titles(figure)[-1]


def test_an_overlay_has_one_scale_for_all_maps():
    faces = rng.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    maps = rng.random((3, 4, 4))
    figure = figures.overlay(faces, maps, ["a", "b", "c"], "attention")
    upper, lower, bar = figure.axes[:3], figure.axes[3:6], figure.axes[6]
    assert [ax.get_title() for ax in upper] == ["a", "b", "c"] and bar.get_ylabel() == "attention"
    for face, values, top, bottom in zip(faces, maps, upper, lower, strict=True):
        np.testing.assert_array_equal(top.images[0].get_array(), face)
        np.testing.assert_array_equal(bottom.images[1].get_array(), values)
        assert bottom.images[1].get_clim() == (maps.min(), maps.max())
        assert bottom.images[1].get_extent() == bottom.images[0].get_extent()  # the map covers the face
    fixed = figures.overlay(faces, maps, ["a", "b", "c"], "attention", limits=(0, 1))
    assert {ax.images[1].get_clim() for ax in fixed.axes[3:6]} == {(0, 1)}


# --- results ---


def test_a_confusion_matrix_shows_counts_and_recalls():
    matrix = metrics.confusion(["a", "a", "a", "b"], ["a", "a", "b", "b"], ["a", "b"])
    ax = figures.confusion(matrix, "Title").axes[0]
    assert [text.get_text() for text in ax.texts] == ["2\n67%", "1\n33%", "0", "1\n100%"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a (3)", "b (1)"]


def test_learning_curves_are_the_pooled_numbers():
    right = {0: [[5, 0], [2, 3], [1, 1]], 1: [[5, 5], [4, 4], [3, 3]]}
    predictions = made(right)
    loss, accuracy = figures.learning_curves(predictions).axes
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [75, 65, 40])
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [1.5, 1, 5 / 6])
    best = metrics.scores(predictions, "best test epoch")["accuracy"].mean()
    dashed, dotted = accuracy.lines[1:3]
    assert (dashed.get_linestyle(), dotted.get_linestyle()) == ("--", ":")
    np.testing.assert_allclose(dashed.get_ydata(), 100 * best)
    np.testing.assert_allclose(dotted.get_ydata(), 20)
    control = predictions.assign(experiment="control", target="others")
    np.testing.assert_allclose(figures.learning_curves(predictions, control).axes[1].lines[4].get_ydata(), 20)


def test_experiments_are_told_apart_by_colour():
    both = pd.concat([made({0: [[1]]}), made({0: [[2]]}, experiment="no attention")])
    figure = figures.learning_curves(both)
    lines = figure.axes[1].lines
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"mmnet", "no attention", "best test epoch (not a fair estimate)"} <= set(labels)


# --- shapes ---


class Shared(nn.Module):
    """One convolution applied twice, then a recurrent layer, whose output is a tuple."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.unused = nn.Linear(2, 2)
        self.lstm = nn.LSTM(8, 5, batch_first=True)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = self.conv(self.conv(x))  # (B, 3, H, 8)
        return self.drop(self.lstm(x.mean(dim=1))[0])


def test_shapes_of_a_known_network():
    from torchvision.models import resnet18

    table = shapes.of(resnet18(), torch.zeros(2, 3, 64, 64))
    assert table.loc["", "parameters"] == 11_689_512  # as torchvision documents it
    assert table.loc["layer3.0.downsample.0", "output shape"] == (2, 256, 4, 4)
    assert table.loc["fc"].tolist() == ["Linear", (2, 1000), 512 * 1000 + 1000, 1]
    assert list(table.index[:4]) == ["", "conv1", "bn1", "relu"]
    assert table.loc["layer1.0.relu", "calls"] == 2


def test_shapes_of_shared_unused_and_recurrent_modules():
    model = Shared().train()
    model.drop.eval()
    table = shapes.of(model, torch.zeros(4, 3, 6, 8))
    assert table.loc["conv", ["parameters", "calls"]].tolist() == [3 * 3 * 9 + 3, 2]
    assert "unused" not in table.index
    assert table.loc["lstm", "output shape"] == ((4, 6, 5), ((1, 4, 5), (1, 4, 5)))
    assert model.training and model.conv.training and not model.drop.training  # as before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_shapes_leaves_no_hook_behind_when_the_model_fails():
    model = Shared()
    with pytest.raises(RuntimeError):
        shapes.of(model, torch.zeros(1, 7, 6, 8))
    assert model.training and not any(module._forward_hooks for module in model.modules())


# --- diagrams ---

FACE = rng.integers(0, 256, (20, 16, 3), dtype=np.uint8)


def network():
    boxes = {
        "clip": Box("clip", (0, 0), (16, 3, 20, 16), "data", np.stack([FACE] * 16)),
        "conv": Box("3×3 convolution\nwith a long name", (1, 0), (64, 112, 112), "convolution"),
        "attention": Box("CA block", (2, 0), (64, 56, 56), "attention"),
        "plus": Box("+", (3, 0), role="symbol"),
        "onset": Box("onset", (1, 1), (3, 14, 14), "data", FACE),
        "vit": Box("transformer", (2, 1), (196, 512), "sequence"),
        "fc": Box("classifier", (4, 0.5), (5,), "linear"),
    }
    arrows = [
        Arrow("clip", "conv"), Arrow("conv", "attention", "features of the clip"), Arrow("attention", "plus"),
        Arrow("conv", "plus", "skip", lane=1), Arrow("clip", "onset"), Arrow("onset", "vit"), Arrow("vit", "plus"),
        Arrow("plus", "fc"),
    ]  # fmt: skip
    return boxes, arrows, {"main branch": ["conv", "attention", "plus"], "position": ["onset", "vit"]}


def inside(inner, outer):
    return bool((inner.min >= outer.min - 1).all() and (inner.max <= outer.max + 1).all())  # to a pixel


def test_every_text_of_a_diagram_lies_in_its_box_and_no_two_on_each_other():
    boxes, arrows, groups = network()
    figure = diagrams.diagram(boxes, arrows, groups)
    renderer, ax = FigureCanvasAgg(figure).get_renderer(), figure.axes[0]
    texts = {text.get_text(): text.get_window_extent(renderer) for text in ax.texts if text.get_text()}
    for key, place in placement.place(boxes, arrows, groups).items():
        outline = Bbox(ax.transData.transform([place.low, place.high]))
        for words in filter(None, (boxes[key].name, placement.shape_text(boxes[key].shape))):
            assert inside(texts[words], outline), words
    assert {"skip", "features of the clip", "main branch", "position"} <= set(texts)
    for one, another in combinations(texts, 2):
        assert not texts[one].overlaps(texts[another]), (one, another)
    assert all(inside(extent, figure.bbox) for extent in texts.values())


def test_arrows_run_from_border_to_border_and_through_no_box():
    boxes, arrows, groups = network()
    places = placement.place(boxes, arrows, groups)
    for arrow in arrows:
        way = placement.route(arrow, boxes, places)
        others = [place for key, place in places.items() if key not in (arrow.start, arrow.end)]
        assert placement.is_clear(way, others), arrow
        for key, end in ((arrow.start, way[0]), (arrow.end, way[-1])):
            distance = np.minimum(np.abs(end - places[key].low), np.abs(end - places[key].high)).min()
            assert distance == pytest.approx(0, abs=1e-9), (arrow, key)
        legs = np.diff(np.array(way), axis=0)
        assert (np.abs(legs).min(axis=1) < 1e-9).all()  # horizontal or vertical


def test_a_skip_connection_goes_around_the_tallest_box_of_its_row():
    boxes = {"a": Box("a", (0, 0)), "tall": Box("picture", (1, 0), image=FACE), "b": Box("b", (2, 0))}
    places = placement.place(boxes, [], {})
    for lane in (1, 2, -1):
        way = np.array(placement.route(Arrow("a", "b", lane=lane), boxes, places))
        beyond = way[1, 1] - places["tall"].high[1] if lane > 0 else places["tall"].low[1] - way[1, 1]
        assert beyond == pytest.approx(abs(lane) * placement.LANE)


def test_a_skip_connection_of_a_column_runs_beside_it():
    boxes = {name: Box(name, (0, i)) for i, name in enumerate(["top", "a much wider one", "bottom"])}
    places = placement.place(boxes, [], {})
    right = np.array(placement.route(Arrow("top", "bottom", lane=1), boxes, places))
    assert (right[1:3, 0] > places["a much wider one"].high[0]).all()


def test_a_diagram_is_an_inch_an_inch_so_that_type_has_its_size():
    figure = diagrams.diagram(*network())
    ax = figure.axes[0]
    assert np.ptp(ax.get_xlim()) == pytest.approx(figure.get_figwidth())
    assert np.ptp(ax.get_ylim()) == pytest.approx(figure.get_figheight())
    assert len([patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]) == 8
    assert len(ax.images) == 4 + 1  # of the stack of sixteen four are drawn


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(0, 3)), st.sampled_from([*FIVE, "x", "a b\nc"]), min_size=1
    )
)
def test_boxes_on_a_grid_never_touch(grid):
    boxes = {str(at): Box(name, at, (at[0], 14)) for at, name in grid.items()}
    places = list(placement.place(boxes, [], {}).values())
    for a, b in combinations(places, 2):
        assert not a.meets(b.low - 0.2, b.high + 0.2)


@pytest.mark.parametrize(
    ("boxes", "arrows", "groups", "message"),
    [
        ({"a": Box("a", (0, 0))}, [Arrow("a", "b")], {}, "no box 'b'.*Boxes: a"),
        ({"a": Box("a", (0, 0))}, [], {"group": ["c"]}, "no box 'c'"),
        ({"a": Box("a", (0, 0), role="magic")}, [], {}, "role 'magic'.*convolution"),
        ({"a": Box("a", (0, 0)), "b": Box("b", (0, 0))}, [], {}, "'a' and 'b' lie upon each other"),
    ],
)
def test_what_a_diagram_refuses(boxes, arrows, groups, message):
    with pytest.raises(ValueError, match=message):
        diagrams.diagram(boxes, arrows, groups)


def test_links_are_arrows_between_neighbours():
    arrows = diagrams.links("a b c", "d b")
    assert arrows == [Arrow("a", "b"), Arrow("b", "c"), Arrow("d", "b")]
