from functools import partial

import captum.attr
import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from merlib.papers import vggface_lstm
from merlib.papers.vggface_lstm import RESNET50, STAGES, FaceEncoder, Retrained
from merlib.training import loop, vggface2, weights
from merlib.training.loop import Settings
from merlib.training.splits import Fold
from merlib.training.weights import WeightsError

SMALL = partial(FaceEncoder, width=4, blocks=(1, 1, 1, 1))
FC = (8, 8)


def pictures(number=6, size=64, seed=0):
    return torch.rand(number, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 255


def lively(network, seed=0):
    """The network with random batch statistics and biases, unlike an untrained one."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.1)
        elif name.endswith("running_var"):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return network


def state(module):
    """Weights and statistics, copied."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


# --- the encoder ---


def test_at_full_width_it_is_vggface2s_network_and_without_caffe_torchvisions():
    with torch.no_grad():
        published = lively(vggface2.resnet50(vggface2.RELEASES["oxford"])).eval()
        ours = FaceEncoder(**RESNET50).eval()
        ours.load_state_dict({k: v for k, v in published.state_dict().items() if not k.startswith("fc.")})
        published.fc = nn.Identity()
        frames = torch.randint(0, 256, (2, 70, 70, 3), dtype=torch.uint8)
        levels = vggface_lstm.grey_levels(frames)
        expected = published(vggface2.normalise(frames.numpy()))
        torch.testing.assert_close(ours(levels).mean((2, 3)), expected, rtol=1e-4, atol=1e-4)

        plain = lively(torchvision.models.resnet50()).eval()
        ours = FaceEncoder(**RESNET50, caffe=False).eval()
        ours.load_state_dict({k: v for k, v in plain.state_dict().items() if not k.startswith("fc.")})
        plain.fc = nn.Identity()
        transform = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.transforms
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (transform().mean, transform().std))
        torch.testing.assert_close(ours(levels).mean((2, 3)), plain((levels / 255 - mean) / std), rtol=1e-3, atol=1e-4)


def test_with_squeeze_and_excitation_it_is_vggface2s_other_network():
    with torch.no_grad():
        published = lively(vggface2.resnet50(vggface2.RELEASES["oxford_senet"])).eval()
        ours = FaceEncoder(**RESNET50, squeeze=True).eval()
        ours.load_state_dict({k: v for k, v in published.state_dict().items() if not k.startswith("fc.")})
        published.fc = nn.Identity()
        frames = torch.randint(0, 256, (1, 70, 70, 3), dtype=torch.uint8)
        features = ours(vggface_lstm.grey_levels(frames)).mean((2, 3))
        torch.testing.assert_close(features, published(vggface2.normalise(frames.numpy())), rtol=1e-4, atol=1e-4)


def test_a_resnet50_without_its_classifier_has_its_published_number_of_parameters():
    assert sum(p.numel() for p in FaceEncoder(**RESNET50).parameters()) == 25_557_032 - 1000 * 2049


def test_it_can_be_entered_and_left_at_every_stage():
    encoder, x = lively(SMALL()).eval(), pictures(2)
    with torch.no_grad():
        whole = encoder(x)
        for i in range(6):
            part = encoder(x, 0, i)
            assert i == 0 or part.shape[1] == encoder.channels[i - 1]
            torch.testing.assert_close(encoder(part, i), whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s | {"conv1.weight": torch.zeros(3)}, r"conv1\.weight: shape \(3,\), the model has \(4, 3, 7, 7\)"),
        (lambda s: {k: v for k, v in s.items() if k != "bn1.bias"}, r"missing: bn1\.bias"),
        (lambda s: s | {"layer5.0.bias": torch.zeros(1)}, r"not in the model: layer5\.0\.bias"),
    ],
)
def test_weights_of_another_network_are_refused_with_the_tensor(tmp_path, change, message):
    torch.save(change(SMALL().state_dict()), tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match=message):
        SMALL(weights=weights.from_file(tmp_path / "weights.pt"))


# --- retraining ---


def train(network, x, num_epochs=2):
    """Trains `network` in place on the inputs `x`, as an experiment does."""
    y = np.arange(len(x)) % 3
    settings = Settings(num_epochs=num_epochs, batch_size=4, lr=1e-2, precision="float32")
    fold = Fold("one", np.arange(len(x) - 2), np.arange(len(x) - 2, len(x)))
    loop.fit(lambda _: network, x.numpy(), y, fold, 3, settings, seed=0, prepare=lambda batch, *_: batch)
    return network.eval()


@pytest.mark.parametrize(("first", "last"), [(1, 4), (2, 4), (2, 2), (3, 3), (5, 4)])
def test_frozen_stages_keep_weights_and_statistics_and_the_others_learn(first, last):
    network = Retrained(3, lambda: lively(SMALL()), FC, first, last)
    untrained = state(network)
    train(network, network.eval().before(pictures(8)))
    changed = {name for name, tensor in state(network).items() if not torch.equal(tensor, untrained[name])}
    stages = {name: STAGES.index("conv1" if name == "bn1" else name) for name in (*STAGES, "bn1")}
    of_stage = {name: stages[name.split(".")[1]] for name in untrained if name.startswith("encoder.")}
    assert not [name for name in changed if of_stage.get(name, 9) < first]
    for stage in range(first, last + 1):
        assert any(of_stage.get(name) == stage and "weight" in name for name in changed)
        assert any(of_stage.get(name) == stage and "running_mean" in name for name in changed)
    assert not [name for name in changed if 9 > of_stage.get(name, 9) > last]
    assert any(name.startswith("classifier") for name in changed)


def test_frozen_statistics_do_not_move_either_when_whole_frames_pass_in_training_mode():
    network = Retrained(3, lambda: lively(SMALL()), FC, first=3).train()
    encoder = state(network.encoder)
    network.encoder(pictures(4))
    after = state(network.encoder)
    frozen = [name for name in encoder if not name.startswith(("layer3", "layer4"))]
    assert all(torch.equal(encoder[name], after[name]) for name in frozen)
    assert not torch.equal(encoder["layer4.0.bn1.running_mean"], after["layer4.0.bn1.running_mean"])


def test_what_comes_before_and_what_is_trained_are_the_whole_network():
    x = pictures(3)
    for first, last in ((0, 4), (2, 4), (3, 3), (5, 4)):
        network = Retrained(3, lambda: lively(SMALL()), FC, first, last).eval()
        whole = network.classifier(network.encoder(x, 0, last + 1).mean((2, 3)))
        torch.testing.assert_close(network(network.before(x)), whole)


# --- Grad-CAM ---


@pytest.mark.parametrize("stage", range(5))
def test_grad_cam_is_that_of_a_well_kept_library(stage):
    network, x, classes = (
        Retrained(3, lambda: lively(SMALL()), FC, first=5).eval(),
        pictures(4),
        torch.tensor([0, 2, 1, 0]),
    )
    layer = network.encoder.maxpool if stage == 0 else network.encoder.get_submodule(STAGES[stage])
    library = captum.attr.LayerGradCam(lambda x: network.classify(x, 0), layer)
    expected = library.attribute(x.requires_grad_(), classes, relu_attributions=True)[:, 0]
    assert expected.max() > 0
    torch.testing.assert_close(vggface_lstm.grad_cam(network, x.detach(), classes, stage), expected.detach())


def test_grad_cam_of_a_network_without_later_stages():
    network, x = Retrained(3, lambda: lively(SMALL()), FC, first=2, last=3).eval(), pictures(2)
    assert vggface_lstm.grad_cam(network, x, torch.tensor([0, 1]), stage=3).shape == (2, 4, 4)


def test_an_even_map_has_the_boxes_share_of_the_area_and_one_inside_has_all():
    boxes = torch.zeros(4, 32, 32, dtype=torch.bool)
    boxes[:3, 8:16, 8:24] = True
    maps = torch.zeros(4, 32, 32)
    maps[0], maps[1, 10, 12], maps[2], maps[3] = 5.0, 2.0, 0.0, 1.0
    share = vggface_lstm.share_in_boxes(maps, boxes)
    torch.testing.assert_close(share, torch.tensor([1 / 8, 1.0, float("nan"), float("nan")]), equal_nan=True)


# --- features of clips ---


def test_features_of_a_clip_are_the_encoders_one_frame_at_a_time():
    torch.manual_seed(0)
    network = lively(SMALL())
    video = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    maps = vggface_lstm.encode(video, network, pooled=False)
    assert maps.shape == (40, 128, 2, 2) and maps.dtype == np.float16
    with torch.no_grad():
        one = network.eval()(torch.from_numpy(video[37:38]).permute(0, 3, 1, 2).float())
    np.testing.assert_allclose(maps[37], one[0], rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(vggface_lstm.encode(video, network)[37], one[0].mean((1, 2)), rtol=2e-3, atol=2e-3)


def test_features_of_clips_of_different_length_are_padded_and_their_lengths_told():
    X = vggface_lstm.padded([np.ones((3, 4)), np.full((5, 4), 2.0)])
    assert X["features"].shape == (2, 5, 4) and X["length"].tolist() == [3, 5]
    assert X["features"][0, 3:].max() == 0 and X["features"][1].min() == 2
