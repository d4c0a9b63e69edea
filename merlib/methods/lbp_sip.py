"""LBP-SIP, local binary patterns with six intersection points, and its SVM (Wang et al., "LBP with six intersection points:
reducing redundant information in LBP-TOP for micro-expression recognition", ACCV 2014).

A pixel of a clip has six neighbours on the three lines through it: four in its own frame and one in the frame before and
after. Against the pixel itself the four make a code of 16, the two a code of 4, and the histograms of both in each block
of the face are the description. PSN (section 3.4.1) uses 6 x 6, 7 x 7 and 8 x 8 blocks and an SVM with an RBF kernel.
Unsaid there, and so here: neighbours at a distance of 1, blocks that do not overlap, histograms that add up to 1, no
Gaussian pyramid; features scaled by the training clips' mean and deviation, without which an RBF kernel finds most clips
alike; scikit-learn's C of 1 and gamma of 1 / (features x variance).
"""

from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from merlib.data.clips import Clips
from merlib.training import splits
from merlib.training.experiments import named

CODES = 16 + 4


def describe(clip: np.ndarray, blocks: int, distance: int = 1, interval: int = 1) -> np.ndarray:
    """The histograms of a grey clip (T, H, W) in blocks x blocks blocks: float32 (blocks * blocks * 20,), block by block.

    `distance` to the neighbours in the frame, in pixels, `interval` to those in time, in frames. Pixels without all six
    neighbours are not counted. Raises ValueError when a block has none, or the clip is not grey.
    """
    if clip.ndim != 3:
        raise ValueError(f"LBP-SIP is of grey clips (T, H, W), got {clip.shape}")
    height, width = clip.shape[1] - 2 * distance, clip.shape[2] - 2 * distance
    if len(clip) <= 2 * interval or min(height, width) < blocks:
        raise ValueError(
            f"LBP-SIP in {blocks} x {blocks} blocks needs {2 * interval + 1} frames and {blocks + 2 * distance} pixels a "
            f"side or more, got {clip.shape}"
        )
    codes = np.stack(_codes(clip, distance, interval))  # (2, T, H, W) without the rim
    rows, columns = ((np.arange(blocks + 1) * side) // blocks for side in (height, width))
    histograms = [
        np.bincount(codes[:, :, top:bottom, left:right].ravel(), minlength=CODES)
        / codes[0, :, top:bottom, left:right].size
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]
    return np.concatenate(histograms).astype(np.float32)


def _codes(clip: np.ndarray, distance: int, interval: int) -> tuple[np.ndarray, np.ndarray]:
    """The code of the four neighbours in the frame, 0..15, and that of the two in time, 16..19, as uint8."""

    def at(time: int, down: int, right: int) -> np.ndarray:
        sides = zip((time, down, right), (interval, distance, distance), clip.shape, strict=True)
        return clip[tuple(slice(rim + step, size - rim + step) for step, rim, size in sides)]

    centre, d = at(0, 0, 0), distance
    around = [at(0, 0, d), at(0, -d, 0), at(0, 0, -d), at(0, d, 0)]
    in_time = [at(-interval, 0, 0), at(interval, 0, 0)]
    spatial, temporal = (
        np.bitwise_or.reduce([(other >= centre).astype(np.uint8) << bit for bit, other in enumerate(others)])
        for others in (around, in_time)
    )
    return spatial, temporal + 16


def run(name: str, X: np.ndarray, clips: Clips, protocol: splits.Protocol = splits.loso) -> pd.DataFrame:
    """An SVM's predictions for every test clip, in the columns of `Experiment.run`: seed 0, one epoch, no training loss.

    `X`: a description a clip (n, features). The logits are the decision values of the classes, the votes of the
    one-against-one machines with equal votes parted by their margins; a class that a fold does not train on comes last.
    Raises ValueError when X and clips do not fit together or a fold trains on one class alone, SharedPersonError when a
    fold has a person on both sides.
    """
    if len(X) != len(clips):
        raise ValueError(f"X has {len(X)} clips, the clip table {len(clips)}")
    frames = [_fold(X, clips, fold) for fold in protocol(clips)]
    predictions = pd.concat(frames, ignore_index=True)
    return named(predictions, name, clips)


def _fold(X: np.ndarray, clips: Clips, fold: splits.Fold) -> pd.DataFrame:
    splits.check_persons(fold, clips.subjects)
    trained = np.unique(clips.y[fold.train])
    if len(trained) < 2:
        raise ValueError(f"fold {fold.name} trains on {len(trained)} of the {len(clips.class_names)} classes")
    svm = make_pipeline(StandardScaler(), SVC(kernel="rbf")).fit(X[fold.train], clips.y[fold.train])
    values = svm.decision_function(X[fold.test])
    values = np.stack([-values, values], axis=1) if len(trained) == 2 else values
    logits = np.repeat(values.min(axis=1, keepdims=True) - 1, len(clips.class_names), axis=1)
    logits[:, trained] = values
    rows = {
        "fold": fold.name,
        "seed": 0,
        "part": "test",
        "epoch": 1,
        "subject": clips.subjects[fold.test],
        "clip": clips.table["clip"].to_numpy()[fold.test],
        "target": np.array(clips.class_names)[clips.y[fold.test]],
        "train_loss": np.nan,
    }
    columns = [f"logit_{class_name}" for class_name in clips.class_names]
    return pd.DataFrame(rows).assign(**dict(zip(columns, logits.T.astype(np.float32), strict=True)))
