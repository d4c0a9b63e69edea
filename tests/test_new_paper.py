"""The page on adding a paper, followed step by step in a project of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from merlib import profiles, synthetic
from merlib.runs import manifest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "new_paper"
NOTEBOOK = "09_difference_cnn"


def blocks(page):
    """(what, where, text) of the fenced blocks that say where they go."""
    fenced = re.findall(r"^```\w+ (cell|file|append)=(\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert {what for what, _, _ in fenced} == {"cell", "file", "append"}
    return fenced


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the library, with the page's notebook, numbers, settings and test in it, and look-alike data."""
    home = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "merlib", home / "merlib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", home)
    template = (DOCS / "NN_paper.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(template.replace("PAPER", "difference_cnn").replace("METHOD", "Difference CNN"))
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    for what, where, text in blocks((DOCS / "README.md").read_text(encoding="utf-8")):
        if what == "cell":
            cells[where]["source"] = text.rstrip("\n").splitlines(keepends=True)
        else:
            (home / where).parent.mkdir(parents=True, exist_ok=True)
            with (home / where).open("a" if what == "append" else "x", encoding="utf-8") as file:
                file.write(text)
    (home / "notebooks").mkdir()
    (home / "notebooks" / f"{NOTEBOOK}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    synthetic.write("casme2", home / "data", synthetic.Size(**profiles.synth("smoke")["casme2"]))
    do(home, "nbdev-export")
    return home


def do(home, *command):
    """Runs a program of this environment in the project, with the project's own copy of the library."""
    program = Path(sys.executable).with_name(command[0])
    environment = os.environ | {"PYTHONPATH": str(home), "MERLIB_HOME": str(home)}
    done = subprocess.run([program, *command[1:]], cwd=home, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_notebook_runs_headless_and_shows_the_published_number_beside_ours(project):
    do(project, "merlib", "run", "difference_cnn", "--profile", "smoke")
    folder = project / "papermill_runs" / "smoke" / NOTEBOOK
    made = {artifact["name"]: artifact for artifact in manifest.read(folder)["artifacts"]}
    assert made.keys() == {"clip", "predictions", "yardsticks", "learning_curves", "table_1", "confusion"}
    row = pd.read_csv(folder / "tables" / "table_1.csv", dtype=str).iloc[0]
    assert row["method"] == "Difference CNN" and row["published: Acc. (%)"] == "61.04"
    assert 0 <= float(row["ours, last epoch: Acc. (%)"]) <= 100


def test_the_new_paper_passes_its_own_test(project):
    do(project, "pytest", "-q", "tests/papers/test_difference_cnn.py")


def test_the_template_is_stored_without_outputs_in_the_shape_of_a_notebook():
    cells = json.loads((DOCS / "NN_paper.ipynb").read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
    headings = re.findall(r"^## (.*)", "\n".join("".join(cell["source"]) + "\n" for cell in cells), re.MULTILINE)
    assert headings == [
        "The paper in a minute", "Setup", "Data", "Preprocessing", "Model", "Training (LOSO)", "Results", "What we found",
        "What the paper leaves unsaid", "Exercises",
    ]  # fmt: skip
