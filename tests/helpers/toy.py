"""Clips and a model so small that a fold trains in a moment."""

import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

from merlib.data.clips import Clips, make_table
from merlib.data.source import Source

EMOTIONS = ("negative", "positive", "surprise")


def clips(persons: int = 6, per_person: int = 4, database: str = "smic", seed: int = 0) -> Clips:
    """Clips without files whose classes are drawn at random; every class is there."""
    n = persons * per_person
    emotions = np.random.default_rng(seed).permutation(np.resize(EMOTIONS, n))
    shared = {"database": database, "onset": 1, "apex": 1, "offset": 1}
    shared |= {"fps": 100.0, "aus": "", "cropped": True}
    records = [
        {
            **shared,
            "subject": f"s{i // per_person + 1}",
            "clip": f"clip{i:03}",
            "emotion": str(emotion),
            "frames": [f"{database}/{i}.png"],
        }
        for i, emotion in enumerate(emotions)
    ]
    return Clips(make_table(records), source=Source("made for a test")).classes("megc2019-3")


def inputs(y: np.ndarray, size: int = 8, seed: int = 0) -> np.ndarray:
    """uint8 (n, 3, size, size): noise, brighter in the channel of the clip's class."""
    X = np.random.default_rng(seed).integers(0, 120, (len(y), 3, size, size), dtype=np.uint8)
    X[np.arange(len(y)), y] += 80
    return X


class Net(nn.Module):
    """A convolution with batch normalisation and dropout, so that whatever may differ between two runs is in it."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2))
        self.classifier = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


def flip(batch, generator, training):
    """Half of the training clips mirrored."""
    x = batch / 255
    if not training:
        return x
    mirrored = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device) < 0.5
    return torch.where(mirrored, x.flip(3), x)


class Intruder:
    """A pickle of it makes a folder when it is read: what a file of weights must not be able to do."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)
