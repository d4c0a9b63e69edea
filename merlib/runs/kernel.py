"""Executes one notebook in a kernel of its own, with papermill."""

import logging
import os
from pathlib import Path
from typing import IO, Any

from merlib.runs.folders import RunError

# A kernel's own watch misses a runner that is killed while the kernel starts. No name is left among the notebook's.
_WATCH = '__import__("merlib.workers", fromlist=["workers"]).end_with({})'


def execute(notebook: str, output: str, parameters: dict[str, Any], notes: Path, lock: IO[str]) -> None:
    """Executes `notebook` and writes it to `output`, after every cell; both paths are relative to the working directory.

    `notes` is a folder for the kernel's socket files, and for what it says beside the cells' output. The kernel holds
    the open file `lock` as long as it lives. Raises RunError when a cell fails or the kernel dies.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    logging.getLogger("papermill").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(
        logging.CRITICAL
    )  # an error of a cell that was interrupted, which nobody needs
    title, said = Path(notebook).stem, notes / "kernel.txt"
    try:
        papermill.execute_notebook(
            notebook,
            output,
            parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            kernel_manager_class=_manager(lock, said),
            # Socket files instead of TCP: no other user of the machine can talk to the kernel. One local port stays open:
            # ipykernel takes the printed text of forked processes there, and only with a key of 128 random bits.
            config=Config(
                KernelManager={"transport": "ipc", "ip": str(notes / "kernel")},
                NotebookClient={"extra_arguments": [f"--IPKernelApp.exec_lines={_WATCH.format(os.getpid())}"]},
            ),
        )
    except PapermillExecutionError as error:
        first_line = error.source.strip().splitlines()[0]
        raise RunError(
            f"{title} failed in cell In [{error.exec_count}] ({first_line!r}): {error.ename}: {error.evalue}"
        ) from error
    except RuntimeError as error:  # nbclient's DeadKernelError is one
        raise RunError(
            "\n".join([f"{title} stopped: {error}", *said.read_text(errors="replace").splitlines()[:20]])
        ) from error


def _manager(lock: IO[str], said: Path) -> type:
    """Starts kernels that inherit `lock`: whoever repeats a run that was killed waits for the end of its kernel."""
    from jupyter_client.manager import AsyncKernelManager

    class Manager(AsyncKernelManager):
        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            with said.open("w") as stderr:
                await super().start_kernel(pass_fds=[lock.fileno()], stderr=stderr, **options)

    return Manager
