import hashlib
import json
import os
import re
import sys

import pytest

from merlib import paths
from merlib.runs import headless, manifest

PARAMETERS = """\
profile = "demo"  # sizes: smoke, demo or paper
data_root = ""  # folder of the databases
output_dir = ""  # the run folder
seeds = [0]  # one training a seed
size = 32  # pixels
lr = 0.1  # learning rate
"""
WORK = """\
import json, os, sys, time
from pathlib import Path
from merlib.progress import note_fold, track

kept = b"x" * 300_000_000
for fold in track(range(3), "folds"):
    time.sleep(0.2)
note_fold("first", 1.5, trained=True)
note_fold("first", 1.5, trained=False)
note_fold("second", 30.25, trained=False)
out = Path(output_dir)
(out / "tables").mkdir()
(out / "tables" / "table_1.csv").write_text("accuracy\\n0.5\\n")
names = ["MPLBACKEND", "PYTHONHASHSEED"]
seen = {"seeds": seeds, "size": size, "lr": lr, "python": sys.executable, **{name: os.environ[name] for name in names}}
(out / "seen.json").write_text(json.dumps(seen))
recorded = [{"name": "table_1", "kind": "measured", "caption": "", "files": ["tables/table_1.csv"], "faces": False}]
(out / "artifacts.json").write_text(json.dumps(recorded))
"""
# what goes wrong is told by a file, so that the very same run can succeed first and fail when it is repeated
TROUBLE = """\
import signal
trouble = Path("../trouble.txt")
if trouble.exists():
    {"raise": lambda: {}["lost clip"], "kill": lambda: os.kill(os.getpid(), signal.SIGKILL)}[trouble.read_text()]()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_notebook):
    """A project with one small notebook; this module's tests share it."""
    folder = tmp_path_factory.mktemp("project")
    write_notebook(folder / "notebooks" / "04_toy.ipynb", PARAMETERS, WORK, TROUBLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(folder))
        patch.setenv("MPLBACKEND", "agg")
        yield folder


@pytest.fixture(scope="module")
def finished(home):
    """The folder of a finished run, started from outside the project."""
    return headless.run("toy", "smoke", {"seeds": [3, 4], "lr": 1})


def test_a_finished_run_has_its_notebook_and_what_it_recorded(finished, home):
    assert finished == home / "papermill_runs" / "smoke" / "04_toy"
    assert (finished / "notebook.ipynb").exists()
    assert (finished / "tables" / "table_1.csv").exists()


def test_the_kernel_gets_the_parameters_our_python_and_a_fixed_environment(finished):
    assert json.loads((finished / "seen.json").read_text()) == {
        "seeds": [3, 4],
        "size": 32,
        "lr": 1,
        "python": sys.executable,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
    }


def test_the_manifest_records_every_parameter_also_those_not_given(finished):
    assert manifest.read(finished)["parameters"] == {
        "profile": "smoke",
        "data_root": "",
        "output_dir": "../papermill_runs/smoke/04_toy",
        "seeds": [3, 4],
        "size": 32,
        "lr": 1,
    }


def test_the_manifest_hashes_every_file_as_it_is(finished):
    found = manifest.read(finished)["sha256"]
    files = {path.relative_to(finished).as_posix(): path for path in finished.rglob("*") if path.is_file()}
    del files["manifest.json"]
    assert found == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert {"notebook.ipynb", "tables/table_1.csv", "artifacts.json"} <= found.keys()


def test_the_manifest_tells_time_memory_versions_and_device(finished):
    found = manifest.read(finished)
    assert found["notebook"] == "04_toy" and found["run"] == "smoke"
    assert found["started"] < found["finished"]
    assert found["wall_time_s"] > 0.6  # three folds of 0.2 s
    assert 300 < found["peak_memory_mb"] < 2000  # the notebook holds 300 MB; the rest is Python and its libraries
    assert {"python", "merlib", "torch", "papermill"} <= found["versions"].keys()
    assert "pytest" not in found["versions"]
    assert found["device"]
    assert [artifact["name"] for artifact in found["artifacts"]] == ["table_1"]


def test_the_manifest_tells_how_long_stored_folds_had_been_trained(finished):
    folds = manifest.read(finished)["folds"]
    assert folds == {"trained": 1, "stored": 1, "trained_s": 1.5, "stored_s": 30.2}


def test_nothing_in_a_run_folder_names_the_machines_folders(finished, home):
    texts = [(finished / name).read_text() for name in ("manifest.json", "notebook.ipynb")]
    assert not any(str(home) in text for text in texts)


def test_a_finished_run_is_not_replaced_by_another_one(finished):
    with pytest.raises(headless.RunError, match="holds a finished run with another lr, size: give this one a name"):
        headless.plan("toy", "smoke", {"seeds": [3, 4], "size": 64})
    assert manifest.read(finished)


def test_a_killed_kernel_leaves_no_manifest(home):
    (home / "trouble.txt").write_text("kill")
    with pytest.raises(headless.RunError, match="04_toy stopped: Kernel died"):
        headless.run("toy", "smoke", {}, "killed")
    folder = home / "papermill_runs" / "killed" / "04_toy"
    assert (folder / "notebook.ipynb").exists()
    assert manifest.read(folder) is None


@pytest.fixture
def no_kernel(home, monkeypatch):
    """Fails the test when a refused run reaches papermill."""
    monkeypatch.setattr("papermill.execute_notebook", lambda *_, **__: pytest.fail("a kernel was started"))
    yield
    assert not (home / "papermill_runs" / "refused").exists()


@pytest.mark.parametrize(
    ("profile", "given", "said"),
    [
        ("smoke", {"sizes": 64}, "sizes: no such setting; there are profile, data_root, output_dir, seeds, size, lr"),
        ("smoke", {"size": 10_000}, "size = 10000: accepted is a whole number from 16 to 512"),
        ("smoke", {"size": "64"}, "size = '64': accepted is a whole number"),
        ("smoke", {"seeds": 0}, "seeds = 0: accepted is a list, each item a whole number"),
        ("large", {}, "profile = 'large': accepted is one of smoke, demo, paper"),
    ],
)
def test_a_wrong_parameter_stops_the_run_before_a_kernel_starts(no_kernel, profile, given, said):
    with pytest.raises(headless.RunError) as error:
        headless.run("toy", profile, given, "refused")
    assert said in str(error.value)
    assert "seeds: a list, each item a whole number from 0 to 4294967295  # one training a seed" in str(error.value)


def test_an_unknown_notebook_is_refused_with_those_that_exist(no_kernel):
    with pytest.raises(headless.RunError, match=r"there is no notebook 'tyo' .* there are toy"):
        headless.run("tyo", "smoke", {}, "refused")


def test_the_run_folder_is_not_a_parameter_that_one_gives(no_kernel):
    with pytest.raises(headless.RunError, match="--run NAME chooses another one"):
        headless.run("toy", "smoke", {"output_dir": "elsewhere"}, "refused")


def test_a_parameter_left_to_the_profile_has_the_profiles_type(no_kernel, home, write_notebook):
    notebook = write_notebook(home / "notebooks" / "05_mmnet.ipynb", 'profile = "demo"\noutput_dir = ""\nsize = None')
    try:
        with pytest.raises(headless.RunError, match="size = '64': accepted is a whole number"):
            headless.run("mmnet", "smoke", {"size": "64"}, "refused")
        planned = headless.plan("mmnet", "smoke", {"size": 64}, "refused")
        assert planned.parameters["size"] == 64 and headless.plan("mmnet", "smoke").parameters["size"] is None
    finally:
        notebook.unlink()


def test_the_environment_is_as_before_after_a_run(finished):
    assert os.environ["MPLBACKEND"] == "agg" and "MERLIB_PROGRESS" not in os.environ
    assert not list(paths.cache("progress").iterdir())


# the last test: it undoes `finished`
def test_progress_is_printed_in_lines_and_a_failed_repetition_leaves_no_manifest(finished, home, capsys):
    (home / "trouble.txt").write_text("raise")
    with pytest.raises(headless.RunError) as error:
        headless.run("toy", "smoke", {"seeds": [3, 4], "lr": 1})
    message = str(error.value)
    assert "04_toy failed in cell In [4] ('import signal'): KeyError: 'lost clip'" in message
    assert str(finished / "notebook.ipynb") in message and (finished / "notebook.ipynb").exists()
    assert manifest.read(finished) is None
    shown = re.findall(r"04_toy  \d:\d\d  (.*)", capsys.readouterr().out)
    assert shown == sorted(set(shown)) and shown[-1] == "folds 3/3"  # of several in one interval the last
