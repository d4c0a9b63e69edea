import pytest
import torch
from torch.nn import functional as F

from merlib.methods import rcn
from merlib.training.experiments import Experiment
from merlib.training.loop import Settings

VARIANTS = {"plain": rcn.RCN, "a": rcn.RCNa, "s": rcn.RCNs, "w": rcn.RCNw}
each_variant = pytest.mark.parametrize("build", VARIANTS.values(), ids=VARIANTS)


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_modules_add_no_parameters():
    first = 3 * 32 * 25 + 32 + 2 * 32
    recurrent = (32 * 32 + 32) + (32 * 32 * 9 + 32) + 2 * 2 * 32
    classifier = 32 * 5 * 5 * 4 + 4
    assert parameters(rcn.RCN(4)) == parameters(rcn.RCNa(4)) == parameters(rcn.RCNs(4)) == 16132
    assert first + recurrent + classifier == 16132
    wide = 3 * 32 * 9 + 32 + 2 * 32  # three streams of 16, 8 and 8 channels: as many as one of 32
    assert parameters(rcn.RCNw(4)) == wide + recurrent + classifier == 14596


@each_variant
@pytest.mark.parametrize("size", [28, 60])
def test_shapes_from_stored_maps_to_logits_and_gradients_everywhere(build, size):
    torch.manual_seed(0)
    maps = torch.randint(0, 256, (6, size, size, 3), dtype=torch.uint8)
    prepared = rcn.prepare(maps, None, True)
    assert prepared.shape == (6, 3, size, size) and prepared.max() <= 1
    model = build(4)
    logits = model(prepared)
    assert logits.shape == (6, 4)
    F.cross_entropy(logits, torch.arange(6) % 4).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_the_recurrent_layers_are_what_the_papers_formulas_say():
    x = torch.rand(2, 32, 8, 8)
    model = rcn.RCN(3).eval()
    y = model.recur(x + model.recur(x + model.feed(x)))
    torch.testing.assert_close(model.recurrent(x), F.max_pool2d(y, 2))
    model = rcn.RCNs(3).eval()
    y = model.feed(x)
    z = model.recur(x + y)
    e = model.recur(x + y + z)
    torch.testing.assert_close(model.recurrent(x), F.max_pool2d(model.recur(x + y + z + e), 2))


def test_attention_is_the_mean_of_the_classes_maps_each_from_0_to_1():
    torch.manual_seed(0)
    model, x, features = rcn.RCNa(3).eval(), torch.rand(2, 32, 10, 10), torch.rand(2, 32, 5, 5)
    weights, pooled = model.classifier.weight.reshape(3, 32, 5, 5), F.adaptive_avg_pool2d(x, 5)
    expected = torch.zeros(2, 1, 5, 5)
    for image in range(2):
        for k in range(3):
            activation = (weights[k] * pooled[image]).mean(0)
            expected[image, 0] += (activation - activation.min()) / (activation.max() - activation.min()) / 3
    torch.testing.assert_close(model.weigh(x, features), features * expected)


@each_variant
def test_maps_of_zeros_give_finite_logits(build):
    model = build(3).eval()
    with torch.no_grad():
        model.first.apply(lambda layer: layer.bias.zero_() if getattr(layer, "bias", None) is not None else None)
    assert torch.isfinite(model(torch.zeros(2, 3, 28, 28))).all()


@each_variant
def test_one_clip_of_each_class_is_learned(build):
    torch.manual_seed(0)
    maps = torch.rand(4, 3, 28, 28)
    model, target = build(4), torch.arange(4)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(model(maps), target).backward()
        optimizer.step()
    assert (model(maps).argmax(1) == target).all()


def test_the_settings_are_those_of_the_authors_code(home):
    settings = Settings(**rcn.SETTINGS)
    assert [settings.lr_at(epoch) for epoch in (1, 10, 11, 21)] == [5e-4, 5e-4, 2.5e-4, 1.25e-4]
    assert Experiment("RCN-w", rcn.RCNw, settings, prepare=rcn.prepare).settings.num_epochs == 100
