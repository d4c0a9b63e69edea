"""What a finished run says about itself: its code, data and machine, and the hash of every file."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from merlib import paths
from merlib.cache.files import sha256, whole


def write(folder: Path, **facts: Any) -> Path:
    """Writes `folder/manifest.json`: `facts`, the artifacts that the notebook recorded, and the environment.

    The last file of a run: without it the run did not finish.
    """
    recorded = folder / "artifacts.json"
    manifest = {
        **facts,
        "git": git_state(),
        "device": device(),
        "cores": os.cpu_count(),
        "versions": versions(),
        "artifacts": json.loads(recorded.read_text(encoding="utf-8")) if recorded.exists() else [],
        "sha256": {file.relative_to(folder).as_posix(): sha256(file) for file in _files(folder)},
    }
    path = folder / "manifest.json"
    with whole(path) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return path


def read(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run folder, or None when the run did not finish."""
    path = folder / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def now() -> str:
    """The time in UTC, to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def git_state() -> dict[str, Any] | None:
    """Commit and whether files differ from it; None outside a git checkout."""
    try:
        git = ["git", "-C", str(paths.home())]
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"commit": commit, "dirty": bool(changed.strip())}


def versions() -> dict[str, str]:
    """Installed versions of Python, merlib and everything that merlib requires to run."""
    required = [re.split(r"[^\w.-]", line)[0] for line in metadata.requires("merlib") or () if "extra ==" not in line]
    return {"python": sys.version.split()[0]} | {name: metadata.version(name) for name in ["merlib", *required]}


def data_sources(data_root: Path) -> dict[str, str]:
    """Folder of a database at `data_root` -> the text of its note SOURCE.txt, or "the user's copy" without one."""
    one = data_root.is_file() or (data_root / paths.SOURCE).exists()
    folders = [data_root] if one else sorted(data_root.glob("[!.]*/"))
    notes = {folder.name: folder / paths.SOURCE for folder in folders}
    return {
        name: " ".join(note.read_text(encoding="utf-8").split()) if note.is_file() else "the user's copy"
        for name, note in notes.items()
    }


@cache
def device() -> str:
    """The device that training chooses: the GPU's name, or "cpu". Another process is asked: torch stays out of ours."""
    ask = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu')"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "manifest.json")
