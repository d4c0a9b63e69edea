"""Which public data sets there are: their files in public repositories, each with size and SHA-256, and their terms."""

import csv
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from urllib.parse import quote

from merlib import paths

FOLDER = Path(__file__).parent
GITHUB = "https://raw.githubusercontent.com"
ALL = "real"  # the name of all data sets together
NO_LICENCE = "no licence is stated"


@dataclass(frozen=True)
class Repository:
    """A public repository on GitHub at one commit. `name` is owner/name."""

    name: str
    commit: str
    authors: str
    licence: str = ""
    terms: str = ""

    @property
    def folder(self) -> str:
        return self.name.replace("/", "+")

    @property
    def licensed(self) -> str:
        return "; ".join(
            text for text in (f"licence {self.licence}" if self.licence else NO_LICENCE, self.terms) if text
        )


@dataclass(frozen=True)
class File:
    """One file of a repository: `path` in it, size in bytes, and SHA-256."""

    repository: Repository
    path: str
    size: int
    sha256: str

    def url(self, base: str) -> str:
        return "/".join([base, self.repository.name, self.repository.commit, quote(self.path)])


@dataclass(frozen=True)
class Dataset:
    """Files that are fetched together into one folder of the data root.

    `instead`: files of the same content that a folder of copies may hold in the place of `files`; they are not fetched.
    """

    name: str
    title: str
    folder: str
    content: str
    files: tuple[File, ...]
    instead: tuple[File, ...] = ()

    @property
    def repositories(self) -> tuple[Repository, ...]:
        return tuple(dict.fromkeys(file.repository for file in self.files))

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(file.size for file in self.files)

    def path(self, data_root: Path, file: File) -> Path:
        """Where a file belongs: under its path in the repository, below a folder per repository if there are several."""
        several = len(self.repositories) > 1
        return data_root / self.folder / (file.repository.folder if several else "") / file.path


@cache
def datasets() -> dict[str, Dataset]:
    """All data sets by name, in the order of datasets.toml."""
    content = tomllib.loads((FOLDER / "datasets.toml").read_text(encoding="utf-8"))
    files = {name: _files(Repository(name, **about)) for name, about in content["repositories"].items()}
    return {name: _dataset(name, about, files) for name, about in content["datasets"].items()}


def chosen(name: str) -> tuple[Dataset, ...]:
    """The data set of a name, or all of them for `real`. Raises ValueError for another name."""
    if name == ALL:
        return tuple(datasets().values())
    if name not in datasets():
        raise ValueError(f"no public data {name!r}; there are {', '.join(datasets())}, and {ALL} for all of them")
    return (datasets()[name],)


def folder(name: str, data_root: Path | str = "", owner: str = "") -> Path:
    """The folder of a data set in `data_root` (default: the project's data/), or that of one of its repositories by its owner.

    Raises FileNotFoundError with the command that gets the data set if it is not there, or not complete.
    """
    dataset = datasets()[name]
    root = Path(data_root).expanduser().resolve() if data_root else paths.data()
    below = next((repo.folder for repo in dataset.repositories if owner and repo.name.startswith(owner)), "")
    if not (root / dataset.folder / paths.SOURCE).is_file():  # written when all files are there
        raise FileNotFoundError(f"{dataset.title}: not in {root}, or not complete. To get them: merlib data get {name}")
    return root / dataset.folder / below


def _files(repository: Repository) -> tuple[File, ...]:
    with (FOLDER / "files" / f"{repository.folder}.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(File(repository, row["path"], int(row["size"]), row["sha256"]) for row in csv.DictReader(lines))


def _dataset(name: str, about: dict, files: dict[str, tuple[File, ...]]) -> Dataset:
    instead = tuple(_selected(about.pop("instead", ()), files))
    wanted = [file for file in _selected(about.pop("files"), files) if file not in instead]
    return Dataset(name, **about, files=tuple(wanted), instead=instead)


def _selected(patterns: Iterable[str], files: dict[str, tuple[File, ...]]) -> Iterable[File]:
    for text in patterns:
        repository, _, pattern = text.partition(": ")
        yield from (file for file in files[repository] if fnmatchcase(file.path, pattern))
