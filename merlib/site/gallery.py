"""A run as static pages: an index with the results and a card per notebook, a page of its tables and figures, the notebook.

Nothing is loaded from the network and no script runs. The pages open from disk. Links are relative, so the folder can be
moved. What a page says of a notebook is its manifest; nothing is inferred.
"""

import html
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, PackageLoader
from PIL import Image

from merlib import paths, published
from merlib.cache.files import whole
from merlib.results.pages import DAGGER
from merlib.results.rendering import BELOW_NOTE, LOOK_ALIKE
from merlib.runs import folders, manifest
from merlib.runs.status_line import clock
from merlib.site import notebook_page, outcomes, places
from merlib.site.places import PlaceNamed

__all__ = ["PlaceNamed", "build"]

TEMPLATES = Environment(loader=PackageLoader("merlib.site"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
PUBLIC = "public"
LEFT_OUT = "This copy shows nobody."
KINDS = {
    "measured": "from the stored predictions of what was trained in this run",
    "computed": "from clips, equations or models, without a test result",
    "counted": "clips and people in the annotations",
    "drawn": "a diagram",
    "quoted": "printed in the papers",
}
ENDINGS = {"png": "PNG", "pdf": "PDF", "csv": "CSV", "tex": "LaTeX", "md": "Markdown"}
# what a page says once, at its top, instead of under every table
SAID_ONCE = (DAGGER, BELOW_NOTE.format("Grey italics"), LOOK_ALIKE)


def build(run_folder: Path, faces: bool = True) -> Path:
    """Writes `index.html` into a run folder, `index.html` and `notebook.html` into each notebook's; returns the first.

    Without `faces` the pages are written to `public/` in the run folder, together with copies of all files that they
    link to: nothing in there shows a person or names a folder of this machine, and it can be published as it is. A
    notebook's folder without a manifest is shown as one that did not finish. Raises FileNotFoundError when the run holds
    no notebook's folder, PlaceNamed when a picture names a folder of this machine.
    """
    notebooks = folders.of_run(run_folder)
    if not notebooks:
        raise FileNotFoundError(f"{run_folder} holds no notebook that was run")
    if faces:
        return _write_site(notebooks, run_folder, faces)
    public = run_folder / PUBLIC
    with whole(public) as temporary:
        _write_site(notebooks, temporary, faces)
        places.cut_files(temporary, [_parameters(folder) for folder in notebooks])
    return public / "index.html"


def _parameters(folder: Path) -> dict[str, Any]:
    """The parameters of a run; of one that did not finish, as papermill noted them, if they can be read."""
    if found := manifest.read(folder):
        return found["parameters"]
    try:
        notebook = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
        return dict(notebook["metadata"]["papermill"]["parameters"])
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _write_site(notebooks: Sequence[Path], site: Path, faces: bool) -> Path:
    run = notebooks[0].parent
    cards = [_card(folder, site / folder.name, faces) for folder in notebooks]
    for card in cards:
        _write(site / card["name"] / "index.html", "artifacts", run=run.name, faces=faces, card=card)
    found = outcomes.of_run(run)
    return _write(
        site / "index.html",
        "index",
        run=run.name,
        faces=faces,
        cards=cards,
        kinds=KINDS,
        results=_once(outcomes.table(found)._repr_html_(), "Results") if found else "",
        came_out=outcomes.what_came_out(found) if found else "",
        look_alike=any(card["look_alike"] for card in cards),
    )


def _card(folder: Path, target: Path, faces: bool) -> dict[str, Any]:
    """What the templates show of one notebook; its page, and copies where `target` is not its folder, are written.

    `facts` is the manifest, empty where the notebook did not finish.
    """
    facts = manifest.read(folder) or {}
    recorded = [_artifact(folder, facts, entry, faces) for entry in facts.get("artifacts", [])]
    shown = [entry for entry in recorded if entry["type"] != "predictions"]
    own = bool(facts) and manifest.on_own_clips(facts)
    artifacts = _results_first(shown) if own else _listed(paths.paper_of(folder.name), shown)
    sources = {source["text"]: source["look_alike"] for entry in recorded for source in entry["sources"]}
    card = {
        "name": folder.name,
        "facts": facts,
        "finished": facts.get("finished", "")[:16].replace("T", " "),
        "time": _time(facts) if facts else "",
        "parameters": json.dumps(facts.get("parameters", {}), indent=1, ensure_ascii=False),
        "artifacts": artifacts,
        "made": sum(entry["state"] != "not made" for entry in artifacts),
        "predictions": next((file for entry in recorded for file in entry["there"] if "predictions" in file), ""),
        "sources": sources,
        "look_alike": any(sources.values()),
        "has_rule": any(DAGGER in entry.get("notes", []) for entry in artifacts),
        "figure": min(
            (entry for entry in artifacts if entry["picture"]),
            key=lambda entry: "drawn" not in entry["kind"],
            default=None,
        ),
    }
    if target != folder:
        for file in [file for entry in recorded for file in entry["there"]]:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, target / file)
    return card | _notebook(folder, target, recorded, faces)


def _time(facts: dict[str, Any]) -> str:
    """The time of the run, and that of the training that it read instead of repeating it."""
    stored = facts["folds"]["stored_s"]
    return clock(facts["wall_time_s"]) + (f" (training {clock(stored)}, stored before)" if stored else "")


def _artifact(folder: Path, facts: dict[str, Any], entry: dict[str, Any], faces: bool) -> dict[str, Any]:
    """A recorded artifact with its files; the HTML of a table is what `Record` wrote, without what a page says once."""
    people = outcomes.shows_people(entry)
    private = not faces and (people or entry["type"] == "predictions")
    files = {Path(file).suffix[1:]: file for file in entry["files"] if not private}
    lost = {ending: damage for ending, file in files.items() if (damage := outcomes.damage(folder, facts, file))}
    there = {ending: file for ending, file in files.items() if ending not in lost}
    # at half its 200 dpi a figure has the size that it has on paper
    size = [side // 2 for side in Image.open(folder / there["png"]).size] if "png" in there else []
    return entry | {
        "id": f"{entry['type']}-{entry['name']}",
        "people": people,
        "label": entry["title"].partition(": ")[0],
        "state": "left out" if private else "lost" if lost else "",
        "there": list(there.values()),
        "lost": list(lost.values()),
        "html": _once((folder / there["html"]).read_text(encoding="utf-8"), entry["title"]) if "html" in there else "",
        "downloads": {name: there[ending] for ending, name in ENDINGS.items() if ending in there},
        "picture": there.get("png", ""),
        "size": size,
        "alt": ". ".join(filter(None, [entry["title"], entry["caption"]])),
    }


def _once(table: str, name: str) -> str:
    """The HTML of a table, named, without the notes that the page says at its top."""
    table, _, notes = table.replace('aria-label="Table"', f'aria-label="{html.escape(name)}"').rpartition("<p><small>")
    kept = [note for note in notes.removesuffix("</small></p>").split("<br>") if html.unescape(note) not in SAID_ONCE]
    return f"{table}<p><small>{'<br>'.join(kept)}</small></p>" if any(kept) else table


def _listed(paper: str, recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The paper's artifacts in its order, also those that were not made, then the notebook's own."""
    listed = []
    for row in published.artifacts(paper).itertuples():
        missing = {"label": row.label, "kind": row.kind, "state": "not made", "picture": "", "html": ""}
        listed += [entry for entry in recorded if entry["name"] == row.artifact] or [missing]
    return listed + [entry for entry in recorded if entry not in listed]


def _results_first(recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was made of own clips, measured first. What is missing of a paper's artifacts was not to be made."""
    return sorted(recorded, key=lambda entry: "measured" not in entry["kind"])


def _notebook(folder: Path, target: Path, recorded: Sequence[dict[str, Any]], faces: bool) -> dict[str, Any]:
    """The notebook's title, and whether it left a notebook, whose page is written."""
    try:
        # folders are cut out before the code is coloured, which takes their names apart
        text = (folder / "notebook.ipynb").read_text(encoding="utf-8")
        notebook = nbformat.reads(text if faces else places.cut(text, [_parameters(folder)]), as_version=4)
        nbformat.validate(notebook)
    except Exception:  # missing, half written, or no notebook: nbformat lets errors of many kinds through
        return {"title": folder.name, "page": False}
    if not faces:
        free = {entry["name"] for entry in recorded if entry["type"] == "figure" and not entry["people"]}
        notebook_page.without_faces(notebook, free)
        target.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target / "notebook.ipynb")
    notebook_page.describe(notebook, {entry["name"]: entry["alt"] for entry in recorded if entry["picture"]})
    title = notebook_page.title(notebook, otherwise=folder.name)
    cells, sections = notebook_page.body(notebook)
    page = {"title": title, "run": folder.parent.name, "faces": faces, "cells": cells, "sections": sections}
    _write(target / "notebook.html", "notebook", **page)
    return {"title": title, "page": True}


def _write(path: Path, template: str, **shown: Any) -> Path:
    page = TEMPLATES.get_template(f"{template}.html.j2").render(left_out=LEFT_OUT, **shown)
    with whole(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path
