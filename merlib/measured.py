"""What public real data says: every number that was measured on it before, found again beside the expected one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from merlib.data import Clips, databases
from merlib.data.databases import megc2019_flow_causalnet
from merlib.data.public import bai, features, fetching, logs, registry, sheets
from merlib.methods import ststnet_published
from merlib.preprocessing import frames
from merlib.results import metrics


@dataclass(frozen=True)
class Number:
    """One number, as texts of the same precision."""

    what: str
    expected: str
    found: str

    @property
    def same(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True)
class Report:
    """Whether a data set has the files of its commits (`faults` if not), and the numbers found in them."""

    title: str
    files: str
    faults: tuple[str, ...]
    numbers: tuple[Number, ...]

    @property
    def ok(self) -> bool:
        return not self.faults and all(number.same for number in self.numbers)

    def __str__(self) -> str:
        lines = [f"{self.title}: {self.files}", *(f"  {fault}" for fault in self.faults)]
        rows = [
            {
                "": "" if number.same else "DIFFERENT",
                "number": number.what,
                "expected": number.expected,
                "found": number.found,
            }
            for number in self.numbers
        ]
        return "\n".join(
            [*lines, *([pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)] if rows else [])]
        )


def check(dataset: registry.Dataset, data_root: Path) -> Report:
    """The report of one data set. Its numbers are computed if all its files are those of the commits.

    Those of `ststnet_weights` and `megc2019_flow_causalnet` need `megc2019_flow` in the same data root.
    """
    missing, changed = fetching.missing(dataset, data_root), fetching.changed(dataset, data_root)
    faults = [f"{path}: not there" for path in missing]
    faults += [f"{path}: not the file of the commit" for path in changed]
    if faults:
        words = (
            f"{len(missing)} files are missing, {len(changed)} are changed. To get them: merlib data get {dataset.name}"
        )
        return Report(dataset.title, words, tuple(fetching.shortened(faults)), ())
    try:
        numbers = tuple(NUMBERS[dataset.name](data_root)) if dataset.name in NUMBERS else ()
    except (OSError, ValueError) as error:
        return Report(dataset.title, "its numbers cannot be computed", (str(error),), ())
    return Report(dataset.title, "all files are those of the commits", (), numbers)


def megc2019_flow(root: Path) -> Iterator[Number]:
    clips, _ = _maps("megc2019_flow", root)
    counts = clips.table["database"].value_counts()
    yield Number("clips", "442", f"{len(clips)}")
    yield Number("people", "68", f"{len(set(clips.subjects))}")
    yield Number("SMIC, CASME II, SAMM", "164, 145, 133", _joined(counts[["smic", "casme2", "samm"]]))
    yield Number("positive, negative, surprise", "109, 250, 83", _joined(clips.counts()["clips"]))


def causalnet(root: Path) -> Iterator[Number]:
    clips, maps = _maps("megc2019_flow_causalnet", root)
    others = [
        np.concatenate(frames.load(megc2019_flow_causalnet.maps(clips, ending), size=28, crop=False)[1])
        for ending in megc2019_flow_causalnet.ENDINGS[1:]
    ]
    _, htnet = _maps("megc2019_flow", root)
    known = {array.tobytes() for array in htnet}
    every = np.concatenate([maps, *others])
    yield Number("clips", "442", f"{len(clips)}")
    yield Number("maps", "1768", f"{len(every)}")
    yield Number("maps that are one of HTNet's", "0", f"{sum(array.tobytes() in known for array in every)}")


def megc2019_features(root: Path) -> Iterator[Number]:
    for variant, values in features.MEGC2019.items():
        clips, X = features.megc2019(variant, root)
        yield Number(f"{variant}: clips, people, values", f"442, 68, {values}", _joined(_size(clips, X)))


def ststnet_weights(root: Path) -> Iterator[Number]:
    clips, maps = _maps("megc2019_flow", root)
    table = ststnet_published.predictions(maps, clips, root)
    score = metrics.scores(table, "last").iloc[0]
    yield Number("UF1, each checkpoint on the person left out", "0.7209", f"{score['uf1']:.4f}")
    yield Number("UAR", "0.7250", f"{score['uar']:.4f}")
    logged = logs.ststnet_checkpoints(root)
    answers = metrics.select(table, "last").groupby("subject")
    pairs = {who: sorted(zip(rows["target"], rows["predicted"], strict=True)) for who, rows in answers}
    same = sum(pairs[who] == logged.get(who) for who in pairs)
    yield Number("people with the (truth, prediction) pairs of the log", "68 of 68", f"{same} of {len(logged)}")
    reversed_ = ststnet_published.predictions(maps, clips, root, channels=(0, 1, 2))
    yield Number("UF1 with the channels u, v, strain", "0.396", f"{metrics.scores(reversed_, 'last')['uf1'][0]:.3f}")


def published_predictions(root: Path) -> Iterator[Number]:
    known = logs.labels(root)
    ststnet, capsule = (logs.predictions(method, root) for method in ("STSTNet", "CapsuleNet"))
    agreeing = len(ststnet) - len(logs.disagreements(ststnet, known))
    yield Number("STSTNet: truths that are the label", "442 of 442", f"{agreeing} of {len(ststnet)}")
    parts = [ststnet, *(ststnet[ststnet["subject"].str.startswith(name)] for name in ("smic", "casme2", "samm"))]
    matrices = [_matrix(part) for part in parts]
    where = "(all, SMIC, CASME II, SAMM)"
    precision = [float(np.mean(metrics.precisions(matrix))) for matrix in matrices]
    yield Number(f"STSTNet: UF1 {where}", ".7353 .6801 .8382 .6588", _decimals(map(metrics.uf1, matrices)))
    yield Number("STSTNet: mean precision, published as UAR", ".7605 .7013 .8686 .6810", _decimals(precision))
    yield Number("STSTNet: mean recall, the UAR", ".7186 .6703 .8190 .6415", _decimals(map(metrics.uar, matrices)))
    different = logs.disagreements(capsule, known)
    labelled = _matrix(logs.relabelled(capsule, known))
    three = (metrics.accuracy(labelled), metrics.uf1(labelled), metrics.uar(labelled))
    absent = different[different["target"].isna()]["subject"].str.partition("/")[0]
    yield Number("CapsuleNet: clips", "435", f"{len(capsule)}")
    yield Number("CapsuleNet: accuracy, UF1, UAR by the labels", ".6989 .6554 .6534", _decimals(three))
    yield Number("CapsuleNet: truths that are not the label", "1", f"{different['target'].notna().sum()}")
    yield Number(
        "CapsuleNet: clips without an answer", "smic 7", " ".join(f"{k} {n}" for k, n in absent.value_counts().items())
    )


def casme2_lbptop(root: Path) -> Iterator[Number]:
    for variant, (_, values) in features.CASME2.items():
        clips, X = features.casme2(variant, root)
        yield Number(f"{variant}: clips, people, values", f"255, 26, {values}", _joined(_size(clips, X)))
    yield Number("clips filed as happiness", "9", f"{clips.table['emotion'].isin(features.FILED_AS_HAPPINESS).sum()}")
    square = (X**2).sum(axis=1)
    distance = square[:, None] + square - 2 * X @ X.T
    np.fill_diagonal(distance, np.inf)
    same = np.mean(clips.subjects[distance.argmin(axis=1)] == clips.subjects)
    yield Number("nearest neighbour in 4,425 values is the same person", "99.6 %", f"{100 * same:.1f} %")


def bai_logs(root: Path) -> Iterator[Number]:
    epochs, apart = bai.epochs(root), bai.kept_apart(root)
    yield Number("runs, epochs", "34, 661", _joined([epochs.groupby(["notebook", "run"]).ngroups, len(epochs)]))
    of_run = epochs.groupby(["notebook", "run"])["accuracy_percent"]
    best, last = of_run.max(), of_run.last()
    yield Number("test windows, best epoch of a run", "67 to 96 %", f"{best.min():.0f} to {best.max():.0f} %")
    yield Number("test windows, last epoch of a run", "46 to 95 %", f"{last.min():.0f} to {last.max():.0f} %")
    lstm = apart[apart["notebook"] == "LSTM"].head(5)  # the five folds of N = 11
    yield Number(
        "LSTM, N = 11: clips kept apart that are right", "150 of 328", f"{lstm['right'].sum()} of {lstm['clips'].sum()}"
    )
    settings = apart[apart["notebook"] == "Bi-LSTM"]
    top = settings.loc[settings["accuracy_percent"].idxmax()]
    yield Number(f"Bi-LSTM: best of {len(settings)} settings", "40 of 66", f"{top['right']} of {top['clips']}")
    yield Number(
        "clips that are not micro-expressions, of 328", "164", f"{sum(matrix[3].sum() for matrix in lstm['confusion'])}"
    )
    yield Number("counts of 164 that print as 60.06 %", "0", f"{_printing(60.06, 164)}")
    yield Number("counts of 328 that print as 60.06 %", "1", f"{_printing(60.06, 328)}")


def annotation_sheets(root: Path) -> Iterator[Number]:
    counts = {"casme2": "255, 26", "samm": "159, 29", "mmew": "300, 30", "cas_me_3": "860, 94"}
    clips = {name: sheets.read(name, root) for name in sheets.SHEETS}
    for name, expected in counts.items():
        yield Number(f"{name}: clips, people", expected, f"{len(clips[name])}, {len(set(clips[name].subjects))}")
    dfme = [clips[name] for name in ("dfme", "dfme_test_a", "dfme_test_b")]
    yield Number("DFME: clips of training, test A, test B", "1856, 474, 299", _joined(map(len, dfme)))
    yield Number("DFME: people", "259", f"{len({person for part in dfme for person in part.subjects})}")
    seven = {"samm": "24, 13, 20, 8, 3, 7, 84", "casme2": "25, 15, 99, 26, 20, 1, 69"}
    for name, expected in seven.items():
        found = clips[name].classes("objective-7").counts()["clips"]
        yield Number(f"{name}: objective classes I to VII", expected, _joined(found))
    five = [len(clips[name].classes("objective-5")) for name in seven]
    yield Number("SAMM and CASME II: objective classes I to V", "68, 185", _joined(five))


NUMBERS: dict[str, Callable[[Path], Iterator[Number]]] = {
    "megc2019_flow": megc2019_flow,
    "megc2019_flow_causalnet": causalnet,
    "megc2019_features": megc2019_features,
    "ststnet_weights": ststnet_weights,
    "published_predictions": published_predictions,
    "casme2_lbptop": casme2_lbptop,
    "bai_logs": bai_logs,
    "annotation_sheets": annotation_sheets,
}


def _maps(name: str, root: Path) -> tuple[Clips, np.ndarray]:
    clips, maps = frames.load(databases.read(name, root).classes(logs.SCHEME), size=28, crop=False)
    return clips, np.concatenate(maps)


def _size(clips: Clips, X: np.ndarray) -> tuple[int, ...]:
    return len(clips), len(set(clips.subjects)), X.shape[1]


def _matrix(table: pd.DataFrame) -> np.ndarray:
    answers = metrics.select(table, "last")
    return metrics.confusion(answers["target"], answers["predicted"], logs.CLASSES).to_numpy()


def _printing(percent: float, of: int) -> int:
    return sum(round(100 * right / of, 2) == percent for right in range(of + 1))


def _joined(numbers) -> str:
    return ", ".join(map(str, numbers))


def _decimals(numbers) -> str:
    return " ".join(f"{number:.4f}".removeprefix("0") for number in numbers)
