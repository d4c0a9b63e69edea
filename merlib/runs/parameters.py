"""The parameters cell of a notebook: names, default values and comments, read without running it."""

import ast
import io
import json
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Parameter:
    name: str
    default: Any  # plain JSON types only
    comment: str


def read(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook file, by name, in their order.

    Raises ValueError naming the notebook when it cannot be read, it has not exactly one code cell tagged `parameters`,
    or a line of that cell is not `name = value` with a plain value (number, text, true, false, none, list of these).
    """
    tagged = _tagged(notebook)
    if len(tagged) != 1:
        raise ValueError(f"{notebook.name} has {len(tagged)} cells tagged 'parameters'; it needs exactly one")
    try:
        assigned, comments = _assigned(tagged[0], notebook.name), _comments(tagged[0])
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise ValueError(f"{notebook.name}, parameters cell: {error.msg} in {line!r}, line {error.lineno}") from error
    return {name: Parameter(name, default, comments.get(line, "")) for name, default, line in assigned}


def _tagged(notebook: Path) -> list[str]:
    """The sources of the cells that are tagged `parameters`."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{notebook} is no notebook that can be read: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{notebook} is no notebook: it has no list of cells with metadata and source") from error


def _assigned(source: str, where: str) -> list[tuple[str, Any, int]]:
    """(name, value, line of its end) of each assignment."""
    found = []
    for statement in ast.parse(source).body:
        try:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value, end_lineno=int(end)) if _plain(
                    ast.literal_eval(value)
                ):
                    found.append((name, ast.literal_eval(value), end))
                case _:
                    raise ValueError
        except ValueError:
            line = ast.get_source_segment(source, statement)
            raise ValueError(f"{where}, parameters cell: {line!r} is not `name = value` with a plain value") from None
    return found


def _plain(value: Any) -> bool:
    return all(map(_plain, value)) if isinstance(value, list) else isinstance(value, str | int | float | None)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
