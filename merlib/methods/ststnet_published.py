"""STSTNet's published checkpoints in our `STSTNet`: one trained network per person left out (MEGC 2019)."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from merlib.data.clips import Clips
from merlib.data.public import logs, registry
from merlib.methods.ststnet import STSTNet
from merlib.training import splits, weights
from merlib.training.experiments import named

# The authors read maps with OpenCV, in the order B, G, R. Theirs and ours are stored as u, v, strain in R, G, B.
CHANNELS = (2, 1, 0)  # strain, v, u
NAMES = {f"{part}{i + 1}": f"streams.{i}.{place}" for i in range(3) for part, place in (("conv", 0), ("bn", 2))}
NAMES["fc"] = "classifier"


def checkpoints(data_root: Path | str = "") -> dict[str, Path]:
    """Person (as in `Clips.subjects`) -> the checkpoint that was trained without that person."""
    folder = registry.folder("ststnet_weights", data_root) / "STSTNet_Weights"
    return {logs.person(path.stem): path for path in sorted(folder.glob("*.pth"))}


def load(file: Path) -> STSTNet:
    """A checkpoint in our class, for evaluation. Its outputs are negative, positive, surprise; its input is strain, v, u.

    Raises WeightsError when the file is damaged, would run code, or does not fit.
    """
    model = STSTNet(3)
    weights.load(model, weights.from_file(file), renamed=_ours)
    return model.eval()


def predictions(maps: np.ndarray, clips: Clips, data_root: Path | str = "", channels=CHANNELS) -> pd.DataFrame:
    """Each clip's answer by the checkpoint of its person, in the columns of `Experiment.run`: seed 0, one epoch.

    `maps`: uint8 (n, 28, 28, 3) of u, v, strain, as `frames.load` gives them; `clips` with the classes of `megc2019-3`.
    `channels`: their order for the network. Raises ValueError that names the people without a checkpoint.
    """
    found = checkpoints(data_root)
    if missing := sorted(set(clips.subjects) - found.keys()):
        raise ValueError(f"no checkpoint of {', '.join(missing)}; there are {len(found)}")
    frames = [_fold(load(found[fold.name]), maps, clips, fold, channels) for fold in splits.loso(clips)]
    return named(pd.concat(frames, ignore_index=True), "STSTNet, published checkpoints", clips)


def _fold(model: STSTNet, maps: np.ndarray, clips: Clips, fold: splits.Fold, channels) -> pd.DataFrame:
    inputs = torch.from_numpy(np.ascontiguousarray(maps[fold.test][..., list(channels)])).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        logits = pd.DataFrame(model(inputs).numpy(), columns=list(logs.LABELS.values()))
    rows = {"fold": fold.name, "seed": 0, "part": "test", "epoch": 1, "subject": clips.subjects[fold.test]}
    rows |= {"clip": clips.table["clip"].iloc[fold.test].to_numpy(), "target": clips.table["label"].iloc[fold.test]}
    frame = pd.DataFrame(rows).reset_index(drop=True).assign(train_loss=np.nan)
    return pd.concat([frame, logits[list(clips.class_names)].add_prefix("logit_")], axis="columns")


def _ours(name: str) -> str:
    layer, _, tensor = name.partition(".")
    return f"{NAMES.get(layer, layer)}.{tensor}"
