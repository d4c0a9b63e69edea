"""Files are written whole or not at all, and told apart by their SHA-256. Standard library only."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial-"  # how the name of a temporary folder starts; a killed process leaves it behind


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A temporary path at which the block writes the file, or makes the folder, that `path` then becomes.

    The temporary path has the name of `path`, in a folder of its own beside it, so any number of processes may write
    the same `path`: one of them wins. When the block ends, the file replaces the one that was at `path`; a reader sees
    the old file or the new one, also after a power failure. A folder replaces a folder, and for a moment there is
    neither. When the block raises, `path` stays as it was. Missing folders above `path` are made.

    Raises FileNotFoundError when the block made nothing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=path.parent) as beside:
        made = Path(beside, path.name)
        yield made
        if not made.is_dir():
            _to_disk(made)
        elif path.exists():
            os.replace(path, Path(beside, f"{path.name}.replaced"))
        os.replace(made, path)


def sha256(file: Path) -> str:
    """The SHA-256 of a file's content, 64 hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _to_disk(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
