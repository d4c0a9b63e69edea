"""The temporary files of a run: what the notebook tells us while it runs, through `merlib.progress`."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from merlib.cache.files import remove_left, temporary

PREFIX = "merlib-run-"  # how the names of these folders begin


@dataclass(frozen=True)
class Notes:
    """The folder of a run's temporary files; there is room in it for the kernel's as well."""

    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that tell a kernel where to write."""
        return {f"MERLIB_{name.upper()}": str(self._file(name)) for name in ("progress", "folds", "sources")}

    @property
    def progress(self) -> Path:
        """The file that a running notebook appends a line to for each step."""
        return self._file("progress")

    def folds(self) -> dict[str, float]:
        """Numbers of folds that this run trained and read, and how long each part took to train, from `note_fold`'s lines.

        The time is the sum over folds, each trained in one thread or on the GPU. A fold trained in this run may be read
        again.
        """
        lines = [line.split() for line in self._lines("folds")]
        trained = {key: float(took) for key, took, now, _ in lines if now == "1"}
        stored = {key: float(took) for key, took, *_ in lines if key not in trained}
        found = {"trained": trained, "stored": stored}
        counts = {name: len(folds) for name, folds in found.items()}
        return counts | {f"{name}_s": round(sum(folds.values()), 1) for name, folds in found.items()}

    def precisions(self) -> list[str]:
        """The precisions in which this run's folds were trained."""
        return sorted({line.split()[3] for line in self._lines("folds")})

    def sources(self) -> list[Path]:
        """The folders of the databases that were read, from `note_source`'s lines."""
        return [Path(json.loads(line)) for line in self._lines("sources")]

    def _lines(self, name: str) -> list[str]:
        file = self._file(name)
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.txt"


@contextlib.contextmanager
def kept() -> Iterator[Notes]:
    """Notes for the time of the block. Those that killed runs left are removed."""
    place = Path(tempfile.gettempdir())  # the names of socket files have to be short
    for left in place.glob(f"{PREFIX}*"):
        remove_left(left)
    with temporary(place, PREFIX) as folder:
        yield Notes(folder)
