"""Does an attention map lie where the skin moves? Both maps of every clip, compared place by place."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

MOVED = 0.5  # skin counts as moved where it moves at least this share of the clip's largest motion


def on_moved_skin(attention: np.ndarray, motion: np.ndarray) -> pd.DataFrame:
    """One row per clip, for maps (clips, h, w) of one size: attention, 0 or more, and how far the skin moves.

    Columns: `area`, the share of the map that is moved skin; `share`, the share of the attention that lies there, equal to the
    area by chance; `brighter`, how often a moved place has more attention than another place, 0.5 by chance and below it
    where the map is dark on moved skin.
    """
    rows = [_compared(a.ravel(), m.ravel() >= MOVED * m.max()) for a, m in zip(attention, motion, strict=True)]
    return pd.DataFrame(rows, columns=["area", "share", "brighter"])


def _compared(attention: np.ndarray, is_moved: np.ndarray) -> tuple[float, float, float]:
    moved, others = is_moved.sum(), (~is_moved).sum()
    above = rankdata(attention)[is_moved].sum() - moved * (moved + 1) / 2  # pairs, ties by half (Mann-Whitney)
    return is_moved.mean(), attention[is_moved].sum() / attention.sum(), above / (moved * others)
