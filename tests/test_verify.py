"""A repetition of a finished run: the same, or what differs and by how much."""

import json
import os
from pathlib import Path

import pytest

from merlib import paths, verify
from merlib.runs import folders, headless, manifest

PARAMETERS = """profile = "demo"  # sizes
data_root = ""  # folder of the databases
output_dir = ""  # run folder"""
# an experiment on three people; `shift.txt` stands for whatever is different on another machine
TRAINING = """
import numpy as np
import pandas as pd
from helpers import toy
from merlib import paths
from merlib.results import Record
from merlib.training import Experiment, Settings

clips = toy.clips(persons=3)
X = toy.inputs(clips.y).astype(np.float32)
shift = paths.home() / "shift.txt"
if shift.exists():
    X += np.float32(shift.read_text())
record = Record("toy", output_dir)
record.predictions(Experiment("toy", toy.Net, Settings(2, 4, 1e-2)).run(X, clips, n_jobs=1))
record.table("scores", pd.DataFrame({"mean": [float(X.mean())]}), kind="measured")
"""
TESTS = Path(__file__).parent  # where the notebook finds `helpers`


@pytest.fixture(scope="module")
def project(tmp_path_factory, write_notebook):
    home = tmp_path_factory.mktemp("project")
    write_notebook(home / "notebooks" / "04_toy.ipynb", PARAMETERS, TRAINING)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(home))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
        headless.run("toy", "smoke", run_name="first")
        yield home


@pytest.fixture
def first(project):
    yield project / "papermill_runs" / "first" / "04_toy"
    (project / "shift.txt").unlink(missing_ok=True)


def test_the_same_bits(first):
    verdict = verify.verify(first)
    assert verdict.same and not verdict.tables
    assert list(verdict.predictions["same bits"]) == [3] == list(verdict.predictions["folds"])
    again = manifest.read(first.parents[1] / "again-first" / "04_toy")
    assert (again["folds"]["trained"], again["folds"]["stored"]) == (3, 0), "nothing of the first run was read"
    assert "04_toy: the same, bit for bit" in str(verdict)


def test_something_else_is_said_with_its_size(first, project):
    (project / "shift.txt").write_text("0.001")
    verdict = verify.verify(first)
    (row,) = verdict.predictions.to_dict("records")
    assert not verdict.same and row["same bits"] == 0 and 0 < row["largest difference"] < 0.1
    assert verdict.tables == ("scores",)
    assert "DIFFERENT" in str(verdict) and "tables that differ: scores" in str(verdict)


def test_a_share_of_the_folds_is_trained_again(first):
    shares = sorted(int(file.stem[:8], 16) / 2**32 for file in paths.cache("folds").glob("*.parquet"))
    assert verify.verify(first, share=(shares[0] + shares[1]) / 2).same
    again = manifest.read(first.parents[1] / "again-first" / "04_toy")
    assert (again["folds"]["trained"], again["folds"]["stored"]) == (1, 2)
    with pytest.raises(folders.RunError, match=f"no fold of .*04_toy is in this share of {shares[0] / 2}"):
        verify.verify(first, share=shares[0] / 2)


def test_a_run_kept_without_its_predictions_is_compared_by_hash(first, tmp_path, project):
    """As the reference runs are kept in git."""
    kept = project / "papermill_runs" / "reference" / "04_toy"
    found = manifest.read(first)
    found["left_out"] = {name: found["sha256"].pop(name) for name in ("predictions.parquet", "notebook.ipynb")}
    kept.mkdir(parents=True)
    (kept / "manifest.json").write_text(json.dumps(found))
    verdict = verify.verify(kept)
    assert verdict.same and verdict.predictions is None
    (project / "shift.txt").write_text("0.001")
    assert not verify.verify(kept).same


def test_what_else_is_different_is_told(first):
    one = manifest.read(first)
    other = one | {"arithmetic": one["arithmetic"] | {"cpu": "another"}, "versions": one["versions"] | {"torch": "1.0"}}
    notes = verify.compare(first, one, first, other).notes
    assert any("reproducible mode" in note for note in notes)
    assert any(note.startswith("cpu: ") and note.endswith("now another") for note in notes)
    assert any(note.startswith("torch ") and note.endswith("now 1.0") for note in notes)


def test_a_parameter_that_was_left_to_the_profile_is_left_to_it_again(first):
    facts = manifest.read(first)
    facts["parameters"] |= {"size": None}
    assert "size" not in verify._plan(first, facts).parameters


@pytest.mark.parametrize("parameters", [{}, {"profile": 3}])
def test_a_run_of_no_profile_is_refused_with_the_profiles_that_there_are(first, parameters):
    facts = manifest.read(first) | {"parameters": parameters}
    with pytest.raises(folders.RunError, match=r"profile = .*: accepted is one of smoke, demo, reference, paper"):
        verify._plan(first, facts)


def test_only_what_is_finished_can_be_repeated(first):
    assert verify.finished("first", ["toy", "04_toy"]) == [first]
    with pytest.raises(folders.RunError, match=r"not finished in the run 'first': mmnet; finished is 04_toy"):
        verify.finished("first", ["mmnet"])
    with pytest.raises(folders.RunError, match="the run 'other' has no finished notebook"):
        verify.finished("other", [])
