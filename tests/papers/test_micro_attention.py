from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from merlib import published, synthetic
from merlib.data import databases
from merlib.papers import micro_attention
from merlib.papers.micro_attention import MicroAttention, ResidualBlock, ResidualNetwork, apex_face, cut, transferred
from merlib.preprocessing import frames, stills
from merlib.results import metrics
from merlib.synthetic import writer
from merlib.synthetic.face.identity import draw_identity
from merlib.synthetic.layouts.micro import LAYOUTS
from merlib.training import weights
from merlib.training.weights import Weights, WeightsError

OURS = "Residual Network with Micro-Attention"
EVERY_UNIT = pytest.mark.parametrize("unit", micro_attention.UNITS)


def numbers(model: torch.nn.Module, trained: bool = False) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trained)


def pictures(n: int = 4, size: int = 32) -> torch.Tensor:
    return torch.rand(n, 1, size, size, generator=torch.Generator().manual_seed(0))


def test_parameters_are_those_of_the_authors_definition_and_of_table_3():
    counts = {unit: numbers(ResidualNetwork(5, unit)) for unit in micro_attention.UNITS}
    assert counts["none"] == 4_900_359
    assert counts["micro"] == counts["printed"] == 5_945_799
    assert numbers(ResidualNetwork(5), trained=True) == 5_945_799 - 960
    printed = published.table("micro_attention", "table_3").query("metric == 'parameters million'")["printed"].tolist()
    assert printed == [f"{counts[unit] / 1e6:.1f}" for unit in ("none", "complex", "micro")]


@EVERY_UNIT
def test_every_parameter_but_the_average_gets_a_gradient(unit):
    model = ResidualNetwork(3, unit, width=0.125)
    model(pictures()).square().sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert without == [name for name, p in model.named_parameters() if not p.requires_grad]
    assert all(name.endswith("average.weight") for name in without)


def test_pooling_rounds_up_as_in_caffe():
    assert ResidualNetwork(5, width=0.125).stem(torch.zeros(1, 1, 224, 224)).shape == (1, 8, 56, 56)
    assert ResidualNetwork(5, width=0.125).features(torch.zeros(1, 1, 224, 224)).shape == (1, 64, 7, 7)


@pytest.mark.parametrize(("form", "factor"), [("sigmoid", 1 + 1 / (1 + np.exp(-1.4))), ("printed", 1 + 1.4 / 3)])
def test_the_unit_on_one_place_and_one_channel_by_hand(form, factor):
    unit = MicroAttention(1, form)
    unit.embed.weight.data = torch.tensor([0.1, 0.2, 0.3]).view(1, 3, 1, 1)
    skip, first, second = (torch.full((1, 1, 1, 1), value) for value in (1.0, 2.0, 3.0))  # L W = 0.1 + 0.4 + 0.9
    assert unit(skip, first, second).item() == pytest.approx(4 * factor)  # T = 1 + 3


@pytest.mark.parametrize(("form", "M"), [("sigmoid", 1 / (1 + np.exp(-2.5))), ("printed", 5 / 6)])
def test_the_map_averages_the_channels_by_hand(form, M):
    unit = MicroAttention(2, form)
    unit.embed.weight.data = torch.tensor([[1.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2.0]]).view(2, 6, 1, 1)
    maps = torch.arange(1.0, 7).view(3, 1, 2, 1, 1)  # skip 1 and 2, first 3 and 4, second 5 and 6
    unit.embed.weight.data[1] /= 3  # embeddings 1 and 4: mean 2.5, sum over 3C channels 5 / 6
    assert unit.attention(*maps).item() == pytest.approx(M)


@pytest.mark.parametrize(("form", "factor"), [("sigmoid", 1.5), ("printed", 1.0)])
def test_weights_of_zero_multiply_by(form, factor):
    unit, (skip, first, second) = MicroAttention(8, form), torch.randn(3, 2, 8, 5, 5)
    torch.nn.init.zeros_(unit.embed.weight)
    torch.testing.assert_close(unit(skip, first, second), factor * (skip + second))


def test_the_sigmoid_form_passes_between_one_and_two_times_the_residual_output():
    unit, maps = MicroAttention(8), 100 * torch.randn(3, 2, 8, 5, 5)
    ratio = unit(*maps) / (maps[0] + maps[2])
    assert 1 <= ratio.min() < 1.05 and 1.95 < ratio.max() <= 2.001


@pytest.mark.parametrize("form", ["sigmoid", "printed"])
def test_the_unit_is_one_convolution_with_the_mean_of_its_rows(form):
    unit, maps = MicroAttention(8, form), torch.randn(3, 2, 8, 5, 5)
    row = unit.embed.weight.sum(0, keepdim=True) / (8 if form == "sigmoid" else 24)
    M = torch.nn.functional.conv2d(torch.cat(list(maps), 1), row)
    torch.testing.assert_close(unit.attention(*maps), torch.sigmoid(M) if form == "sigmoid" else M)


def test_blocks_are_pre_activated_but_for_the_first():
    first, later = ResidualBlock(8, 8, stride=1).eval(), ResidualBlock(8, 8, stride=2).eval()
    x = torch.randn(2, 8, 6, 6)
    assert torch.equal(first(x)[0], x)
    skip, inner, second = later(x)
    torch.testing.assert_close(skip, later.skip(later.activate(x)))
    assert inner.min() == 0 and skip.min() < 0 and second.min() < 0 and later.activate(x).min() == 0
    assert skip.shape == inner.shape == second.shape == (2, 8, 3, 3)


@EVERY_UNIT
def test_one_clip_of_each_class_can_be_learned_by_heart(unit):
    torch.manual_seed(0)
    model, x, y = ResidualNetwork(4, unit, width=0.125), pictures(), torch.arange(4)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05, momentum=0.9)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert model(x).argmax(1).tolist() == y.tolist()


@pytest.fixture
def stage_1(tmp_path) -> tuple[ResidualNetwork, Weights]:
    torch.manual_seed(1)
    network = ResidualNetwork(5, "none", width=0.125)
    torch.save(network.state_dict(), tmp_path / "stage_1.pt")
    return network, weights.from_file(tmp_path / "stage_1.pt")


@EVERY_UNIT
def test_stage_2_starts_from_stage_1_and_adds_the_units(unit, stage_1):
    before, start = stage_1
    after = transferred(5, unit, 0.125, start, anew=("units.",))
    for name, tensor in before.state_dict().items():
        assert torch.equal(after.state_dict()[name], tensor)
    added = after.state_dict().keys() - before.state_dict().keys()
    assert all(name.startswith("units.") for name in added) and bool(added) == (unit != "none")


def test_other_classes_get_a_new_classifier_and_are_refused_the_old_one(stage_1):
    before, start = stage_1
    after = transferred(3, "micro", 0.125, start)
    assert after.classifier.out_features == 3
    assert torch.equal(after.stem[1].weight, before.stem[1].weight)
    with pytest.raises(WeightsError, match=r"classifier\.weight: shape \(5, 64\), the model has \(3, 64\)"):
        transferred(3, "micro", 0.125, start, anew=("units.",))


def test_grey_weighs_the_colours_as_luma():
    colours = np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    greys = micro_attention.grey(colours)
    assert greys.shape == (2, 40, 50) and greys.dtype == np.uint8
    assert np.abs(greys - colours @ np.array([0.299, 0.587, 0.114])).max() <= 0.6


def test_a_clip_is_its_apex_frame_alone_and_a_face_crop_is_aligned_too(tmp_path):
    synthetic.write("casme2", tmp_path, synthetic.Size(subjects=2, clips=4, height=120, width=100))
    clip = databases.read("casme2", tmp_path)[np.arange(1)]
    onset, dark = clip.table["frames"][0][0], str(tmp_path / "dark.png")
    cv2.imwrite(dark, cv2.imread(onset) // 2)

    def picture(apex: str, cropped: bool) -> np.ndarray:
        files = [onset] * len(clip.table["frames"][0])
        files[clip.apex_index[0]] = apex
        table = clip.table.assign(frames=[files], cropped=cropped)
        return micro_attention.apex_pictures(replace(clip, table=table), 60)[1]

    bright = picture(onset, cropped=False)
    assert bright.shape == (1, 60, 60) and bright.dtype == np.uint8
    assert picture(dark, cropped=False).mean() == pytest.approx(bright.mean() / 2, rel=0.03)
    assert np.array_equal(picture(onset, cropped=True), bright)


def test_the_input_is_cut_from_the_corners_and_the_middle():
    x = torch.arange(240.0 * 240).view(1, 1, 240, 240).expand(5, -1, -1, -1)
    cuts = cut(x, torch.arange(5))
    assert cuts.shape == (5, 1, 224, 224)
    assert cuts[:, 0, 0, 0].tolist() == [0, 16, 16 * 240, 16 * 241, 8 * 241]


def test_evaluation_sees_the_middle_unchanged():
    stored = torch.randint(0, 256, (3, 240, 240), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    options = {"colour": 20, "degrees": 10, "window": 6, "corners": True}
    x = apex_face(stored, torch.Generator(), False, **options)
    torch.testing.assert_close(x[:, 0], stored[:, 8:-8, 8:-8] / 255)


@pytest.mark.parametrize(
    "options",
    [{"colour": 20}, {"degrees": 10}, {"corners": True}, {"window": 6}],
    ids=lambda options: next(iter(options)),
)
def test_a_change_hits_about_half_of_the_training_pictures(options):
    stored = torch.randint(0, 256, (400, 30, 30), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    x = apex_face(stored, torch.Generator().manual_seed(1), True, **options)
    changed = (x[:, 0] - stored[:, 1:-1, 1:-1] / 255).abs().amax((1, 2)) > 1e-6
    expected = 0.5 * (5 / 6 if "window" in options else 1)  # a window of one pixel changes nothing
    assert changed.float().mean().item() == pytest.approx(expected, abs=0.1)


def test_the_grey_level_shifts_as_a_whole_by_twenty_at_most():
    stored = torch.full((300, 30, 30), 100, dtype=torch.uint8)
    x = 255 * apex_face(stored, torch.Generator().manual_seed(0), True, colour=20)
    torch.testing.assert_close(x, x[:, :, :1, :1].expand_as(x))
    assert 15 < (x[:, 0, 0, 0] - 100).abs().max() <= 20.001
    assert x[:, 0, 0, 0].min() < 100 < x[:, 0, 0, 0].max()


@given(window=st.integers(1, 6), level=st.floats(0, 1), seed=st.integers(0, 99))
def test_smoothing_keeps_a_plain_picture_and_the_range_of_any(window, level, seed):
    generator = torch.Generator().manual_seed(seed)
    plain = torch.full((3, 1, 12, 12), level)
    torch.testing.assert_close(micro_attention.smoothed(plain, window, generator), plain)
    x = torch.rand(3, 1, 12, 12, generator=generator)
    smooth = micro_attention.smoothed(x, window, generator)
    assert smooth.shape == x.shape
    assert (smooth.amax((1, 2, 3)) <= x.amax((1, 2, 3)) + 1e-6).all()
    assert (smooth.amin((1, 2, 3)) >= x.amin((1, 2, 3)) - 1e-6).all()


def test_smoothing_is_a_box_filter_of_one_of_the_sizes():
    x = torch.rand(40, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    smooth = micro_attention.smoothed(x, 3, torch.Generator().manual_seed(1))[:, 0].numpy()
    boxes = [
        np.stack([cv2.blur(p, (k, k), borderType=cv2.BORDER_REPLICATE) for p in x[:, 0].numpy()]) for k in (1, 2, 3)
    ]
    which = [[np.allclose(a, b, atol=1e-5) for b in candidates] for a, *candidates in zip(smooth, *boxes, strict=True)]
    assert [sum(row) for row in which] == [1] * 40
    assert np.sum(which, axis=0).min() > 5


def test_every_network_is_timed_as_often():
    calls = []

    class Counted(torch.nn.Linear):
        def forward(self, x):
            calls.append(self.in_features)
            return super().forward(x.flatten(1))

    x, y = torch.rand(6, 1, 2, 2), torch.arange(6) % 3
    seconds = micro_attention.time_iterations({"a": Counted(4, 3), "b": Counted(4, 3)}, x, y, rounds=4)
    assert len(calls) == 2 * (4 + 1) and seconds.keys() == {"a", "b"} and min(seconds.values()) > 0


def test_table_5_is_253_clips_and_gives_the_accuracy_and_f1_of_table_4():
    shares = published.confusion("micro_attention", "table_5", OURS).astype(float)
    totals = [
        sum(published.class_counts("micro_attention", "table_1", name)[label] for name in ("casme2", "samm"))
        for label in shares.index
    ]
    counts = (shares.to_numpy() * np.array(totals)[:, None] / 100).round().astype(int)
    assert totals == [49, 28, 119, 34, 23] and counts.sum(axis=1).tolist() == totals
    assert np.diag(counts).tolist() == [40, 15, 112, 16, 10]
    printed = published.table("micro_attention", "table_4").query("method == @OURS").set_index("metric")["printed"]
    assert printed["accuracy"] == f"{metrics.accuracy(counts):.3f}" == "0.763"
    assert printed["f1"] == f"{metrics.uf1(counts):.3f}"
    assert printed["f1"] != f"{metrics.f1_of_means(counts):.3f}"


def test_the_people_of_one_look_alike_database_are_in_no_other():
    people = {
        (name, person): draw_identity(writer._rng(0, name, "person", person)) for name in LAYOUTS for person in range(8)
    }
    assert len({repr(who) for who in people.values()}) == len(people)


def test_a_picture_without_a_face_is_left_out_of_stage_1_with_its_file_and_nothing_else(tmp_path):
    synthetic.write("jaffe", tmp_path, synthetic.Size(subjects=4, clips=16, height=160, width=160))
    posed = databases.read("jaffe", tmp_path).classes("macro-5")
    spoilt = posed.table["frames"].iloc[0][0]
    cv2.imwrite(spoilt, np.full((160, 160), 128, np.uint8))
    clips, X = stills.images(*frames.load(posed, size=60))
    assert len(clips) == len(X) == len(posed) - 1
    (left_out,) = clips.excluded[~clips.excluded["reason"].str.contains("is in no class")].to_dict("records")
    assert left_out["clip"] == posed.table["clip"].iloc[0] and Path(spoilt).name in left_out["reason"]
