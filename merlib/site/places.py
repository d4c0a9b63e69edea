"""Cuts the folders of this machine out of what is published."""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from merlib import paths
from merlib.results.rendering import latex, markdown

TEXTS = (".csv", ".html", ".ipynb", ".md", ".tex")
# how a text stands in one of these files
FORMS = (
    str, html.escape, latex, markdown, lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
)  # fmt: skip


class PlaceNamed(ValueError):
    """Files that are to be published name a folder of this machine, where it cannot be cut out."""


def cut(text: str, parameters: Iterable[Mapping[str, Any]]) -> str:
    """A text, or that of a file of one of `TEXTS`, without the folders of this machine.

    In their place stand `PROJECT`, `~` for the user's folder, and for a parameter that is a path its name: `DATA_ROOT`.
    `parameters`: those of each notebook.
    """
    names = _names(parameters)
    return _pattern(names).sub(lambda place: names[place[0]], text)


def cut_files(site: Path, parameters: Sequence[Mapping[str, Any]]) -> None:
    """`cut` for all files in `site`. Raises PlaceNamed when one that is no text (a picture, a PDF) names such a folder."""
    pattern, faults = _pattern(_names(parameters)), []
    for file in sorted(file for file in site.rglob("*") if file.is_file()):
        text = file.read_bytes().decode("utf-8", errors="replace")
        found = pattern.search(text)
        if found and file.suffix in TEXTS:
            file.write_text(cut(text, parameters), encoding="utf-8", newline="")
        elif found:
            faults.append(f"- {file.relative_to(site)} names {found[0]}")
    if faults:
        raise PlaceNamed("\n".join(["the public copy would name folders of this machine:", *faults]))


def _names(parameters: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A folder of this machine, as one of `FORMS` -> what stands for it; the longest first."""
    found = {str(paths.home()): "PROJECT", str(Path.home()): "~"}
    for name, value in (pair for given in parameters for pair in given.items()):
        if isinstance(value, str) and (place := Path(value).expanduser()).is_absolute():
            found |= dict.fromkeys({value, str(place), str(place.resolve())} - found.keys(), name.upper())
    written = {form(place): name for place, name in found.items() for form in FORMS}
    return {place: written[place] for place in sorted(written, key=len, reverse=True) if len(place) > 1}


def _pattern(names: Mapping[str, str]) -> re.Pattern[str]:
    """Matches whole names of folders; also after a colour of a traceback, and after a line break as JSON writes it."""
    before = r"(?:(?<![\w.~-])|(?<=[\d;]m)|(?<=\\[nrt]))"
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, names))})(?![\\w-])")
