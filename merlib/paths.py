"""Every folder of the project, found from its root or from the environment variable `MERLIB_HOME`."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUMS = "SHA256SUMS"  # in a look-alike's folder: its files and their hashes
SOURCE = "SOURCE.txt"  # in a database's folder: where it is from, if it is not the user's own copy


def home() -> Path:
    """The project's root: `MERLIB_HOME` if set, else the nearest folder with `notebooks/` and `pyproject.toml`.

    Looks upward from the working directory first and from this file second, so that a notebook,
    a test and the installed command agree. Raises FileNotFoundError when neither leads to a project.
    """
    if os.environ.get("MERLIB_HOME"):
        return Path(os.environ["MERLIB_HOME"]).expanduser().resolve()
    here, source = Path.cwd().resolve(), Path(__file__).resolve()
    for folder in (here, *here.parents, *source.parents):
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise FileNotFoundError(
        "no project found: run from inside the project's folder, or set MERLIB_HOME to it (the folder that holds notebooks/)"
    )


def data() -> Path:
    """Where the databases lie unless the user names another folder."""
    return home() / "data"


def macro(data_root: str | Path, macro_root: str = "") -> str | Path:
    """Where a notebook's databases for pre-training lie: in `macro_root`, without one in `data_root`.

    "" is the project's data/, also where `data_root` is a file: a list of own clips.
    """
    return macro_root or ("" if os.path.isfile(os.path.expanduser(data_root)) else data_root)


def notebooks() -> Path:
    """The folder of the notebooks."""
    return home() / "notebooks"


def notebook_files() -> dict[str, Path]:
    """Paper or short name -> notebook: "mmnet" -> `notebooks/04_mmnet.ipynb`, in the order of their numbers."""
    return {paper_of(file): file for file in sorted(notebooks().glob("[0-9][0-9]_*.ipynb"))}


def paper_of(notebook: str | Path) -> str:
    """The paper or short name of a notebook, or of its run folder: `04_mmnet.ipynb` and `04_mmnet` are "mmnet"."""
    return re.sub(r"^\d\d_", "", Path(notebook).stem)


def runs() -> Path:
    """Where runs put their folders."""
    return home() / "papermill_runs"


def caches() -> Path:
    """The folder of all files that can be made again: `MERLIB_CACHE` if set, else in the project."""
    return Path(os.environ.get("MERLIB_CACHE") or home() / ".cache")


@contextmanager
def other_caches(folder: Path) -> Iterator[None]:
    """For the time of the block, in this process and all that it starts, `caches` is another folder."""
    before = os.environ.get("MERLIB_CACHE")
    os.environ["MERLIB_CACHE"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("MERLIB_CACHE")
        os.environ |= {} if before is None else {"MERLIB_CACHE": before}


def cache(kind: str) -> Path:
    """The folder of one kind of re-creatable file ("frames", "folds", ...); made if missing."""
    folder = caches() / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder
