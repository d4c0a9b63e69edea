import os
from pathlib import Path

# two threads at most, whatever the machine has: results and time of the tests stay the same everywhere
os.environ.setdefault("OMP_NUM_THREADS", "2")

import nbformat
import pytest
from hypothesis import settings

from merlib import paths

settings.register_profile("merlib", deadline=None, max_examples=50)
settings.load_profile("merlib")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty project of the test's own: nothing is read from, or left in, the real one's caches and runs."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("MERLIB_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of papers and real data beside the project, where there is one."""
    folder = paths.home().parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder.name}/ beside the project: real data and the papers' texts are not there")
    return folder


@pytest.fixture(scope="session")
def write_notebook():
    """Writes a notebook of code cells, the first one tagged `parameters`, with metadata stripped as in the project."""

    def write(path: Path, *cells: str) -> Path:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.cells[0].metadata["tags"] = ["parameters"]
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        return path

    return write
