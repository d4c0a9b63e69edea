"""A project with one tiny paper and its clips: seconds for a run, and every kind of file that a real one writes."""

import csv
import shutil
import warnings
from pathlib import Path

import cv2
import nbformat
import numpy as np
import pandas as pd
from papermill.exceptions import PapermillExecutionError

PEOPLE = ("anna", "ben", "cleo", "dora")
EMOTIONS = ("fear", "joy", "surprise")
NOTEBOOK = "04_toy"
# cache folder -> what lies in it
CACHES = {"frames": "*.npy", "motion": "*.npy", "weights": "*.pt", "folds": "*.parquet"}
CACHED = 12 + 12 + 1 + 4  # files in them

PARAMETERS = """\
profile = "demo"  # sizes: smoke, demo or paper
data_root = ""  # folder of the databases
output_dir = ""  # the run folder
databases = ["own"]  # what is read
seeds = [0]  # one LOSO evaluation each
n_jobs = 1  # folds at a time
num_epochs = 3  # of every fold
"""
MODEL = """\
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import nn

from merlib.cache import arrays
from merlib.data import read
from merlib.preprocessing import frames
from merlib.results import Record, metrics
from merlib.training import Experiment, Settings, splits, weights
from merlib.training.experiments import pretrain


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2))
        self.classifier = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


def pretrained(weights_of_features, num_classes):
    network = Net(num_classes)
    weights.load(network.features, weights_of_features)
    return network


def prepare(batch, generator, training):
    x = batch / 255
    return x + 0.1 * torch.randn(x.shape, generator=generator) if training else x


def motion(video):
    return abs(video[-1].astype("float32") - video[0]).transpose(2, 0, 1)
"""
DATA = """\
clips, videos = frames.load(read(databases[0], data_root).classes("own"), size=16, crop=False)
X = torch.stack([torch.tensor(difference) for difference in arrays.of_each("motion", motion, videos, n_jobs)]).numpy()
"""
TRAINING = """\
settings = Settings(num_epochs=num_epochs, batch_size=4, lr=1e-2)
macro = Experiment("macro", Net, settings, splits.grouped_kfold(2, seed=0), prepare)
features = pretrain(macro, X, clips, part="features")
toy = Experiment("toy", partial(pretrained, features), settings, prepare=prepare)
predictions = toy.run(X, clips, seeds, n_jobs)
"""
RESULTS = """\
record = Record("toy", output_dir)
record.predictions(predictions)
record.table("scores", predictions.groupby("fold")["train_loss"].mean().to_frame(), "Loss.", kind="measured")
figure = Figure()
figure.subplots().plot(predictions["train_loss"])
record.figure("losses", figure, "Losses.", kind="measured")
"""
CELLS = (PARAMETERS, MODEL, DATA, TRAINING, RESULTS)


def write_project(home: Path) -> Path:
    """A project's root with the notebook `04_toy`."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "pyproject.toml").touch()
    (home / "notebooks").mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, home / "notebooks" / f"{NOTEBOOK}.ipynb")
    return home


def write_clips(folder: Path, length: int = 4) -> Path:
    """Own clips: one per person and emotion, drawn at random, and the list that names them. Returns the folder."""
    rng = np.random.default_rng(0)
    rows = [["subject", "clip", "frames", "emotion"]]
    for person in PEOPLE:
        for emotion in EMOTIONS:
            clip = folder / person / emotion
            clip.mkdir(parents=True)
            for number in range(1, length + 1):
                cv2.imwrite(str(clip / f"{number}.png"), rng.integers(0, 255, (32, 32, 3), np.uint8))
            rows.append([person, emotion, f"{person}/{emotion}", emotion])
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


def run_cells(parameters: dict[str, object]) -> dict[str, object]:
    """The notebook's cells in this process; returns all names that they leave."""
    names: dict[str, object] = {"__name__": "__main__"}
    exec(PARAMETERS, names)
    names |= parameters
    for cell in CELLS[1:]:
        exec(cell, names)
    return names


def run_here(home: Path, clips: Path) -> tuple[pd.DataFrame, str]:
    """The cells in this process, in the project that MERLIB_HOME names: the predictions, and the warnings."""
    folder = home / "papermill_runs" / "here" / NOTEBOOK
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        names = run_cells({"data_root": str(clips), "output_dir": str(folder)})
    return names["predictions"], "\n".join(str(warning.message) for warning in caught)


def execute_notebook(name: str, output: Path, parameters: dict[str, object], **_: object) -> None:
    """In place of papermill's: a run without a kernel, which takes a second."""
    shutil.copy(name, output)
    try:
        run_cells(parameters)
    except Exception as error:
        raise PapermillExecutionError(1, 1, MODEL, type(error).__name__, str(error), []) from error


def predictions_of(home: Path, run: str = "smoke") -> pd.DataFrame:
    return pd.read_parquet(home / "papermill_runs" / run / NOTEBOOK / "predictions.parquet")
