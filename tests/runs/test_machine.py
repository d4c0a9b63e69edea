import ast
import subprocess
import sys
from pathlib import Path

import pytest

from merlib.runs import machine


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """A machine whose only program is an apt-get that installs nothing; returns what it was asked for."""
    log, program = tmp_path / "asked", tmp_path / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return lambda: log.read_text().splitlines() if log.exists() else []


def test_a_ready_machine_has_no_faults(tmp_path):
    assert machine.faults(tmp_path, needed_gb=0.0) == []


def test_all_faults_are_reported_at_once_each_with_its_remedy(tmp_path):
    found = machine.report(
        [
            machine.python_fault((3, 9)),
            machine.library_fault({"libmissing.so.1": "missing1", "libalso.so.2": "also2"}),
            machine.disk_fault(tmp_path, needed_gb=1e9),
            machine.folder_fault(tmp_path / "nowhere"),
        ]
    )
    assert len(found.splitlines()) == 5
    assert "Python 3.9 is too old: install Python 3.11 or newer" in found
    assert "OpenCV needs libmissing.so.1 and libalso.so.2: `apt-get install missing1 also2`" in found
    assert "1000000000 GB are needed: free some space" in found
    assert "No permission to write" in found


def test_the_check_runs_before_anything_is_installed():
    """On any Python that can parse 3.8, without site-packages."""
    ast.parse(Path(machine.__file__).read_text(), feature_version=(3, 8))
    check = subprocess.run([sys.executable, "-I", "-S", machine.__file__], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


def test_a_python_that_is_new_enough_passes():
    assert machine.python_fault((3, 11)) == machine.python_fault((3, 14)) == ""


def test_only_libraries_that_cannot_be_loaded_are_missing(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(machine, "loads", lambda library: library == "libthere.so.1")
    known = {"libthere.so.1": "there1", "libgone.so.2": "gone2"}
    assert machine.missing(known) == {"libgone.so.2": "gone2"}
    monkeypatch.setattr(sys, "platform", "darwin")
    assert machine.missing(known) == {}


def test_root_installs_what_is_missing_in_one_step(apt, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.install(["libgl1", "chromium"])
    assert apt() == ["update -qq", "install -y -qq --no-install-recommends libgl1 chromium"]


@pytest.mark.parametrize(("user", "packages"), [(1000, ["libgl1"]), (0, [])])
def test_nothing_is_installed_without_the_right_or_the_need(apt, monkeypatch, user, packages):
    monkeypatch.setattr("os.geteuid", lambda: user)
    machine.install(packages)
    assert apt() == []


def test_a_browser_is_found_by_any_of_its_names(apt, tmp_path):
    assert machine.browser() == ""
    chrome = tmp_path / "bin" / "google-chrome"
    chrome.touch(0o755)
    assert machine.browser() == str(chrome)
