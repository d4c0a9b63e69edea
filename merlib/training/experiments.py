"""Trains every fold of an experiment, in any order and on any number of workers, and keeps each finished one.

The fold is the unit of work and of resumption. A fold's file is named by a hash of all that its result depends on, and
is written whole or not at all. If the file is there, it is read, and nothing is trained.
"""

import hashlib
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from joblib import delayed
from torch import nn

from merlib import paths, progress, reproducible, workers
from merlib.cache.fingerprint import fingerprint
from merlib.data.clips import Clips
from merlib.training import checks, fold_files, loop, splits, weights
from merlib.training.loop import FoldResult, Inputs, Loss, Prepare, Settings, TrainingDiverged
from merlib.training.weights import Weights


@dataclass(frozen=True)
class Experiment:
    """A model, how it is trained and how it is tested. Nothing runs before `run`.

    `build(num_classes)` makes the model; `prepare` and `loss` are those of `loop.fit`; `protocol` makes the folds.
    `keep_aside`: number of held-out training subjects per fold. The rule "inner" chooses the epoch on them.
    """

    name: str
    build: Callable[[int], nn.Module]
    settings: Settings
    protocol: splits.Protocol = splits.loso
    prepare: Prepare = loop.as_float
    loss: Loss = loop.cross_entropy
    keep_aside: int = 0

    def run(self, X: Inputs, clips: Clips, seeds: Sequence[int] = (0,), n_jobs: int | None = None) -> pd.DataFrame:
        """Predictions: one row per test clip (part "test") or clip of a held-out training subject ("inner"), and epoch.

        Columns: experiment, database, scheme, source, look_alike, fold, seed, part, epoch (from 1), subject, clip,
        target, train_loss and `logit_<class>` in class order; rows by seed, fold, epoch. `X` is that of `loop.fit`.
        Folds with the same key that were finished before are read. `n_jobs` folds are trained at a time, each in one
        thread (None: as many as there are cores, or one on a GPU); the result does not depend on it. The warning
        SmallClasses names classes that are too small to say much about.

        Raises ValueError when X, clips and folds do not fit together or all clips are of one class, SharedPersonError
        when a fold has a person on both sides, TrainingDiverged with experiment, seed, fold and epoch, and Unhashable
        when the model's code reads something whose content cannot be told.
        """
        X = _arrays(X)
        tasks = self._tasks(X, clips, seeds)
        frames = {path: fold_files.finished(path) for path in tasks}
        missing = {path: task for path, task in tasks.items() if frames[path] is None}
        if missing:
            before = f" ({len(tasks) - len(missing)} folds finished before)" if len(missing) < len(tasks) else ""
            jobs = (delayed(self._finish)(X, clips, task, path) for path, task in missing.items())
            done = workers.parallel(jobs, n_jobs or _workers())
            for _ in progress.track(done, f"{self.name}, {clips.scheme}{before}", total=len(missing)):
                pass
        frames |= {path: fold_files.load(path) for path in missing}
        for path in tasks:
            progress.note_fold(path.stem, fold_files.seconds(path), path in missing, self.settings.precision)
        predictions = pd.concat(frames.values(), ignore_index=True)
        return named(predictions, self.name, clips)

    def run_permuted(self, X: Inputs, clips: Clips, seeds: Sequence[int] = (0,)) -> pd.DataFrame:
        """The permuted control: predictions after training and testing on permuted labels. There is nothing to learn.

        Each seed permutes the labels anew (`Clips.permuted`). The gain from the last to the best test epoch is luck.
        The experiment's name gets the ending ", permuted labels".
        """
        control = replace(self, name=f"{self.name}, permuted labels")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", checks.SmallClasses)  # of permuted labels it says nothing
            return pd.concat([control.run(X, clips.permuted(seed), [seed]) for seed in seeds], ignore_index=True)

    def fit(self, X: Inputs, clips: Clips, fold: splits.Fold, seed: int = 0) -> FoldResult:
        """One fold, trained as in `run` but not stored: its `model` is there to look inside."""
        return self._train(_arrays(X), clips, self._task(fold, clips, seed))

    def key(self, X: Inputs, clips: Clips, fold: splits.Fold, seed: int = 0) -> str:
        """A hash of all that the result of `fit` depends on: model, code, settings, data, split and seed."""
        return fingerprint(self._shared(_arrays(X), clips), self._task(fold, clips, seed))

    def _tasks(self, X: Inputs, clips: Clips, seeds: Sequence[int]) -> dict[Path, "_Task"]:
        """Every fold with every seed, by the file that it belongs in."""
        folds = self.protocol(clips)
        checks.check(X, clips, folds, seeds)
        tasks = [self._task(fold, clips, seed) for seed in seeds for fold in folds]
        shared = self._shared(X, clips)
        return {paths.cache("folds") / f"{fingerprint(shared, task)}.parquet": task for task in tasks}

    def _shared(self, X: Inputs, clips: Clips) -> str:
        """The hash of what all folds have in common."""
        code = (
            loop.fit,
            self.build,
            self.prepare,
            self.loss,
            torch.__version__,
            loop.best_device(),
            reproducible.mode(),
        )
        return fingerprint(code, self.settings, X, clips.y, clips.class_names)

    def _task(self, fold: splits.Fold, clips: Clips, seed: int) -> "_Task":
        splits.check_persons(fold, clips.subjects)
        # from seed and name alone, so that neither order nor workers nor a resume change it
        fold_seed = int.from_bytes(hashlib.sha256(f"{seed} {fold.name}".encode()).digest()[:8])
        inner = np.empty(0, dtype=np.int64)
        if self.keep_aside:
            fold, inner = splits.keep_aside(fold, clips.subjects, self.keep_aside, fold_seed)
        recorded = replace(fold, test=np.concatenate([fold.test, inner]))
        return _Task(recorded, seed, fold_seed, _rows(clips, fold.test, inner))

    def _finish(self, X: Inputs, clips: Clips, task: "_Task", path: Path) -> None:
        started = time.monotonic()
        result = self._train(X, clips, task)
        fold_files.store(_frame(result, task, clips.class_names), path, time.monotonic() - started)

    def _train(self, X: Inputs, clips: Clips, task: "_Task") -> FoldResult:
        arguments = (self.build, X, clips.y, task.fold, len(clips.class_names), self.settings, task.fold_seed)
        try:
            return loop.fit(*arguments, prepare=self.prepare, loss=self.loss)
        except TrainingDiverged as error:
            raise TrainingDiverged(f"experiment {self.name}, seed {task.seed}, {error}") from error


def named(predictions: pd.DataFrame, experiment: str, clips: Clips) -> pd.DataFrame:
    """Predictions with the columns that name the experiment and its data in front."""
    about: dict[str, str | bool] = {"experiment": experiment, "database": clips.database, "scheme": clips.scheme}
    about |= {"source": clips.source.text, "look_alike": clips.source.look_alike}
    for place, (column, value) in enumerate(about.items()):
        predictions.insert(place, column, value)
    return predictions


def pretrain(experiment: Experiment, X: Inputs, clips: Clips, seed: int = 0, part: str = "") -> Weights:
    """Weights of the experiment's model, or of its submodule `part`, trained once and kept.

    The first fold of the experiment's protocol is trained; the note says how well its test clips are recognised. The
    file is named by a hash of all that its content depends on. If it is there and whole, nothing is trained.
    """
    fold = experiment.protocol(clips)[0]
    checks.check(X, clips, [fold], [seed])
    path = paths.cache("weights") / f"{experiment.name}-{experiment.key(X, clips, fold, seed)}{part and f'-{part}'}.pt"
    if found := weights.stored(path):
        return found
    result = experiment.fit(X, clips, fold, seed)
    note = f"{experiment.name}: {_report(result, clips, fold.test)}. {clips.source}"
    return weights.keep(result.model.get_submodule(part).cpu().state_dict(), path, note)


@dataclass(frozen=True, eq=False)
class _Task:
    """One fold with one seed. `fold.test`: the test clips, then those of the held-out training subjects; `rows`: their
    parts, subjects, clips and targets."""

    fold: splits.Fold
    seed: int
    fold_seed: int
    rows: dict[str, list[str]]


def _workers() -> int:
    return 1 if loop.best_device().type == "cuda" else os.cpu_count() or 1


def _arrays(X: Inputs) -> Inputs:
    """NumPy arrays: joblib shares them with its workers in memory, but would copy a tensor for every fold."""
    if isinstance(X, dict):
        return {name: np.ascontiguousarray(value) for name, value in X.items()}
    return np.ascontiguousarray(X)


def _rows(clips: Clips, test: np.ndarray, inner: np.ndarray) -> dict[str, list[str]]:
    index = np.concatenate([test, inner])
    return {
        "part": ["test"] * len(test) + ["inner"] * len(inner),
        "subject": clips.subjects[index].tolist(),
        "clip": clips.table["clip"].iloc[index].tolist(),
        "target": [clips.class_names[label] for label in clips.y[index]],
    }


def _frame(result: FoldResult, task: _Task, classes: Sequence[str]) -> pd.DataFrame:
    """One row per recorded clip and epoch."""
    num_epochs, num_rows, _ = result.logits.shape
    frame = pd.DataFrame(
        {"fold": task.fold.name, "seed": task.seed} | {name: value * num_epochs for name, value in task.rows.items()}
    )
    frame.insert(3, "epoch", np.repeat(np.arange(1, num_epochs + 1), num_rows))
    frame["train_loss"] = np.repeat(result.train_loss, num_rows)
    frame[[f"logit_{name}" for name in classes]] = result.logits.reshape(num_epochs * num_rows, -1)
    return frame


def _report(result: FoldResult, clips: Clips, test: np.ndarray) -> str:
    persons = clips.subjects
    right = np.mean(result.logits[-1].argmax(axis=1) == clips.y[test])
    majority = np.bincount(clips.y[test]).max() / len(test)
    return (
        f"trained on {len(clips) - len(test)} of {len(clips)} clips, {len(clips.class_names)} classes; of the "
        f"{len(set(persons[test]))} people held out, {right:.1%} of {len(test)} clips right (largest class {majority:.1%})"
    )
