"""How much of a notebook's code is about something else than its paper.

A code line is plumbing when its statement imports, records, draws or shapes a table. Exported cells and the parameters
cell are none. Folded cells are out of the reading path and do not count.
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# a statement that uses one of these names is plumbing
NAMES = {
    "record", "Record", "Table", "tables", "figures", "figure", "diagrams", "diagram", "Box", "Arrow", "boxes", "links",
    "caption", "styled", "plt", "ax", "axes", "metrics", "published", "profiles", "excluded", "majority", "shuffled",
    "DataFrame", "Series", "to_frame", "to_csv", "concat", "pivot", "crosstab", "from_dict", "reset_index", "rename_axis",
    "map",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A visible code cell: its number in the notebook, its code lines, those that are plumbing, whether it has a class."""

    number: int
    lines: set[int]
    plumbing: set[int]
    has_class: bool


def visible(notebook: Path) -> list[Cell]:
    """The code cells of a notebook that are not folded."""
    cells = enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"])
    return [_cell(i, cell) for i, cell in cells if cell["cell_type"] == "code" and not folded(cell)]


def folded(cell: dict) -> bool:
    return cell["metadata"].get("jupyter", {}).get("source_hidden", False)


def share(cells: list[Cell]) -> float:
    """Plumbing among the code lines of all cells."""
    return sum(len(cell.plumbing) for cell in cells) / sum(len(cell.lines) for cell in cells)


def _cell(number: int, cell: dict) -> Cell:
    source = "".join(cell["source"])
    statements = ast.parse(source).body
    texts = enumerate(source.splitlines(), start=1)
    lines = {i for i, text in texts if text.strip() and not text.strip().startswith("#")}
    is_subject = source.startswith("#| export") or "parameters" in cell["metadata"].get("tags", [])
    plumbing = [] if is_subject else [line for node in statements if _is_plumbing(node) for line in _lines(node)]
    has_class = any(isinstance(node, ast.ClassDef) for node in statements)
    return Cell(number, lines, lines & set(plumbing), has_class)


def _is_plumbing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom) or not NAMES.isdisjoint(_names(statement))


def _names(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _lines(statement: ast.stmt) -> range:
    first = min([statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", []))])
    return range(first, (statement.end_lineno or first) + 1)
