"""Published predictions per clip, as a predictions table: STSTNet's and CapsuleNet's answers for the clips of MEGC 2019."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from merlib.data import names, schemes
from merlib.data.databases.megc2019_flow import LABELS
from merlib.data.public import registry
from merlib.data.source import Source

NAME, SCHEME = "published_predictions", "megc2019-3"
# method -> owner of the repository, file: one line per clip, "clip truth prediction", below a line "database subject"
METHODS = {"STSTNet": ("christy1206/", "STSTNet_logfile.txt"), "CapsuleNet": ("davidnvq/", "result_log.csv")}
CLASSES = tuple(dict.fromkeys(schemes.SCHEMES[SCHEME]["smic"].values()))


class LogError(ValueError):
    """A log that is not of the form of the published ones; the message lists its lines."""


def predictions(method: str, data_root: Path | str = "") -> pd.DataFrame:
    """The published answers of one of `METHODS` in the columns of `Experiment.run`: seed 0, one epoch, no training loss.

    The log has answers alone. So a logit is 1 for the answer and 0 for the other classes: it says nothing about
    confidence. `target` is the truth that the log states; `disagreements` compares it with the labels. One fold per
    person. Raises ValueError for another method, FileNotFoundError without the files, and LogError with all lines that
    cannot be read.
    """
    if method not in METHODS:
        raise ValueError(f"no published predictions of {method!r}; there are {', '.join(METHODS)}")
    owner, file = METHODS[method]
    log = read(registry.folder(NAME, data_root, owner) / file)
    source = Source.of_folder(registry.folder(NAME, data_root), f"the log {file}")
    people = names.people(log)
    about: dict[str, str | int] = {"experiment": method, "database": "+".join(log["database"].unique())}
    about |= {
        "scheme": SCHEME,
        "source": source.text,
        "look_alike": source.look_alike,
        "seed": 0,
        "part": "test",
        "epoch": 1,
    }
    table = log.assign(fold=people, subject=people, target=log["truth"], train_loss=np.nan, **about)
    for name in CLASSES:
        table[f"logit_{name}"] = (log["predicted"] == name).astype(float)
    order = [*list(about)[:5], "fold", "seed", "part", "epoch", "subject", "clip", "target", "train_loss"]
    return table[[*order, *(f"logit_{name}" for name in CLASSES)]]


def labels(data_root: Path | str = "") -> pd.DataFrame:
    """The labels of the 442 clips of MEGC 2019: database, subject, clip, label (its class)."""
    file = registry.folder(NAME, data_root, "davidnvq/") / "datasets" / "combined_3class_gt.csv"
    table = pd.read_csv(file, header=None, names=["database", "subject", "clip", "label"], dtype=str)
    return table.assign(label=table["label"].map(LABELS))


def relabelled(table: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The predictions with the `labels` for their targets. Raises ValueError for a clip without a label."""
    said = _by_clip(known)
    clips = table[["subject", "clip"]].apply(tuple, axis="columns")
    if unknown := [" ".join(clip) for clip in clips if clip not in said]:
        raise ValueError(f"no label of {', '.join(unknown)}")
    return table.assign(target=clips.map(said))


def disagreements(table: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Clips of which predictions and `labels` do not say the same: subject, clip, target and label, NaN where there is none.

    Clips are matched by database, subject and clip.
    """
    said = pd.Series(_by_clip(known), name="label").rename_axis(["subject", "clip"])
    both = table[["subject", "clip", "target"]].merge(said.reset_index(), how="outer", validate="one_to_one")
    return both[both["target"] != both["label"]].reset_index(drop=True)


def _by_clip(known: pd.DataFrame) -> dict[tuple[str, str], str]:
    return dict(zip(zip(names.people(known), known["clip"], strict=True), known["label"], strict=True))


def read(file: Path) -> pd.DataFrame:
    """One row per clip of a log: database, subject, clip, truth, predicted. Raises LogError.

    SMIC's clips have the spelling of MEGC 2019: `s09_po_01`, also where the log has `s9_po_01`.
    """
    rows, faults, group = [], [], None
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        parts = line.split()
        if len(parts) == 2:
            group = parts
        elif len(parts) == 3 and group and {*parts[1:]} <= set(LABELS):
            rows.append([*group, parts[0], LABELS[parts[1]], LABELS[parts[2]]])
        elif parts:
            faults.append(f"line {number}: {line!r}, expected 'clip truth prediction' below 'database subject'")
    if faults or not rows:
        raise LogError("\n  ".join([f"{file} cannot be read:", *(faults or ["it holds no clips"])]))
    log = pd.DataFrame(rows, columns=["database", "subject", "clip", "truth", "predicted"])
    padded = log["clip"].str.replace(r"^s(\d)_", r"s0\1_", regex=True)
    return log.assign(clip=padded.where(log["database"] == "smic", log["clip"]))


def ststnet_checkpoints(data_root: Path | str = "") -> dict[str, list[tuple[str, str]]]:
    """Person -> sorted (truth, prediction) pairs that STSTNet's authors logged for their checkpoints; no clips are named.

    Raises LogError when there is nobody, or a person's truths and predictions are not equally many.
    """
    file = registry.folder("ststnet_weights", data_root) / "STSTNet_python_logfile.txt"
    found = {}
    pattern = r"Subject: (\S+)\s+Predicted\s*: (\[.*?\])\s+Ground Truth\s*: (\[.*?\])"
    for subject, predicted, truth in re.findall(pattern, file.read_text(encoding="utf-8")):
        answers = [[LABELS[str(number)] for number in json.loads(text)] for text in (truth, predicted)]
        if len(answers[0]) != len(answers[1]):
            raise LogError(f"{file}, {subject}: {len(answers[0])} truths, {len(answers[1])} predictions")
        found[person(subject)] = sorted(zip(*answers, strict=True))
    if not found:
        raise LogError(f"{file} names nobody: expected 'Subject: 006', 'Predicted : [0, 1]', 'Ground Truth: [0, 2]'")
    return found


def person(subject: str) -> str:
    """The key of `Clips.subjects` of a subject of MEGC 2019, whose spelling tells the database: 006, s01 or sub01."""
    database = "casme2" if subject.startswith("sub") else "smic" if subject.startswith("s") else "samm"
    return f"{database}/{names.person(subject)}"
