"""Checks what the project needs of a machine, before anything long starts.

Standard library only, and no newer syntax than Python 3.8's: `make` runs this file before anything is installed.

    python3 machine.py                       what is missing
    python3 machine.py --install             first installs missing Debian packages, as root
    python3 machine.py --install --browser   and a browser, which the tests of the gallery open its pages in
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON = (3, 11)
LIBRARIES = {"libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0"}  # OpenCV's on Linux -> Debian's packages
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL_GB = 8.0  # the virtual environment, most of it torch with its GPU libraries
RUN_GB = 1.0  # look-alike databases, cached frames and folds, run folders


def faults(folder: Path, needed_gb: float) -> list:
    """What would stop an installation or a run in `folder`: one sentence per fault, with its remedy."""
    found = [python_fault(sys.version_info[:2]), venv_fault(), folder_fault(folder), disk_fault(folder, needed_gb)]
    found.append(library_fault(missing(LIBRARIES)))
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


def place_faults(folder: Path, needed_gb: float) -> list:
    """What would stop writing in `folder`, which need not be there: one sentence per fault."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        return [f"{there} is a file, and a folder is needed there: move it away."]
    return [fault for fault in (folder_fault(there), disk_fault(there, needed_gb)) if fault]


def library_fault(lacking: dict) -> str:
    if not lacking:
        return ""
    return "OpenCV needs {}: `apt-get install {}`.".format(" and ".join(lacking), " ".join(lacking.values()))


def missing(libraries: dict) -> dict:
    """Those of `libraries` (file -> Debian package) that cannot be loaded; none elsewhere than on Linux."""
    return {file: package for file, package in libraries.items() if sys.platform == "linux" and not loads(file)}


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def browser() -> str:
    """The path of an installed Chromium or Chrome, "" without one."""
    return next(filter(None, map(shutil.which, BROWSERS)), "")


def install(packages: list) -> None:
    """Installs Debian packages, as root where there is apt-get; elsewhere, and where that fails, `faults` says so."""
    if packages and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"])
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])


def report(found: list) -> str:
    """All faults as one text for a person."""
    return "\n".join(["This machine is not ready yet:", *(f"- {fault}" for fault in found)])


if __name__ == "__main__":
    if "--install" in sys.argv:
        wanted = ["chromium"] if "--browser" in sys.argv and not browser() else []
        install([*missing(LIBRARIES).values(), *wanted])
    project = Path(__file__).resolve().parents[2]
    found = faults(project, RUN_GB if (project / ".venv" / "installed").exists() else INSTALL_GB)
    sys.exit(report(found) if found else 0)
