"""Which runs there are, what they made, and which of them did not finish or are broken."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from merlib import paths
from merlib.runs import folders, lock, manifest

Manifests = dict[Path, dict[str, Any] | None]  # folder of a notebook -> its manifest, None where it did not finish


class Made(NamedTuple):
    """The run that made an artifact, with its day, and the databases that it read; None where these are always the same."""

    run: str
    databases: list[str] | None

    def beside(self, shown: Iterable[str]) -> str:
        """The run, and which of the databases that the paper shows there it did not read."""
        missing = [name for name in shown if self.databases is not None and name not in self.databases]
        return self.run + (f", without {' '.join(missing)}" if missing else "")


def runs() -> list[Path]:
    """The folders of all runs that hold a notebook which was run."""
    return [run for run in sorted(paths.runs().glob("[!.]*/")) if folders.of_run(run)]


def manifests(among: Iterable[Path]) -> tuple[Manifests, list[str]]:
    """The manifest of each notebook of some runs, and one sentence per manifest that is broken."""
    found: Manifests = {}
    broken = []
    for folder in [folder for run in among for folder in folders.of_run(run)]:
        try:
            found[folder] = manifest.read(folder)
        except manifest.ManifestError as error:
            broken.append(str(error))
    return found, broken


def made(found: Manifests) -> dict[tuple[str, str], Made]:
    """(paper, artifact) -> the last finished run that recorded it. Runs on own clips make nothing of a paper's."""
    finished = [(folder.parent.name, facts) for folder, facts in found.items() if facts]
    finished = [(run, facts) for run, facts in finished if not manifest.on_own_clips(facts)]
    # of a run and its copy in reference/, the run itself
    finished.sort(key=lambda pair: (pair[1]["finished"], pair[0] == pair[1]["run"]))
    return {
        (paths.paper_of(facts["notebook"]), artifact["name"]): Made(
            f"{run}, {facts['finished'][:10]}", facts["parameters"].get("databases")
        )
        for run, facts in finished
        for artifact in facts["artifacts"]
    }


def unfinished(found: Manifests) -> list[str]:
    """The notebooks without a manifest, each with who runs it now."""
    return [_state(folder) for folder, facts in found.items() if facts is None]


def _state(folder: Path) -> str:
    name = str(folder.relative_to(paths.runs()))
    try:
        lock.refuse_held(folders.beside(folder, folders.LOCK))
    except lock.Busy as error:
        return f"{name}: {error}"
    return name
