"""Wrong command lines: one message that says what is wrong and what is accepted, and nothing is changed."""

import shutil

import pytest

from faults import toy_paper
from faults.checks import assert_helpful, assert_same_bits, hashes, snapshot, whole_runs

RUN = "run toy --profile smoke"
LINES = {
    "an unknown command": ("rnu", "rnu", "No such command"),
    "an unknown option": (f"{RUN} --sed 1", "--sed", "No such option"),
    "an unknown notebook": ("run tyo --profile smoke", "tyo", "there are toy"),
    "an unknown profile": ("run toy --profile large", "large", "smoke, demo, reference, paper"),
    "an unknown setting": (f"{RUN} --set sizes=1", "sizes", "there are profile, data_root"),
    "a setting without a value": (f"{RUN} --set seeds", "seeds", "NAME=VALUE"),
    "a setting without a name": (f"{RUN} --set =1", "=1", "NAME=VALUE|there are profile"),
    "a number for a list": (f"{RUN} --set seeds=0", "seeds = 0", "a list"),
    "an empty list": (f"{RUN} --set seeds=[]", "seeds = []", "a list"),
    "a seed twice": (f"{RUN} --set seeds=[0,0]", "seeds", "once|twice|differ"),
    "a negative seed": (f"{RUN} --set seeds=[-1]", "seeds", "from 0 to 4294967295"),
    "a seed of 30 digits": (f"{RUN} --set seeds=[{'1' * 30}]", "seeds", "from 0 to 4294967295"),
    "no number": (f"{RUN} --set num_epochs=NaN", "num_epochs", "whole number"),
    "an endless number": (f"{RUN} --set num_epochs=Infinity", "num_epochs", "whole number"),
    "a fraction": (f"{RUN} --set num_epochs=1.5", "num_epochs", "whole number"),
    "no epochs": (f"{RUN} --set num_epochs=0", "num_epochs", "from 1 to 1000"),
    "a database twice": (f"{RUN} --database own --database own", "own", "once|twice|differ"),
    "an unknown database": (f"{RUN} --database casme9", "casme9", "own"),
    "a database as text": (f"{RUN} --set databases=own", "databases", "a list"),
    "a data root that is not there": (f"{RUN} --data-root nowhere --run new", "nowhere", "How to get it"),
    "another run folder": (f"{RUN} --set output_dir=x", "output_dir", "--run NAME"),
    "another profile by --set": (f"{RUN} --set profile=demo", "profile", "--profile"),
    "a run outside": (f"{RUN} --run ../x", "../x", "a name begins"),
    "a run far outside": (f"{RUN} --run ../../../x", "../../../x", "a name begins"),
    "a run somewhere else": (f"{RUN} --run {{home}}/x", "/x", "a name begins"),
    "a run in a folder": (f"{RUN} --run a/b", "a/b", "a name begins"),
    "a run of dots": (f"{RUN} --run ..", "..", "a name begins"),
    "a hidden run": (f"{RUN} --run .x", ".x", "a name begins"),
    "a run of 300 letters": (f"{RUN} --run {'a' * 300}", "aaa", "a name begins"),
    "pages of a run that is not there": ("gallery smok", "smok", "there are smoke"),
    "pages of all runs": ("gallery ..", "..", "a name begins"),
    "pages of this folder": ("gallery .", ".", "a name begins"),
    "pages of another folder": ("gallery {home}/other", "/other", "a name begins"),
    "an unknown look-alike": ("data synth casme9", "casme9", "there are casme2"),
    "a look-alike without a size": ("data synth casme2 --profile paper", "paper", "smoke, demo"),
    "a negative seed of a look-alike": ("data synth casme2 --seed -1", "--seed", "greater than or equal to 0|x>=0"),
    "a check of an unknown database": ("data check casme9", "casme9", "there are casme2"),
    "a check of a database that is not there": ("data check own --data-root nowhere", "nowhere", "How to get it"),
    "a check of a file that is no list": ("data check own --data-root notes.txt", "notes.txt", "How to get it"),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_wrong_line_is_refused_and_nothing_is_changed(finished, no_kernel, call, monkeypatch, kind):
    line, place, accepts = LINES[kind]
    monkeypatch.chdir(finished)
    (finished / "notes.txt").touch()
    (finished / "other").mkdir()
    before = snapshot(finished.parent)
    result = call(*line.format(home=finished).split())
    assert result.exit_code in (1, 2), result.output
    assert_helpful(result.output, place, accepts=accepts)
    assert snapshot(finished.parent) == before


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0b", "CON", "ü", "a b"])
def test_a_run_of_any_name_is_made_in_its_place_or_refused(finished, no_kernel, call, clips, name):
    before = {path.name for path in finished.iterdir()}
    result = call("run", "toy", "--profile", "smoke", "--data-root", clips, "--run", name)
    assert {path.name for path in finished.iterdir()} == before
    if result.exit_code:
        assert_helpful(result.output, "run", accepts="a name begins")


@pytest.mark.parametrize("loss", ["clips", "a folder", "the list"])
def test_a_repetition_without_its_data_keeps_the_finished_run(finished, no_kernel, call, clips, tmp_path, loss):
    moved = tmp_path / "moved"
    shutil.copytree(clips, moved)
    line = ("run", "toy", "--profile", "smoke", "--data-root", moved, "--run", "moved")
    assert call(*line).exit_code == 0
    before = hashes(finished / "papermill_runs" / "moved" / toy_paper.NOTEBOOK)
    if loss == "clips":
        shutil.rmtree(moved)
    elif loss == "the list":
        (moved / "clips.csv").write_text("")
    else:
        for person in toy_paper.PEOPLE:
            shutil.rmtree(moved / person)
    result = call(*line)
    assert result.exit_code == 1
    assert_helpful(result.output, str(moved), accepts="subject, clip|not there|no folder|How to get")
    assert hashes(finished / "papermill_runs" / "moved" / toy_paper.NOTEBOOK) == before


def test_a_run_of_other_parameters_keeps_the_finished_one(finished, no_kernel, call, clips):
    result = call("run", "toy", "--profile", "smoke", "--data-root", clips, "--set", "num_epochs=2")
    assert_helpful(result.output, str(finished / "papermill_runs" / "smoke"), accepts="--run NAME")
    assert whole_runs(finished / "papermill_runs")


def test_the_same_line_again_gives_the_same_bits(finished, no_kernel, call, clips, undisturbed):
    assert call("run", "toy", "--profile", "smoke", "--data-root", clips).exit_code == 0
    assert_same_bits(toy_paper.predictions_of(finished), undisturbed.predictions)


@pytest.mark.parametrize("rare", [0, 1], ids=["one class", "a class of one clip"])
def test_clips_that_say_nothing_are_refused_or_named(project, no_kernel, call, clips, tmp_path, rare):
    shutil.copytree(clips, tmp_path / "clips")
    head, *rows = (clips / "clips.csv").read_text().splitlines()
    changed = [f"{row.rpartition(',')[0]},{'joy' if place >= rare else 'fear'}" for place, row in enumerate(rows)]
    (tmp_path / "clips" / "clips.csv").write_text("\n".join([head, *changed]))
    line = ("run", "toy", "--profile", "smoke", "--data-root", tmp_path / "clips")
    if rare:
        with pytest.warns(UserWarning, match=r"classes too small to say much about:\n.*fear.*1 clip"):
            assert call(*line).exit_code == 0
    else:
        result = call(*line)
        assert result.exit_code == 1
        assert_helpful(result.output, "joy", accepts="one class.*nothing to tell apart")
