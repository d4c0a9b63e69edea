"""A table as a page, a CSV file, Markdown and LaTeX want it.

The CSV file keeps everything. A page shows what a person reads: fewer columns, rows in groups, marks for the best value and
for what lies below the yardstick.
"""

import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from merlib.data.source import Source

SENTENCE = 60  # characters; a longer cell is broken into lines
LONG = 60  # rows; more do not fit on a printed page
LOOK_ALIKE = "Look-alike data: these numbers say nothing about the paper."

BEST, BELOW, GROUP = "best", "below", "group"
BELOW_NOTE = "{}: not above the majority guess."

_MARK_TAGS = {BEST: "strong", BELOW: "em"}
_LEFT = ' style="text-align: left"'
_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
    # at the beginning of a row they would be an option of the command before it
    | {"*": "{*}", "[": "{[}", "]": "{]}"}
    | {"—": "---", "±": r"$\pm$", "×": r"$\times$", "²": r"\textsuperscript{2}", "λ": r"$\lambda$"}
)
# what Markdown would take for markup; `_` inside a word and `&` before no entity are none
_MARKUP = re.compile(r"[`*\[\]<|~\\$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
# JupyterLab takes formulas out of the source, and looks for them once more in what it shows
_MATHS = {"\\": "&#92;", "$": "<span>&#36;</span>"}
_CSS = """
.{name} {{ overflow-x: auto; max-width: 100%; }}
.{name} table {{ border-collapse: collapse; font-size: 0.9em; }}
.{name} th, .{name} td {{ padding: 2px 8px; vertical-align: top; white-space: normal; text-align: left; }}
.{name} .number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.{name} .sentence {{ min-width: 16em; }}
.{name} thead th[colspan] {{ text-align: center; border-bottom: 1px solid; }}
.{name} .group th {{ padding-top: 10px; border-bottom: 1px solid; }}
.{name} .below {{ color: var(--table-below, var(--jp-ui-font-color2, #6b6b6b)); }}
.{name} .group span {{ position: sticky; left: 8px; }}
.{name} :is(td, th:not([colspan])):first-child {{ position: sticky; left: 0; background: var(--table-background, var(--jp-layout-color0, #ffffff)); }}
"""


class Link(str):
    """The text of a cell that leads, in Markdown, to `target`: a file beside the page or below it."""

    target: str

    def __new__(cls, text: str, target: str) -> "Link":
        link = super().__new__(cls, text)
        link.target = target
        return link


@dataclass(frozen=True, eq=False)
class Page:
    """What a page shows of a table: cells as text, and a mark for each of them.

    `marks` has the shape of `cells`: "best", "below" (not above the majority guess), "group" in the first cell of a row that
    names the rows below it, or "".
    """

    cells: pd.DataFrame
    marks: np.ndarray

    @classmethod
    def plain(cls, frame: pd.DataFrame) -> "Page":
        """All of a frame, without marks."""
        cells = _index_first(frame).map(_text).astype(str)  # without rows, `map` leaves the type as it was
        return cls(cells, np.full(cells.shape, "", dtype=object))


@dataclass(frozen=True, eq=False)
class Table:
    """A frame with the notes that belong under it and the sources of its data; a cell that ends on it shows all.

    A named index is shown as the first columns, a plain one is not. Floats are shown with four decimals, what is
    missing is left blank; the CSV file keeps the frame's own values. `page` is what is read instead of the whole frame.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    page: Page | None = None

    def to_csv(self) -> str:
        """One header row ("published: F1"), the frame's values in full; without the notes."""
        text = _flat(_index_first(self.frame)).to_csv(index=False, lineterminator="\r\n")  # so a cell with \r is quoted
        return text.replace("\r\n", "\n")

    def to_markdown(self) -> str:
        """A pipe table, then the notes as a list. The best value is bold, what lies below the yardstick in italics.

        All text is shown as it is, on GitHub and in JupyterLab: nothing in it is markup.
        """
        marked = {BEST: "**{}**", GROUP: "**{}**", BELOW: "*{}*"}
        cells = _flat(self._marked(marked, markdown)).rename(columns=markdown)
        # tabulate would turn the text "0.7000" into the number 0.7
        table = cells.to_markdown(index=False, disable_numparse=True, colalign=self._align("left", "right"))
        return "\n".join([table, "", *(f"- {_markdown_line(note)}" for note in self.lines("Italic"))]).strip() + "\n"

    def to_latex(self, caption: str, label: str) -> str:
        """A table environment as wide as the text; the document needs the packages booktabs, graphicx and xcolor.

        More than `LONG` rows become an xltabular over several pages; it needs the package xltabular too.
        """
        marked = {BEST: r"\textbf{{{}}}", GROUP: r"\textbf{{{}}}", BELOW: r"\textcolor{{gray}}{{{}}}"}
        cells = self._marked(marked, latex).rename(columns=latex)
        if len(cells) > LONG:
            return self._to_long_latex(cells, caption, label)
        tabular = Styler(cells).hide(axis="index").to_latex(
            hrules=True, multicol_align="c", column_format="".join(self._align("l", "r"))
        )  # fmt: skip
        notes = [rf"\par\footnotesize {latex(note)}" for note in self.lines("Grey")]
        head = [r"\begin{table}", r"\centering", rf"\caption{{{latex(caption)}}}", rf"\label{{{label}}}"]
        lines = [*head, r"\resizebox{\linewidth}{!}{%", tabular.rstrip() + "}", *notes, r"\end{table}"]
        return "\n".join(lines) + "\n"

    def _to_long_latex(self, cells: pd.DataFrame, caption: str, label: str) -> str:
        longtable = Styler(cells).hide(axis="index").to_latex(
            hrules=True, multicol_align="c", environment="longtable", caption=latex(caption), label=label,
            column_format="".join(self._align("l", "r", sentence=r">{\raggedright\arraybackslash}X")),
        )  # fmt: skip
        # an xltabular is a longtable whose columns X share the width that the others leave
        for end, more in (("begin", r"{\linewidth}"), ("end", "")):
            longtable = longtable.replace(rf"\{end}{{longtable}}", rf"\{end}{{xltabular}}{more}")
        notes = [rf"\par {latex(note)}" for note in self.lines("Grey")]
        return "\n".join([r"\begingroup\scriptsize", longtable.rstrip(), *notes, r"\endgroup"]) + "\n"

    def _repr_html_(self) -> str:
        # the name in the page comes from the content, so that running a notebook again gives the same file
        name = f"merlib-{hashlib.sha256(self.to_csv().encode()).hexdigest()[:8]}"
        sides = self._align("", "number", "sentence")
        rows = [self._html_row(i, sides) for i in range(len(self._page.cells))]
        notes = "<br>".join(html.escape(note) for note in self.lines())
        table = (
            f"<table><thead>{_html_head(self._page.cells.columns, sides)}</thead><tbody>{''.join(rows)}</tbody></table>"
        )
        # it scrolls by itself where it is wider than the page, and takes the keyboard's focus for that
        box = f'<div class="table {name}" tabindex="0" role="group" aria-label="Table">'
        return f"<style>{_CSS.format(name=name)}</style>{box}{table}</div><p><small>{notes}</small></p>"

    def lines(self, below: str = "Grey italics") -> list[str]:
        """What stands under the table: what a mark means, the notes, and what the data is. `below`: how a form marks."""
        marks = [BELOW_NOTE.format(below)] if (self._page.marks == BELOW).any() else []
        real = [f"Data: {source}." for source in self.sources if not source.look_alike]
        drawn = [LOOK_ALIKE] if any(source.look_alike for source in self.sources) else []
        return [*marks, *map(str, self.notes), *real, *drawn]

    @cached_property
    def _page(self) -> Page:
        return self.page or Page.plain(self.frame)

    def _marked(self, patterns: dict[str, str], escape=str) -> pd.DataFrame:
        cells = self._page.cells.map(escape)
        for row, column in zip(*np.nonzero(self._page.marks), strict=True):
            text, mark = cells.iat[row, column], self._page.marks[row, column]
            cells.iat[row, column] = patterns[mark].format(text) if text else text
        return cells

    def _html_row(self, row: int, sides: Sequence[str]) -> str:
        texts, marks = self._page.cells.iloc[row], self._page.marks[row]
        if marks[0] == GROUP:
            name = f"<span>{html.escape(texts.iloc[0])}</span>"
            return f'<tr class="group"><th colspan="{len(texts)}" scope="rowgroup"{_LEFT}>{name}</th></tr>'
        cells = [_tag("td", text, side, mark) for text, side, mark in zip(texts, sides, marks, strict=True)]
        return f"<tr>{''.join(cells)}</tr>"

    def _align(self, text: str, number: str, sentence: str = "") -> list[str]:
        rows = self._page.cells[self._page.marks[:, 0] != GROUP] if len(self._page.cells.columns) else self._page.cells
        columns = [rows.iloc[:, i] for i in range(rows.shape[1])]
        is_number = [column.str.fullmatch(r"(N/A|[\d.,±/—\s+-])*").all() for column in columns]
        is_long = [bool((column.str.len() > SENTENCE).any()) for column in columns]
        sides = [number if numeric else text for numeric in is_number]
        return [sentence if long and sentence else side for side, long in zip(sides, is_long, strict=True)]


def _html_head(columns: pd.Index, sides: Sequence[str]) -> str:
    """One row of heads, or two: a head over several columns spans them."""
    if columns.nlevels == 1:
        return f"<tr>{''.join(_tag('th', str(name), side) for name, side in zip(columns, sides, strict=True))}</tr>"
    spans = [(name, len(list(same))) for name, same in groupby(columns.get_level_values(0))]
    above = "".join(
        f'<th colspan="{n}" scope="colgroup">{html.escape(str(name))}</th>' if name else "<td></td>" * n
        for name, n in spans
    )
    below = "".join(_tag("th", str(name), side) for name, side in zip(columns.get_level_values(1), sides, strict=True))
    return f"<tr>{above}</tr><tr>{below}</tr>"


def _tag(tag: str, text: str, side: str, mark: str = "") -> str:
    names = " ".join(filter(None, [side, mark]))
    style = f' class="{names}"' if names else ""
    # an untrusted notebook loses the style sheet, and keeps this attribute and the tags of the marks
    style += "" if side == "number" else _LEFT
    # where a column is narrow the deviation stands below the mean
    shown = html.escape(text).replace("± ", "±&nbsp;")
    shown = f"<{_MARK_TAGS[mark]}>{shown}</{_MARK_TAGS[mark]}>" if mark and shown else shown
    return f"<{tag}{style}>{shown}</{tag}>"


def _index_first(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its named index as first columns; their names stand in the last row of the header."""
    if frame.index.names == [None]:
        return frame.reset_index(drop=True)
    return frame.reset_index(col_level=-1)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    names = [": ".join(filter(None, name)) if isinstance(name, tuple) else name for name in frame.columns]
    return frame.set_axis(names, axis="columns")


def _text(value: object) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    return f"{value:.4f}" if isinstance(value, float | np.floating) else str(value)


def markdown(text: object) -> str:
    """A text as Markdown shows it: nothing in it is markup, unless it is a `Link`."""
    shown = _MARKUP.sub(lambda sign: _MATHS.get(sign[0], f"\\{sign[0]}"), " ".join(str(text).split()))
    return f"[{shown}]({text.target})" if isinstance(text, Link) else shown


def _markdown_line(text: object) -> str:
    """Text at the beginning of a line, where some signs start a heading, a list or a quotation."""
    return re.sub(r"^(\d*)([#>+.)-])", r"\1\\\2", markdown(text))


def latex(text: object) -> str:
    """A text as LaTeX prints it."""
    return re.sub(r"\s+", " ", str(text)).translate(_LATEX)
