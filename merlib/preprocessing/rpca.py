"""Robust PCA: a matrix as the sum of a low-rank one and a sparse one; of a clip, who it shows and what moves in it.

Principal component pursuit, min |A|_* + lambda |E|_1 subject to D = A + E with lambda = 1/sqrt(max(m, n)) (Candès et
al., "Robust principal component analysis?", J. ACM 2011; PSN, Eq. 2), by inexact augmented Lagrange multipliers (Lin et
al., "The augmented Lagrange multiplier method for exact recovery of corrupted low-rank matrices", 2010, algorithm 5;
start and growth of mu as there).

A step needs the singular values and one side's singular vectors of, say, 12,544 pixels x 150 frames. They come from the
150 x 150 Gram matrix. Its condition number is the square of the matrix's, so singular values below sqrt(eps) times the
largest one are lost. The last steps cut at 1e-6 of the largest. The Gram matrix and its eigenvectors are therefore
float64 (lost below 1.5e-8); all else is float32. With a float32 Gram matrix (lost below 2.4e-4) a planted rank of 5
came out as 73.
"""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

TOLERANCE = 1e-6  # of |D - A - E| / |D|, Frobenius norms; float32 allows about 1e-7
MAX_STEPS = 100
GROWTH = 1.5  # of mu, per step
BATCH = 64  # matrices at a time on a GPU; on a CPU one at a time is faster
NUM_FRAMES = 150  # PSN, section 3.2: the number of frames that clips are interpolated to (`motion.interpolate`) ...
SAMPLED = (*range(0, NUM_FRAMES, 10), NUM_FRAMES - 1)  # ... of which the 1st, 11th, ..., 141st and 150th are kept


class NotConverged(RuntimeWarning):
    """A decomposition that was stopped before A + E was D within the tolerance."""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """D = A + E: `low_rank` A and `sparse` E in the shape of D, float32.

    `steps` (number of steps), `residual` (|D - A - E| / |D|) and `rank` (of A) have a number for each matrix of the
    batch.
    """

    low_rank: Tensor
    sparse: Tensor
    steps: Tensor
    residual: Tensor
    rank: Tensor


def decompose(
    D: Tensor, sparsity: float = 1.0, tolerance: float = TOLERANCE, max_steps: int = MAX_STEPS
) -> Decomposition:
    """A and E of matrices D (..., m, n), such as pixels x frames, on D's device; each matrix of a batch separately.

    lambda is `sparsity` times 1/sqrt(max(m, n)); below 1, more of D is in E.
    A matrix is finished when |D - A - E| <= tolerance |D|, whatever the rest of its batch does. A clip without motion,
    all of whose columns are equal, is low-rank already: E = 0 after 0 steps. Warns NotConverged with the matrices that
    are not finished after `max_steps`.
    Raises ValueError when D has fewer than two columns, or an entry that is not finite, or when sparsity is not above
    0.
    """
    if D.ndim < 2 or D.shape[-1] < 2 or not D.numel():
        raise ValueError(f"robust PCA needs matrices with at least two columns (frames), got shape {tuple(D.shape)}")
    if not sparsity > 0:
        raise ValueError(f"sparsity must be above 0, got {sparsity}")
    D = D.float()
    if wrong := int((~torch.isfinite(D)).sum()):
        raise ValueError(f"{wrong} of the {D.numel()} entries of D are not finite")
    wide = D.shape[-1] > D.shape[-2]
    rows = (D if wide else D.mT).reshape(-1, *sorted(D.shape[-2:])).contiguous()
    A, E = rows.clone(), torch.zeros_like(rows)
    info = torch.zeros(3, len(rows), dtype=torch.float64, device=D.device)  # steps, residual, rank
    info[2] = rows.flatten(1).any(1)
    moving = (D[..., :1] != D).flatten(-2).any(-1).reshape(-1)
    for at in moving.nonzero()[:, 0].split(BATCH if D.is_cuda else 1) if moving.any() else ():
        A[at], E[at], info[:, at] = _pursue(rows[at], sparsity, tolerance, max_steps)
    steps, residual, rank = info.reshape(3, *D.shape[:-2]).cpu()
    _warn(residual.reshape(-1), tolerance, max_steps)
    A, E = ((part if wide else part.mT).reshape(D.shape) for part in (A, E))
    return Decomposition(A, E, steps.long(), residual, rank.long())


def _warn(residual: Tensor, tolerance: float, max_steps: int) -> None:
    if bad := (residual > tolerance).nonzero()[:, 0].tolist():
        warnings.warn(
            f"{len(bad)} of {len(residual)} matrices are not A + E within {tolerance:g} after {max_steps} steps: number "
            f"{', '.join(map(str, bad[:10]))}{', ...' if len(bad) > 10 else ''}, the worst within {residual.max():.1g}",
            NotConverged,
            stacklevel=3,
        )


def _pursue(D: Tensor, sparsity: float, tolerance: float, max_steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """A, E and (steps, residual, rank) of matrices D (B, short side, long side).

    `cut` is 1/mu. W is the part of D - E + Y/mu that a step leaves out of A, its singular values up to `cut`; that is
    also the new Y, over the old mu. So Y/mu is W / GROWTH, and D - A - E is W less the last step's W / GROWTH.
    """
    result = torch.empty(2, *D.shape, device=D.device)
    info = torch.empty(3, len(D), dtype=torch.float64, device=D.device)
    active, norm = torch.arange(len(D), device=D.device), torch.linalg.matrix_norm(D)
    weight = sparsity * D.shape[-1] ** -0.5
    largest = _eigen(D.double())[0][:, -1].rsqrt().reciprocal()  # torch's sqrt differs from CPU to CPU
    cut = largest / 1.25
    A, W = torch.zeros_like(D), D * _each(GROWTH * cut / torch.maximum(largest, D.abs().amax((1, 2)) / weight))
    for step in range(1, max_steps + 1):
        T = (D - A).add_(W, alpha=1 / GROWTH)
        dense = T.clamp(-_each(weight * cut), _each(weight * cut))  # E is what is cut off: T - dense
        M = A.add_(dense)  # D - E + Y/mu
        precise = M.double()
        values, vectors = _eigen(precise)
        kept = (1 - cut[:, None] * values.rsqrt()).clamp_min(0)  # of each singular value; few are above the cut
        below = kept.shape[1] - int((kept > 0).sum(1).max())
        basis, kept = vectors[:, :, below:], kept[:, below:]
        A = (basis * kept[:, None]).float() @ (basis.mT @ precise).float()
        old, W = W, M.sub_(A)
        residual = torch.linalg.matrix_norm(old.mul_(-1 / GROWTH).add_(W)) / norm
        done = (residual <= tolerance) | (step == max_steps)
        if done.any():
            result[:, active[done]] = torch.stack([A[done], (T - dense)[done]])
            found = (torch.full_like(residual, step), residual, (kept > 0).sum(1))
            info[:, active[done]] = torch.stack([number[done].double() for number in found])
            D, A, W, cut, norm, active = (value[~done] for value in (D, A, W, cut, norm, active))
        if not len(active):
            break
        cut = cut / GROWTH
    return result[0], result[1], info


def _eigen(M: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues (B, n), rising, and eigenvectors (B, n, n) of the Gram matrices of M (B, n, m), all float64."""
    values, vectors = torch.linalg.eigh(M @ M.mT)
    return values.clamp_min(0), vectors


def _each(numbers: Tensor) -> Tensor:
    """One number per matrix, in a shape that multiplies matrices."""
    return numbers.float()[:, None, None]


def keep_band(E: Tensor, start: float, stop: float) -> Tensor:
    """E with only the non-zero entries whose rank by magnitude, as a share of their number, is in start..stop.

    0 to 0.1 are the largest tenth, 0.1 to 0.2 the next (PSN, Fig. 10). Two bands that meet have every entry once. Of
    equal magnitudes the earlier entry ranks first. Raises ValueError unless 0 <= start < stop <= 1.
    """
    if not 0 <= start < stop <= 1:
        raise ValueError(f"a band of shares needs 0 <= start < stop <= 1, got {start} to {stop}")
    flat = E.flatten()
    order = flat.abs().argsort(descending=True, stable=True)
    number = int((flat != 0).sum())
    chosen = order[round(start * number) : round(stop * number)]
    return torch.zeros_like(flat).index_copy(0, chosen, flat[chosen]).reshape(E.shape)
