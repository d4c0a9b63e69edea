from itertools import pairwise

import numpy as np
import pytest
import torch

from merlib.papers import mmnet
from merlib.papers.mmnet import MMNet


def inputs(num_clips: int = 2, size: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(2, num_clips, 3, size, size, generator=generator))


def gradients(model: torch.nn.Module, size: int) -> list[int]:
    model(*inputs(size=size)).square().sum().backward()
    return [parameter.numel() for parameter in model.parameters() if parameter.grad is not None]


def test_trained_parameters_are_those_of_the_authors_code():
    assert sum(gradients(MMNet(num_classes=5), size=224)) == 9_438_841


@pytest.mark.parametrize("flags", [{}, {"ca_block": False}, {"pc_module": False}, {"continuous": False}])
def test_every_variant_trains_all_of_its_parameters(flags):
    model = MMNet(3, size=32, width=0.0625, **flags)
    assert sum(gradients(model, size=32)) == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("size", [32, 48, 64])
def test_feature_maps_have_the_published_proportions(size):
    model = MMNet(5, size=size, width=0.125)
    features, attentions = model.motion_features(inputs(size=size)[0])
    assert features.shape == (2, 64, size // 16, size // 16)
    assert [attention.shape[-1] for attention in attentions] == [size // 2, size // 4, size // 8, size // 16]
    assert model(*inputs(size=size)).shape == (2, 5)


def test_continuous_attention_only_narrows_the_map_before():
    model = MMNet(5, size=64, width=0.125).eval()
    maps = model.motion_features(inputs(size=64)[0])[1]
    for before, after in pairwise(maps):
        pooled = torch.nn.functional.max_pool2d(before, 3, stride=2, padding=1)
        assert (after <= pooled).all() and (after >= 0).all()


def test_independent_attention_ignores_the_map_before():
    model = MMNet(5, size=64, width=0.125, continuous=False).eval()
    x = model.stem(inputs(size=64)[0])
    for block in model.blocks:
        (features, attention), alone = block(x), block(x, None)
        assert torch.equal(attention, alone[1])
        x = features
    assert torch.equal(x, model.motion_features(inputs(size=64)[0])[0])


def test_without_the_position_module_the_onset_frame_does_not_matter():
    motion, onset = inputs()
    model = MMNet(5, size=32, width=0.125, pc_module=False).eval()
    assert torch.equal(model(motion, onset), model(motion, onset + 1))
    model = MMNet(5, size=32, width=0.125).eval()
    assert not torch.equal(model(motion, onset), model(motion, onset.flip(-1)))


@pytest.fixture
def videos() -> list[np.ndarray]:
    """Every frame holds its own number, so that a draw can be traced; apexes at 10, 60 and 120."""
    return [np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 16, 16, 3)) for n in (20, 100, 200)]


def drawn(videos, **reach) -> dict[str, list[set[int]]]:
    """The frames of each clip that 80 draws give."""
    X = mmnet.onset_and_apex(videos, np.array([10, 60, 120]), **reach)
    X = {name: torch.as_tensor(array) for name, array in X.items()}
    generator, found = torch.Generator().manual_seed(0), {}
    for name, number in (("onset", "onsets"), ("apex", "apexes")):
        draws = [mmnet.draw(X[name], X[number], generator)[:, 0, 0, 0].tolist() for _ in range(80)]
        found[name] = [set(numbers) for numbers in zip(*draws, strict=True)]
    return found


def test_training_draws_only_frames_within_the_reach_of_onset_and_apex(videos):
    """int(0.15 a / 4) frames: none for an apex at 10, two at 60, four at 120."""
    found = drawn(videos)
    assert found["onset"] == [{0}, {0, 1, 2}, {0, 1, 2, 3, 4}]
    assert found["apex"] == [{10}, {60, 59, 58}, {120, 119, 118, 117, 116}]


def test_the_authors_draw_otherwise_for_three_classes(videos):
    """The onset up to int(0.2 a / 4) later; the apex also int(0.15 (offset - a) / 4) later: offsets at 19, 99 and 199."""
    found = drawn(videos, onset_reach=0.2, after_apex=0.15)
    assert found["onset"] == [{0}, {0, 1, 2, 3}, {0, 1, 2, 3, 4, 5, 6}]
    assert found["apex"] == [{10}, {58, 59, 60, 61}, {116, 117, 118, 119, 120, 121, 122}]


def test_weights_start_as_in_the_authors_code():
    """Transformer N(0, 0.02) with biases 0; convolutions He's by fan-out, but for the first of the stem; no antialiasing."""
    model = MMNet(5, size=64)
    for name, parameter in model.pc.layers.named_parameters():
        if parameter.ndim == 2:
            assert parameter.std().item() == pytest.approx(0.02, rel=0.05), name
        elif "norm" not in name:
            assert parameter.eq(0).all(), name
    assert model.pc.position.std().item() == pytest.approx(0.02, rel=0.05)
    for module in model.blocks.modules():
        if isinstance(module, torch.nn.Conv2d) and module.out_channels > 1:
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    assert model.stem[3].weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.05)
    assert model.stem[0].weight.abs().max() <= 27**-0.5  # PyTorch's own: uniform, within 1 / sqrt(fan-in)
    onset = torch.randn(1, 3, 64, 64)
    plain = torch.nn.functional.interpolate(onset, size=(4, 4), mode="bilinear")
    pixelwise = model.pc.eval()
    assert torch.equal(pixelwise(onset), pixelwise(torch.nn.functional.interpolate(plain, size=(4, 4))))


def test_evaluation_uses_the_labelled_frames_and_the_normalisation_of_imagenet(videos):
    X = {name: torch.as_tensor(a) for name, a in mmnet.onset_and_apex(videos, np.array([10, 60, 120])).items()}
    motion, onset = mmnet.motion_and_onset(X, torch.Generator(), training=False)
    std, mean = torch.tensor(mmnet.IMAGENET_STD), torch.tensor(mmnet.IMAGENET_MEAN)
    for clip, apex in enumerate((10, 60, 120)):
        torch.testing.assert_close(motion[clip, :, 3, 5], apex / 255 / std)
        torch.testing.assert_close(onset[clip, :, 3, 5], -mean / std)


def test_augmentation_adds_no_motion_of_its_own():
    frame = np.random.default_rng(0).integers(0, 256, (4, 1, 24, 24, 3), dtype=np.uint8)
    batch = {
        "onset": torch.as_tensor(frame),
        "apex": torch.as_tensor(frame),
        "onsets": torch.ones(4, dtype=torch.int64),
        "apexes": torch.ones(4, dtype=torch.int64),
    }
    motion, onset = mmnet.motion_and_onset(batch, torch.Generator().manual_seed(1), training=True)
    assert torch.count_nonzero(motion) == 0
    assert not torch.allclose(onset, mmnet.motion_and_onset(batch, torch.Generator(), training=False)[1])


def test_one_clip_of_each_class_can_be_learned_by_heart():
    torch.manual_seed(0)
    model, (motion, onset) = MMNet(4, size=32, width=0.125), inputs(num_clips=4)
    optimizer, y = torch.optim.AdamW(model.parameters(), lr=2e-3), torch.arange(4)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(model(motion, onset), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert model(motion, onset).argmax(1).tolist() == y.tolist()
