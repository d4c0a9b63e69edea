"""Follows a running notebook from outside: shows its progress and measures its memory."""

import shutil
import sys
import threading
import time
from pathlib import Path

import psutil


class Watch:
    """A context: while it is open, a thread reads what `merlib.progress` writes to `progress` and samples memory.

    In a terminal one status line is kept up to date. Elsewhere the last new line of each interval is printed.
    `peak_memory` (bytes) is the largest sum of the memory of all our child processes: the kernel and its workers.
    Shared pages count once; if the system does not tell which are shared, once per process.
    """

    interval = 0.5  # seconds between two looks
    share = 0.02  # of the time, at most, for measuring memory: counting the pages of large processes takes long

    def __init__(self, title: str, progress: Path):
        self.title = title
        self.peak_memory = 0
        self._progress = progress
        self._read = 0
        self._measure_after = 0.0
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Watch":
        self._progress.unlink(missing_ok=True)
        self._progress.parent.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        self._show(self._new_lines())
        self._progress.unlink(missing_ok=True)
        if sys.stdout.isatty():
            print("\r\x1b[K", end="")

    @property
    def seconds(self) -> float:
        """Wall time since the watch was made."""
        return time.monotonic() - self._started

    def _follow(self) -> None:
        last = ""
        while not self._stop.wait(self.interval):
            self._measure()
            lines = self._new_lines()
            last = lines[-1] if lines else last
            if sys.stdout.isatty():
                line = f"{self.title}  {clock(self.seconds)}  {last}"
                print(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}", end="", flush=True)
            else:
                self._show(lines)

    def _measure(self) -> None:
        """Samples the memory, unless the last sample is too recent for its cost."""
        if time.monotonic() < self._measure_after:
            return
        before = time.thread_time()  # of this thread alone: on a busy machine most of the wall time goes to others
        self.peak_memory = max(self.peak_memory, _memory_of_children())
        self._measure_after = time.monotonic() + (time.thread_time() - before) / self.share

    def _show(self, lines: list[str]) -> None:
        if lines and not sys.stdout.isatty():
            print(f"{self.title}  {clock(self.seconds)}  {lines[-1]}", flush=True)

    def _new_lines(self) -> list[str]:
        """Whole lines only: the last one may still be being written."""
        if not self._progress.exists():
            return []
        with self._progress.open(encoding="utf-8") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind("\n") + 1]
        self._read += len(whole.encode())
        return whole.splitlines()


def clock(seconds: float) -> str:
    """ "2:05", "1:02:05"."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _memory_of_children() -> int:
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except psutil.Error:  # it ended between the two calls
            continue
    return total
