"""A run as one web page: a card a notebook with its tables and figures, without anything from the network."""

import json
import os
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, PackageLoader
from nbconvert import HTMLExporter
from PIL import Image

from merlib import manifest
from merlib.tables import LOOK_ALIKE
from merlib.watch import clock

TEMPLATES = Environment(loader=PackageLoader("merlib"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def build(run_folder: Path) -> Path:
    """Writes `index.html` into a run folder, and `notebook.html` beside each notebook; returns the index.

    A notebook's folder without a manifest is shown as one that did not finish. Links are relative: the folder can be
    moved and opened from disk. Raises FileNotFoundError when the folder holds no notebook's folder.
    """
    folders = sorted(
        {file.parent for name in ("notebook.ipynb", "manifest.json") for file in run_folder.glob(f"*/{name}")}
    )
    if not folders:
        raise FileNotFoundError(f"{run_folder} holds no notebook that was run")
    cards = [_card(folder) for folder in folders]
    look_alike = any("look-alike" in source for card in cards for source in card["sources"])
    warning = f"{LOOK_ALIKE[0].upper()}{LOOK_ALIKE[1:]}." if look_alike else ""
    page = TEMPLATES.get_template("gallery.html.j2").render(run=run_folder.name, cards=cards, warning=warning)
    return _write(run_folder / "index.html", page)


def _card(folder: Path) -> dict[str, Any]:
    """What the template shows of one notebook: `facts` is its manifest, empty where it did not finish."""
    facts = manifest.read(folder) or {}
    artifacts = [_artifact(folder, artifact) for artifact in facts.get("artifacts", [])]
    return {
        "name": folder.name,
        "facts": facts,
        "wall_time": clock(facts["wall_time_s"]) if facts else "",
        "parameters": json.dumps(facts.get("parameters", {}), indent=1, ensure_ascii=False),
        "artifacts": [artifact for artifact in artifacts if artifact["type"] != "predictions"],
        "predictions": next((artifact for artifact in artifacts if artifact["type"] == "predictions"), None),
        "sources": list(dict.fromkeys(source for artifact in artifacts for source in artifact["sources"])),
        **_notebook(folder),
    }


def _artifact(folder: Path, artifact: dict[str, Any]) -> dict[str, Any]:
    """An artifact with its files by their ending; the HTML of a table is what `Record` wrote, taken as it is."""
    files = {Path(file).suffix[1:]: f"{folder.name}/{file}" for file in artifact["files"] if (folder / file).is_file()}
    lost = [file for file in artifact["files"] if not (folder / file).is_file()]
    table = (folder.parent / files["html"]).read_text(encoding="utf-8") if "html" in files else ""
    # at half its 200 dpi a figure has the size that it has on paper
    width = Image.open(folder.parent / files["png"]).width // 2 if "png" in files else 0
    downloads = {ending: file for ending, file in files.items() if ending != "html"}
    return artifact | {
        "lost": lost,
        "table": table,
        "downloads": downloads,
        "picture": files.get("png", ""),
        "width": width,
    }


def _notebook(folder: Path) -> dict[str, str]:
    """The notebook's title, and its page if it left a notebook."""
    path = folder / "notebook.ipynb"
    if not path.is_file():
        return {"title": folder.name, "page": ""}
    notebook = nbformat.read(path, as_version=4)
    lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    title = next((line.lstrip("# ") for line in lines if line.startswith("# ")), folder.name)
    # nbconvert's own page would load these from the network
    exporter = HTMLExporter(mathjax_url="", require_js_url="", mermaid_js_url="", widget_renderer_url="")
    html, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    _write(folder / "notebook.html", html)
    return {"title": title, "page": f"{folder.name}/notebook.html"}


def _write(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
    return path
