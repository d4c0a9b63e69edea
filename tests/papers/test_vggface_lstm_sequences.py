"""The sequence models of notebook 05: which frames they read, what they must ignore, and whether order matters."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from merlib.papers import vggface_lstm
from merlib.papers.vggface_lstm import DECODERS, Recurrent, SequenceNetwork, SpatialAttention, TemporalConvolution

FC = (8, 8)
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
    """Clips of 20, 9 and 4 frames. Behind their ends stands random noise in place of zeros."""
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
        for clip, length in enumerate([20, 9, 4]):  # each clip alone, without padding
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
    """Reference: two networks of one direction. The second reads the reversed clip."""
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
