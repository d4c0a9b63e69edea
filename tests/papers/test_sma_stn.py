from itertools import permutations

import numpy as np
import pytest
import torch
from helpers import toy
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import LinearSVC
from torchvision.models import resnet18

from merlib.papers import sma_stn
from merlib.papers.sma_stn import SMASTN
from merlib.training import weights

SEGMENTS = 4


def images(num_clips=2, size=40, seed=0):
    return torch.rand(num_clips, SEGMENTS, 3, size, size, generator=torch.Generator().manual_seed(seed))


def trained(model, steps=1):
    """The model after a few steps: at the start the non-local block passes nothing on, and most of it has no gradient."""
    optimizer, y = torch.optim.SGD(model.parameters(), lr=0.1), torch.arange(2)
    for _ in range(steps):
        loss = sma_stn.joint_loss(model(images()), y, lam=0.03)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


# --- dynamic images ---


def test_three_frames_have_the_weights_of_the_closed_form():
    np.testing.assert_allclose(sma_stn.frame_weights(3), [-4 / 3, 2 / 3, 2 / 3])


@given(num_frames=st.integers(2, 150))
def test_frame_weights_are_those_of_rank_pooling_and_cancel_what_does_not_move(num_frames):
    weights_of_frames = sma_stn.frame_weights(num_frames)
    t = np.arange(1, num_frames + 1)
    published = [sum((2 * i - num_frames - 1) / i for i in t[t >= first]) for first in t]
    np.testing.assert_allclose(weights_of_frames, published, atol=1e-9)
    np.testing.assert_allclose(weights_of_frames.sum(), 0, atol=1e-9)


@pytest.mark.parametrize("num_frames", [2, 3, 7, 40])
def test_weights_on_frames_give_the_sum_over_time_averages_and_over_all_pairs(num_frames):
    frames = np.random.default_rng(0).normal(size=(num_frames, 5, 4, 3))
    V = [frames[: t + 1].mean(axis=0) for t in range(num_frames)]
    pairs = sum(V[q] - V[t] for q in range(num_frames) for t in range(q))  # Eq. 2, negated
    np.testing.assert_allclose(sma_stn.approximate_rank_pooling(frames), pairs, atol=1e-9)
    weighted = np.tensordot(sma_stn.frame_weights(num_frames), frames, axes=1)
    np.testing.assert_allclose(weighted, pairs, atol=1e-9)


def test_the_batched_form_agrees_with_the_clip_by_clip_one():
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (2, 9, 8, 8, 3), dtype=torch.uint8, generator=generator)
    taken = torch.randint(0, 9, (2, SEGMENTS, 3), generator=generator)
    pooled = sma_stn.pool(frames, taken)
    assert pooled.shape == (2, SEGMENTS, 3, 8, 8)
    for clip, segment in np.ndindex(2, SEGMENTS):
        alone = sma_stn.approximate_rank_pooling(frames[clip, taken[clip, segment]].numpy())
        np.testing.assert_allclose(pooled[clip, segment].permute(1, 2, 0), alone, atol=1e-3)


def objective(d, V, lam):
    """Eq. 1 as printed."""
    T = len(V)
    hinge = sum(max(0, 1 - d @ V[q] + d @ V[t]) for q in range(T) for t in range(q))
    return lam / 2 * d @ d + 2 / (T * (T - 1)) * hinge


@pytest.mark.parametrize("lam", [0.01, 1, 30])
def test_exact_rank_pooling_minimises_equation_1(lam):
    rng = np.random.default_rng(1)
    frames = rng.normal(size=(6, 40)).cumsum(axis=0)
    V, d = sma_stn.time_averages(frames), sma_stn.rank_pooling(frames, lam)
    best = objective(d, V, lam)
    for scale in (1e-3, 1e-1):
        others = [
            objective(d + scale * np.linalg.norm(d) * step / np.sqrt(40), V, lam) for step in rng.normal(size=(50, 40))
        ]
        assert best <= min(others) + 1e-9
    # a reference that knows nothing of the coordinates: a linear SVM on the pairs themselves
    pairs = np.array([V[q] - V[t] for q in range(6) for t in range(q)])
    C = 1 / (lam * 6 * 5)
    svm = LinearSVC(C=C, loss="hinge", fit_intercept=False, tol=1e-8, max_iter=1_000_000, random_state=0)
    reference = svm.fit(np.vstack([pairs, -pairs]), np.repeat([1, -1], len(pairs))).coef_[0]
    assert best <= objective(reference, V, lam) * (1 + 1e-4)


def test_with_a_large_lambda_exact_and_approximate_rank_pooling_have_one_direction():
    frames = np.random.default_rng(2).random((9, 6, 6, 3))
    exact, approximate = sma_stn.rank_pooling(frames, 1e4).ravel(), sma_stn.approximate_rank_pooling(frames).ravel()
    cosine = exact @ approximate / np.linalg.norm(exact) / np.linalg.norm(approximate)
    assert cosine > 1 - 1e-6


def test_three_frames_do_not_tell_the_second_from_the_third():
    R = np.random.default_rng(0).normal(size=(3, 4, 4, 3))
    image = sma_stn.approximate_rank_pooling(R)
    np.testing.assert_allclose(image, sma_stn.approximate_rank_pooling(R[[0, 2, 1]]))
    np.testing.assert_allclose(image, 2 / 3 * (R[1] - R[0]) + 2 / 3 * (R[2] - R[0]))


# --- sampling ---


@given(length=st.integers(3, 200), seed=st.integers(0, 2**31))
def test_every_frame_is_drawn_from_its_own_sub_segment(length, seed):
    lengths = torch.tensor([length])
    for generator in (None, torch.Generator().manual_seed(seed)):
        taken = sma_stn.snippets(lengths, generator)[0]
        assert taken[0].tolist() == [0, (length - 1) // 2, length - 1]
        for part, frame in enumerate(taken[1:].flatten().tolist()):
            first, after = part * length // 9, (part + 1) * length // 9
            assert (
                first <= frame < max(after, first + 1)
            )  # an empty one, of a short clip, gives the frame that it begins with
        assert taken[1:].flatten().diff().min() >= (1 if length >= 9 else 0)  # "without overlap"


@given(length=st.integers(3, 300))
def test_sub_segments_follow_each_other_without_gap_or_overlap_and_are_equally_long(length):
    bounds = sma_stn.sub_segments(torch.tensor([length]))[0]
    assert bounds[0] == 0 and bounds[-1] == length
    assert set(bounds.diff().tolist()) <= {length // 9, length // 9 + 1}


def test_drawing_reaches_every_frame_and_testing_always_takes_the_middle_ones():
    lengths, generator = torch.tensor([27]), torch.Generator().manual_seed(0)
    drawn = torch.stack([sma_stn.snippets(lengths, generator)[0, 1:].flatten() for _ in range(80)])
    assert set(drawn.flatten().tolist()) == set(range(27))
    assert sma_stn.snippets(lengths)[0, 1:].flatten().tolist() == list(range(1, 27, 3))


def test_clips_of_a_batch_are_drawn_each_by_its_own_length():
    lengths = torch.tensor([3, 50, 200])
    taken = sma_stn.snippets(lengths, torch.Generator().manual_seed(0))
    assert (taken.amax(dim=(1, 2)) == lengths - 1).all() and (taken >= 0).all()


# --- what is kept of a clip, and what the network gets ---


def numbered(*lengths, size=8):
    """Videos whose frames hold their own number."""
    return [np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, size, size, 3)) for n in lengths]


def test_a_clip_of_three_frames_is_enough_and_of_two_is_named():
    clips = toy.clips(persons=1, per_person=3)
    assert sma_stn.dssi(clips, numbered(3, 9, 30))["middle"].shape == (3, SEGMENTS, 3, 8, 8)
    with pytest.raises(ValueError, match=r"smic s1 clip000 \(2\), smic s1 clip002 \(1\)") as raised:
        sma_stn.dssi(clips, numbered(2, 9, 1))
    assert "clip001" not in str(raised.value)


def test_padding_of_short_clips_is_never_seen():
    clips, videos = toy.clips(persons=1, per_person=2), numbered(11, 90)
    together = sma_stn.dssi(clips, videos)
    alone = sma_stn.dssi(clips[[0]], videos[:1])
    for training in (False, True):
        batches = [{name: torch.as_tensor(array[:1]) for name, array in X.items()} for X in (together, alone)]
        both = [sma_stn.dynamic_images(batch, torch.Generator().manual_seed(5), training) for batch in batches]
        assert torch.equal(*both)


def test_a_clip_without_motion_is_mid_grey_and_stays_finite():
    X = sma_stn.dssi(toy.clips(persons=1, per_person=1), [np.full((12, 8, 8, 3), 77, np.uint8)])
    shown = sma_stn.as_picture(torch.as_tensor(X["middle"]))
    torch.testing.assert_close(shown, torch.full_like(shown, 0.5), atol=1e-3, rtol=0)


def test_the_four_images_of_a_clip_share_one_scale():
    change = torch.randn(1, SEGMENTS, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    change[:, 2] *= 0.1
    shown = sma_stn.as_picture(change)
    assert shown.min() >= 0 and shown.max() <= 1
    assert torch.allclose(shown, sma_stn.as_picture(10 * change))
    deviation = (shown - 0.5).flatten(2).std(dim=2)[0]
    assert deviation[2] < 0.15 * deviation[0]


def test_all_images_of_a_clip_turn_together():
    frames = np.random.default_rng(0).integers(0, 256, (9, 24, 24, 3), dtype=np.uint8)
    X = sma_stn.dssi(toy.clips(persons=1, per_person=1), [frames])
    batch = {name: torch.as_tensor(array) for name, array in X.items()}  # nine frames: only one draw is possible
    rng = torch.Generator().manual_seed(3)
    turned = sma_stn.dynamic_images(batch, rng, training=True)[0]
    same_everywhere = {**batch, "middle": batch["middle"][:, [1, 1, 2, 3]]}
    again = sma_stn.dynamic_images(same_everywhere, torch.Generator().manual_seed(3), training=True)[0]
    np.testing.assert_allclose(again[0], again[1], atol=1e-5)
    assert not torch.allclose(turned[1], sma_stn.dynamic_images(batch, rng, training=False)[0, 1])


# --- the network ---


def test_the_backbone_is_torchvisions_resnet18():
    backbone, original = sma_stn.backbone().eval(), resnet18().eval()
    state = {name: tensor for name, tensor in original.state_dict().items() if not name.startswith("fc.")}
    assert backbone.state_dict().keys() == state.keys()
    backbone.load_state_dict(state)
    original.fc = torch.nn.Identity()
    x = images(1, size=64)[0]
    torch.testing.assert_close(backbone(x).mean((2, 3)), original(x))
    assert sum(p.numel() for p in backbone.parameters()) == 11_689_512 - 513_000


def test_a_backbone_file_fills_the_backbone_and_nothing_else(tmp_path):
    original = resnet18()
    torch.save(original.state_dict(), tmp_path / "resnet18.pt")
    model = SMASTN(3, weights=weights.from_file(tmp_path / "resnet18.pt"))
    assert torch.equal(model.backbone.layer4[1].conv2.weight, original.layer4[1].conv2.weight)
    with pytest.raises(weights.WeightsError, match=r"conv1\.weight: shape"):
        SMASTN(3, width=8, weights=weights.from_file(tmp_path / "resnet18.pt"))


def test_attention_sums_to_one_and_the_sigmoid_bounds_it():
    model = SMASTN(3, width=4)
    features = 100 * torch.randn(50, SEGMENTS, 32, generator=torch.Generator().manual_seed(0))
    alpha = model.attention(features)
    torch.testing.assert_close(alpha.sum(dim=1), torch.ones(50))
    assert alpha.max() <= np.e / (np.e + 3) + 1e-6 and alpha.min() >= 1 / (1 + 3 * np.e) - 1e-6
    assert alpha.std() > 0.05  # it does lean


@pytest.mark.parametrize("order", list(permutations(range(SEGMENTS)))[1::5])
def test_swapped_segments_swap_their_weights_and_leave_the_answer(order):
    model, x = trained(SMASTN(2, width=4)).eval(), images()
    (logits, features), (swapped_logits, swapped) = model(x), model(x[:, list(order)])
    torch.testing.assert_close(model.attention(swapped), model.attention(features)[:, list(order)])
    torch.testing.assert_close(swapped_logits, logits)


def test_without_the_attention_module_the_features_are_averaged():
    model = SMASTN(3, width=4, stma=False).eval()
    logits, features = model(images())
    by_hand = torch.stack([model.backbone(images()[:, i]).mean((2, 3)) for i in range(SEGMENTS)], dim=1)
    torch.testing.assert_close(features, by_hand)
    torch.testing.assert_close(logits, model.classifier(by_hand.mean(dim=1)))


def test_the_non_local_block_is_equation_5_place_by_place():
    torch.manual_seed(0)
    block = sma_stn.NonLocal(6)
    torch.nn.init.normal_(block.y.weight)
    x = torch.randn(1, 6, 2, 3)
    X = x[0].flatten(1).T  # one row per place
    linear = lambda conv, place: conv.weight[:, :, 0, 0] @ place + conv.bias  # noqa: E731
    expected = []
    for i in range(6):
        scores = torch.stack([linear(block.xi, X[i]) @ linear(block.psi, X[j]) for j in range(6)]).exp()
        gathered = sum(scores[j] / scores.sum() * linear(block.g, X[j]) for j in range(6))
        expected.append(linear(block.y, gathered) + X[i])
    torch.testing.assert_close(block(x)[0].flatten(1).T, torch.stack(expected))


def test_gradients_reach_every_part():
    model = trained(SMASTN(2, width=4))
    model.zero_grad()
    sma_stn.joint_loss(model(images()), torch.arange(2), lam=0.03).backward()
    for part in ("backbone.conv1", "non_local.xi", "non_local.psi", "non_local.g", "non_local.y", "q", "classifier"):
        assert model.get_submodule(part).weight.grad.abs().sum() > 0, part


def test_one_clip_of_each_class_can_be_learned_by_heart():
    torch.manual_seed(0)
    model, x, y = SMASTN(3, width=8), images(3), torch.arange(3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(40):
        loss = sma_stn.joint_loss(model(x), y, lam=0.03)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert model(x)[0].argmax(1).tolist() == y.tolist()


# --- the DE-Loss ---


def reference_de_loss(features):
    """Eq. 9 to 11, number by number."""
    losses = []
    for clip in features.numpy().astype(float):
        D = np.array([np.linalg.norm(clip[i] - clip[j]) for i in range(4) for j in range(i + 1, 4)])
        losses.append(1 - np.std((D - D.min()) / (D.max() - D.min()), ddof=1))
    return np.mean(losses)


def test_de_loss_is_that_of_the_equations():
    features = torch.randn(6, SEGMENTS, 20, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(sma_stn.de_loss(features), reference_de_loss(features), rtol=1e-5)


@given(shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_de_loss_sees_neither_the_place_nor_the_scale_of_the_features(shift, scale):
    features = torch.randn(3, SEGMENTS, 20, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        sma_stn.de_loss(scale * features + shift), sma_stn.de_loss(features), rtol=1e-3, atol=1e-4
    )


LOWEST, HIGHEST = 1 - np.sqrt(6 / 4 / 5), 1 - np.sqrt(2 / 4 / 5)  # three distances at 0 and three at 1; four at 1/2


@given(seed=st.integers(0, 2**31), dim=st.integers(1, 20))
def test_de_loss_of_unequal_distances_lies_within_its_range(seed, dim):
    features = torch.randn(20, 1, SEGMENTS, dim, generator=torch.Generator().manual_seed(seed))
    losses = [float(sma_stn.de_loss(clip)) for clip in features]
    assert min(losses) > LOWEST - 1e-4 and max(losses) < HIGHEST + 1e-4
    assert 0.03 * (HIGHEST - LOWEST) < 0.007


def test_de_loss_is_least_where_three_features_coincide_and_nearly_equal_distances_are_as_good_or_worst():
    corners = torch.eye(SEGMENTS, dtype=torch.float64)
    nearly = corners * torch.tensor([1, 1, 1, 1.001])[:, None]  # three distances of 1.414, three a little longer
    assert float(sma_stn.de_loss(corners[[0, 0, 0, 3]][None])) == pytest.approx(LOWEST)
    assert float(sma_stn.de_loss(nearly[None])) == pytest.approx(LOWEST)
    assert float(sma_stn.de_loss(corners[None])) == 1  # all of them apart: the worst
    one_edge = torch.tensor([1 - 1e-3, 1, 1, 1, 1, 1 + 1e-3])  # one shorter, one longer, four between
    assert float(1 - sma_stn.normalised(one_edge[None]).std()) == pytest.approx(HIGHEST, abs=1e-4)


def test_de_loss_of_raw_distances_rewards_large_features_and_that_of_a_batch_sees_all_clips():
    features = torch.randn(5, SEGMENTS, 20, generator=torch.Generator().manual_seed(0))
    raw = torch.stack([torch.pdist(clip) for clip in features]).std(dim=1)
    torch.testing.assert_close(sma_stn.de_loss(features, "none"), 1 - raw.mean())
    assert sma_stn.de_loss(10 * features, "none") < sma_stn.de_loss(features, "none") - 1
    apart = torch.stack([torch.pdist(clip) for clip in features])
    by_batch = (apart - apart.min()) / (apart.max() - apart.min())
    torch.testing.assert_close(sma_stn.de_loss(features, "batch"), (1 - by_batch.std(dim=1)).mean())
    torch.testing.assert_close(sma_stn.de_loss(features[:1], "batch"), sma_stn.de_loss(features[:1]))


@pytest.mark.parametrize(
    "features",
    [torch.ones(2, 4, 8), torch.zeros(2, 4, 8), torch.eye(4).expand(2, 4, 4)],
    ids=["equal", "zero", "equally far apart"],
)
def test_de_loss_of_equal_distances_is_one_with_a_finite_gradient(features):
    features = features.clone().requires_grad_()
    loss = sma_stn.de_loss(features)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(1, abs=1e-3)
    assert features.grad.isfinite().all()


def test_de_loss_can_be_lowered_by_its_gradient():
    features = torch.randn(4, SEGMENTS, 16, generator=torch.Generator().manual_seed(0)).requires_grad_()
    before, optimizer = sma_stn.de_loss(features).item(), torch.optim.SGD([features], lr=1.0)
    for _ in range(20):
        optimizer.zero_grad()
        sma_stn.de_loss(features).backward()
        optimizer.step()
    assert sma_stn.de_loss(features).item() < before - 0.02
