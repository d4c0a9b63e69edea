"""A run as static pages: an index with a card a notebook, a page of its tables and figures, the executed notebook.

Nothing is loaded from the network and no script runs: the pages open from disk, and links are relative, so that the
folder can be moved. What a page says of a notebook is its manifest; nothing is inferred.
"""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from jinja2 import Environment, PackageLoader
from PIL import Image

from merlib import published
from merlib.results.rendering import Table
from merlib.results.tables import LOOK_ALIKE
from merlib.runs import manifest
from merlib.runs.status_line import clock
from merlib.site import notebook_page

TEMPLATES = Environment(loader=PackageLoader("merlib.site"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
PUBLIC = "public"
LEFT_OUT = (
    "This copy shows nobody: left out are figures that show a person's face or what was drawn from it, pictures in "
    "notebooks that have no mark, and the predictions, which list a database's clips with their labels."
)
KINDS = {
    "measured": "from the stored predictions of what was trained in this run",
    "computed": "from clips, equations or models, without a test result",
    "counted": "clips and people in the annotations",
    "drawn": "a diagram",
    "quoted": "printed in the papers",
}
FIRST_FIGURES, FIRST_TABLES = ("drawn",), ("measured + quoted", "measured")
ENDINGS = {"png": "PNG", "pdf": "PDF", "csv": "CSV", "tex": "LaTeX", "md": "Markdown"}


def build(run_folder: Path, faces: bool = True) -> Path:
    """Writes `index.html` into a run folder, `index.html` and `notebook.html` into each notebook's; returns the first.

    Without `faces` the pages are written to `public/` in the run folder, together with copies of all files that they
    link to: nothing in there shows a person, and the folder can be published as it is. A notebook's folder without a
    manifest is shown as one that did not finish. Raises FileNotFoundError when the run holds no notebook's folder.
    """
    names = ("notebook.ipynb", "manifest.json")
    folders = sorted({file.parent for name in names for file in run_folder.glob(f"*/{name}")})
    if not folders:
        raise FileNotFoundError(f"{run_folder} holds no notebook that was run")
    if faces:
        return _write_site(folders, run_folder, faces)
    half, public = run_folder / f".{PUBLIC}.partial", run_folder / PUBLIC
    for old in (half, public):
        shutil.rmtree(old, ignore_errors=True)
    _write_site(folders, half, faces)
    os.replace(half, public)
    return public / "index.html"


def _write_site(folders: Sequence[Path], site: Path, faces: bool) -> Path:
    run = folders[0].parent.name
    cards = [_card(folder, site / folder.name, faces) for folder in folders]
    for card in cards:
        _write(site / card["name"] / "index.html", "artifacts", run=run, faces=faces, card=card)
    names = {card["name"].split("_", 1)[-1] for card in cards}
    return _write(
        site / "index.html",
        "index",
        run=run,
        faces=faces,
        cards=cards,
        kinds=KINDS,
        warning=next((card["warning"] for card in cards if card["warning"]), ""),
        absent=[paper for paper in published.artifacts()["paper"].unique() if paper not in names],
    )


def _card(folder: Path, target: Path, faces: bool) -> dict[str, Any]:
    """What the templates show of one notebook; its page, and copies where `target` is not its folder, are written.

    `facts` is the manifest, empty where the notebook did not finish.
    """
    facts = manifest.read(folder) or {}
    recorded = [_artifact(folder, entry, faces) for entry in facts.get("artifacts", [])]
    artifacts = _listed(folder.name.split("_", 1)[-1], [entry for entry in recorded if entry["type"] != "predictions"])
    sources = list(dict.fromkeys(source for entry in recorded for source in entry["sources"]))
    look_alike = any("look-alike" in source for source in sources)
    card = {
        "name": folder.name,
        "facts": facts,
        "finished": facts.get("finished", "")[:16].replace("T", " "),
        "wall_time": clock(facts["wall_time_s"]) if facts else "",
        "parameters": json.dumps(facts.get("parameters", {}), indent=1, ensure_ascii=False),
        "artifacts": artifacts,
        "made": sum(entry["state"] != "not made" for entry in artifacts),
        "predictions": next((file for entry in recorded for file in entry["there"] if "predictions" in file), ""),
        "sources": sources,
        "warning": f"{LOOK_ALIKE[0].upper()}{LOOK_ALIKE[1:]}." if look_alike else "",
        "figure": _main([entry for entry in artifacts if entry["picture"]], FIRST_FIGURES),
        "table": _main([entry for entry in artifacts if entry["html"]], FIRST_TABLES),
    }
    if target != folder:
        for file in [file for entry in recorded for file in entry["there"]]:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, target / file)
    return card | _extract(folder, card["table"]) | _notebook(folder, target, recorded, faces)


def _artifact(folder: Path, entry: dict[str, Any], faces: bool) -> dict[str, Any]:
    """A recorded artifact with its files; the HTML of a table is what `Record` wrote, taken as it is."""
    private = not faces and (entry["faces"] or entry["type"] == "predictions")
    files = {Path(file).suffix[1:]: file for file in entry["files"] if not private}
    there = {ending: file for ending, file in files.items() if (folder / file).is_file()}
    # at half its 200 dpi a figure has the size that it has on paper
    size = [side // 2 for side in Image.open(folder / there["png"]).size] if "png" in there else []
    alt = ". ".join(filter(None, [entry["title"], entry["caption"]]))
    return entry | {
        "id": f"{entry['type']}-{entry['name']}",
        "label": entry["title"].partition(": ")[0],
        "state": "left out" if private else "lost" if len(there) < len(files) else "",
        "there": list(there.values()),
        "lost": [file for ending, file in files.items() if ending not in there],
        "html": (folder / there["html"]).read_text(encoding="utf-8") if "html" in there else "",
        "downloads": {name: there[ending] for ending, name in ENDINGS.items() if ending in there},
        "picture": there.get("png", ""),
        "size": size,
        "alt": alt,
        # a title of the paper's says what is shown, the name of one of our own does not
        "short": entry["title"] if ": " in entry["title"] else alt,
    }


def _listed(paper: str, recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The paper's artifacts in its order, also those that were not made, then the notebook's own."""
    listed = []
    for row in published.artifacts(paper).itertuples():
        missing = {"label": row.label, "kind": row.kind, "state": "not made", "picture": "", "html": ""}
        listed += [entry for entry in recorded if entry["name"] == row.artifact] or [missing]
    return listed + [entry for entry in recorded if entry not in listed]


def _main(there: list[dict[str, Any]], kinds: Sequence[str]) -> dict[str, Any] | None:
    """The first one of the first of these kinds that is there; the first one of another kind where none is."""
    return min(there, key=lambda entry: kinds.index(entry["kind"]) if entry["kind"] in kinds else 9, default=None)


def _extract(folder: Path, table: dict[str, Any] | None) -> dict[str, Any]:
    """What a card shows of its table: the rows with results of ours, where it has such; else all of it."""
    if table is None:
        return {"table_html": "", "is_extract": False}
    cells = pd.read_csv(folder / f"tables/{table['name']}.csv", dtype=str, keep_default_na=False)
    ours = cells[(cells.filter(regex="^ours") != "").any(axis=1)]
    if ours.empty or len(ours) == len(cells):
        return {"table_html": table["html"], "is_extract": False}
    ours = ours.drop(columns=["data used: class counts"]).loc[:, lambda rows: (rows != "").any()]
    headings = [("", *name.split(": "))[-2:] for name in ours.columns]
    html = Table(ours.set_axis(pd.MultiIndex.from_tuples(headings), axis="columns"))._repr_html_()
    return {"table_html": html, "is_extract": True}


def _notebook(folder: Path, target: Path, recorded: Sequence[dict[str, Any]], faces: bool) -> dict[str, Any]:
    """The notebook's title, and whether it left a notebook, whose page is written."""
    path = folder / "notebook.ipynb"
    if not path.is_file():
        return {"title": folder.name, "page": False}
    notebook = nbformat.read(path, as_version=4)
    if not faces:
        free = {entry["name"] for entry in recorded if entry["type"] == "figure" and not entry["faces"]}
        notebook_page.without_faces(notebook, free)
        target.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target / path.name)
    notebook_page.describe(notebook, {entry["name"]: entry["alt"] for entry in recorded if entry["picture"]})
    title = notebook_page.title(notebook, otherwise=folder.name)
    cells, sections = notebook_page.body(notebook)
    page = {"title": title, "run": folder.parent.name, "faces": faces, "cells": cells, "sections": sections}
    _write(target / "notebook.html", "notebook", **page)
    return {"title": title, "page": True}


def _write(path: Path, template: str, **shown: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    page = TEMPLATES.get_template(f"{template}.html.j2").render(left_out=LEFT_OUT, **shown)
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, path)
    return path
