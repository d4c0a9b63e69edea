"""Work for several processes at a time, none of which outlives the one that started them."""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import joblib

from merlib import reproducible


def parallel(jobs: Iterable[Any], n_jobs: int, in_order: bool = False) -> Iterator[Any]:
    """The results of joblib's delayed calls, made by `n_jobs` processes (-1: as many as there are cores).

    A result is passed on as soon as it is there, or `in_order` of the jobs. Raises what a job raises. When this process
    is killed, its workers end within seconds, whatever they do.
    """
    order = "generator" if in_order else "generator_unordered"
    # workers are used again only for the same arguments: a process has the mode in which it started
    start = {"initializer": _begin, "initargs": (os.getpid(), reproducible.mode())}
    return joblib.Parallel(n_jobs, return_as=order, **start)(jobs)


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
