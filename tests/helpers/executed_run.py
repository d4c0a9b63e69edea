"""A small run with everything that a gallery has to show; whatever shows a face in it is red."""

import json

import nbformat.v4 as nbf

from merlib.runs import headless

FACE = (255, 0, 0)
TEXT = """# MMNet: look at the motion

> A paper. 2022.

## Formulas

Inline $x_t^2$, and by itself

$$\\min_{A,E}\\|A\\|_*+\\lambda\\|E\\|_1\\quad\\text{subject to}\\quad D=A+E,\\qquad h_t=\\tanh(W_Ix_t+W_Hh_{t-1})$$

| gap | our choice | why it was chosen among all that the paper leaves open |
|---|---|---|
| seed | 0 | `chosen` by **us** |

## Results"""
PARAMETERS = """profile = "demo"  # sizes
data_root = ""  # folder of the databases
output_dir = ""  # run folder"""
CELLS = [
    """import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML
from merlib.results import tables
from merlib.results.artifacts import Record

record = Record("mmnet", output_dir)
def picture(colour):
    figure, ax = plt.subplots(figsize=(12, 2))
    ax.set_facecolor(colour)
    return figure""",
    'record.table("table_6", tables.compare("mmnet", "table_6", {}), "Five <classes>.")',
    'record.figure("figure_3", picture("blue"), "Nobody.")',
    'record.figure("figure_4", picture("red"), "Attention & more.", faces=True)',
    'record.figure("own", picture("blue"), "One of our own.", kind="measured")',
    'figure = picture("red")\nplt.close(figure)\nfigure  # shows a face, and no record says so',
    """import base64, io
file = io.BytesIO()
figure.savefig(file, format="png")
HTML(f'<img alt="a face" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">')""",
    'pd.DataFrame({f"column {i}": ["a long cell " * 3] for i in range(12)})',
    'print("a line of text that is wider than any phone, and wider than many a page: " + "so long " * 20)',
]


def make(home):
    """Runs one notebook, and leaves half of another; returns the run folder. `home` is the project."""
    cells = [nbf.new_markdown_cell(TEXT), nbf.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
    write(home / "notebooks" / "04_mmnet.ipynb", *cells, *map(nbf.new_code_cell, CELLS))
    run = headless.run("mmnet", "smoke", run_name="made").parent
    write(run / "01_sma_stn" / "notebook.ipynb", nbf.new_markdown_cell("# SMA-STN"), nbf.new_code_cell("1 / 0"))
    return run


def write(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = nbf.new_notebook(cells=list(cells), metadata={"language_info": {"name": "python"}})
    path.write_text(json.dumps(notebook), encoding="utf-8")
