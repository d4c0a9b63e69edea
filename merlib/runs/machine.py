"""Checks what the project needs of a machine, before anything long starts.

Standard library only, and no newer syntax than Python 3.8's: `make` runs this file before anything is installed.
"""

import ctypes
import importlib.util
import os
import shutil
import sys
from pathlib import Path

PYTHON = (3, 11)
INSTALL_GB = 8.0  # the virtual environment, most of it torch with its GPU libraries
RUN_GB = 1.0  # look-alike databases, cached frames and folds, run folders


def faults(folder: Path, needed_gb: float) -> list:
    """What would stop an installation or a run in `folder`, a sentence with its remedy each."""
    found = [python_fault(sys.version_info[:2]), venv_fault(), folder_fault(folder), disk_fault(folder, needed_gb)]
    if sys.platform == "linux":
        found.append(library_fault(("libGL.so.1", "libgthread-2.0.so.0")))
    return [fault for fault in found if fault]


def python_fault(version: tuple) -> str:
    if version >= PYTHON:
        return ""
    return "Python {}.{} is too old: install Python {}.{} or newer and name it, as in `make demo PYTHON=python3.11`.".format(
        *version, *PYTHON
    )


def venv_fault() -> str:
    if importlib.util.find_spec("ensurepip"):
        return ""
    return "This Python cannot make virtual environments: `apt-get install python3-venv`."


def folder_fault(folder: Path) -> str:
    if os.access(folder, os.W_OK | os.X_OK):
        return ""
    return f"No permission to write in {folder}: copy the project to a folder of your own."


def disk_fault(folder: Path, needed_gb: float) -> str:
    free = shutil.disk_usage(folder).free / 1e9
    if free >= needed_gb:
        return ""
    return f"Only {free:.1f} GB of disk are free in {folder} and {needed_gb:.0f} GB are needed: free some space."


def library_fault(libraries: tuple) -> str:
    missing = []
    for library in libraries:
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(library)
    if not missing:
        return ""
    return "OpenCV needs {}: `apt-get install libgl1 libglib2.0-0`.".format(" and ".join(missing))


def report(found: list) -> str:
    """All faults as one text for a person."""
    return "\n".join(["This machine is not ready yet:", *(f"- {fault}" for fault in found)])


if __name__ == "__main__":
    project = Path(__file__).resolve().parents[2]
    found = faults(project, RUN_GB if (project / ".venv" / "installed").exists() else INSTALL_GB)
    sys.exit(report(found) if found else 0)
