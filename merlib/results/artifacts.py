"""What a notebook leaves behind: its tables, figures and predictions as files, listed in `artifacts.json`."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from merlib import paths, published
from merlib.cache.files import whole
from merlib.data.clips import Clips
from merlib.data.source import Source
from merlib.results.rendering import Table
from merlib.results.style import STYLE

OWN = "own"  # the database of a user's own clips
KINDS = ("measured", "computed", "counted", "drawn", "quoted")


class Record:
    """Collects the artifacts of one notebook in a folder; nothing is ever half written.

    `paper` is the short name ("mmnet"), whose artifacts and their kinds `published.artifacts` lists. `output_dir`
    is the run folder; without one, as in JupyterLab, `papermill_runs/interactive/<notebook>`. An artifact recorded
    again replaces itself, so that a cell can be run twice.

    An artifact of the paper has the paper's title, or "As Table 6: ..." if the run's `databases` are own clips alone. One
    of your own needs its `kind`, and takes its title from the first sentence of its caption. `data` says what it was
    made from: clips, or predictions.
    """

    def __init__(self, paper: str, output_dir: str | Path = "", databases: Sequence[str] = ()) -> None:
        self.paper = paper
        self.as_paper = "As " if set(databases) == {OWN} else ""
        self.folder = Path(
            output_dir or paths.runs() / "interactive" / paths.notebook_files().get(paper, Path(paper)).stem
        ).resolve()
        self._known = published.artifacts(paper).set_index("artifact").to_dict("index")
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}
        self._predictions: dict[tuple, pd.DataFrame] = {}

    def table(
        self,
        name: str,
        table: Table | pd.DataFrame,
        caption: str = "",
        kind: str = "",
        data: Clips | pd.DataFrame | None = None,
    ) -> Table:
        """Writes `tables/<name>` as .csv, .md, .tex and .html, and returns the table to be shown.

        `name` is an artifact of the paper ("table_6"), or one of your own; ValueError lists the known ones.
        """
        table = Table(table) if isinstance(table, pd.DataFrame) else table
        table = replace(table, sources=tuple(dict.fromkeys([*table.sources, *_sources(data)])))
        entry = self._entry("table", name, caption, kind)
        title = ". ".join(filter(None, [entry["title"], entry["caption"]]))
        texts = {
            "csv": table.to_csv(),
            "md": table.to_markdown(),
            "tex": table.to_latex(title, f"tab:{self.paper}_{name}"),
            "html": table._repr_html_(),
        }
        files = [self._write(f"tables/{name}.{suffix}", _text(text)) for suffix, text in texts.items()]
        self._list(entry, files, table.sources, notes=table.lines())
        return table

    def figure(
        self,
        name: str,
        figure: Figure,
        caption: str = "",
        kind: str = "",
        data: Clips | pd.DataFrame | None = None,
        faces: bool = False,
    ) -> Figure:
        """Writes `figures/<name>` as .png (200 dpi) and .pdf, and returns the figure to be shown.

        `faces` marks a figure that shows people. The licence of a database may forbid to pass it on. `name` as in `table`.
        """
        entry = self._entry("figure", name, caption, kind)
        plt.close(figure)  # a cell that ends on a figure still open would show it twice
        files = [self._write(f"figures/{name}.{suffix}", _picture(figure, suffix)) for suffix in ("png", "pdf")]
        self._list(entry, files, _sources(data), faces=faces)
        # beside the picture that a cell stores of it stands which artifact it is: the gallery asks whether it shows faces
        vars(figure)["_repr_mimebundle_"] = lambda **_: ({}, {"image/png": {"artifact": name}})
        return figure

    def predictions(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Adds predictions to `predictions.parquet`, in place of earlier ones of the same experiment and data."""
        runs = predictions[["experiment", "database", "scheme"]].drop_duplicates()
        self._predictions[tuple(runs.itertuples(index=False, name=None))] = predictions
        together = pd.concat(self._predictions.values(), ignore_index=True)
        file = self._write("predictions.parquet", lambda path: together.to_parquet(path, index=False))
        self._list(self._entry("predictions", "predictions", "", "measured"), [file], _sources(together))
        return predictions

    def _entry(self, form: str, name: str, caption: str, kind: str) -> dict[str, Any]:
        known = self._known.get(name)
        faults = []
        if not re.fullmatch(r"[a-z0-9_]+", name):
            faults.append(f"artifact name {name!r}: small letters, digits and _ only, as it names files")
        if known and kind:
            faults.append(f"{name!r} is an artifact of {self.paper}, of the kind {known['kind']}: leave kind out")
        if not known and not kind:
            listed = ", ".join(self._known) or "none"
            faults.append(f"{self.paper} has no artifact {name!r}; it has {listed}. One of your own needs its kind")
        if kind and not set(kind.split(" + ")) <= set(KINDS):
            faults.append(f"kind {kind!r}: one of {', '.join(KINDS)}, or several joined by ' + '")
        if faults:
            raise ValueError("; ".join(faults))
        if known:
            title = f"{self.as_paper}{known['label']}: {known['title']}"
        else:
            # a sentence ends before a capital letter: "Eq. 1" is none
            title, *rest = re.split(r"\.\s+(?=[A-Z])", caption or name.replace("_", " ").capitalize(), maxsplit=1)
            caption = "".join(rest)
        about = {"title": title.rstrip("."), "caption": caption}
        return {"name": name, "type": form, "kind": known["kind"] if known else kind, **about}

    def _list(
        self,
        entry: dict[str, Any],
        files: Sequence[str],
        sources: Sequence[Source],
        notes: Sequence[str] = (),
        faces: bool = False,
    ) -> None:
        more = {"notes": list(notes), "sources": [asdict(source) for source in sources], "faces": faces}
        self._entries[entry["type"], entry["name"]] = entry | more | {"files": list(files)}
        listed = json.dumps(list(self._entries.values()), indent=1, ensure_ascii=False)
        self._write("artifacts.json", _text(listed + "\n"))

    def _write(self, name: str, write: Callable[[Path], object]) -> str:
        """Writes a file whole or not at all; returns its name."""
        with whole(self.folder / name) as temporary:
            write(temporary)
        return name


def _sources(data: Clips | pd.DataFrame | None) -> tuple[Source, ...]:
    if data is None:
        return ()
    return Source.of_predictions(data) if isinstance(data, pd.DataFrame) else (data.source,)


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


def _picture(figure: Figure, suffix: str) -> Callable[[Path], object]:
    def save(path: Path) -> None:
        # without a date, so that the same figure gives the same file
        metadata = {"CreationDate": None} if suffix == "pdf" else None
        with plt.style.context(STYLE):
            figure.savefig(path, format=suffix, dpi=200, bbox_inches="tight", metadata=metadata)

    return save
