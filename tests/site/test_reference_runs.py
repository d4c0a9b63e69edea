import hashlib
import json

import pytest
from helpers import recorded_runs

from merlib.data.source import Source
from merlib.runs import manifest
from merlib.site import readme, reference_runs


@pytest.fixture
def runs(home):
    return home / "papermill_runs"


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_kept_are_tables_measured_figures_shown_figures_of_drawn_faces_and_all_hashes(runs):
    folder = recorded_runs.mmnet(runs)
    reference_runs.keep(runs / "demo", runs / "reference")
    kept, before = manifest.read(runs / "reference" / "04_mmnet"), manifest.read(folder)
    tables = {"tables/table_6.csv", "tables/table_6.md"}
    assert set(kept["sha256"]) == tables | {"figures/confusion.png", "figures/figure_1.png"}
    assert files(runs / "reference" / "04_mmnet") == set(kept["sha256"]) | {"manifest.json"}
    assert {*kept["sha256"].items(), *kept["left_out"].items()} == set(before["sha256"].items())
    for file, expected in kept["sha256"].items():
        content = (runs / "reference" / "04_mmnet" / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected


def test_a_figure_of_a_person_is_not_kept_even_if_the_readme_shows_it(runs):
    recorded_runs.mmnet(runs, source=Source("CASME II, the user's copy"))
    reference_runs.keep(runs / "demo", runs / "reference")
    assert "figures/figure_1.png" not in files(runs / "reference" / "04_mmnet")
    assert ("mmnet", "figure_1") in readme.PICTURES


def test_the_manifest_says_all_that_it_said_before(runs):
    folder = recorded_runs.mmnet(runs)
    reference_runs.keep(runs / "demo", runs / "reference")
    kept, before = manifest.read(runs / "reference" / "04_mmnet"), manifest.read(folder)
    changed = {"artifacts", "sha256", "left_out"}
    assert {key: kept[key] for key in kept.keys() - changed} == {key: before[key] for key in before.keys() - changed}
    for ours, theirs in zip(kept["artifacts"], before["artifacts"], strict=True):
        assert ours | {"files": theirs["files"]} == theirs
        assert set(ours["files"]) <= set(theirs["files"]) & kept["sha256"].keys()


def test_everything_in_the_way_is_told_and_the_earlier_reference_stays(runs):
    recorded_runs.mmnet(runs)
    reference_runs.keep(runs / "demo", runs / "reference")
    before = files(runs / "reference")
    (recorded_runs.mmnet(runs, data_root="/databases") / "tables" / "table_6.md").write_text("0.99")
    (runs / "demo" / "04_mmnet" / "figures" / "confusion.png").unlink()
    (runs / "demo" / "05_half.failed").mkdir()
    (runs / "demo" / "05_half.failed" / "notebook.ipynb").write_text("{}")
    with pytest.raises(reference_runs.ReferenceError) as error:
        reference_runs.keep(runs / "demo", runs / "reference")
    for said in (
        "04_mmnet: data_root = /databases: a folder of this machine",
        "04_mmnet: tables/table_6.md was changed after the run",
        "04_mmnet: figures/confusion.png is missing",
        "05_half.failed did not finish",
    ):
        assert said in str(error.value)
    assert files(runs / "reference") == before


def test_a_table_that_names_a_folder_of_the_machine_is_not_kept(runs, home):
    recorded_runs.mmnet(runs, source=Source(f"frames in {home}/faces"))
    with pytest.raises(reference_runs.ReferenceError, match=f"tables/table_6.md names {home}"):
        reference_runs.keep(runs / "demo", runs / "reference")


def test_a_new_reference_replaces_its_own_notebooks_whole_and_leaves_the_others(runs):
    recorded_runs.flow_maps(runs, run="demo")
    recorded_runs.mmnet(runs)
    reference_runs.keep(runs / "demo", runs / "reference")
    (runs / "reference" / "04_mmnet" / "tables" / "old.csv").write_text("of an earlier run")
    recorded_runs.mmnet(runs, run="other", source=Source("CASME II, the user's copy"))
    reference_runs.keep(runs / "other", runs / "reference")
    assert {path.name for path in (runs / "reference").iterdir()} == {
        "04_mmnet",
        "06_baselines",
        "08_published_numbers",
    }
    assert manifest.read(runs / "reference" / "04_mmnet")["run"] == "other"
    assert "tables/old.csv" not in files(runs / "reference" / "04_mmnet")
    assert {path.name for path in runs.iterdir()} == {"demo", "other", "reference"}


def test_the_executed_notebook_is_kept_where_nobody_is_shown_and_names_no_machine(runs):
    recorded_runs.mmnet(runs, people=False)
    reference_runs.keep(runs / "demo", runs / "reference")
    kept = (runs / "reference" / "04_mmnet" / "notebook.ipynb").read_text()
    assert "image/png" in kept and "somebody" not in kept and "folds 3/3" not in kept and "duration" not in kept
    assert "notebook.ipynb" in manifest.read(runs / "reference" / "04_mmnet")["left_out"]  # the run's own, by its hash
    recorded_runs.mmnet(runs, people=True)
    reference_runs.keep(runs / "demo", runs / "reference")
    assert "notebook.ipynb" not in files(runs / "reference" / "04_mmnet")


def test_an_executed_notebook_that_names_the_machine_or_is_too_large_is_not_kept(runs, home):
    folder = recorded_runs.mmnet(runs, people=False)
    notebook = folder / "notebook.ipynb"
    notebook.write_text(notebook.read_text().replace("<Figure>", f"{home}/faces"))
    with pytest.raises(reference_runs.ReferenceError, match=f"04_mmnet: notebook.ipynb names {home}"):
        reference_runs.keep(runs / "demo", runs / "reference")
    recorded_runs.executed(notebook, pixels=(2000, 2500))
    with pytest.raises(reference_runs.ReferenceError, match=r"notebook.ipynb is \d\.\d MB; at most 4 MB are kept"):
        reference_runs.keep(runs / "demo", runs / "reference")


def test_without_a_run_it_is_told_how_to_make_one(home, capsys):
    (home / "README.md").write_text("text")
    with pytest.raises(SystemExit, match=r"there is none of for_reference, flow_maps\n.*papermill_runs/README\.md"):
        reference_runs.main()
    assert (home / "README.md").read_text() == "text"


def test_the_readme_is_filled_and_filled_again_the_same(runs, home):
    recorded_runs.mmnet(runs, run="for_reference")
    recorded_runs.flow_maps(runs)
    page = home / "README.md"
    page.write_text("before\n<!-- flow maps: generated -->\nold\n<!-- end of flow maps -->\nafter\n")
    reference_runs.main()
    filled = page.read_text()
    assert filled.startswith("before\n<!-- flow maps: generated -->\n| database")
    assert filled.endswith("\n<!-- end of flow maps -->\nafter\n") and "old" not in filled
    assert "[MMNet](04_mmnet/tables/table_6.md)" in (runs / "reference" / "README.md").read_text()
    reference_runs.main()
    assert page.read_text() == filled
    assert (
        json.loads((runs / "reference_flow_maps" / "06_baselines" / "manifest.json").read_text())["run"] == "flow_maps"
    )
