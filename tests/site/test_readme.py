import hashlib
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from helpers import recorded_runs
from helpers.made_predictions import LOOK_ALIKE
from typer.testing import CliRunner

from merlib import cli, paths, published
from merlib.results.rendering import BEST
from merlib.runs import headless, machine, manifest
from merlib.site import outcomes, readme, reference_runs

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "papermill_runs"
PAGES = [ROOT / "README.md", RUNS / "README.md"]

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)


def rows(part):
    """The rows of the table in a generated part, as column -> text."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def by_method(part):
    """The rows of a table of results by the method's name, without the names of groups."""
    found = {re.sub(r"\[(.*)\]\(.*\)", r"\1", row["method"]): row for row in rows(part)}
    return {name: row for name, row in found.items() if not name.startswith("**")}


def commands(page):
    """The commands in the fenced blocks of a page, without their comments."""
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines() if line]


# --- how the parts are made ---


@pytest.fixture
def kept(home):
    """A function that keeps made-up runs, and the folder in which they are kept."""

    def keep():
        for target, source in {readme.LOOK_ALIKE: "demo", readme.FLOW_MAPS: "flow_maps"}.items():
            if (home / "papermill_runs" / source).is_dir():
                reference_runs.keep(home / "papermill_runs" / source, home / "papermill_runs" / target)
        return home / "papermill_runs"

    return keep


def test_a_paper_stands_beside_what_was_measured_with_both_epoch_rules(kept, home):
    recorded_runs.mmnet(home / "papermill_runs")
    group, row = rows(readme.look_alike(kept()))
    assert group["method"] == "**CASME II, 5 classes, accuracy in %**"
    assert row == {
        "method": "[MMNet](04_mmnet/tables/table_6.md)",
        "protocol": "LOSO",
        "published": "88.35",
        "last epoch": "60.00",
        "best test epoch†": "80.00",
        "majority": "20.00",
        "data": "10 clips, 2 people, 1 seed",
    }
    assert (home / "papermill_runs" / "reference" / "04_mmnet" / "tables" / "table_6.md").is_file()


def test_a_number_printed_for_all_settings_stands_beside_each_and_frames_are_called_frames(kept, home):
    recorded_runs.single_frames(home / "papermill_runs")
    found = by_method(readme.look_alike(kept()))
    assert set(found) == {"Bai 2020, single frames, I", "Bai 2020, single frames, II"}
    assert {row["published"] for row in found.values()} == {"32.6"}
    assert {row["protocol"] for row in found.values()} == {"not stated"}
    assert found["Bai 2020, single frames, I"]["data"] == "3 frames, 1 people, 1 seed"


def test_a_setting_that_the_paper_does_not_have_stands_beside_nothing(kept, home):
    recorded_runs.psn(home / "papermill_runs")
    found = by_method(readme.look_alike(kept()))
    assert (found["PSN"]["published"], found["PSN"]["protocol"]) == ("64.92", "10-fold")
    assert found["PSN, LOSO"]["published"] == found["PSN, LOSO"]["protocol"] == ""


def test_what_is_not_above_the_majority_guess_is_in_italics(kept, home):
    recorded_runs.psn(home / "papermill_runs")
    row = by_method(readme.look_alike(kept()))["PSN"]
    assert (row["last epoch"], row["best test epoch†"], row["majority"]) == ("*25.00*", "50.00", "25.00")


def test_shares_become_percentages_and_keep_their_digits():
    texts = {"0.559": "55.9", "0.4028 ± 0.0196": "40.28 ± 1.96", "1.000": "100.0", "0.5": "50", "": "", "N/A": "N/A"}
    assert {text: outcomes._percent(text) for text in texts} == texts


def test_what_came_out_counts_and_averages(home):
    recorded_runs.mmnet(home / "papermill_runs")
    recorded_runs.psn(home / "papermill_runs")
    text = outcomes.what_came_out(outcomes.of_run(home / "papermill_runs" / "demo"))
    assert "1 of 3 results are above the majority guess" in text and "adds 23.3 points" in text


def test_the_best_is_marked_on_real_data_alone(home):
    """PSN in the published folds has 3 of 4 clips right, by LOSO 2 of 4."""
    for run, source in (("real", recorded_runs.REAL), ("drawn", LOOK_ALIKE)):
        recorded_runs.psn(home / "papermill_runs", run, source, right=(3, 2))
        page = outcomes.table(outcomes.of_run(home / "papermill_runs" / run)).page
        best = page.cells.to_numpy()[page.marks == BEST].tolist()
        assert best == (["75.00"] if run == "real" else [])


def test_the_flow_maps_stand_beside_what_papers_quote(kept, home):
    recorded_runs.flow_maps(home / "papermill_runs")
    found = {(row["database"], row["score"]): row for row in rows(readme.flow_maps(kept()))}
    part = "MEGC 2019 flow maps: CASME II"
    assert set(found) == {("MEGC 2019 flow maps", "UF1"), ("MEGC 2019 flow maps", "UAR"), (part, "UF1")}
    assert found[part, "UF1"]["published"] == "0.8382"
    pooled = found["MEGC 2019 flow maps", "UAR"]
    assert pooled["published"] == "" and pooled["majority"] == "0.3333"
    assert pooled["last epoch"] == "*0.3333 ± 0.0000*"
    assert pooled["best test epoch†"] == "0.6667 ± 0.0000"
    assert pooled["data"] == "3 clips, 1 people, 2 seeds"


def test_figures_come_with_their_captions(kept, home):
    recorded_runs.flow_maps(home / "papermill_runs")
    recorded_runs.mmnet(home / "papermill_runs")
    text = readme.figure(kept())
    assert "(papermill_runs/reference_flow_maps/08_published_numbers/figures/epoch_rule.png)" in text
    assert "*UAR by epoch rule. True labels: mean UAR 0.333.*" in text
    assert "(papermill_runs/reference/04_mmnet/figures/figure_1.png)" in readme.pictures(kept())


def test_each_notebook_with_what_it_took(kept, home):
    recorded_runs.mmnet(home / "papermill_runs")
    text = readme.notebooks(kept())
    (row,) = rows(text)
    assert row == {
        "notebook": "[04_mmnet](04_mmnet/)",
        "tables": "1",
        "figures": "4",
        "time": "1:01",
        "stored training": "11:20",
        "memory": "1.5 GB",
        "mode": "fast",
    }
    assert "Together 1:01" in text


def test_without_reference_runs_the_parts_are_empty(tmp_path):
    assert {make(tmp_path) for make in readme.PARTS.values()} == {""}


# --- the committed reference runs ---


def made():
    """(folder, manifest) of each notebook in the committed reference runs."""
    return [
        (path.parent, manifest.read(path.parent))
        for name in reference_runs.SOURCES
        for path in RUNS.glob(f"{name}/*/manifest.json")
    ]


def test_the_readmes_show_the_reference_runs():
    pages = [ROOT / "README.md", RUNS / readme.LOOK_ALIKE / "README.md"]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    assert texts == [readme.filled(text, RUNS) for text in texts], "run `make reference`"
    assert all(
        f"<!-- {name}:" in "".join(texts) and make(RUNS) in "".join(texts) for name, make in readme.PARTS.items()
    )


def test_the_readme_is_short_and_its_pictures_are_small():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    files = [ROOT / file for file in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)]
    assert len(text.encode()) < 6000 and len(files) == 1 + len(readme.PICTURES)
    assert all(file.stat().st_size < 400_000 for file in files)


def test_files_of_the_reference_runs_are_those_that_the_runs_wrote():
    for folder, found in made():
        for file, expected in found["sha256"].items():
            assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == expected, folder / file


def test_the_demo_makes_every_artifact_of_the_papers():
    recorded = {
        (paths.paper_of(found["notebook"]), artifact["name"])
        for folder, found in made()
        for artifact in found["artifacts"]
        if folder.parent.name == readme.LOOK_ALIKE
    }
    listed = published.artifacts()[["paper", "artifact"]].itertuples(index=False, name=None)
    assert [artifact for artifact in listed if artifact not in recorded] == []
    assert {folder.name for folder, _ in made()} == {path.stem for path in paths.notebook_files().values()}


def test_results_on_look_alike_data_stand_apart_from_those_on_real_data():
    look_alike, real = (outcomes.of_run(RUNS / run) for run in (readme.LOOK_ALIKE, readme.FLOW_MAPS))
    assert all(row.look_alike for row in look_alike) and not any(row.look_alike for row in real)
    assert len(real) == len(outcomes.STSTNET)
    for shown in outcomes.PAPERS:
        assert any(row.method.startswith(shown.name) and row.file.endswith(f"{shown.table}.md") for row in look_alike)


def test_the_reference_runs_are_small_and_show_nobody():
    kept = [folder / file for folder, found in made() for file in found["sha256"]]
    assert sum(file.stat().st_size for file in kept) < 5e6
    people = [a for _, found in made() for a in found["artifacts"] if outcomes.shows_people(a)]
    assert [artifact["name"] for artifact in people if artifact["files"]] == []


# --- what the pages name ---


@each_page
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@each_page
def test_make_targets_exist(page):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    named = re.findall(r"`?make ([a-z]+)", page.read_text(encoding="utf-8"))
    assert named and set(named) <= set(targets)


@each_page
def test_merlib_commands_are_understood(page):
    called = [words[1:] for words in commands(page) if words[0] == "merlib"]
    inline = re.findall(r"`merlib ([a-z]+(?: [a-z]+)?)", page.read_text(encoding="utf-8"))
    assert called and inline
    for words in called:
        command, options = resolved(words)
        command.make_context(
            "merlib", options
        )  # raises for an option that it does not have, or a value that it cannot read
    for words in map(str.split, inline):
        resolved(words)


def resolved(words):
    """The command that the words name, and the words after its name."""
    command = typer.main.get_command(cli.app)
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@each_page
def test_runs_that_are_named_would_start(page, home, monkeypatch):
    """Each notebook and parameter of the commands is accepted."""
    shutil.copytree(ROOT / "notebooks", home / "notebooks", dirs_exist_ok=True)
    started = []
    monkeypatch.setattr(headless, "execute", started.append)
    monkeypatch.setattr(cli, "_refuse_missing_databases", lambda plans: None)
    monkeypatch.setattr(cli, "_show_results", lambda folder: None)
    for words in (words for words in commands(page) if words[:2] == ["merlib", "run"]):
        result = CliRunner().invoke(cli.app, words[1:])
        assert result.exit_code == 0, result.output
    assert started


def test_the_readme_asks_for_what_the_check_asks_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {'.'.join(map(str, machine.PYTHON))} or newer" in text
    assert f"about {machine.INSTALL_GB:.0f} GB of free disk" in text
