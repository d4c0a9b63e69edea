import atexit
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

# two threads at most, whatever the machine has: results and time of the tests stay the same everywhere
os.environ.setdefault("OMP_NUM_THREADS", "2")

import nbformat
import pytest
from hypothesis import settings

from merlib import paths

# started in the background or under nohup, the tests would hand on to every process that Ctrl-C or a hang-up means nothing
for sign in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(sign) == signal.SIG_IGN:
        signal.signal(sign, signal.default_int_handler if sign == signal.SIGINT else signal.SIG_DFL)

settings.register_profile("merlib", deadline=None, max_examples=50)
settings.load_profile("merlib")

# beside another test process, each has a folder of its own for temporary files: some tests look what is left in it
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    tempfile.tempdir = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix=f"merlib-tests-{worker}-")
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)

# What `make test-fast` leaves out, by the beginning of its name: whatever takes seconds.
SLOW = (
    "tests/test_notebooks.py",
    "tests/test_new_paper.py",
    "tests/test_solutions.py::test_solutions_run",
    "tests/test_workers.py",
    "tests/site/",
    "tests/synthetic/",
    "tests/runs/test_headless.py",
    "tests/training/test_vggface2.py",
    "tests/data/databases/test_databases_macro.py",
    "tests/data/databases/test_databases_report.py",
    "tests/data/public/test_real.py",
    "tests/data/public/test_fetching.py::test_killed",
    "tests/test_cli.py::test_the_others_run_when_a_notebook_fails",
    "tests/cache/test_fingerprint.py::test_another_process",
    "tests/preprocessing/test_stills.py::test_databases_of_the_published_size",
    "tests/training/test_experiments.py::test_killed_and_started_again",
    "tests/preprocessing/test_frames.py::test_two_processes",
    "tests/methods/test_ststnet.py::test_real_flow_maps",
    "tests/results/test_differences.py::test_the_error_over_subjects",
    "tests/results/test_intervals.py",
    "tests/audit/",
    "tests/faults/",
)


# begun first, so that no process is left alone with them at the end
LONGEST = ("tests/test_notebooks.py",)


def pytest_addoption(parser):
    parser.addoption(
        "--faults-seed",
        type=int,
        default=int(time.time()),
        metavar="N",
        help="repeat the random moments of tests/faults",
    )


def pytest_report_header(config):
    seed = config.getoption("--faults-seed")
    return f"faults: random moments and places of seed {seed} (repeat them with --faults-seed {seed})"


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in LONGEST)
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


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
