"""A frame with its notes, as a notebook, CSV, Markdown and LaTeX want it."""

import hashlib
import html
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

SENTENCE = 60  # characters; a longer cell is one
LONG = 60  # rows; more do not fit on a page

_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"—": "---", "±": r"$\pm$", "×": r"$\times$", "²": r"\textsuperscript{2}", "λ": r"$\lambda$"}
)


@dataclass(frozen=True, eq=False)
class Table:
    """A frame with the notes that belong under it and the sources of its data; a cell that ends on it shows all.

    A named index is shown as the first columns, a plain one is not. Floats are shown with four decimals, what is
    missing is left blank; the CSV keeps the frame's own values.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def to_csv(self) -> str:
        """One header row ("published: F1"), the frame's values in full; without the notes."""
        return _flat(_index_first(self.frame)).to_csv(index=False, lineterminator="\n")

    def to_markdown(self) -> str:
        """A pipe table, then the notes as a list."""
        # tabulate would turn the text "0.7000" into the number 0.7
        table = _flat(self._cells).to_markdown(
            index=False, disable_numparse=True, colalign=self._align("left", "right")
        )
        return "\n".join([table, "", *(f"- {note}" for note in self.notes)]).strip() + "\n"

    def to_latex(self, caption: str, label: str) -> str:
        """A table environment as wide as the text; the document needs the packages booktabs and graphicx.

        More than `LONG` rows become an xltabular over several pages; it needs the packages booktabs and xltabular.
        """
        cells = self._cells.map(_latex).rename(columns=_latex)
        if len(cells) > LONG:
            return self._to_long_latex(cells, caption, label)
        tabular = Styler(cells).hide(axis="index").to_latex(
            hrules=True, multicol_align="c", column_format="".join(self._align("l", "r"))
        )  # fmt: skip
        notes = [rf"\par\footnotesize {_latex(note)}" for note in self.notes]
        head = [r"\begin{table}", r"\centering", rf"\caption{{{_latex(caption)}}}", rf"\label{{{label}}}"]
        lines = [*head, r"\resizebox{\linewidth}{!}{%", tabular.rstrip() + "}", *notes, r"\end{table}"]
        return "\n".join(lines) + "\n"

    def _to_long_latex(self, cells: pd.DataFrame, caption: str, label: str) -> str:
        longtable = Styler(cells).hide(axis="index").to_latex(
            hrules=True, multicol_align="c", environment="longtable", caption=_latex(caption), label=label,
            column_format="".join(self._align("l", "r", sentence=r">{\raggedright\arraybackslash}X")),
        )  # fmt: skip
        # an xltabular is a longtable whose columns X share the width that the others leave
        for end, more in (("begin", r"{\linewidth}"), ("end", "")):
            longtable = longtable.replace(rf"\{end}{{longtable}}", rf"\{end}{{xltabular}}{more}")
        notes = [rf"\par {_latex(note)}" for note in self.notes]
        return "\n".join([r"\begingroup\scriptsize", longtable.rstrip(), *notes, r"\endgroup"]) + "\n"

    def _repr_html_(self) -> str:
        columns = enumerate(self._align("left", "right"))
        styles = [{"selector": f"td.col{i}, th.col{i}", "props": f"text-align: {side}"} for i, side in columns]
        styles += [
            {"selector": "th, td", "props": "padding: 2px 8px; vertical-align: top; white-space: nowrap"},
            {"selector": "th[colspan]", "props": "text-align: center; border-bottom: 1px solid"},
        ]
        styles += [  # a sentence is broken into lines; a name and a number are not
            {"selector": f"td.col{i}", "props": "white-space: normal; min-width: 24em"}
            for i in range(self._cells.shape[1])
            if self._has_sentences(i)
        ]
        # the name in the page comes from the content, so that running a notebook again gives the same file
        name = hashlib.sha256(self.to_csv().encode()).hexdigest()[:8]
        styler = Styler(self._cells, uuid=name, cell_ids=False).hide(axis="index").set_table_styles(styles)
        table = styler.format(escape="html").format_index(escape="html", axis="columns").to_html()
        return f"{table}<p><small>{'<br>'.join(map(html.escape, self.notes))}</small></p>"

    @cached_property
    def _cells(self) -> pd.DataFrame:
        return _index_first(self.frame).map(_text)

    def _align(self, text: str, number: str, sentence: str = "") -> list[str]:
        columns = [self._cells.iloc[:, i] for i in range(self._cells.shape[1])]
        sides = [number if column.str.fullmatch(r"[\d.,±/—\s-]*").all() else text for column in columns]
        return [sentence if sentence and self._has_sentences(i) else side for i, side in enumerate(sides)]

    def _has_sentences(self, column: int) -> bool:
        return bool((self._cells.iloc[:, column].str.len() > SENTENCE).any())


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


def _latex(text: object) -> str:
    return re.sub(r"\s+", " ", str(text)).translate(_LATEX)
