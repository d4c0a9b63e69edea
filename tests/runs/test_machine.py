import ast
import subprocess
import sys
from pathlib import Path

from merlib.runs import machine


def test_a_ready_machine_has_no_faults(tmp_path):
    assert machine.faults(tmp_path, needed_gb=0.0) == []


def test_all_faults_are_reported_at_once_each_with_its_remedy(tmp_path):
    found = machine.report(
        [
            machine.python_fault((3, 9)),
            machine.library_fault(("libmissing.so.1", "libalso.so.2")),
            machine.disk_fault(tmp_path, needed_gb=1e9),
            machine.folder_fault(tmp_path / "nowhere"),
        ]
    )
    assert len(found.splitlines()) == 5
    assert "Python 3.9 is too old: install Python 3.11 or newer" in found
    assert "OpenCV needs libmissing.so.1 and libalso.so.2: `apt-get install libgl1 libglib2.0-0`" in found
    assert "1000000000 GB are needed: free some space" in found
    assert "No permission to write" in found


def test_the_check_runs_before_anything_is_installed():
    """On any Python that can parse 3.8, without site-packages."""
    ast.parse(Path(machine.__file__).read_text(), feature_version=(3, 8))
    check = subprocess.run([sys.executable, "-I", "-S", machine.__file__], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


def test_a_python_that_is_new_enough_passes():
    assert machine.python_fault((3, 11)) == machine.python_fault((3, 14)) == ""
