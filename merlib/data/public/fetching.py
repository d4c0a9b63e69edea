"""Gets public data: from GitHub, or from a folder of copies. Every file is checked by its hash, and is there whole or not."""

import shutil
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import pooch
import requests

from merlib import paths, progress
from merlib.cache.files import CannotWrite, sha256, sweep, whole
from merlib.data.public import registry
from merlib.data.public.registry import Dataset, File

AT_ONCE = 8
RETRIES = 2  # after a cut connection, or an answer that is not the file
SHOWN = 10  # faults; after so many, nothing more is tried
TIMEOUT = 30  # seconds without an answer

Put = Callable[[File, Path], None]  # writes a file to a path


class PublicDataError(OSError):
    """Public data that cannot be had; the message lists the files and says what to do."""


class _Unreachable(Exception):
    """There is no way to the server: other files will not come either."""


def get(dataset: Dataset, data_root: Path, copies: Path | None = None) -> Path:
    """The data set's folder in `data_root`, complete. Files that are there are not fetched again.

    Without `copies` the files come from GitHub, several at once. `copies` is a folder that holds the repositories, as
    clones or as folders `<owner>+<repository>`, or another data root. When all files are there, SOURCE.txt in the
    folder says where they are from. Whatever goes wrong, the files that were finished stay, each of them whole.

    Raises PublicDataError that lists the files that cannot be had, and files that are there with another content: these
    are never replaced. Raises CannotWrite when the disk is full or closed to the user.
    """
    files = dataset.files if copies is None else _form(dataset, copies)
    targets = {file: dataset.path(data_root, file) for file in files}
    for folder in {path.parent for path in targets.values() if path.parent.is_dir()}:
        sweep(folder)
    refuse_changed(dataset, data_root)
    missing = {file: path for file, path in targets.items() if not path.exists()}
    put = _download if copies is None else partial(_copy, _places(copies))
    faults = _put_all(missing, put, dataset.name)
    if faults:
        there = len(targets) - sum(not path.exists() for path in targets.values())
        raise PublicDataError(_sentence(dataset, there, len(targets), faults, copies))
    folder = data_root / dataset.folder
    with whole(folder / paths.SOURCE) as note:
        note.write_text(source(dataset), encoding="utf-8", newline="\n")
    return folder


def source(dataset: Dataset) -> str:
    """What SOURCE.txt says: repositories with their commits, authors and licences."""
    lines = [
        f"github.com/{repository.name} at {repository.commit}, by {repository.authors}; {repository.licensed}"
        for repository in dataset.repositories
    ]
    return "\n".join([f"{dataset.title}:", *lines]) + "\n"


def changed(dataset: Dataset, data_root: Path) -> list[Path]:
    """The files that are there with another content than at the commit."""
    pairs = [(file, dataset.path(data_root, file)) for file in (*dataset.files, *dataset.instead)]
    return [path for file, path in pairs if path.exists() and not _is(path, file)]


def missing(dataset: Dataset, data_root: Path) -> list[Path]:
    """The files that are not there; none if there is the other form of the data set."""
    forms = [[dataset.path(data_root, file) for file in form] for form in (dataset.files, dataset.instead) if form]
    return min(([path for path in form if not path.exists()] for form in forms), key=len)


def refuse_changed(dataset: Dataset, data_root: Path) -> None:
    """Raises PublicDataError that names the files of another content."""
    if found := changed(dataset, data_root):
        lines = shortened([f"{path}: not the file of the commit" for path in found])
        advice = "Nothing was replaced. Move these files away, and repeat: merlib data get"
        raise PublicDataError("\n  ".join([f"{dataset.title}: {advice} {dataset.name}", *lines]))


def _form(dataset: Dataset, copies: Path) -> tuple[File, ...]:
    """The files of the data set, or those in their place if the folder holds only these."""
    places = _places(copies)
    only_instead = not any(places(file) for file in dataset.files) and any(places(file) for file in dataset.instead)
    return dataset.instead if only_instead else dataset.files


def _put_all(missing: dict[File, Path], put: Put, name: str) -> list[str]:
    """Writes all files, several at once; returns the faults. Raises CannotWrite."""
    faults: list[str] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(_put, put, file, path) for file, path in missing.items()]
        try:
            for job in progress.track(as_completed(jobs), name, total=len(jobs)) if jobs else ():
                faults += [fault] if (fault := job.result()) else []
                if len(faults) >= SHOWN and put is _download:
                    break
        except _Unreachable as error:
            faults.append(str(error))
        finally:
            pool.shutdown(cancel_futures=True)
    return faults


def _put(put: Put, file: File, path: Path) -> str:
    """Writes one file, whole or not at all; returns what is wrong with it."""
    name = f"{file.repository.name}: {file.path}"
    try:
        with whole(path, needed=file.size) as made:
            put(file, made)
            if not _is(made, file):
                raise ValueError
    except requests.ConnectionError as error:
        raise _Unreachable(f"no connection to {registry.GITHUB} ({_reason(error)})") from error
    except requests.HTTPError as error:
        answer = getattr(error.response, "status_code", ""), getattr(error.response, "reason", "")
        return f"{name}: the server answers {answer[0]} {answer[1]}"
    except requests.RequestException:
        return f"{name}: the connection was cut {1 + RETRIES} times"
    except CannotWrite:
        raise
    except FileNotFoundError:
        return f"{name}: not there"
    except OSError as error:
        return f"{name}: {error.strerror}"
    except ValueError:
        return f"{name}: another content than at commit {file.repository.commit}"
    return ""


def _download(file: File, made: Path) -> None:
    pooch.get_logger().setLevel("WARNING")  # one line per file otherwise
    fetch = pooch.create(
        path=made.parent,
        base_url="",
        registry={made.name: f"sha256:{file.sha256}"},
        urls={made.name: file.url(registry.GITHUB)},
        retry_if_failed=RETRIES,
    )
    fetch.fetch(made.name, downloader=pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=1 << 16))


def _copy(places: Callable[[File], list[Path]], file: File, made: Path) -> None:
    """Raises FileNotFoundError, and ValueError where all files in its places have another content."""
    found = places(file)
    if not found:
        raise FileNotFoundError
    shutil.copyfile(next((path for path in found if _is(path, file)), found[0]), made)


def _places(copies: Path) -> Callable[[File], list[Path]]:
    """The files of a folder of copies that may be the one asked for: a file may stand for another of the same content."""
    known: dict[str, dict[Path, None]] = defaultdict(dict)
    for dataset in registry.datasets().values():
        for file in (*dataset.files, *dataset.instead):
            repository = file.repository
            folders = (repository.folder, repository.name.partition("/")[2], dataset.name, "")
            paths_of = [copies / folder / file.path for folder in folders]
            known[file.sha256] |= dict.fromkeys([*paths_of, dataset.path(copies, file)])
    return lambda file: [path for path in known[file.sha256] if path.is_file()]


def _is(path: Path, file: File) -> bool:
    return path.is_file() and path.stat().st_size == file.size and sha256(path) == file.sha256


def _reason(error: BaseException) -> str:
    """The words of the operating system, which stand at the start of the chain of errors."""
    while error.__context__ is not None:
        error = error.__context__
    return (isinstance(error, OSError) and error.strerror) or str(error)


def shortened(faults: list[str]) -> list[str]:
    """The first ten, and how many more there are."""
    left = len(faults) - SHOWN
    return [*faults[:SHOWN], *([f"and {left} more"] if left > 0 else [])]


def _sentence(dataset: Dataset, there: int, wanted: int, faults: list[str], copies: Path | None) -> str:
    if copies is None:
        remedy = "Repeat the command: it goes on from here. Or give a folder of copies: --from FOLDER"
    else:
        remedy = f"Accepted in {copies}: clones of the repositories at these commits, or folders <owner>+<repository>"
    head = f"{dataset.title} are not complete: {there} of {wanted} files are there, and stay. {remedy}"
    return "\n  ".join([head, *shortened(sorted(faults))])
