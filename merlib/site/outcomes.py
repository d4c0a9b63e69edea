"""The results of a run: the papers' own methods, and STSTNet, read from the tables that the notebooks recorded."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from merlib import paths, published
from merlib.cache.files import sha256
from merlib.results import pages
from merlib.results.pages import BEST_TEST, DAGGER, LAST, MAJORITY, OURS, PUBLISHED
from merlib.results.rendering import Link, Table
from merlib.runs import manifest

ACCURACY = ("Acc. (%)", "Acc.", "WAR")  # the same quantity, as the papers' tables head it
GROUPS = {LAST: OURS["last"], BEST_TEST: OURS["best test epoch"], MAJORITY: MAJORITY}


class Shown(NamedTuple):
    """A method of a paper's table, with all settings that it was run in.

    `name`: what it is called here; `beside`: the method whose published number stands beside ours, where the paper prints
    one for all settings; `unit`: what the table's column "clips" counts.
    """

    name: str
    paper: str
    table: str
    method: str
    beside: str = ""
    unit: str = "clips"


MICRO = "Residual Network with Micro-Attention"
FRAMES, LSTM = "VGGFace2, frame level", "VGGFace2 + LSTM"
PAPERS = (
    *(Shown("SMA-STN", "sma_stn", table, "SMA-STN (Ours)") for table in ("table_1", "table_2", "table_3")),
    *(Shown("Micro-Attention", "micro_attention", table, MICRO) for table in ("table_2", "table_4", "table_6")),
    Shown("PSN", "psn", "table_5", "PSN"),
    *(Shown("MMNet", "mmnet", table, "MMNet (Ours)") for table in ("table_6", "table_7")),
    Shown("Bai 2020, single frames", "vggface_lstm", "section_3_1", FRAMES, beside=FRAMES, unit="frames"),
    Shown("Bai 2020, CNN + LSTM", "vggface_lstm", "section_3_2", LSTM, beside=LSTM),
)
# on own clips a method's results are in no table of its paper, but in the one of all its evaluations
OWN = (("SMA-STN", "sma_stn"), ("MMNet", "mmnet"))
# STSTNet: the part of the data in the notebook's table, the score, and the published table that quotes it
STSTNET = (
    ("all", "UF1", None),
    ("all", "UAR", None),
    ("casme2", "UF1", ("mmnet", "table_6")),
    ("samm", "UF1", ("mmnet", "table_7")),
    ("smic", "UF1", None),
)


@dataclass(frozen=True)
class Result:
    """One row: published and ours by both epoch rules, as text ("49.36 ± 4.53"); `file`: its table, in the run's folder."""

    method: str
    database: str
    classes: str
    score: str
    protocol: str
    published: str
    last: str
    best: str
    majority: str
    data: str
    look_alike: bool
    file: str


def of_run(run: Path) -> list[Result]:
    """The results of the finished notebooks of a run: accuracy in % of the papers' methods, then STSTNet's."""
    found = [row for name, paper in OWN for row in _on_own_clips(run, name, paper)]
    found += [row for shown in PAPERS for row in _of_paper(run, shown)]
    return found + [row for part, score, quoted in STSTNET for row in _of_ststnet(run, part, score, quoted)]


def table(results: Sequence[Result]) -> Table:
    """All results, grouped by database, classes and score. In Markdown a method leads to its table."""
    rows = sorted(results, key=_order(results))
    names = [Link(row.method, row.file) for row in rows]
    columns = {("", "protocol"): [row.protocol for row in rows]} | numbers(rows)
    columns = {head: texts for head, texts in columns.items() if any(texts)}  # on own clips nothing is published
    page = pages.grouped("method", names, [_group(row) for row in rows], columns, best=best(rows))
    return Table(page.cells, (DAGGER,), page=page)


def numbers(rows: Sequence[Result]) -> dict[tuple[str, str], list[str]]:
    """The columns of a page that every table of results has."""
    heads = {PUBLISHED: "published", LAST: "last", BEST_TEST: "best", "majority": "majority", "data": "data"}
    return {("", head): [getattr(row, name) for row in rows] for head, name in heads.items()}


def best(rows: Sequence[Result]) -> tuple[str, ...]:
    """The heads under which the best is marked: look-alike data cannot rank methods."""
    return () if any(row.look_alike for row in rows) else (LAST,)


def what_came_out(results: Sequence[Result]) -> str:
    """Two sentences: how many results are above the majority guess, and what the best test epoch adds."""
    values = np.array([[_points(row, text) for text in (row.last, row.best, row.majority)] for row in results])
    above, gain = (values[:, 0] > values[:, 2]).sum(), (values[:, 1] - values[:, 0]).mean()
    return (
        f"At the last epoch {above} of {len(results)} results are above the majority guess. "
        f"Choosing the epoch on the test clips adds {gain:.1f} points on average."
    )


def finished(run: Path) -> list[tuple[Path, dict[str, Any]]]:
    """(folder, manifest) of each finished notebook of a run."""
    folders = [path.parent for path in sorted(run.glob("*/manifest.json"))]
    return [(folder, found) for folder in folders if (found := manifest.read(folder))]


def made(run: Path, name: str, paper: str = "") -> Iterator[tuple[Path, dict[str, Any]]]:
    """The folder and entry of an artifact, if the run made it; of any notebook where no `paper` is given.

    A table without its Markdown or the CSV file that the run wrote is passed over: nothing can be read from it.
    """
    for folder, found in finished(run):
        if not paper or paths.paper_of(found["notebook"]) == paper:
            for artifact in (artifact for artifact in found["artifacts"] if artifact["name"] == name):
                lacks = artifact["type"] == "table" and not {".csv", ".md"} <= {
                    Path(f).suffix for f in artifact["files"]
                }
                damaged = [file for file in artifact["files"] if file.endswith(".csv") and damage(folder, found, file)]
                if not lacks and not damaged:
                    yield folder, artifact


def damage(folder: Path, facts: dict[str, Any], file: str) -> str:
    """What happened to a file of a run after it was written; empty if nothing did. `facts`: the run's manifest."""
    if not (folder / file).is_file():
        return f"{file} is missing"
    return "" if sha256(folder / file) == facts["sha256"].get(file) else f"{file} was changed after the run"


def file(artifact: dict[str, Any], ending: str) -> str:
    """The artifact's file with this ending."""
    return next(name for name in artifact["files"] if name.endswith(ending))


def data_of(folder: Path, table: dict[str, Any]) -> str:
    """What a table of our results was measured on: its sources, and clips, people and seeds of its first row."""
    sources = "; ".join(source["text"] for source in table["sources"])
    return f"{sources}: {_about(folder, table, _read(folder, table).iloc[0])['data']}."


def shows_people(artifact: dict[str, Any]) -> bool:
    """Whether an artifact may show somebody's face: it is marked so, and not known to be of drawn faces alone."""
    drawn = [source["look_alike"] for source in artifact["sources"]]
    return artifact["faces"] and not (drawn and all(drawn))


def _of_paper(run: Path, shown: Shown) -> Iterator[Result]:
    for folder, artifact in made(run, shown.table, shown.paper):
        cells = _read(folder, artifact)
        score = next((name for name in ACCURACY if f"{OURS['last']}: {name}" in cells), None)
        if score is None:  # nothing was measured
            continue
        in_setting = (cells["method"] + ", ").str.startswith(f"{shown.method}, ")
        is_control = cells["method"].str.contains("permuted")  # a yardstick, and no result
        for cell in cells[in_setting & ~is_control & (cells[f"{OURS['last']}: {score}"] != "")].to_dict("records"):
            printed, protocol = _beside(shown, cells, cell, score)
            texts = printed, *(cell[f"{group}: {score}"] for group in GROUPS.values())
            printed, last, best, majority = (text if score.endswith("(%)") else _percent(text) for text in texts)
            used = {name: cell[f"data used: {name}"] for name in ("clips", "subjects", "seeds")}
            yield Result(
                f"{shown.name}{cell['method'].removeprefix(shown.method)}",
                cell["database"],
                cell["classes"],
                "accuracy in %",
                protocol,
                printed,
                last,
                best,
                majority,
                **_about(folder, artifact, used, shown.unit),
            )


def _on_own_clips(run: Path, name: str, paper: str) -> Iterator[Result]:
    for folder, artifact in made(run, "main_results", paper):
        cells = _read(folder, artifact)
        by_rule = cells[cells["result"] == "own"].set_index("epoch")
        if by_rule.empty:
            continue
        used = by_rule.loc["last"]
        last, best, majority = (_percent(by_rule.at[rule, "Acc."]) for rule in (*OURS, MAJORITY))
        about = name, used["database"], _classes(used), "accuracy in %", "LOSO", ""
        yield Result(*about, last, best, majority, **_about(folder, artifact, used))


def _of_ststnet(run: Path, part: str, score: str, quoted: tuple[str, str] | None) -> Iterator[Result]:
    for folder, artifact in made(run, "ststnet"):
        cells = _read(folder, artifact)
        by_rule = cells[cells["result"] == part].set_index("epoch")
        if by_rule.empty:
            continue
        last, column = by_rule.loc["last"], next(name for name in cells if name.split(",")[0] == score)
        yield Result(
            "STSTNet",
            last["database"] if part == "all" else f"{last['database']}: {published.database_name(part)}",
            _classes(last),
            score,
            "LOSO",
            _quoted(*quoted) if quoted else "",
            *(by_rule.at[rule, column] for rule in (*OURS, MAJORITY)),
            **_about(folder, artifact, last),
        )


def _classes(used: Any) -> str:
    return str(len(re.findall(r" \d+(?=, |$)", used["class counts"])))


def _about(folder: Path, artifact: dict[str, Any], used: Any, unit: str = "clips") -> dict[str, Any]:
    seeds = len(used["seeds"].split(","))
    text = f"{used['clips']} {unit}, {used['subjects']} people, {seeds} seed{'s' if seeds > 1 else ''}"
    drawn = any(source["look_alike"] for source in artifact["sources"])
    return {"data": text, "look_alike": drawn, "file": f"{folder.name}/{file(artifact, '.md')}"}


def _beside(shown: Shown, cells: pd.DataFrame, cell: dict[str, str], score: str) -> tuple[str, str]:
    """The published number that stands beside a row of ours, and its protocol; both empty where there is none."""
    method = shown.beside or cell["method"]
    if f"published: {score}" not in cells:  # on own clips alone
        return "", ""
    same = [cells["method"] == method, *(cells[name] == cell[name] for name in ("database", "classes"))]
    printed = "".join(cells.loc[np.logical_and.reduce(same), f"published: {score}"])
    listed = published.table(shown.paper, shown.table)
    labels = [", ".join(filter(None, names)) for names in zip(listed["method"], listed["setting"], strict=True)]
    protocols = listed.loc[[label == method for label in labels], "protocol"].unique()
    return printed, (" / ".join(filter(None, protocols)) or "not stated") if printed else ""


def _quoted(paper: str, name: str) -> str:
    cells = published.table(paper, name).query("method == 'STSTNet' and metric == 'f1' and classes == 3")
    return cells["printed"].item()


def _percent(text: str) -> str:
    """The shares in a text as percentages, with the digits that it has: "0.4028 ± 0.0196" is "40.28 ± 1.96"."""
    return re.sub(r"\d+(\.\d+)?", lambda share: f"{Decimal(share[0]).scaleb(2):f}", text)


def _points(row: Result, text: str) -> float:
    return float(text.split(" ± ")[0]) * (1 if row.score.endswith("%") else 100)


def _group(row: Result) -> str:
    return f"{row.database}, {row.classes} classes, {row.score}"


def _order(results: Sequence[Result]):
    """Groups in the order in which they come up first."""
    groups = list(dict.fromkeys(map(_group, results)))
    return lambda row: groups.index(_group(row))


def _read(folder: Path, artifact: dict[str, Any]) -> pd.DataFrame:
    return pd.read_csv(folder / file(artifact, ".csv"), dtype=str, keep_default_na=False)
