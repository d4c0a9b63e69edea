"""What a finished run says about itself: its code, data and machine, and the hash of every file."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from merlib import paths, reproducible
from merlib.cache.files import sha256, whole

# what a manifest, an artifact in it and a source of that artifact hold: whoever reads a manifest may rely on these
FACTS = {
    "notebook": str, "run": str, "parameters": dict, "finished": str, "wall_time_s": int | float, "peak_memory_mb": int,
    "folds": dict, "git": dict | None, "device": str, "artifacts": list, "sha256": dict,
}  # fmt: skip
LATER = {"arithmetic": dict, "data": dict, "left_out": dict, "versions": dict}  # not in every manifest
ARTIFACT = {
    "name": str, "type": str, "kind": str, "title": str, "caption": str, "notes": list, "sources": list, "files": list,
    "faces": bool,
}  # fmt: skip
SOURCE = {"text": str, "look_alike": bool}


class ManifestError(ValueError):
    """A manifest that is broken; the message names the file and everything that is wrong in it."""


def write(folder: Path, **facts: Any) -> Path:
    """Writes `folder/manifest.json`: `facts`, the artifacts that the notebook recorded, and the environment.

    The last file of a run: without it the run did not finish.
    """
    recorded = folder / "artifacts.json"
    manifest = {
        **facts,
        "git": git_state(),
        "device": "cpu" if in_mode(facts) else device(),
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
    """The manifest of a run folder, or None when the run did not finish.

    Raises ManifestError where the file cannot be read, or lacks what `FACTS`, `ARTIFACT` and `SOURCE` list.
    """
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"{path} is broken: it cannot be read ({error})") from error
    if wrong := _faults(found):
        raise ManifestError(f"{path} is broken: {'; '.join(wrong)}")
    return found


def arithmetic(precisions: list[str]) -> dict[str, Any]:
    """What the last digits depend on: the mode, its variables, the CPU, and the `precisions` that folds were trained in."""
    return {
        "mode": reproducible.mode(),
        "variables": {name: os.environ[name] for name in reproducible.ENVIRONMENT if name in os.environ},
        "cpu": reproducible.cpu(),
        "instruction_sets": reproducible.instruction_sets(),
        "precisions": precisions,
    }


def in_mode(found: Mapping[str, Any]) -> bool:
    """Whether the run of a manifest was made in the reproducible mode."""
    return found.get("arithmetic", {}).get("mode") == "reproducible"


def on_own_clips(found: Mapping[str, Any]) -> bool:
    """Whether the run of a manifest read own clips alone, and no database of a paper."""
    return found["parameters"].get("databases") == ["own"]


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


def data_sources(data_root: Path, folders: Iterable[Path]) -> dict[str, str]:
    """Path below `data_root` of a database that was read -> the text of its note SOURCE.txt, or "the user's copy".

    A look-alike's text ends with the hash of its list of files. A database that is `data_root` itself has its own name.
    """
    found = {}
    for folder in sorted(set(folders)):
        inside = folder.is_relative_to(data_root) and folder != data_root
        note = folder / paths.SOURCE
        text = " ".join(note.read_text(encoding="utf-8").split()) if note.is_file() else "the user's copy"
        listed = folder / paths.SUMS
        text += f"; {paths.SUMS} {sha256(listed)[:16]}" if listed.is_file() else ""
        found[folder.relative_to(data_root).as_posix() if inside else folder.name] = text
    return found


@cache
def device() -> str:
    """The device that training chooses: the GPU's name, or "cpu". Another process is asked: torch stays out of ours."""
    ask = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu')"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def _faults(found: Any) -> list[str]:
    later = {name: kind for name, kind in LATER.items() if isinstance(found, dict) and name in found}
    wrong = _differences("the manifest", found, FACTS | later)
    if not wrong and "stored_s" not in found["folds"]:
        wrong = ["folds has no stored_s"]
    for number, artifact in enumerate([] if wrong else found["artifacts"], start=1):
        of_one = _differences(f"artifact {number}", artifact, ARTIFACT)
        for source in [] if of_one else artifact["sources"]:
            of_one += _differences(f"a source of artifact {number}", source, SOURCE)
        outside = [] if of_one else [file for file in artifact["files"] if not _inside(file)]
        wrong += of_one + [f"artifact {number} has the file {file!r}, outside the folder" for file in outside]
    return wrong


def _differences(what: str, found: Any, expected: Mapping[str, Any]) -> list[str]:
    """What a JSON object lacks of the names and types in `expected`."""
    if not isinstance(found, dict):
        return [f"{what} is {json.dumps(found)[:40]}, not an object"]
    missing = [name for name in expected if name not in found]
    wrong = [name for name in expected if name in found and not isinstance(found[name], expected[name])]
    lacking = [f"{what} has no {', '.join(missing)}"] if missing else []
    return lacking + [f"{what} has the {name} {json.dumps(found[name])[:40]}" for name in wrong]


def _inside(file: Any) -> bool:
    return isinstance(file, str) and not Path(file).is_absolute() and ".." not in Path(file).parts


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "manifest.json")
