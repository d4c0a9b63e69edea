"""Every notebook of solutions runs, on the smallest look-alike databases, and belongs to a notebook that points to it."""

import json

import nbformat
import papermill
import pytest

from merlib import paths, profiles, synthetic

SOLUTIONS = sorted((paths.notebooks() / "solutions").glob("*.ipynb"))

each_solution = pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of its own with smoke-sized data: the databases that are named in solutions."""
    home = tmp_path_factory.mktemp("project")
    (home / "notebooks").mkdir()
    code = [c["source"] for f in SOLUTIONS for c in nbformat.read(f, as_version=4).cells if c["cell_type"] == "code"]
    for name, size in profiles.synth("smoke").items():
        if f'read("{name}' in "\n".join(code):
            synthetic.write(name, home / "data", synthetic.Size(**size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(home))
        yield home


@each_solution
def test_solutions_run(file, project):
    papermill.execute_notebook(file, None, kernel_name="python3", progress_bar=False, cwd=project / "notebooks")


@each_solution
def test_solutions_are_stored_without_outputs_and_solve_the_exercises_of_their_notebook(file):
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
    exercises = (file.parents[1] / file.name).read_text(encoding="utf-8")
    assert f"notebooks/solutions/{file.name}" in exercises
