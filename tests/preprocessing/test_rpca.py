from itertools import pairwise

import numpy as np
import pytest
import torch
from helpers import full_svd
from helpers.full_svd import difference, planted
from hypothesis import given
from hypothesis import strategies as st

from merlib.preprocessing import rpca
from merlib.synthetic import Actor, View, draw_identity
from merlib.synthetic.motion.emotions import units
from merlib.synthetic.motion.filming import film
from merlib.synthetic.motion.takes import play

ACTOR = Actor(draw_identity(np.random.default_rng(3)), View.cropped(60, 60))
TAKE = play(ACTOR.who, units("1+2"), 60, np.random.default_rng(3))


@pytest.mark.parametrize(("m", "n"), [(600, 80), (80, 600), (200, 200)])
def test_a_planted_low_rank_and_a_planted_sparse_matrix_come_back(m, n):
    low_rank, sparse = planted(m, n, rank=4, share=0.05)
    found = rpca.decompose(torch.as_tensor(low_rank + sparse))
    assert difference(found.low_rank.numpy(), low_rank) < 1e-5
    assert difference(found.sparse.numpy(), sparse) < 1e-5
    assert ((found.sparse != 0).numpy() == (sparse != 0)).mean() > 0.9999
    assert found.rank == 4 and found.residual <= rpca.TOLERANCE


@pytest.mark.parametrize("seed", [0, 1])
def test_the_gram_matrix_gives_what_a_full_svd_gives(seed):
    D = sum(planted(500, 60, rank=20, share=0.2, seed=seed))  # too much of both to be planted back
    found = rpca.decompose(torch.as_tensor(D))
    A, E, steps = full_svd.decompose(D, rpca.TOLERANCE)
    assert found.steps == steps
    assert difference(found.low_rank.numpy(), A) < 1e-5 and difference(found.sparse.numpy(), E) < 1e-5


def test_small_singular_values_beside_a_large_one_are_not_lost():
    """A face moves little: the second singular value of a clip is far below the first one."""
    rng = np.random.default_rng(0)
    low_rank = 300 + rng.normal(size=(2000, 3)) @ rng.normal(size=(3, 50)) * 0.05
    sparse = np.where(rng.random(low_rank.shape) < 0.02, 30.0, 0)
    D = (low_rank + sparse).astype(np.float32)  # the largest singular value is 3,900 times the fourth
    found = rpca.decompose(torch.as_tensor(D))
    A, E, _ = full_svd.decompose(D, rpca.TOLERANCE)
    assert found.rank == np.linalg.matrix_rank(A, tol=1e-3)
    assert difference(found.low_rank.numpy(), A) < 1e-6 and difference(found.sparse.numpy(), E) < 1e-4


def test_matrices_of_a_batch_do_not_see_each_other():
    D = torch.stack([torch.as_tensor(sum(planted(120, 30, rank, 0.05, seed=rank))) for rank in (2, 5, 9)])
    D[1] = D[1, :, :1]  # nothing moves in it
    together = rpca.decompose(D.reshape(3, 1, 120, 30))
    assert together.low_rank.shape == (3, 1, 120, 30) and together.steps.shape == (3, 1)
    for i in range(3):
        alone = rpca.decompose(D[i])
        assert torch.equal(alone.sparse, together.sparse[i, 0]) and alone.steps == together.steps[i, 0]


@given(level=st.integers(-1, 255), shape=st.sampled_from([(40, 10), (10, 40)]))
def test_where_nothing_moves_nothing_is_sparse(level, shape):
    column = torch.full((shape[0], 1), float(level)) if level >= 0 else torch.rand(shape[0], 1)
    found = rpca.decompose(column.expand(shape))
    assert torch.equal(found.low_rank, column.expand(shape)) and not found.sparse.any()
    assert (found.steps, found.residual, found.rank) == (0, 0, int(level != 0))


def test_the_scale_of_a_matrix_does_not_matter():
    D = torch.as_tensor(sum(planted(200, 40, 3, 0.1)))
    small, large = rpca.decompose(D / 64), rpca.decompose(D * 64)
    assert small.steps == large.steps
    torch.testing.assert_close(small.sparse * 4096, large.sparse, rtol=1e-4, atol=1e-3)


def test_less_sparsity_leaves_more_in_the_sparse_part():
    D = torch.as_tensor(sum(planted(300, 40, 3, 0.1)))
    shares = [float((rpca.decompose(D, sparsity).sparse != 0).float().mean()) for sparsity in (0.5, 1.0, 2.0)]
    assert shares[0] > shares[1] > shares[2]


def test_what_cannot_be_decomposed_is_refused():
    D = torch.ones(20, 5)
    D[3, 2], D[7, 1] = torch.nan, torch.inf
    with pytest.raises(ValueError, match="2 of the 100 entries of D are not finite"):
        rpca.decompose(D)
    for shape in ((20, 1), (20,), (0, 5)):
        with pytest.raises(ValueError, match="at least two columns"):
            rpca.decompose(torch.ones(shape))
    with pytest.raises(ValueError, match="sparsity must be above 0, got 0"):
        rpca.decompose(torch.ones(4, 4), sparsity=0)


def test_a_decomposition_that_is_not_finished_says_so_and_which():
    D = torch.stack([torch.ones(60, 20), torch.as_tensor(sum(planted(60, 20, 2, 0.1))).float()])
    with pytest.warns(rpca.NotConverged, match=r"1 of 2 matrices .* 1e-06 after 5 steps: number 1, the worst"):
        found = rpca.decompose(D, max_steps=5)
    assert found.steps.tolist() == [0, 5] and found.residual[1] > rpca.TOLERANCE


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40))
def test_bands_share_out_the_non_zero_entries_by_magnitude(values):
    E = torch.tensor(values, dtype=torch.float32)
    bands = [rpca.keep_band(E, i / 10, (i + 1) / 10) for i in range(10)]
    assert torch.equal(torch.stack(bands).sum(0), E)
    assert sum(int((band != 0).sum()) for band in bands) == int((E != 0).sum())
    sizes = [band[band != 0].abs() for band in bands if band.any()]
    assert all(above.min() >= below.max() for above, below in pairwise(sizes))


def test_a_band_of_known_entries():
    E = torch.tensor([[0.0, -4.0, 1.0], [3.0, 0.0, -2.0]])
    assert rpca.keep_band(E, 0, 0.5).tolist() == [[0, -4, 0], [3, 0, 0]]
    assert rpca.keep_band(E, 0.5, 0.75).tolist() == [[0, 0, 0], [0, 0, -2]]
    for start, stop in ((0.5, 0.5), (-0.1, 0.2), (0.9, 1.1)):
        with pytest.raises(ValueError, match="0 <= start < stop <= 1"):
            rpca.keep_band(E, start, stop)


def test_the_sixteen_frames_of_psn():
    assert [i + 1 for i in rpca.SAMPLED] == [1, 11, 21, 31, 41, 51, 61, 71, 81, 91, 101, 111, 121, 131, 141, 150]


def test_who_it_is_and_the_light_are_low_rank_and_what_moves_is_sparse():
    """A drawn face under a light that drifts, and a patch of skin that is darker in a few of the frames."""
    onset = film(ACTOR, TAKE, cropped=True, extra=0, rng=np.random.default_rng(0))[0][..., 1].astype(np.float32)
    clip = onset * np.linspace(0.95, 1.05, 60, dtype=np.float32)[:, None, None]
    still = clip.copy()
    clip[25:32, 12:18, 20:30] -= 12
    E = rpca.decompose(torch.as_tensor(clip.reshape(60, -1).T)).sparse.T.reshape(clip.shape).numpy()
    moved = clip != still
    assert np.abs(E[~moved]).max() < 0.05
    np.testing.assert_allclose(E[moved], -12, atol=0.05)
