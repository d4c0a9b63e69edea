"""A lock that says who holds it, and that ends with its holder, however that ends."""

import contextlib
import fcntl
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from merlib.runs.manifest import now

PATIENCE = 10.0  # seconds that the kernel of a killed run has to end: it looks once per second whether its parent lives


class Busy(Exception):
    """Another process holds the lock; the message says which."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, or held it last."""

    pid: int
    host: str
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}: {self.command}"

    @property
    def alive(self) -> bool:
        """Whether it may still run. Nothing is known of the processes of another machine."""
        return self.host != socket.gethostname() or psutil.pid_exists(self.pid)


@contextlib.contextmanager
def held(path: Path) -> Iterator[IO[str]]:
    """Holds the lock at `path` for the time of the block. Raises Busy when another process holds it.

    The file is made, and removed at the end. The operating system ends a lock with its last holder: a file that a
    killed process leaves behind locks nothing, and a child that inherits the open file holds the lock, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path, fcntl.LOCK_EX, "a+") as file:
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        file.truncate(0)
        file.write(json.dumps(asdict(Holder(os.getpid(), socket.gethostname(), now(), command))))
        file.flush()
        try:
            yield file
        finally:
            path.unlink(missing_ok=True)


def refuse_held(path: Path) -> None:
    """Raises Busy when another process holds the lock at `path`."""
    with contextlib.suppress(FileNotFoundError), _locked(path, fcntl.LOCK_SH, "r"):
        pass


@contextlib.contextmanager
def _locked(path: Path, kind: int, mode: str) -> Iterator[IO[str]]:
    """The file at `path`, opened and locked."""
    until = time.monotonic() + PATIENCE
    while True:
        with path.open(mode, encoding="utf-8") as file:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                _refuse(_holder(path), time.monotonic() > until)
            else:
                if _is_at(path, file):
                    yield file
                    return
        time.sleep(0.05)


def _refuse(holder: Holder | None, late: bool) -> None:
    """Raises Busy, unless the holder may let go soon: it was killed, or it has the lock for too short a time to be noted."""
    if late or (holder and holder.alive):
        raise Busy(holder or "a process that has not said who it is")


def _is_at(path: Path, file: IO[str]) -> bool:
    """Whether an open file is the one at `path`: a holder removes it when it lets go."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # nothing is noted yet
        return None
