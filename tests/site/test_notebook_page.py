import html
import re
from copy import deepcopy

import nbformat
import nbformat.v4 as nbf
import pytest

from merlib import paths
from merlib.site import notebook_page

PNG = "iVBORw0KGgo="


def picture(metadata=None, **more):
    data = {"image/png": PNG, "text/plain": "<Figure>"} | more
    return nbf.new_output("display_data", data, metadata=metadata or {})


def code(*outputs):
    return nbf.new_code_cell("1", outputs=list(outputs))


@pytest.mark.parametrize("path", paths.notebook_files().values(), ids=lambda path: path.stem)
def test_every_formula_of_a_notebook_becomes_mathml(path):
    notebook = nbformat.read(path, as_version=4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    formulas = [formula for text in texts for formula in re.findall(r"\$\$.+?\$\$|\$[^$]+?\$", text, flags=re.DOTALL)]
    page, _ = notebook_page.body(notebook)
    converted = re.findall(r"<math.+?</math>", page, flags=re.DOTALL)
    assert len(converted) == len(formulas)
    assert [math for math in converted if "\\" in math or "merror" in math] == []
    prose = "".join(re.findall(r'<div class="prose">(.*?)</div>\s*<div class="c', page, flags=re.DOTALL))
    assert "$" not in re.sub(r"<code>.*?</code>", "", prose)


def test_a_formula_is_one_fraction():
    page, _ = notebook_page.body(nbf.new_notebook(cells=[nbf.new_markdown_cell(r"$$\frac{a}{b}$$ and $c<d$")]))
    assert re.search(r'<math [^>]*display="block".*<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>', page)
    assert "<mo>&lt;</mo>" in page or "<mo>&#x0003C;</mo>" in page


def test_sections_are_the_headings_of_the_second_level_and_lead_there():
    texts = ["# A\n## B `code`\n### C", "## B `code`"]
    page, sections = notebook_page.body(nbf.new_notebook(cells=list(map(nbf.new_markdown_cell, texts))))
    assert [text for _, text in sections] == ["B <code>code</code>"] * 2
    assert len({name for name, _ in sections}) == 2
    assert all(page.count(f'<h2 id="{name}">') == 1 for name, _ in sections)


def test_code_output_and_errors_are_escaped():
    stream = nbf.new_output("stream", name="stdout", text="<b>&")
    error = nbf.new_output("error", ename="E", evalue="e", traceback=["\x1b[31m<i>\x1b[0m"])
    cell = nbf.new_code_cell(
        "a < b & c", outputs=[stream, error, nbf.new_output("execute_result", {"text/plain": "<u>"})]
    )
    page, _ = notebook_page.body(nbf.new_notebook(cells=[cell]))
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in page and f"&lt;{tag[1]}&gt;" in page
    assert "&lt;" in page and "\x1b" not in page


def test_a_picture_is_described_by_its_caption_or_else_by_its_heading():
    recorded = picture({"image/png": {"artifact": "figure_1"}})
    cells = [nbf.new_markdown_cell("# First\n## Data\ntext"), code(recorded, picture())]
    notebook = nbf.new_notebook(cells=cells)
    notebook_page.describe(notebook, {"figure_1": 'Figure 1: A "net" & more'})
    page, _ = notebook_page.body(notebook)
    texts = [html.unescape(text) for _, text in re.findall(r"""alt=(["'])(.*?)\1""", page)]
    assert texts == ['Figure 1: A "net" & more', "A picture of the section “Data”"]


@pytest.mark.parametrize(
    ("output", "stays"),
    [
        (picture({"image/png": {"artifact": "free"}}), True),
        (picture({"image/png": {"artifact": "marked"}}), False),
        (picture(), False),
        (picture({"image/png": {"artifact": "free"}}, **{"image/svg+xml": "<svg/>"}), False),
        (nbf.new_output("display_data", {"text/html": "<table><td>1</td></table>"}), True),
        (nbf.new_output("display_data", {"text/html": '<IMG src="x.png">'}), False),
        (nbf.new_output("display_data", {"text/html": "<p style='background: url(data:image/png;base64,x)'>"}), False),
        (nbf.new_output("display_data", {"text/markdown": f"![a](data:image/png;base64,{PNG})"}), False),
        (
            nbf.new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Image"}),
            False,
        ),
        (nbf.new_output("stream", name="stdout", text="0.5"), True),
    ],
)
def test_only_what_is_known_to_show_nobody_stays(output, stays):
    notebook = nbf.new_notebook(cells=[code(deepcopy(output))])
    notebook_page.without_faces(notebook, {"free"})
    [left] = notebook.cells[0].outputs
    assert (left == output) is stays
    assert (notebook_page.LEFT_OUT in str(left)) is not stays


def test_the_state_of_widgets_goes_with_the_pictures():
    notebook = nbf.new_notebook(metadata={"widgets": {"state": PNG}})
    notebook_page.without_faces(notebook, set())
    assert PNG not in str(notebook)
