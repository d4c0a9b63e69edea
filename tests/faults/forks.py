"""Work in a copy of this process, in which nothing needs to be imported, so that it can be killed in a second."""

import itertools
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable

import cv2
import torch


def forked(work: Callable[[], object]) -> tuple[int, str]:
    """The exit status of the work, or the signal that ended it as a negative number, and what it said."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if not child:
            _work(work, output.fileno())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return status, output.read()


def _work(work: Callable[[], object], output: int) -> None:
    """Ends this process with the exit status of the work."""
    status = 1
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
        torch.set_num_threads(1)  # the threads of the parent are not in the copy
        cv2.setNumThreads(1)
        work()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def killed_at(number: int, written: bool, work: Callable[[], object]) -> bool:
    """Whether the work was killed at its n-th rename, after the new file is `written` or just before.

    Every file of the project appears by a rename. Without an n-th one, the work ends well.
    """

    def doomed():
        _kill_at(number, written)
        work()

    status, said = forked(doomed)
    assert status in (0, -signal.SIGKILL), said
    return status != 0


def renames(work: Callable[[], object]) -> int:
    """How many files the work writes."""
    count, rename = itertools.count(), os.replace

    def replace(source, target):
        next(count)
        rename(source, target)

    os.replace = replace
    try:
        work()
    finally:
        os.replace = rename
    return next(count)


def _kill_at(number: int, written: bool) -> None:
    count, rename = itertools.count(1), os.replace

    def replace(source, target):
        now = next(count) == number
        if now and not written:
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target)
        if now:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = replace
