"""Files are written whole or not at all, and told apart by their SHA-256. Standard library only."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: what a killed process leaves behind stays
    fcntl = None  # type: ignore[assignment]

PARTIAL = ".partial-"  # how the name of a temporary folder starts; a killed process leaves it behind
_REPLACED = ".replaced"  # how the name of a folder ends whose successor is about to take its place

_FULL = ("the disk is full", "free some space")
_CLOSED = ("there is no permission to write there", "make the folder writable")
_FAULTS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: ("your share of the disk (its quota) is used up", "free some space"),
    errno.EFBIG: ("files may not become that large here", "raise the limit (ulimit -f)"),
    errno.EROFS: ("the file system is read-only", "make it writable"),
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EISDIR: ("there is a folder of that name", "move it away"),
}


class CannotWrite(OSError):
    """A file that cannot be written; the message says which, why, how much space there is, and what to do."""


@contextmanager
def whole(path: str | Path, needed: int = 0) -> Iterator[Path]:
    """A temporary path at which the block writes the file, or makes the folder, that `path` then becomes.

    The temporary path has the name of `path`, in a folder of its own beside it, so any number of processes may write
    the same `path`: one of them wins. When the block ends, the file replaces the one that was at `path`; a reader sees
    the old file or the new one, also after a power failure. A folder replaces a folder, and for a moment there is
    neither. When the block raises, `path` stays as it was. Missing folders above `path` are made.

    Raises FileNotFoundError when the block made nothing, and CannotWrite when the disk is full, read-only or closed to
    the user. `needed`: the size of the file in bytes, for that message.
    """
    path = Path(path).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary(path.parent) as beside:
            made = beside / path.name
            yield made
            _put(made, path)
    except OSError as error:
        if sentence := cannot_write(path, error, needed):
            raise CannotWrite(sentence) from error
        raise


def cannot_write(path: Path, error: OSError, needed: int = 0) -> str | None:
    """The message of CannotWrite for an error that `path` was not written for; None for an error of another kind."""
    fault = _fault(error, path)
    return _sentence(path, *fault, needed) if fault else None


def sweep(folder: Path) -> None:
    """Removes the temporary folders that killed processes left in `folder`, and in the folders directly in it.

    One that a living process writes in stays. If a process was killed while it replaced a folder, the new one takes its
    place.
    """
    for left in [*folder.glob(f"{PARTIAL}*"), *folder.glob(f"*/{PARTIAL}*")]:
        remove_left(left)


def remove_left(left: Path) -> None:
    """Removes a folder that `temporary` made, unless the process that made it lives; see `sweep`."""
    if (descriptor := _lock(left, wait=False)) is not None:
        for replaced in left.glob(f"*{_REPLACED}"):
            path, successor = left.parent / replaced.stem, left / replaced.stem
            if successor.exists() and not path.exists():
                os.replace(successor, path)
        shutil.rmtree(left, ignore_errors=True)
        os.close(descriptor)


def sha256(file: Path) -> str:
    """The SHA-256 of a file's content, 64 hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def temporary(parent: Path, prefix: str = PARTIAL) -> Iterator[Path]:
    """A folder in `parent` for the time of the block. Its lock is held until then, and free if the process is killed."""
    while True:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder, ExitStack() as stack:
            if (descriptor := _lock(folder, wait=True)) is not None:
                stack.callback(os.close, descriptor)
            if os.path.exists(folder):  # if not, it was swept before it was locked
                yield Path(folder)
                return


def _lock(folder: str | Path, wait: bool) -> int | None:
    """A descriptor that holds the folder's lock until it is closed or its process ends; None if it cannot be had."""
    if fcntl is None:
        return None
    descriptor = None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # held by another, gone, or on a file system without locks
        if descriptor is not None:
            os.close(descriptor)
        return None
    return descriptor


def _put(made: Path, path: Path) -> None:
    """Lets `made` take the place of `path`."""
    if not made.is_dir():
        _to_disk(made)
    elif path.exists():
        os.replace(path, made.with_name(f"{path.name}{_REPLACED}"))
    os.replace(made, path)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _to_disk(path.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fault(error: OSError, path: Path) -> tuple[str, str] | None:
    """Why `path` cannot be written and what helps; None for an error of another kind or of another file."""
    if error.errno is None:  # how NumPy says that a disk is full
        return _FULL if " requested and " in str(error) else None
    about = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else path
    is_ours = about.is_relative_to(path.parent) or path.is_relative_to(about)
    return _FAULTS.get(error.errno) if is_ours else None


def _sentence(path: Path, reason: str, remedy: str, needed: int) -> str:
    there = next(folder for folder in path.parents if folder.exists())
    space = f"{shutil.disk_usage(there).free / 1e6:.1f} MB are free in {there}"
    space += f", {needed / 1e6:.1f} MB are needed" * bool(needed)
    return f"{path} cannot be written: {reason} ({space}). What was finished before is kept: {remedy}, and repeat"
