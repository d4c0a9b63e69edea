import os
import subprocess
import sys
import tempfile

import pytest

from merlib import progress
from merlib.runs import notes

KEEP = """
import time
from merlib.runs import notes
with notes.kept() as kept:
    print(kept.folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_what_a_notebook_notes_is_read(monkeypatch, tmp_path):
    with notes.kept() as kept:
        assert kept.folds() == {"trained": 0, "stored": 0, "trained_s": 0, "stored_s": 0} and kept.sources() == []
        for name, value in kept.variables.items():
            monkeypatch.setenv(name, value)
        list(progress.track([1], "folds"))
        progress.note_fold("a", 2.0, trained=True, precision="float32")
        progress.note_source(tmp_path / "SAMM")
        assert kept.progress.read_text() == "folds 1/1\n"
        assert kept.folds() == {"trained": 1, "stored": 0, "trained_s": 2.0, "stored_s": 0}
        assert kept.sources() == [tmp_path / "SAMM"]
    assert list(tmp_path.iterdir()) == []


def test_notes_of_a_killed_run_are_removed_and_those_of_a_living_one_stay(place):
    process = subprocess.Popen([sys.executable, "-c", KEEP], stdout=subprocess.PIPE, text=True)
    left = process.stdout.readline().strip()
    (place / f"{notes.PREFIX}of_somebody.txt").write_text("a file")
    with notes.kept():
        assert os.path.isdir(left)
    process.kill()
    process.communicate()
    assert os.path.isdir(left)
    with notes.kept():
        assert not os.path.exists(left)
    assert [path.name for path in place.iterdir()] == [f"{notes.PREFIX}of_somebody.txt"]
