import errno
import json
import os
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
from helpers import file_server, tiny_databases
from helpers.manifests import ARTIFACT, FACTS
from typer.testing import CliRunner

from merlib import cli, profiles
from merlib.data.public import registry
from merlib.runs import headless, lock, machine, manifest

CELL = 'profile = "demo"  # sizes\noutput_dir = ""  # run folder\nsize = 32  # pixels'


@pytest.fixture
def call(home):
    """Calls `merlib` in a project of the test's own."""
    return lambda line: CliRunner().invoke(cli.app, shlex.split(line))


def write_manifest(home, run, notebook, artifact, finished, **parameters):
    folder = home / "papermill_runs" / run / notebook
    folder.mkdir(parents=True)
    (folder / "artifacts.json").write_text(json.dumps([ARTIFACT | {"name": artifact}]))
    facts = FACTS | {"notebook": notebook, "run": run, "finished": finished}
    manifest.write(folder, **facts | {"parameters": FACTS["parameters"] | parameters})


def leave_half(home, run, notebook):
    """A folder with half a notebook."""
    folder = home / "papermill_runs" / run / notebook
    folder.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), folder / "notebook.ipynb")


@pytest.mark.parametrize("command", ["run", "status", "gallery", "check", "data synth", "data check", "data get"])
def test_help_shows_an_example(call, command):
    result = call(f"{command} --help")
    assert result.exit_code == 0
    assert f"  merlib {command}" in result.stdout


def test_the_others_run_when_a_notebook_fails_and_the_failed_ones_are_listed(call, home, write_notebook):
    write_notebook(home / "notebooks" / "01_bad.ipynb", CELL, "1 / 0")
    write_notebook(home / "notebooks" / "02_good.ipynb", CELL, "size")
    result = call("run --profile smoke --set size=64 --run mine")
    assert result.exit_code == 1
    assert "01_bad failed in cell In [3] ('1 / 0'): ZeroDivisionError: division by zero" in result.stderr
    assert result.stderr.endswith("failed:\n- 01_bad\n")
    good = manifest.read(home / "papermill_runs" / "mine" / "02_good")
    assert good["parameters"]["size"] == 64
    assert manifest.read(home / "papermill_runs" / "mine" / "01_bad") is None
    assert str(home / "papermill_runs" / "mine") in result.stdout


def test_what_is_wrong_with_any_notebook_is_said_before_one_starts(call, home, write_notebook):
    for name in ("01_one", "02_two"):
        write_notebook(home / "notebooks" / f"{name}.ipynb", CELL)
    result = call("run one two three --set size=9999 --set sizes=1")
    assert result.exit_code == 1
    for said in ("one cannot run", "two cannot run", "no notebook 'three'", "sizes: no such setting", "size = 9999"):
        assert said in result.stderr
    assert not (home / "papermill_runs").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [("64", 64), ("0.5", 0.5), ("true", True), ("[0, 1]", [0, 1]), ("casme2-5", "casme2-5"), ("a=b", "a=b"), ("", "")],
)
def test_set_takes_json_where_it_can_and_text_otherwise(text, value):
    found = cli._assignments([f"name={text}"], {})["name"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 100_000])
def test_what_is_too_large_for_json_is_a_text(value):
    assert cli._assignments([f"name={value}"], {}) == {"name": value}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1e999", "9" * 5000, "[" * 100_000, "[[0]]", '{"a": 1}', "null"])
def test_a_value_that_is_none_is_refused_in_a_few_lines(call, home, write_notebook, value):
    write_notebook(home / "notebooks" / "01_one.ipynb", CELL)
    result = call(f"run one --set size={shlex.quote(value)}")
    assert result.exit_code == 1 and result.exception.code == 1
    assert "accepted is a whole number from 16 to 512" in result.stderr
    assert len(result.stderr) < 1000


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--set size=32 --set size=64", "--set size=64: size is given twice"),
        ("--data-root /x --set data_root=/y", "--set data_root=/y: data_root is given twice"),
        ("--set profile=smoke", "profile is no parameter to be set: --profile NAME chooses the profile"),
        ("--run ../../x", "'../../x' cannot name a run"),
        ("--run ''", "'' cannot name a run"),
        ("--run reference", "names that begin with interactive or reference are for other folders"),
    ],
)
def test_a_run_that_cannot_be_meant_is_refused(call, home, write_notebook, line, said):
    write_notebook(home / "notebooks" / "01_one.ipynb", CELL + '\ndata_root = ""  # data')
    result = call(f"run one {line}")
    assert result.exit_code == 1 and said in result.stderr
    assert not (home / "papermill_runs").exists()


def test_a_notebook_that_is_named_twice_runs_once(call, home, write_notebook, monkeypatch):
    write_notebook(home / "notebooks" / "01_one.ipynb", CELL)
    seen = []
    monkeypatch.setattr(headless, "execute", seen.append)
    monkeypatch.setattr(cli, "_show_results", lambda folder: None)
    assert call("run one 01_one --profile smoke").exit_code == 0
    assert len(seen) == 1


DATABASES = f'{CELL}\ndata_root = ""  # folder\ndatabases = ["casme2", "samm"]  # which'


def test_databases_that_are_not_there_are_named_before_a_notebook_starts(call, home, write_notebook, monkeypatch):
    monkeypatch.setattr(headless, "execute", lambda _: pytest.fail("a notebook was started"))
    for name in ("01_one", "02_two"):
        write_notebook(home / "notebooks" / f"{name}.ipynb", DATABASES)
    result = call("run --profile smoke")
    assert result.exit_code == 1
    for said in (f"no CASME II in {home}/data. Expected there:", f"no SAMM in {home}/data", "merlib data synth samm"):
        assert result.stderr.count(said) == 1
    assert not (home / "papermill_runs").exists()


POSED = 'macro_databases = ["mug"]  # posed\nmacro_root = ""  # where\nweights = None  # of the network'


def test_own_clips_look_for_posed_expressions_in_the_projects_data(call, home, write_notebook, monkeypatch):
    monkeypatch.setattr(headless, "execute", lambda _: pytest.fail("a notebook was started"))
    write_notebook(home / "notebooks" / "01_sma_stn.ipynb", f"{DATABASES}\n{POSED}")
    (home / "list.csv").write_text("subject,clip,frames,emotion\n")
    said = call(f"run sma_stn --profile smoke --database own --data-root {home}/list.csv").stderr
    assert f"no MUG in {home}/data. Expected" in said and f"synth mug --data-root {home}/data\n" in said
    assert said.endswith(
        "Posed expressions are for pre-training: --set macro_root=FOLDER says where their databases lie. "
        "With --set weights=none nothing is pre-trained.\n"
    )
    said = call(f"run sma_stn --profile smoke --data-root {home}/list.csv --set macro_root=/posed").stderr
    assert "no MUG in /posed" in said
    assert f"no SAMM in {home}/list.csv" in said and "synth samm" not in said  # in a list nothing can be drawn


@pytest.mark.parametrize(("root", "said"), [("/" + "x" * 300, "too long: '/xxx"), ('"a\\u0000b"', "accepted is text")])
def test_a_data_root_that_cannot_be_a_path_is_refused(call, home, write_notebook, root, said):
    write_notebook(home / "notebooks" / "01_one.ipynb", DATABASES)
    result = call(f"run one --set {shlex.quote('data_root=' + root)}")
    assert result.exit_code == 1 and result.exception.code == 1
    assert said in result.stderr


def test_a_database_is_named_once(call, home, write_notebook):
    write_notebook(home / "notebooks" / "01_one.ipynb", DATABASES)
    result = call("run one --database casme2 --database samm --database casme2")
    assert result.exit_code == 1
    assert "databases = ['casme2', 'samm', 'casme2']: 'casme2' stands in it more than once" in result.stderr


def test_set_without_equals_sign_says_how_to_write_it(call):
    result = call("run --set size")
    assert result.exit_code == 1 and "write NAME=VALUE" in result.stderr


def test_data_root_and_databases_become_parameters(home, write_notebook, monkeypatch, call):
    write_notebook(home / "notebooks" / "01_one.ipynb", DATABASES)
    tiny_databases.samm(home / "faces", [["006", "006_1_2", 1, 2, 3, "12", "Happiness"]])
    seen = []
    monkeypatch.setattr(headless, "execute", seen.append)
    monkeypatch.setattr(cli, "_show_results", lambda folder: None)
    assert call(f"run one --database samm --data-root {home}/../{home.name}/faces").exit_code == 0
    assert seen[0].parameters["databases"] == ["samm"]
    assert seen[0].parameters["data_root"] == str(home / "faces")


def test_a_machine_that_is_not_ready_stops_everything_with_the_remedy(call, monkeypatch):
    monkeypatch.setattr(machine, "library_fault", lambda _: "OpenCV needs libGL.so.1: `apt-get install libgl1`.")
    for command in ("check", "run"):
        result = call(command)
        assert result.exit_code == 1
        assert "apt-get install libgl1" in result.stderr


def test_status_names_the_last_finished_run_of_each_artifact(call, home):
    write_manifest(home, "old", "04_mmnet", "table_6", "2026-01-01T00:00:00+00:00")
    write_manifest(home, "new", "04_mmnet", "table_6", "2026-02-01T00:00:00+00:00")
    (home / "papermill_runs" / "half" / "04_mmnet").mkdir(parents=True)
    lines = call("status").stdout.splitlines()
    table_6 = [line for line in lines if line.startswith("mmnet") and "table_6" in line]
    table_7 = [line for line in lines if line.startswith("mmnet") and "table_7" in line]
    assert table_6[0].endswith("new, 2026-02-01")
    assert table_7[0].endswith(" -")
    assert lines[-1].startswith("1 of ")


def test_status_counts_no_run_on_own_clips_and_says_which_databases_a_run_did_not_read(call, home):
    january, february = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"
    write_manifest(home, "one", "04_mmnet", "table_3", january, databases=["casme2", "own"])
    write_manifest(home, "whole", "03_psn", "table_1", january, databases=["casme2"])
    write_manifest(home, "mine", "04_mmnet", "table_3", february, databases=["own"])
    write_manifest(home, "mine", "01_sma_stn", "table_4", february, databases=["own"])
    lines = call("status").stdout.splitlines()
    assert [line.partition("  one, ")[2] for line in lines if "table_3 " in line and "mmnet" in line] == [
        "2026-01-01, without samm mmew"
    ]
    assert any(line.endswith("whole, 2026-01-01") for line in lines) and not any("mine" in line for line in lines)
    assert lines[-1].startswith("2 of ")


def test_status_names_the_runs_that_did_not_finish(call, home):
    write_manifest(home, "demo", "04_mmnet", "table_6", "2026-01-01T00:00:00+00:00")
    for left in ("03_psn.failed", "04_mmnet.failed", "04_mmnet.running"):
        leave_half(home, "demo", left)
    output = call("status").stdout
    assert "not finished:\n- demo/03_psn.failed\n" in output and "- demo/04_mmnet" not in output
    assert output.splitlines()[-1].startswith("1 of ")


def test_status_says_who_runs_a_notebook_now(call, home):
    leave_half(home, "demo", "04_mmnet.running")
    with lock.held(home / "papermill_runs" / "demo" / "04_mmnet.lock"):
        assert f"- demo/04_mmnet.running: process {os.getpid()} on " in call("status").stdout
    assert "- demo/04_mmnet.running\n" in call("status").stdout


@pytest.mark.parametrize("text", ["", "garbage", "[]", "{}", "null"])
def test_status_names_broken_manifests_and_goes_on(call, home, text):
    write_manifest(home, "demo", "04_mmnet", "table_6", "2026-01-01T00:00:00+00:00")
    for run in ("bad", "worse"):
        leave_half(home, run, "04_mmnet")
        (home / "papermill_runs" / run / "04_mmnet" / "manifest.json").write_text(text)
    result = call("status")
    assert result.exit_code == 0
    for run in ("bad", "worse"):
        assert f"- {home}/papermill_runs/{run}/04_mmnet/manifest.json is broken: " in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 of ")


def test_gallery_names_broken_manifests_and_makes_no_pages(call, home):
    write_manifest(home, "demo", "04_mmnet", "table_6", "2026-01-01T00:00:00+00:00")
    for notebook in ("01_sma_stn", "03_psn"):
        leave_half(home, "demo", notebook)
        (home / "papermill_runs" / "demo" / notebook / "manifest.json").write_text("[]")
    result = call("gallery demo")
    assert result.exit_code == 1 and result.exception.code == 1
    for notebook in ("01_sma_stn", "03_psn"):
        assert f"{notebook}/manifest.json is broken: the manifest is [], not an object\n" in result.stderr
    assert not (home / "papermill_runs" / "demo" / "index.html").exists()


def test_gallery_shows_a_finished_run_and_not_what_failed_beside_it(call, home):
    write_manifest(home, "demo", "04_mmnet", "own", "2026-01-01T00:00:00+00:00")
    for left in ("03_psn.failed", "04_mmnet.failed", "04_mmnet.running"):
        leave_half(home, "demo", left)
    page = Path(call("gallery demo").stdout.strip()).read_text()
    assert "04_mmnet/index.html" in page and "04_mmnet.failed" not in page and "04_mmnet.running" not in page
    assert "03_psn.failed/index.html" in page and page.count("did not finish") == 1


@pytest.mark.parametrize("name", ["..", ".", "", "/tmp", "a/b"])
def test_gallery_of_what_cannot_name_a_run_says_what_can(call, home, name):
    result = call(f"gallery {shlex.quote(name)}")
    assert result.exit_code == 1 and result.exception.code == 1
    assert f"{name!r} cannot name a run: a name begins with a letter or a digit" in result.stderr


def test_gallery_of_what_jupyterlab_recorded_says_that_there_is_no_run(call, home):
    (home / "papermill_runs" / "interactive" / "04_mmnet").mkdir(parents=True)
    (home / "papermill_runs" / "interactive" / "04_mmnet" / "artifacts.json").write_text("[]")
    result = call("gallery interactive")
    assert result.exit_code == 1 and "there is no run 'interactive'; there are none" in result.stderr


def test_gallery_without_faces_says_where_the_public_copy_is(call, home):
    write_manifest(home, "demo", "04_mmnet", "own", "2026-01-01T00:00:00+00:00")
    result = call("gallery demo --no-faces")
    public = home / "papermill_runs" / "demo" / "public" / "index.html"
    assert result.stdout.strip() == str(public) and public.is_file()
    assert not (home / "papermill_runs" / "demo" / "index.html").exists()
    (home / "papermill_runs" / "demo" / "04_mmnet" / "manifest.json").unlink()
    assert call("status").stdout.splitlines()[-1].startswith("0 of ")  # the copy is no run


def test_status_tells_a_run_from_its_copy_by_the_folder(call, home):
    write_manifest(home, "demo", "04_mmnet", "table_6", "2026-01-01T00:00:00+00:00")
    shutil.copytree(home / "papermill_runs" / "demo", home / "papermill_runs" / "reference")
    table_6 = [line for line in call("status").stdout.splitlines() if line.startswith("mmnet") and "table_6" in line]
    assert table_6[0].endswith("demo, 2026-01-01")
    shutil.rmtree(home / "papermill_runs" / "demo")
    table_6 = [line for line in call("status").stdout.splitlines() if line.startswith("mmnet") and "table_6" in line]
    assert table_6[0].endswith("reference, 2026-01-01")


def test_gallery_of_a_run_that_is_not_there_names_those_that_are(call, home):
    leave_half(home, "demo", "04_mmnet")
    result = call("gallery dmo")
    assert result.exit_code == 1 and "there is no run 'dmo'; there are demo" in result.stderr


@pytest.fixture
def full_disk(monkeypatch):
    def replace(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", replace)


def test_pages_that_cannot_be_written_are_one_sentence(call, home, full_disk):
    leave_half(home, "demo", "04_mmnet")
    result = call("gallery demo")
    assert result.exit_code == 1 and result.exception.code == 1
    assert "cannot be written: the disk is full (" in result.stderr and len(result.stderr.splitlines()) == 1


def test_look_alikes_that_cannot_be_written_are_one_sentence(call, tiny_look_alikes, full_disk, home):
    result = call("data synth samm --profile smoke")
    assert result.exit_code == 1 and result.exception.code == 1
    said = result.stderr.splitlines()[-1]  # after the bar
    assert said.startswith(f"samm: {home}/data/SAMM cannot be written: the disk is full (")
    (home / "file").write_text("")
    result = call("data synth samm --profile smoke --data-root file/x")
    assert result.exit_code == 1 and result.exception.code == 1


def test_a_run_that_left_nothing_is_not_shown(call, home, write_notebook, monkeypatch):
    write_notebook(home / "notebooks" / "01_one.ipynb", CELL)

    def fail(_):
        raise headless.RunError("somebody else runs it")

    monkeypatch.setattr(headless, "execute", fail)
    result = call("run one --profile smoke")
    assert result.stderr == "somebody else runs it\nfailed:\n- 01_one\n" and result.exception.code == 1


def test_synth_refuses_what_it_has_no_size_for(call):
    result = call("data synth casme9 --profile smoke")
    assert result.exit_code == 1 and "no look-alike of casme9; there are" in result.stderr
    assert "there are smoke, demo" in call("data synth --profile paper").stderr


@pytest.fixture
def tiny_look_alikes(monkeypatch):
    size = {"subjects": 2, "clips": 4, "height": 48, "width": 48}
    monkeypatch.setattr(profiles, "synth", lambda profile: {"casme2": size, "samm": size})


def test_the_check_finds_the_clip_that_a_look_alike_lost(call, home, tiny_look_alikes):
    assert call("data synth casme2 --profile smoke").exit_code == 0
    frame = min((home / "data" / "CASME2").rglob("*.jpg"))
    assert frame.parent.name not in call("data check casme2").stdout
    shutil.rmtree(frame.parent)
    result = call("data check casme2")
    assert result.exit_code == 1
    assert frame.parent.name in result.stdout


def test_a_damaged_look_alike_is_drawn_again_and_that_is_said_in_a_sentence(call, home, tiny_look_alikes, monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", None)  # set by the command
    call("data synth casme2 --profile smoke")
    frame = min((home / "data" / "CASME2").rglob("*.jpg"))
    frame.unlink()
    with pytest.warns() as said:
        call("data synth casme2 --profile smoke")
    text = warnings.formatwarning(said[0].message, said[0].category, said[0].filename, said[0].lineno)
    assert text.startswith(f"{home / 'data' / 'CASME2'} is damaged: 1 of") and text.endswith("it is drawn again\n")
    assert frame.is_file() and "\n" not in text.strip()


def test_a_real_database_is_passed_over_and_only_refused_when_asked_for_by_name(call, home, tiny_look_alikes):
    (home / "data" / "CASME2").mkdir(parents=True)
    (home / "data" / "CASME2" / "licensed.xlsx").write_text("")
    assert call("data synth casme2 --profile smoke").exit_code == 1
    result = call("data synth --profile smoke")
    assert result.exit_code == 0 and "casme2: " in result.stderr
    assert [path.name for path in (home / "data" / "CASME2").iterdir()] == ["licensed.xlsx"]
    assert (home / "data" / "SAMM" / "SOURCE.txt").exists()


def test_check_of_a_database_that_is_not_there_says_how_to_get_it(call, home):
    result = call("data check samm")
    assert result.exit_code == 1
    assert "merlib data synth" in result.stderr and "SAMM" in result.stderr


@pytest.fixture
def tiny_public(monkeypatch, tmp_path):
    """Public data of two files, of which the folder of copies holds one."""
    dataset = file_server.dataset({"a.txt": b"a", "b c.txt": b"bc"})
    monkeypatch.setattr(registry, "datasets", lambda: {"tiny": dataset})
    copies = tmp_path / "copies" / "anna+faces"
    copies.mkdir(parents=True)
    (copies / "a.txt").write_bytes(b"a")
    return copies


def test_public_data_is_told_of_before_it_is_fetched_and_checked_after(call, home, tiny_public):
    overview = call("data get").stdout
    assert "| tiny   | a few bytes |       2 | 0 kB   | none stated | nothing |" in overview
    result = call(f"data get tiny --from {tiny_public.parent}")
    assert result.exit_code == 1 and result.exception.code == 1
    assert (
        "github.com/anna/faces at 0123456789, by Anna\n  no licence is stated: you may use it at your own"
        in result.stdout
    )
    assert "1 of 2 files are there" in result.stderr and "anna/faces: b c.txt: not there" in result.stderr
    assert "1 of 2" in call("data get").stdout and "1 files are missing" in call("data check tiny").stdout
    (tiny_public / "b c.txt").write_bytes(b"bc")
    result = call(f"data get real --from {tiny_public.parent}")
    assert result.exit_code == 0 and f"tiny: {home / 'data' / 'Tiny'}" in result.stdout
    assert "all" in call("data get").stdout
    result = call("data check real")
    assert result.exit_code == 0 and result.stdout == "tiny data: all files are those of the commits\n"


def test_names_and_folders_of_public_data_that_there_are_not_are_said(call, home, tiny_public):
    assert "no public data 'casme2'; there are tiny, and real for all of them" in call("data get casme2").stderr
    assert "no database or public data 'x'; there are casme2, " in call("data check x").stderr
    result = call("data get tiny --from /no/such/folder")
    assert result.exit_code == 1 and result.exception.code == 1
    assert "no folder /no/such/folder: --from takes a folder" in result.stderr


def test_a_terminal_in_another_encoding_shows_what_it_can():
    command = [sys.executable, "-c", "from merlib.cli import app; app()", "status"]
    made = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, text=True)
    assert made.returncode == 0 and "\\u03bb" in made.stdout, made.stderr[-300:]
