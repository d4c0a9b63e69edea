import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from merlib import paths
from merlib.runs import headless, manifest, notes

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
import psutil
from merlib.progress import note_fold, note_source, track

kept = b"x" * 300_000_000
for fold in track(range(3), "folds"):
    time.sleep(0.2)
note_fold("first", 1.5, trained=True, precision="bf16")
note_fold("first", 1.5, trained=False, precision="bf16")
note_fold("second", 30.25, trained=False, precision="float32")
out = Path(output_dir)
(out / "tables").mkdir()
(out / "tables" / "table_1.csv").write_text("accuracy\\n0.5\\n")
names = ["MPLBACKEND", "PYTHONHASHSEED"]
seen = {"seeds": seeds, "size": size, "lr": lr, "python": sys.executable, **{name: os.environ[name] for name in names}}
open_ports = [port.laddr.ip for port in psutil.Process().net_connections("inet") if port.status == "LISTEN"]
(out / "ports.json").write_text(json.dumps(open_ports))
for name in ("SAMM", "CASME2"):
    note_source(Path(os.environ["MERLIB_HOME"], "data", name))
(out / "seen.json").write_text(json.dumps(seen))
about = {"name": "table_1", "type": "table", "kind": "measured", "title": "", "caption": "", "notes": [], "sources": []}
recorded = [{**about, "files": ["tables/table_1.csv"], "faces": False}]
(out / "artifacts.json").write_text(json.dumps(recorded))
"""
# what goes wrong is told by a file, so that the very same run can succeed first and fail when it is repeated
TROUBLE = """\
import signal
def full():
    raise OSError(28, "No space left on device", "/disk/04_toy.npy")
trouble = Path("../trouble.txt")
happens = {
    "raise": lambda: {}["lost clip"],
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "interrupt": lambda: [os.kill(os.getppid(), signal.SIGTERM), time.sleep(60)],
    "wait": lambda: time.sleep(60),
    "full": full,
}
if trouble.exists():
    happens[trouble.read_text()]()
"""


def left_behind():
    return set(Path(tempfile.gettempdir()).glob(f"{notes.PREFIX}*"))


LEFT_BEFORE = left_behind()  # by killed runs of somebody else


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_notebook):
    """A project with one small notebook; this module's tests share it."""
    folder = tmp_path_factory.mktemp("project")
    write_notebook(folder / "notebooks" / "04_toy.ipynb", PARAMETERS, WORK, TROUBLE)
    for name in ("CASME2", "SAMM", "not_read"):
        (folder / "data" / name).mkdir(parents=True)
    (folder / "data" / "SAMM" / "SOURCE.txt").write_text("look-alike data\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(folder))
        patch.setenv("MPLBACKEND", "agg")
        yield folder


@pytest.fixture
def trouble(home):
    """Says what goes wrong in the notebook, for the time of a test."""
    file = home / "trouble.txt"
    yield file.write_text
    file.unlink(missing_ok=True)


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


def test_the_manifest_names_the_databases_that_were_read_and_no_others(finished):
    assert manifest.read(finished)["data"] == {"CASME2": "the user's copy", "SAMM": "look-alike data"}


def test_no_other_user_can_reach_the_kernel(finished):
    """One port is open, to this machine only: ipykernel's for the printed text of forked processes. The others are files."""
    assert json.loads((finished / "ports.json").read_text()) in ([], ["127.0.0.1"])


def test_a_killed_kernel_leaves_no_run_and_the_half_of_its_notebook(home, trouble):
    trouble("kill")
    half = home / "papermill_runs" / "killed" / "04_toy.failed" / "notebook.ipynb"
    with pytest.raises(headless.RunError, match=rf"04_toy stopped: Kernel died(.*\n)+The notebook up to there: {half}"):
        headless.run("toy", "smoke", {}, "killed")
    assert half.exists()
    assert [path.name for path in half.parent.parent.iterdir()] == ["04_toy.failed"]


def test_a_full_disk_is_said_in_one_sentence(home, trouble):
    trouble("full")
    with pytest.raises(headless.RunError, match=r"OSError: .*No space left on device: '/disk/04_toy.npy'\n") as error:
        headless.run("toy", "smoke", {}, "full")
    assert len(str(error.value).splitlines()) == 2  # the second one names the half notebook


def test_what_cannot_be_written_is_said_in_one_sentence(home):
    (home / "papermill_runs" / "odd").mkdir(parents=True)
    blocked = home / "papermill_runs" / "odd" / "04_toy.running"
    blocked.write_text("mine")
    with pytest.raises(headless.RunError, match=f"^{blocked} cannot be written: File exists$"):
        headless.run("toy", "smoke", {}, "odd")
    assert blocked.read_text() == "mine"


def start(home, *arguments):
    """`merlib run toy` as a process of its own, seen to have a kernel at work in the last cell."""
    command = [
        sys.executable,
        "-c",
        "from merlib.cli import app; app()",
        "run",
        "toy",
        "--profile",
        "smoke",
        *arguments,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = ""
    while "folds 3/3" not in seen:
        line = process.stdout.readline()
        assert line, process.communicate()
        seen += line
    return process


def temporary(kernels):
    """The folder of a run's temporary files."""
    return os.path.dirname(kernels[0].environ()["MERLIB_PROGRESS"])


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


AGAIN = ("--set", "seeds=[3, 4]", "--set", "lr=1")


def test_a_run_that_is_going_on_is_said_and_not_disturbed(finished, home, trouble):
    trouble("wait")
    before, process = files(finished.parent), start(home, *AGAIN)
    try:
        message = f"{finished} is being run by process {process.pid} on "
        with pytest.raises(headless.RunError, match=message) as error:
            headless.plan("toy", "smoke", {"seeds": [3, 4], "lr": 1})
        assert "run toy --profile smoke --set 'seeds=[3, 4]'" in str(error.value)
        assert "give this one a name of its own" in str(error.value)
        assert headless.plan("toy", "smoke", {}, "other")
    finally:
        process.kill()
        process.communicate()
    assert files(finished.parent).items() >= before.items()


def test_a_killed_run_is_repeated_at_once_and_leaves_nothing(finished, home, trouble):
    trouble("wait")
    before, process = files(finished), start(home, *AGAIN)
    kernels = psutil.Process(process.pid).children(recursive=True)
    left = temporary(kernels)
    process.kill()
    process.communicate()
    assert kernels and os.path.isdir(left)
    assert files(finished) == before
    (home / "trouble.txt").unlink()
    headless.run("toy", "smoke", {"seeds": [3, 4], "lr": 1})
    assert [path.name for path in finished.parent.iterdir()] == ["04_toy"]
    assert not psutil.wait_procs(kernels, 0)[1] and not os.path.exists(left)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_ends_in_order_and_says_how_to_go_on(finished, home, trouble, sign):
    trouble("wait")
    before, process = files(finished), start(home, *AGAIN)
    kernels = psutil.Process(process.pid).children(recursive=True)
    left = temporary(kernels)
    process.send_signal(sign)
    said = process.communicate(timeout=30)[1]
    assert said == "04_toy was interrupted. Its finished folds are kept: the same command goes on from there.\n"
    assert process.returncode == 1
    assert files(finished) == before
    assert {path.name for path in finished.parent.iterdir()} == {"04_toy", "04_toy.failed"}
    assert not psutil.wait_procs(kernels, 0)[1] and not os.path.exists(left)


@pytest.mark.parametrize("text", ["", "garbage", "[]", "{}", "null", '{"parameters": 3}'])
def test_a_folder_with_a_broken_manifest_is_not_replaced(home, text):
    folder = home / "papermill_runs" / "broken" / "04_toy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(headless.RunError, match=f"^{folder}/manifest.json is broken: .* or remove {folder}$"):
        headless.run("toy", "smoke", {}, "broken")
    assert (folder / "manifest.json").read_text() == text


@pytest.mark.parametrize("place", ["papermill_runs", ".cache"])
def test_a_place_that_cannot_be_written_is_said_before_a_kernel_starts(no_kernel, home, monkeypatch, place):
    access = os.access
    (home / place).mkdir(exist_ok=True)
    monkeypatch.setattr("os.access", lambda path, mode: path != home / place and access(path, mode))
    with pytest.raises(headless.RunError, match=f"^No permission to write in {home / place}: "):
        headless.run("toy", "smoke", {}, "refused")


def test_a_disk_without_room_is_said_before_a_kernel_starts(no_kernel, home, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2e8))
    with pytest.raises(headless.RunError, match=r"^Only 0.2 GB of disk are free in .* and 1 GB are needed"):
        headless.run("toy", "smoke", {}, "refused")


def test_a_file_in_place_of_a_folder_is_said_before_a_kernel_starts(no_kernel, home, monkeypatch):
    monkeypatch.setattr(paths, "caches", lambda: home / "caches" / "of_mine")
    (home / "caches").write_text("")
    with pytest.raises(headless.RunError, match=f"^{home / 'caches'} is a file, and a folder is needed there"):
        headless.run("toy", "smoke", {}, "refused")


def test_a_project_whose_notebooks_are_a_link_runs(home, monkeypatch, tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "notebooks").symlink_to(home / "notebooks")
    monkeypatch.setenv("MERLIB_HOME", str(tmp_path / "project"))
    folder = headless.run("toy", "smoke")
    assert folder == tmp_path / "project" / "papermill_runs" / "smoke" / "04_toy"
    assert (folder / "notebook.ipynb").exists() and (folder / "tables" / "table_1.csv").exists()
    assert headless.plan("toy", "smoke")


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
        ("large", {}, "profile = 'large': accepted is one of smoke, demo, reference, paper"),
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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"output_dir": "elsewhere"}, "output_dir is no parameter to be set: --run NAME chooses the run folder"),
        ({"profile": "demo"}, "profile is no parameter to be set: --profile NAME chooses the profile"),
    ],
)
def test_what_has_an_option_of_its_own_is_no_parameter_that_one_gives(no_kernel, given, said):
    with pytest.raises(headless.RunError, match=said):
        headless.run("toy", "smoke", given, "refused")


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "", "..", "reference"])
def test_a_name_that_is_none_is_refused(no_kernel, name):
    with pytest.raises(headless.RunError, match="cannot name a run"):
        headless.run("toy", "smoke", {}, name)


def test_a_notebook_that_is_broken_is_named(no_kernel, home):
    notebook = home / "notebooks" / "09_broken.ipynb"
    notebook.write_text('{"cells": [')
    try:
        with pytest.raises(headless.RunError, match=f"^{notebook} is no notebook that can be read"):
            headless.run("broken", "smoke", {}, "refused")
    finally:
        notebook.unlink()


def test_the_databases_of_a_plan_are_those_that_its_weights_need(no_kernel, home, write_notebook):
    cell = (
        'profile = ""\noutput_dir = ""\ndatabases = ["samm"]\nmacro_databases = ["mug"]\nweights = None\ndata_root = ""'
    )
    notebook = write_notebook(home / "notebooks" / "01_sma_stn.ipynb", cell)
    try:
        for given, expected in (
            ({}, ["samm", "mug"]),
            ({"weights": "imagenet"}, ["samm"]),
            ({"weights": "x.pt"}, ["samm"]),
        ):
            assert list(headless.plan("sma_stn", "smoke", given).databases) == expected
        assert headless.plan("sma_stn", "smoke").data_root == home / "data"
        assert headless.plan("sma_stn", "smoke", {"data_root": "../faces"}).data_root == home / "faces"
    finally:
        notebook.unlink()


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
    assert left_behind() <= LEFT_BEFORE


def test_progress_is_printed_in_lines_and_a_failed_repetition_destroys_nothing(finished, trouble, capsys):
    before = files(finished)
    trouble("raise")
    with pytest.raises(headless.RunError) as error:
        headless.run("toy", "smoke", {"seeds": [3, 4], "lr": 1})
    message, half = str(error.value), finished.with_name("04_toy.failed") / "notebook.ipynb"
    assert "04_toy failed in cell In [4] ('import signal'): KeyError: 'lost clip'" in message
    assert str(half) in message and half.exists()
    assert files(finished) == before
    shown = re.findall(r"04_toy  \d:\d\d  (.*)", capsys.readouterr().out)
    assert shown == sorted(set(shown)) and shown[-1] == "folds 3/3"  # of several in one interval the last
