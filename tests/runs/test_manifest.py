import json
import subprocess

import pytest

from merlib.runs import manifest


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(["git", "-C", folder, *who, *arguments], capture_output=True, text=True, check=True).stdout


def test_git_state_tells_the_commit_and_whether_files_differ_from_it(home):
    git(home, "init")
    (home / "a.txt").write_text("1")
    git(home, "add", ".")
    git(home, "commit", "-m", "first")
    assert manifest.git_state() == {"commit": git(home, "rev-parse", "HEAD").strip(), "dirty": False}
    (home / "a.txt").write_text("2")
    assert manifest.git_state()["dirty"]


def test_outside_a_checkout_there_is_no_git_state(home, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(home.parent))
    assert manifest.git_state() is None


def test_a_manifest_that_cannot_be_written_whole_is_not_there(home):
    with pytest.raises(TypeError):
        manifest.write(home, parameters={"seeds": {0}})  # a set is not JSON
    assert manifest.read(home) is None


def test_a_manifest_holds_what_the_notebook_recorded(home):
    recorded = [{"name": "table_1", "kind": "counted", "caption": "", "files": [], "faces": False}]
    (home / "artifacts.json").write_text(json.dumps(recorded))
    manifest.write(home, run="demo")
    assert manifest.read(home)["artifacts"] == recorded
    assert manifest.read(home)["run"] == "demo"


def test_data_is_a_look_alike_where_its_folder_says_so_and_the_users_copy_elsewhere(tmp_path):
    for name in ("CASME2", "SAMM", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").write_text("")
    (tmp_path / "SAMM" / "SOURCE.txt").write_text("look-alike data (seed 0)\n")
    assert manifest.data_sources(tmp_path) == {"CASME2": "the user's copy", "SAMM": "look-alike data (seed 0)"}
    assert manifest.data_sources(tmp_path / "SAMM") == {"SAMM": "look-alike data (seed 0)"}
    assert manifest.data_sources(tmp_path / "README.md") == {"README.md": "the user's copy"}
    assert manifest.data_sources(tmp_path / "nowhere") == {}
