"""Whole notebooks through papermill, in the profile `smoke`, on look-alike databases written for the occasion."""

import shutil
from pathlib import Path

import nbformat
import pandas as pd
import papermill
import pytest
from helpers import contents
from papermill.exceptions import PapermillExecutionError

from merlib import paths, profiles, published, synthetic
from merlib.data import databases
from merlib.results import metrics, pages, rendering
from merlib.runs import headless, manifest, overview, parameters
from merlib.site import gallery

NOTEBOOKS = paths.notebook_files()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of its own with the real notebooks and smoke-sized data."""
    source, home = paths.notebooks(), tmp_path_factory.mktemp("project")
    shutil.copytree(source, home / "notebooks")
    for name, size in profiles.synth("smoke").items():
        synthetic.write(name, home / "data", synthetic.Size(**size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(home))
        yield home


@pytest.fixture(scope="module", params=NOTEBOOKS)
def folder(request, project):
    return headless.run(request.param, "smoke")


def test_every_table_and_figure_of_the_paper_is_made_and_says_where_its_data_is_from(folder):
    finished = manifest.read(folder)
    paper = paths.paper_of(folder)
    made = {artifact["name"]: artifact for artifact in finished["artifacts"]}
    assert set(published.artifacts(paper)["artifact"]) <= made.keys()
    for artifact in made.values():
        assert all((folder / file).stat().st_size > 0 for file in artifact["files"])
        if artifact["type"] == "table" and "measured" in artifact["kind"]:
            assert any(source["look_alike"] for source in artifact["sources"]), artifact["name"]
            assert rendering.LOOK_ALIKE in artifact["notes"], artifact["name"]


def test_counted_tables_hold_the_clips_that_were_trained_on(folder):
    assert contents.columns_of_zeros(folder) == []
    trained = contents.trained_on(folder) if (folder / "predictions.parquet").exists() else {}
    for name, database, counts in contents.class_counts(folder):
        fitting = [of_scheme for of_scheme in trained[database] if of_scheme.items() <= counts.items()]
        assert fitting, (name, database, counts, trained[database])


def test_measured_scores_are_shares_of_the_clips_that_were_tested(folder):
    if (folder / "predictions.parquet").exists():
        assert contents.wrong_scores(folder) == []


def test_every_notebook_that_trains_has_a_permuted_control(folder):
    if not (folder / "predictions.parquet").exists():
        pytest.skip("this notebook keeps no predictions")
    names = pd.read_parquet(folder / "predictions.parquet", columns=["experiment"])["experiment"].unique()
    assert any(name.endswith(", permuted labels") for name in names), names


def test_the_tables_follow_from_the_stored_predictions(folder):
    if paths.paper_of(folder) != "mmnet":
        pytest.skip("the other notebooks have no published table to compare with")
    predictions = pd.read_parquet(folder / "predictions.parquet")
    main = predictions[(predictions["experiment"] == "MMNet") & (predictions["scheme"] == "casme2-5")]
    main = main.dropna(axis="columns", how="all")
    table = pd.read_csv(folder / "tables" / "table_6.csv", dtype=str)
    ours = table[(table["method"] == "MMNet (Ours)") & (table["classes"] == "5")].iloc[0]
    for rule, column in pages.OURS.items():
        accuracy = metrics.scores(main, rule)["accuracy"].iloc[0]
        assert ours[f"{column}: Acc. (%)"] == f"{100 * accuracy:.2f}"
    largest = main.drop_duplicates(["subject", "clip"])["target"].value_counts(normalize=True).max()
    assert ours[f"{pages.MAJORITY}: Acc. (%)"] == f"{100 * largest:.2f}"


def own_list(project):
    """A list of own clips: two people of the look-alike CASME II, with two clips each, of two classes."""
    clips = databases.read("casme2", project / "data").table
    clips = clips[clips["emotion"].isin(clips["emotion"].value_counts().index[:2])]
    clips = clips.groupby(["subject", "emotion"]).head(1).groupby("subject").filter(lambda rows: len(rows) == 2)[:4]
    clips = clips.assign(frames=[str(Path(files[0]).parent) for files in clips["frames"]])
    clips[["subject", "clip", "frames", "onset", "apex", "offset", "fps", "emotion"]].to_csv(project / "mine.csv")
    return project / "mine.csv"


def test_own_clips_make_tables_of_their_own_results_alone(project):
    given = {"databases": ["own"], "data_root": str(own_list(project))}
    folder = headless.run("mmnet", "smoke", given, "mine")
    assert contents.columns_of_zeros(folder) == contents.wrong_scores(folder) == []
    [(_, database, counts)] = contents.class_counts(folder)
    assert database == "own clips" and counts.pop("subjects") == 2 and counts.pop("left out") == 0
    assert [counts] * 2 == contents.trained_on(folder)[database] and sum(counts.values()) == 4
    made = {artifact["name"]: artifact["title"] for artifact in manifest.read(folder)["artifacts"]}
    assert made["table_3"].startswith("As Table 3: ") and not made.keys() & {"table_2", "table_6", "table_7"}
    cells = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("tables/*.csv"))
    assert "published" not in cells and "CASME" not in cells
    page = gallery.build(folder.parent).read_text(encoding="utf-8")
    assert page.index("own clips, 2 classes, accuracy in %") < page.index(">MMNet</td>") < page.index("Figure 1")
    assert not overview.made(overview.manifests([folder.parent])[0])


@pytest.fixture(params=["start_here", "mmnet"])
def beginning(request, home):
    """A notebook up to its setup, alone in a project, and what it is called."""
    paper, file = request.param, NOTEBOOKS[request.param]
    notebook = nbformat.read(file, as_version=4)
    setup = next(i for i, cell in enumerate(notebook.cells) if "profiles.chosen(" in cell.source)
    notebook.cells = [*notebook.cells[: setup + 1], nbformat.v4.new_code_cell("print(chosen)")]
    nbformat.write(notebook, home / "notebooks" / file.name)
    return home / "notebooks" / file.name, paper


def execute(notebook, given):
    return papermill.execute_notebook(notebook, None, given, kernel_name="python3", progress_bar=False)


def test_papermill_alone_refuses_the_same_with_the_same_sentences(beginning):
    notebook, paper = beginning
    known = parameters.read(notebook)
    wrong = {"typo": 1, "size": -1} | {name: "[]" for name in ("databases", "macro_databases") if name in known}
    with pytest.raises(headless.RunError) as refused:
        headless.plan(paper, "smoke", wrong)
    faults = [line for line in str(refused.value).splitlines() if line.startswith("- ")]
    assert len(faults) == len(wrong)
    with pytest.raises(PapermillExecutionError) as failed:
        execute(notebook, wrong | {"profile": "smoke"})
    assert failed.value.ename == "SettingError" and sorted(failed.value.evalue.splitlines()[1:]) == sorted(faults)


def test_papermill_alone_runs_with_the_settings_that_it_is_given(beginning):
    notebook, paper = beginning
    done = execute(notebook, {"profile": "smoke", "size": 64})
    assert done.cells[-1].outputs[0].text == f"{profiles.settings(paper, 'smoke', size=64)}\n"
