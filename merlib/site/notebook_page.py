"""An executed notebook as the body of a web page: formulas as MathML, pictures with a text, without scripts."""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import PackageLoader, pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

LEFT_OUT = "A picture was left out here: it may show a person."

_TEXT = {"text/plain", "text/html", "text/markdown", "text/latex"}
_MEDIA = re.compile(r"<(img|svg|video|canvas|object|embed|iframe|script)|data:(image|video)", re.IGNORECASE)
# what the template has a place for, the first that an output has is shown
_SHOWN = ["text/html", "text/markdown", "image/png", "text/plain"]


def title(notebook: NotebookNode, otherwise: str) -> str:
    """The notebook's first heading."""
    lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    return next((line.lstrip("# ") for line in lines if line.startswith("# ")), otherwise)


def without_faces(notebook: NotebookNode, free: set[str]) -> None:
    """Leaves out every picture, in place, but those of the recorded figures `free`, which show nobody.

    Whatever is not plain text, a table or one of these figures goes: a picture that no figure was recorded of has no
    mark that says who is on it.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if _may_show_somebody(output, free):
                output.data, output.metadata = NotebookNode({"text/plain": LEFT_OUT}), NotebookNode()


def describe(notebook: NotebookNode, texts: Mapping[str, str]) -> None:
    """Gives every picture a text that stands for it: `texts` of its artifact, else the heading that it is under."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
            heading = [heading, *headings][-1]
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.metadata["alt"] = texts.get(_artifact(output), f"A picture of the section “{heading}”")


def body(notebook: NotebookNode) -> tuple[str, list[tuple[str, str]]]:
    """The HTML of all cells, and (id, HTML) of the headings of the second level."""
    exporter = _Exporter(
        extra_loaders=[PackageLoader("merlib.site")],
        template_file="cells.html.j2",
        config={"NbConvertBase": {"display_data_priority": _SHOWN}},
    )
    html, _ = exporter.from_notebook_node(notebook)
    return html, [(name, text) for level, name, text in exporter.headings if level == 2]


def _artifact(output: NotebookNode) -> str:
    """The recorded figure that a picture is, as `Record.figure` says beside it; empty of another picture."""
    return output.metadata.get("image/png", {}).get("artifact", "")


def _may_show_somebody(output: NotebookNode, free: set[str]) -> bool:
    data = output.get("data", {})
    texts = ["".join(data[kind]) for kind in _TEXT & data.keys()] + ["".join(output.get("text", ""))]
    pictures = data.keys() - _TEXT
    known = pictures == {"image/png"} and _artifact(output) in free
    return bool(pictures and not known) or any(map(_MEDIA.search, texts))


class _Exporter(HTMLExporter):
    """nbconvert's, with our Markdown; collects `headings` (level, id, HTML)."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        html = MarkdownWithMath(renderer=_Renderer(self.headings)).render(source)
        return html.replace("<table>", f"{_scrolled('wide', 'Table')}<table>").replace("</table>", "</table></div>")

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        self.headings: list[tuple[int, str, str]] = []
        return super().from_notebook_node(nb, resources, **kw)


class _Renderer(IPythonRenderer):
    def __init__(self, headings: list[tuple[int, str, str]]) -> None:
        super().__init__(escape=False)
        self._headings = headings

    def heading(self, text: str, level: int, **_: Any) -> str:
        name = f"section-{len(self._headings) + 1}"
        self._headings.append((level, name, text))
        return f'<h{level} id="{name}">{text}</h{level}>\n'

    def inline_math(self, body: str) -> str:
        return convert(body)

    def block_math(self, body: str) -> str:
        return f"{_scrolled('formula', 'Formula')}{convert(body, display='block')}</div>"


def _scrolled(style: str, name: str) -> str:
    """Opens a box that scrolls by itself where it is wider than the page; it takes the keyboard's focus for that."""
    return f'<div class="{style}" tabindex="0" role="group" aria-label="{name}">'
