"""The training logs of Bai's study on SMIC (ICMI 2020), as its two notebooks print them.

A run is one training. Its test windows are a random fifth of all sliding windows, so windows of one clip are on both
sides. The clips kept apart are a fifth of all; half of SMIC's clips here are of people at rest ("non-micro").
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from merlib.data.public import registry

NOTEBOOKS = {"LSTM": "SMIC+VGG+LSTM(Finetune).ipynb", "Bi-LSTM": "SMIC+VGG+Bi-LSTM(Finetune).ipynb"}
CLASSES = ("negative", "positive", "surprise", "non-micro")
CONFUSION = "confusion (rows true: negative, positive, surprise, non-micro-expression)"
_NUMBER = r"([0-9.]+)"
_EPOCH = re.compile(rf"Epoch: (\d+)\s+Test set \((\d+) samples\): Average loss: {_NUMBER}, Accuracy: {_NUMBER}%")
_KEPT_APART = re.compile(rf"tensor\((\[\[.*?\]\])\)\s+Valid set \((\d+) samples\): Average loss: {_NUMBER}, Accuracy: {_NUMBER}%", re.S)  # fmt: skip


class LogError(ValueError):
    """Logs whose numbers do not fit together; the message lists all of them."""


def epochs(data_root: Path | str = "") -> pd.DataFrame:
    """Test accuracy after every epoch: notebook, run, epoch (from 0), test_samples (windows), loss, accuracy_percent.

    Read from the notebooks, or from epochs.csv in their place. Raises FileNotFoundError without either, and LogError
    when epochs are missing, or when no number of windows has the accuracy.
    """
    folder = registry.folder("bai_logs", data_root)
    table = pd.DataFrame(_epochs(folder)) if _notebooks(folder) else pd.read_csv(folder / "epochs.csv")
    faults = []
    for (notebook, run), rows in table.groupby(["notebook", "run"], sort=False):
        if rows["epoch"].tolist() != list(range(len(rows))):
            faults.append(f"{notebook}, run {run}: its epochs are {rows['epoch'].tolist()}")
    for row in table.itertuples():
        if not _possible(row.accuracy_percent, row.test_samples):
            faults.append(
                f"{row.notebook}, run {row.run}, epoch {row.epoch}: {row.accuracy_percent} % of {row.test_samples}"
            )
    return _checked(table, faults)


def kept_apart(data_root: Path | str = "") -> pd.DataFrame:
    """The clips kept apart: notebook, run, clips, right, accuracy_percent, and `confusion`, int (4, 4).

    The matrix has the true class in its rows, in the order of `CLASSES`. Read from the notebooks, or from validation.csv
    in their place. Raises FileNotFoundError without either, and LogError when matrix, clips and accuracy do not agree.
    """
    folder = registry.folder("bai_logs", data_root)
    if _notebooks(folder):
        table = pd.DataFrame(_matrices(folder))
    else:
        table = pd.read_csv(folder / "validation.csv").rename(columns={CONFUSION: "confusion"})
        table["confusion"] = [np.array(json.loads(text)) for text in table["confusion"]]
    table.insert(3, "right", [int(np.trace(matrix)) for matrix in table["confusion"]])
    faults = [
        f"{row.notebook}, run {row.run}: {row.accuracy_percent} % of {row.clips} clips, the matrix has {row.right} of {row.confusion.sum()}"
        for row in table.itertuples()
        if row.confusion.sum() != row.clips or round(100 * row.right / row.clips, 2) != row.accuracy_percent
    ]
    return _checked(table, faults)


def _notebooks(folder: Path) -> bool:
    return all((folder / name).is_file() for name in NOTEBOOKS.values())


def _printed(folder: Path) -> Iterator[tuple[str, str]]:
    """Each notebook's name and all text that its cells printed."""
    for name, file in NOTEBOOKS.items():
        cells = json.loads((folder / file).read_text(encoding="utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        yield name, "".join("".join(output.get("text", ())) for output in outputs)


def _epochs(folder: Path) -> Iterator[dict]:
    for name, text in _printed(folder):
        run = -1
        for epoch, windows, loss, accuracy in _EPOCH.findall(text):
            run += epoch == "0"
            about = {"notebook": name, "run": run, "epoch": int(epoch), "test_samples": int(windows)}
            yield about | {"loss": float(loss), "accuracy_percent": float(accuracy)}


def _matrices(folder: Path) -> Iterator[dict]:
    for name, text in _printed(folder):
        for run, (matrix, clips, _, accuracy) in enumerate(_KEPT_APART.findall(text)):
            numbers = np.array([int(number) for number in re.findall(r"(\d+)\.", matrix)]).reshape(len(CLASSES), -1)
            about = {"notebook": name, "run": run, "clips": int(clips)}
            yield about | {"accuracy_percent": float(accuracy), "confusion": numbers}


def _possible(percent: float, of: int) -> bool:
    return any(round(100 * right / of, 2) == percent for right in range(int(percent * of / 100), of + 1)[:2])


def _checked(table: pd.DataFrame, faults: list[str]) -> pd.DataFrame:
    if faults:
        raise LogError("\n  ".join(["the logs do not fit together:", *faults]))
    return table
