"""The list of a look-alike's files with the SHA-256 of each, as `sha256sum -c` reads it."""

from pathlib import Path

from merlib.cache.files import sha256
from merlib.paths import SUMS


def write(folder: Path) -> None:
    """Lists all files of a look-alike; to be called when all are written."""
    lines = [f"{sha256(file)}  {name}" for name, file in _files(folder).items()]
    text = "\n".join([*lines, _end(len(lines)), ""])
    (folder / SUMS).write_text(text, encoding="utf-8", newline="\n")


def damage(folder: Path) -> str:
    """What is wrong with a look-alike's files, as the end of a sentence; empty if they are as they were written."""
    lines = _lines(folder)
    listed = dict(_listed(folder))
    if lines[-1:] != [_end(len(lines) - 1)] or len(listed) != len(lines) - 1:
        return f"has no whole list of its files ({SUMS})"
    wrong = [name for name, value in listed.items() if _sha256(folder / name) != value]
    shown = ", ".join(wrong[:3]) + (", ..." if len(wrong) > 3 else "")
    return f"is damaged: {len(wrong)} of {len(listed)} files are missing or changed ({shown})" if wrong else ""


def foreign(folder: Path, drawn: Path) -> list[str]:
    """The files in a look-alike's folder that neither its list nor the look-alike in `drawn` has; hidden ones are none."""
    return sorted(_files(folder).keys() - _listed(folder).keys() - _files(drawn).keys())


def _end(count: int) -> str:
    return f"# {count} files"


def _lines(folder: Path) -> list[str]:
    path = folder / SUMS
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _listed(folder: Path) -> dict[str, str]:
    """Name -> SHA-256, of the lines that can be read."""
    pairs = [line.split("  ", 1) for line in _lines(folder) if not line.startswith("#")]
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}


def _sha256(file: Path) -> str:
    try:
        return sha256(file)
    except OSError:
        return ""


def _files(folder: Path) -> dict[str, Path]:
    """Name below `folder` -> file, in the order of the names, without the list and what is hidden."""
    found = {file.relative_to(folder): file for file in sorted(folder.rglob("*")) if file.is_file()}
    hidden = {name for name in found if any(part.startswith(".") for part in name.parts)}
    return {name.as_posix(): file for name, file in found.items() if name not in hidden and name != Path(SUMS)}
