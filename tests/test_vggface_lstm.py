import os
import pickle
from functools import partial

import captum.attr
import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from merlib import training, vggface2, weights
from merlib.papers import vggface_lstm
from merlib.papers.vggface_lstm import (
    DECODERS,
    RESNET50,
    STAGES,
    FaceEncoder,
    Recurrent,
    Retrained,
    SequenceNetwork,
    SpatialAttention,
    TemporalConvolution,
)  # fmt: skip
from merlib.splits import Fold
from merlib.training import Settings
from merlib.weights import WeightsError

SMALL = partial(FaceEncoder, width=4, blocks=(1, 1, 1, 1))
FC = (8, 8)


def pictures(number=6, size=64, seed=0):
    return torch.rand(number, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 255


def lively(network, seed=0):
    """Batch statistics and biases that are not those of an untrained network."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.1)
        elif name.endswith("running_var"):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return network


def unchanged(before, after):
    return all(torch.equal(before[name], after[name]) for name in before)


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


class Runs:
    """A pickle that runs code as it is read."""

    def __reduce__(self):
        return (os.system, ("touch was_run",))


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


def test_a_pickle_that_would_run_code_is_refused_and_not_run(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.pth").write_bytes(pickle.dumps({"conv1.weight": Runs()}))
    for read in (weights.from_file, vggface2.convert):
        with pytest.raises(WeightsError, match="is refused"):
            read(tmp_path / "weights.pth")
    assert not (tmp_path / "was_run").exists()


# --- retraining ---


def train(network, x, num_epochs=2):
    """Trains `network` in place, as an experiment does; x are its inputs."""
    y = np.arange(len(x)) % 3
    settings = Settings(num_epochs=num_epochs, batch_size=4, lr=1e-2, precision="float32")
    fold = Fold("one", np.arange(len(x) - 2), np.arange(len(x) - 2, len(x)))
    training.fit(lambda _: network, x.numpy(), y, fold, 3, settings, seed=0, prepare=lambda batch, *_: batch)
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
    boxes = torch.zeros(3, 32, 32, dtype=torch.bool)
    boxes[:, 8:16, 8:24] = True
    maps = torch.zeros(3, 32, 32)
    maps[0], maps[1, 10, 12], maps[2] = 5.0, 2.0, 0.0
    share = vggface_lstm.share_in_boxes(maps, boxes)
    torch.testing.assert_close(share, torch.tensor([1 / 8, 1.0, float("nan")]), equal_nan=True)


# --- sequences ---

lengths = st.integers(1, 120)
numbers = st.integers(2, 20)


@given(length=lengths, number=numbers, seed=st.integers(0, 99))
def test_windows_are_even_and_inside_the_clip(length, number, seed):
    for generator in (None, torch.Generator().manual_seed(seed)):
        positions, valid = vggface_lstm.windows(torch.tensor([length]), number, generator)
        read = positions[0, : valid[0]].tolist()
        assert len(read) == min(length, number) and read[0] >= 0 and read[-1] < length
        assert set(np.diff(read).tolist()) <= {max(1, length // number)}
        if length < number:
            assert read == list(range(length))


@given(length=st.integers(2, 120), number=numbers)
def test_a_test_window_lies_in_the_middle_and_training_windows_everywhere(length, number):
    positions, valid = vggface_lstm.windows(torch.tensor([length]), number)
    left, right = positions[0, 0].item(), length - 1 - positions[0, valid[0] - 1].item()
    assert abs(left - right) <= 1
    many = vggface_lstm.windows(torch.full((400,), length), number, torch.Generator().manual_seed(0))[0]
    starts = set(many[:, 0].tolist())
    assert min(starts) == 0 and starts <= set(range(left + right + 1))
    if left + right < 8:
        assert starts == set(range(left + right + 1))


def batch(seed=0, channels=6):
    """Clips of 20, 9 and 4 frames, and rubbish behind their ends, as no clip has it."""
    features = np.random.default_rng(seed).normal(size=(3, 20, channels)).astype(np.float16)
    return {"features": torch.from_numpy(features), "length": torch.tensor([20, 9, 4])}


def test_sequences_are_the_frames_of_the_windows_and_zero_behind_the_end():
    clips = batch()
    x, valid = vggface_lstm.sequences(clips, torch.Generator(), training=False, num_frames=7)
    positions, _ = vggface_lstm.windows(clips["length"], 7)
    assert valid.tolist() == [7, 7, 4]
    for clip in range(3):
        for n in range(7):
            expected = clips["features"][clip, positions[clip, n]].float() if n < valid[clip] else torch.zeros(6)
            assert torch.equal(x[clip, n], expected)


@pytest.mark.parametrize("name", DECODERS)
def test_what_is_behind_the_end_of_a_short_clip_does_not_matter(name):
    torch.manual_seed(0)
    network = SequenceNetwork(3, 6, name, FC, 8).eval()
    clips = batch()
    with torch.no_grad():
        together = network(*vggface_lstm.sequences(clips, torch.Generator(), False, num_frames=11))
        for clip, length in enumerate([20, 9, 4]):  # each alone, without any padding
            alone = {"features": clips["features"][[clip], :length], "length": clips["length"][[clip]]}
            x, valid = vggface_lstm.sequences(alone, torch.Generator(), False, num_frames=min(11, length))
            torch.testing.assert_close(network(x, valid)[0], together[clip])
        clips["features"][1, 9:], clips["features"][2, 4:] = 9.0, -9.0
        again = network(*vggface_lstm.sequences(clips, torch.Generator(), False, num_frames=11))
    assert torch.equal(again, together)


@pytest.mark.parametrize("name", DECODERS)
def test_gradients_do_not_see_behind_the_end_either(name):
    torch.manual_seed(0)
    network, x = SequenceNetwork(3, 6, name, FC, 8), torch.randn(2, 11, 6, requires_grad=True)
    network(x, torch.tensor([11, 4])).sum().backward()
    assert x.grad[1, 4:].abs().max() == 0 < x.grad[1, :4].abs().max()


@pytest.mark.parametrize("name", DECODERS)
def test_the_order_of_frames_matters_to_all_but_their_mean(name):
    torch.manual_seed(0)
    network, x, valid = SequenceNetwork(3, 6, name, FC, 8).eval(), torch.randn(2, 11, 6), torch.tensor([11, 11])
    with torch.no_grad():
        there, back = network(x, valid), network(x[:, torch.randperm(11)], valid)
    assert torch.allclose(there, back, atol=1e-6) == (name == "mean of frames")


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU])
def test_both_directions_end_after_the_last_frame_that_they_read(cell):
    """Reference: two networks of one direction, the second one on the clip turned round."""
    torch.manual_seed(0)
    both = Recurrent(5, cell, bidirectional=True)
    forward, backward = cell(5, 5, batch_first=True), cell(5, 5, batch_first=True)
    for name, tensor in both.rnn.state_dict().items():
        target = backward if name.endswith("_reverse") else forward
        target.state_dict()[name.removesuffix("_reverse")].copy_(tensor)
    x = torch.randn(1, 7, 5)
    with torch.no_grad():
        expected = torch.cat([forward(x[:, :5])[0][:, -1], backward(x[:, :5].flip(1))[0][:, -1]], dim=1)
        torch.testing.assert_close(both(x, torch.tensor([5])), expected)


def test_a_causal_convolution_sees_no_future_and_29_frames_of_the_past():
    torch.manual_seed(0)
    for causal, seen in ((True, range(11, 40)), (False, range(25, 54))):
        network, x = TemporalConvolution(4, causal), torch.randn(1, 4, 60, requires_grad=True)
        h = x
        for block in network.blocks:  # without a zero of ReLU in the way
            counts = torch.ones(1, 1, 60)
            h = h + block.conv2(
                nn.functional.pad(block.conv1(nn.functional.pad(h * counts, block.padding)), block.padding)
            )
        h[0, :, 39].sum().backward()
        reached = x.grad[0].abs().sum(dim=0).nonzero().flatten().tolist()
        assert reached == list(seen)


def test_a_causal_block_gives_the_same_whatever_comes_later():
    torch.manual_seed(0)
    network, x, counts = TemporalConvolution(4, causal=True), torch.randn(1, 4, 12), torch.ones(1, 1, 12)
    with torch.no_grad():
        h, cut = x, x[..., :7]
        for block in network.blocks:
            h, cut = block(h, counts), block(cut, counts[..., :7])
    torch.testing.assert_close(h[..., :7], cut)


def test_attention_starts_as_the_mean_over_places_and_can_pick_one():
    maps = torch.randn(2, 5, 3, 4, 4)
    attention = SpatialAttention(3)
    torch.testing.assert_close(attention(maps), maps.mean((3, 4)))
    maps[:, :, 0] = 0.0
    maps[:, :, 0, 1, 2] = 1.0
    with torch.no_grad():
        attention.score.weight[0, 0] = 100.0
    torch.testing.assert_close(attention(maps), maps[..., 1, 2])
    torch.testing.assert_close(attention.weights(maps).sum((2, 3)), torch.ones(2, 5))


def test_attention_on_maps_passes_over_short_clips_too():
    torch.manual_seed(0)
    network = SequenceNetwork(3, 6, "LSTM", FC, 8, attention=True).eval()
    maps = torch.randn(2, 9, 6, 3, 3)
    clips = {"features": maps, "length": torch.tensor([9, 4])}
    with torch.no_grad():
        together = network(*vggface_lstm.sequences(clips, torch.Generator(), False, num_frames=7))
        alone = network(maps[1:, :4], torch.tensor([4]))
    torch.testing.assert_close(together[1:], alone)


def test_at_the_papers_size_an_lstm_has_the_parameters_of_its_formula():
    fc = 2 * 2048 + (2048 + 1) * 1024 + (1024 + 1) * 768 + (768 + 1) * 512
    lstm = 4 * (512 * 512 + 512 * 512 + 2 * 512)
    network = SequenceNetwork(3, 2048, "LSTM", (1024, 768), 512)
    assert sum(p.numel() for p in network.parameters()) == fc + lstm + (512 + 1) * 3


def test_features_of_a_clip_are_the_encoders_one_frame_at_a_time():
    torch.manual_seed(0)
    network = lively(SMALL())
    video = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    maps = vggface_lstm.encode(video, lambda: network, pooled=False)
    assert maps.shape == (40, 128, 2, 2) and maps.dtype == np.float16
    with torch.no_grad():
        one = network.eval()(torch.from_numpy(video[37:38]).permute(0, 3, 1, 2).float())
    np.testing.assert_allclose(maps[37], one[0], rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(
        vggface_lstm.encode(video, lambda: network)[37], one[0].mean((1, 2)), rtol=2e-3, atol=2e-3
    )


def test_features_of_clips_of_different_length_are_padded_and_their_lengths_told():
    X = vggface_lstm.padded([np.ones((3, 4)), np.full((5, 4), 2.0)])
    assert X["features"].shape == (2, 5, 4) and X["length"].tolist() == [3, 5]
    assert X["features"][0, 3:].max() == 0 and X["features"][1].min() == 2
