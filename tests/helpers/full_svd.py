"""Robust PCA as the textbook has it, in NumPy float64 with a full SVD a step: what `merlib.preprocessing.rpca` is compared with."""

import numpy as np


def planted(m: int, n: int, rank: int, share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A low-rank matrix (m, n) and one of which that share of entries is not zero, ten times as large."""
    rng = np.random.default_rng(seed)
    low_rank = rng.normal(size=(m, rank)) @ rng.normal(size=(rank, n))
    return low_rank, np.where(rng.random((m, n)) < share, rng.normal(0, 10, (m, n)), 0)


def decompose(D: np.ndarray, tolerance: float, max_steps: int = 200) -> tuple[np.ndarray, np.ndarray, int]:
    """A, E and the number of steps (Lin et al. 2010, algorithm 5)."""
    D = D.astype(np.float64)
    weight, largest = 1 / np.sqrt(max(D.shape)), np.linalg.norm(D, 2)
    Y, mu, A = D / max(largest, np.abs(D).max() / weight), 1.25 / largest, np.zeros_like(D)
    for step in range(1, max_steps + 1):  # noqa: B007 (it is returned)
        T = D - A + Y / mu
        E = np.sign(T) * np.maximum(np.abs(T) - weight / mu, 0)
        U, s, V = np.linalg.svd(D - E + Y / mu, full_matrices=False)
        A = (U * np.maximum(s - 1 / mu, 0)) @ V
        Y = Y + mu * (D - A - E)
        if np.linalg.norm(D - A - E) <= tolerance * np.linalg.norm(D):
            break
        mu *= 1.5
    return A, E, step


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """|a - b| / |b|, Frobenius norms."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))
