"""The reference runs, kept in git: executed notebooks, manifests, tables, and figures of what was measured or is shown.

`make reference` copies them from the runs that `SOURCES` names and writes the generated parts of the README files anew. A
notebook that such a run lacks stays as it was kept before. Of the executed notebooks those that show nobody are kept, made
smaller (`executed`). Predictions are too large. Figures that may show people are never kept. The names and hashes of all
that is not kept stay in the manifest, under `left_out`.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from merlib import paths
from merlib.cache.files import whole
from merlib.runs import folders, manifest
from merlib.site import executed, outcomes, readme

# what is kept in git <- the run that it is copied from, both in papermill_runs/
SOURCES = {readme.LOOK_ALIKE: "for_reference", readme.FLOW_MAPS: "flow_maps"}
NOTEBOOK = "notebook.ipynb"
PAGE = Path(__file__).parent / "templates" / "reference.md"  # the README of the run on look-alike data, not yet filled


class ReferenceError(Exception):
    """A run that cannot be a reference; the message lists everything that is in the way."""


def keep(run_folder: Path, target: Path) -> Path:
    """Copies what is kept of a run's notebooks into `target`, in place of what was there of them, and returns it.

    Raises ReferenceError when the folder holds no finished notebook or an unfinished one, a file is missing or is not
    the one that the run wrote, or something names a folder of this machine. Then `target` stays as it was.
    """
    notebooks = folders.of_run(run_folder)
    faults = [fault for folder in notebooks for fault in _faults(folder)]
    if not notebooks:
        faults = [f"{run_folder} holds no notebook that was run"]
    if faults:
        raise ReferenceError("\n".join([f"{run_folder.name} cannot be kept:", *(f"- {fault}" for fault in faults)]))
    for folder in notebooks:
        with whole(target / folder.name) as temporary:
            _copy(folder, temporary)
    return target


def _copy(folder: Path, target: Path) -> None:
    found = manifest.read(folder) or {}
    paper = paths.paper_of(folder)
    kept = {file for artifact in found["artifacts"] for file in _kept(paper, artifact)}
    for file in sorted(kept):
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, target / file)
    found["artifacts"] = [artifact | {"files": _kept(paper, artifact)} for artifact in found["artifacts"]]
    hashes = found.pop("sha256")
    found["sha256"] = {file: value for file, value in hashes.items() if file in kept}
    found["left_out"] = {file: value for file, value in hashes.items() if file not in kept}
    target.mkdir(parents=True, exist_ok=True)
    if _shows_nobody(found):
        (target / NOTEBOOK).write_bytes(executed.compact(folder / NOTEBOOK))
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    (target / "manifest.json").write_text(text, encoding="utf-8")


def _kept(paper: str, artifact: dict[str, Any]) -> list[str]:
    """The files of an artifact that are kept: a table's CSV and Markdown, a figure's PNG if it was measured or is shown."""
    wanted = "measured" in artifact["kind"] or (paper, artifact["name"]) in readme.PICTURES
    shown = artifact["type"] == "figure" and wanted and not outcomes.shows_people(artifact)
    endings = (".csv", ".md") if artifact["type"] == "table" else (".png",) if shown else ()
    return [file for file in artifact["files"] if file.endswith(endings)]


def _faults(folder: Path) -> list[str]:
    found = manifest.read(folder)
    if found is None:
        return [f"{folder.name} did not finish"]
    given = found["parameters"].items()
    faults = [f"{name} = {value}: a folder of this machine" for name, value in given if _absolute(value)]
    for file in (file for artifact in found["artifacts"] for file in _kept(paths.paper_of(folder), artifact)):
        if damage := outcomes.damage(folder, found, file):
            faults.append(damage)
        elif str(paths.home()).encode() in (folder / file).read_bytes():
            faults.append(f"{file} names {paths.home()}")
    faults += _notebook_faults(folder) if _shows_nobody(found) else []
    return [f"{folder.name}: {fault}" for fault in faults]


def _shows_nobody(found: dict[str, Any]) -> bool:
    return not any(outcomes.shows_people(artifact) for artifact in found["artifacts"])


def _notebook_faults(folder: Path) -> list[str]:
    try:
        content = executed.compact(folder / NOTEBOOK)
    except (ValueError, OSError) as error:
        return [str(error)]
    return [f"{NOTEBOOK} names {paths.home()}"] if str(paths.home()).encode() in content else []


def _absolute(value: Any) -> bool:
    return isinstance(value, str) and Path(value).expanduser().is_absolute()


def main() -> None:
    """Keeps the runs that are there and makes the README's generated parts, or says what is in the way."""
    try:
        there = {target: source for target, source in SOURCES.items() if folders.of_run(paths.runs() / source)}
        if not there:
            raise ReferenceError(f"no run to be kept: there is none of {', '.join(SOURCES.values())}")
        for target, source in there.items():
            print(f"kept in {keep(paths.runs() / source, paths.runs() / target)}")
    except ReferenceError as error:
        sys.exit(f"{error}\npapermill_runs/README.md says how to make the runs.")
    readme_page, reference_page = paths.home() / "README.md", paths.runs() / readme.LOOK_ALIKE / "README.md"
    for page, text in ((readme_page, readme_page), (reference_page, PAGE)):
        page.write_text(readme.filled(text.read_text(encoding="utf-8"), paths.runs()), encoding="utf-8")
        print(f"written: {page}")


if __name__ == "__main__":
    main()
