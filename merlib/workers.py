"""Work for several processes at a time, none of which outlives the one that started them."""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from merlib import reproducible


class WorkerEnded(OSError):
    """A worker process was ended from outside."""


def parallel(jobs: Iterable[Any], n_jobs: int, in_order: bool = False) -> Iterator[Any]:
    """The results of joblib's delayed calls, made by `n_jobs` processes (-1: as many as there are cores).

    A result is passed on as soon as it is there, or `in_order` of the jobs. Raises what a job raises, and WorkerEnded
    when a worker was killed. When this process is killed, its workers end within seconds, whatever they do.
    """
    order = "generator" if in_order else "generator_unordered"
    # workers are used again only for the same arguments: a process has the mode in which it started
    start = {"initializer": _begin, "initargs": (os.getpid(), reproducible.mode())}
    try:
        yield from joblib.Parallel(n_jobs, return_as=order, **start)(jobs)
    except TerminatedWorkerError as error:
        raise WorkerEnded(
            "a worker process was ended from outside. A system that runs out of memory does so: close other programs, and repeat"
        ) from error


def end_with(owner: int) -> None:
    """Ends this process when the one that owns it, its parent, is gone. A killed owner cannot say so.

    To be called as a process starts, before any work. The owner may be gone already.
    """

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _begin(owner: int, mode: str) -> None:
    end_with(owner)
