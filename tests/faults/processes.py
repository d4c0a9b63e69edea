"""A `merlib` command as a process with all that it starts, which can be found and ended, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

import merlib

TAG = "MERLIB_FAULT_TAG"
INJECTED = Path(__file__).parent / "injected"
PATIENCE = 300  # seconds in which whatever must happen happens, also on a machine with other work


class Command:
    """`merlib LINE` in a project. `strike_at`: the number of the written file before which it waits to be ended."""

    def __init__(self, home: Path, *line: str, strike_at: int = 0, **environment: str):
        self.tag = uuid.uuid4().hex
        self.counts = home / f"counts-{self.tag}"
        self.counts.mkdir()
        here = Path(merlib.__file__).parents[1]
        more = {"MERLIB_HOME": str(home), TAG: self.tag, "PYTHONPATH": f"{INJECTED}{os.pathsep}{here}"}
        more |= {"MERLIB_FAULT_COUNT": str(self.counts), "MERLIB_FAULT_AT": str(strike_at)}
        self.output = self.counts / "output.txt"
        self.started = time.monotonic()
        with self.output.open("w") as output:
            self.process = psutil.Popen(
                [sys.executable, "-c", "from merlib.cli import app; app()", *line],
                env=os.environ | more | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def members(self) -> list[psutil.Process]:
        """All living processes that bear the tag: the command, kernels, workers and whatever else it started."""
        return [process for process in psutil.process_iter() if _tag_of(process) == self.tag]

    def find(self, what: str) -> list[psutil.Process]:
        """`parent`, `kernel`, `worker`, `all` or `nobody`."""
        marks = {"kernel": "ipykernel_launcher", "worker": "popen_loky", "nobody": "no such process"}
        if what == "parent":
            return [self.process]
        return [process for process in self.members() if what == "all" or marks[what] in _line_of(process)]

    def end(self, what: str, by: signal.Signals = signal.SIGKILL) -> None:
        """Sends the signal, and lets a process that waits at its n-th file go on."""
        for process in self.find(what):
            try:
                process.send_signal(by)
            except psutil.NoSuchProcess:
                continue
        (self.counts / "struck").unlink(missing_ok=True)

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit status."""
        return self.process.wait(timeout)

    def until(self, condition: Callable[[], object], timeout: float = PATIENCE) -> bool:
        """Waits until the condition holds; False when the command ends first, or too much time passes."""
        end = time.monotonic() + timeout
        while not condition():
            if not self.process.is_running() or self.process.poll() is not None or time.monotonic() > end:
                return bool(condition())
            time.sleep(0.05)
        return True

    def struck(self) -> bool:
        return (self.counts / "struck").exists()

    def renames(self) -> int:
        """How many files it has written so far."""
        return sum(path.name.isdigit() for path in self.counts.iterdir())

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def left(self, timeout: float = 30) -> list[str]:
        """The command lines of its processes that still live after that many seconds."""
        end = time.monotonic() + timeout
        while (alive := self.members()) and time.monotonic() < end:
            time.sleep(0.1)
        return [_line_of(process) for process in alive]


def _tag_of(process: psutil.Process) -> str:
    try:
        return "" if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(TAG, "")
    except (psutil.Error, OSError):
        return ""


def _line_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
