import math
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merlib import cli, paths, profiles
from merlib.data import databases, schemes
from merlib.training import loop

FILE = tomllib.loads(Path(profiles.__file__).with_name("profiles.toml").read_text(encoding="utf-8"))
PAPERS = sorted({paper for name in profiles.names() for paper in FILE[name] if paper != "synth"})


def variants(table):
    return {name: value for name, value in table.items() if isinstance(value, dict)}


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("profile", profiles.names())
def test_a_profile_changes_only_settings_and_variants_that_the_paper_has(paper, profile):
    full, changed = FILE["paper"][paper], FILE[profile].get(paper, {})
    assert changed.keys() <= full.keys()
    for variant, table in variants(changed).items():
        assert table.keys() <= full.keys() and table.keys() <= full[variant].keys()


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("profile", profiles.names())
def test_every_value_has_a_range_and_lies_in_it(paper, profile):
    rules = FILE["accepted"] | FILE["accepted"].get(paper, {})
    for variant in ["", *variants(FILE["paper"][paper])]:
        values = profiles.settings(paper, profile, variant)
        assert values.keys() <= rules.keys()
        assert profiles.faults(paper, values, values) == []


def test_databases_that_a_notebook_accepts_are_those_that_can_be_read():
    assert FILE["accepted"]["databases"]["choices"] == list(databases.READERS)


def test_every_profile_has_settings_and_nothing_else_does():
    assert FILE.keys() - {"accepted"} == set(profiles.names())


@pytest.mark.parametrize(("name", "in_code"), [("optimizer", loop.OPTIMIZERS), ("precision", loop.PRECISIONS)])
def test_choices_are_those_that_the_code_knows(name, in_code):
    assert set(FILE["accepted"][name]["choices"]) == set(in_code)


@pytest.mark.parametrize("end", ["min", "max"])
def test_settings_take_what_the_file_accepts(end):
    accepted = FILE["accepted"] | FILE["accepted"]["micro_attention"]
    ranges = {name: accepted[name] for name in loop.Settings.__dataclass_fields__ if end in accepted[name]}
    assert len(ranges) == 7
    loop.Settings(**{name: rule[end] for name, rule in ranges.items()})


@pytest.mark.parametrize(
    ("paper", "parameter", "scheme"),
    [
        ("psn", "databases", "psn-4"),
        ("micro_attention", "macro_databases", "macro-5"),
        ("vggface_lstm", "macro_databases", "macro-5"),
    ],
)
def test_a_notebook_accepts_the_databases_that_its_classes_are_of(paper, parameter, scheme):
    assert set(FILE["accepted"][paper][parameter]["choices"]) == set(schemes.SCHEMES[scheme])


def test_the_databases_of_each_notebook_can_be_read():
    rules = [rule for table in FILE["accepted"].values() for name, rule in table.items() if name.endswith("databases")]
    assert len(rules) > 5
    assert {name for rule in rules for name in rule["choices"]} <= set(databases.READERS)


def test_the_command_names_all_profiles():
    said = get_args(cli.Profile)[1].help
    assert all(name in said for name in profiles.names())


def test_mmnet_paper_values_are_those_of_the_authors_code():
    five, three = profiles.settings("mmnet", "paper"), profiles.settings("mmnet", "paper", "three_classes")
    names = ["size", "num_epochs", "batch_size", "lr", "weight_decay", "lr_decay", "decay_until"]
    assert [five[name] for name in names] == [224, 74, 32, 8e-4, 0.6, 0.987, 50]
    assert [three[name] for name in names] == [224, 99, 24, 8e-4, 0.7, 0.987, 50]
    assert (three["num_layers"], three["mlp_ratio"], three["drop_path"]) == (3, 2, 0.3)


def test_an_override_wins_over_the_variant_and_none_leaves_the_value():
    chosen = profiles.settings("mmnet", "paper", "three_classes", num_epochs=3, size=None)
    assert chosen["num_epochs"] == 3
    assert chosen["size"] == 224
    assert chosen["batch_size"] == 24


def test_all_faults_are_reported_at_once():
    with pytest.raises(profiles.SettingError) as error:
        profiles.settings("mmnet", "demo", size=1000, sizes=3, num_epochs="ten")
    message = str(error.value)
    assert "size = 1000: accepted is a whole number from 32 to 512 that is a multiple of 16" in message
    assert "sizes: no such setting" in message
    assert "num_epochs = 'ten': accepted is a whole number" in message


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: profiles.settings("mmnet", "dmo"),
            "there is no profile 'dmo'; there are smoke, demo, reference, paper",
        ),
        (lambda: profiles.settings("nmnet", "demo"), "there is no paper 'nmnet'; there are .*mmnet"),
        (lambda: profiles.settings("mmnet", "demo", "four"), "variant of mmnet 'four'; there are three_classes"),
        (lambda: profiles.synth("paper"), "there is no profile with look-alike .* 'paper'; there are smoke, demo"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(call, said):
    with pytest.raises(profiles.SettingError, match=said):
        call()


@pytest.mark.parametrize("value", [True, 64.0, "64", [64], math.nan])
def test_a_whole_number_is_neither_true_nor_float_nor_text(value):
    assert profiles.faults("mmnet", {"size": value}, {"size": 32}) != []


@given(st.floats() | st.floats(0.0, 2.0))
def test_a_number_is_accepted_exactly_inside_its_range(lr):
    low, high = FILE["accepted"]["lr"]["min"], FILE["accepted"]["lr"]["max"]
    assert (profiles.faults("mmnet", {"lr": lr}, {"lr": 1e-3}) == []) == (low <= lr <= high)


def test_a_list_is_checked_item_by_item():
    def accepts(value):
        return profiles.faults("mmnet", {"seeds": value}, {"seeds": [0]}) == []

    assert accepts([0, 1, 2])
    assert not any(map(accepts, [[], 0, [0, -1], [0, "1"], [0.5], [True]]))


def test_a_setting_without_a_type_of_its_own_is_still_held_to_its_range():
    known = {"size": None}
    assert profiles.faults("mmnet", {"size": 64}, known) == []
    assert profiles.faults("mmnet", {"size": 4}, known) != []
    assert profiles.faults("mmnet", {"size": "large"}, known) != []


def test_mmnet_takes_sizes_that_its_four_halvings_divide():
    assert profiles.settings("mmnet", "demo", size=64)["size"] == 64
    with pytest.raises(profiles.SettingError, match=r"size = 50: accepted is .* a multiple of 16"):
        profiles.settings("mmnet", "demo", size=50)


# --- what a notebook is given, without `merlib run` ---

CELL = """profile = "demo"  # sizes
data_root = ""  # folder
output_dir = ""  # folder
databases = ["casme2", "samm"]  # databases
seeds = None  # seeds
size = None  # size"""


def notebook(*passed, cell=CELL):
    """The globals of a notebook after its cell of parameters, and after what papermill adds below it."""
    cells = ["", "#| default_exp papers.mmnet", cell, *(f"# Parameters\n{text}\n" for text in passed), "import ("]
    names = {"In": cells}
    for source in cells[:-1]:
        exec(source, names)
    return names


def test_a_notebook_has_the_settings_of_its_profile_and_what_its_parameters_change():
    assert profiles.chosen("mmnet", notebook()) == profiles.settings("mmnet", "demo")
    changed = notebook('profile = "smoke"\nsize = 64\nPAPERMILL_INPUT_PATH = "x"')
    assert profiles.chosen("mmnet", changed) == profiles.settings("mmnet", "smoke", size=64)
    edited = notebook(cell=CELL.replace("size = None", "size = 64"))
    assert profiles.chosen("mmnet", edited) == profiles.settings("mmnet", "demo", size=64)


def test_a_variable_of_a_later_cell_is_no_parameter():
    names = notebook() | {"lr": 5, "database": "casme2", "typo": 1}
    assert profiles.chosen("mmnet", names) == profiles.settings("mmnet", "demo")


@pytest.mark.parametrize(
    ("passed", "sentence"),
    [
        ("typo = 1", "typo: no such setting; there are profile, data_root, output_dir, databases, seeds, size"),
        ('databases = "[]"', "databases = '[]': accepted is a list, each item one of casme2, samm, mmew, own"),
        ("databases = []", "databases = []: accepted is a list, each item one of casme2, samm, mmew, own"),
        (
            'databases = ["casme9"]',
            "databases = ['casme9']: accepted is a list, each item one of casme2, samm, mmew, own",
        ),
        ('profile = "quick"', "profile = 'quick': accepted is one of smoke, demo"),
        ("profile = []", "profile = []: accepted is one of smoke, demo"),
        ("seeds = 0", "seeds = 0: accepted is a list, each item a whole number from 0 to 4294967295"),
        ("size = 33", "size = 33: accepted is a whole number from 32 to 512 that is a multiple of 16"),
        ("data_root = 5", "data_root = 5: accepted is text"),
        ("databases = None", "databases = None: accepted is a list"),
    ],
)
def test_what_a_notebook_cannot_run_with_is_said_in_its_first_cell(passed, sentence):
    for names in (notebook(passed), notebook(f"size = 16\n{passed}")):
        with pytest.raises(profiles.SettingError, match=r"^mmnet cannot run:") as error:
            profiles.chosen("mmnet", names)
        assert f"- {sentence}" in str(error.value)
    assert "- size = " in str(error.value)  # all faults at once


def test_an_empty_list_in_the_cell_itself_is_refused():
    with pytest.raises(profiles.SettingError, match=r"- databases = \[\]: accepted is a list, each item one of casme2"):
        profiles.chosen("mmnet", notebook(cell=CELL.replace('["casme2", "samm"]', "[]")))


@pytest.mark.parametrize("value", ['"casme2"', "None", "5"])
def test_databases_that_are_no_list_in_the_cell_itself_are_refused(value):
    with pytest.raises(profiles.SettingError, match=r"- databases = .*: accepted is a list, each item one of casme2"):
        profiles.chosen("mmnet", notebook(cell=CELL.replace('["casme2", "samm"]', value)))


def test_without_its_parameters_a_notebook_asks_for_them():
    with pytest.raises(
        profiles.SettingError, match=r"run the cell with the parameters \(profile, data_root, output_dir"
    ):
        profiles.chosen("mmnet", {"In": ["", "import torch"]})


def test_a_list_holds_an_item_once():
    def faults(**given):
        return profiles.faults("mmnet", given, {"seeds": [0], "databases": ["casme2"], "lams": [0.1]})

    assert faults(seeds=[0, 1], databases=["samm", "casme2"], lams=[0.1, 1]) == []
    assert faults(seeds=[0, 1, 0]) == ["seeds = [0, 1, 0]: 0 stands in it more than once"]
    assert faults(databases=["samm", "samm"]) == ["databases = ['samm', 'samm']: 'samm' stands in it more than once"]
    assert len(faults(lams=[1, 1.0], seeds=[2, 2])) == 2


def test_a_long_value_is_shown_in_short():
    assert len(profiles.faults("mmnet", {"seeds": ["x" * 10_000]}, {"seeds": [0]})[0]) < 400


def test_a_text_that_no_notebook_can_hold_is_refused():
    assert profiles.faults("mmnet", {"data_root": "/größe/脸"}, {"data_root": ""}) == []
    assert profiles.faults("mmnet", {"data_root": "/x\udcff"}, {"data_root": ""}) == [
        r"data_root = '/x\udcff': accepted is text"
    ]


def test_the_page_on_data_says_which_notebook_takes_which_database():
    page = (Path(__file__).parents[1] / "data" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `\d\d_(\w+)` \| (.*) \| (yes|no)", page, re.MULTILINE)
    choices = {paper: FILE["accepted"].get(paper, {}).get("databases", {}).get("choices", []) for paper, _, _ in rows}
    assert choices.keys() == paths.notebook_files().keys()
    choices["micro_attention"] = ["casme2", "samm", "smic"]  # always all of them
    for paper, named, own in rows:
        assert set(choices[paper]) - {"own"} == set(re.findall(r"`(\w+)`", named)), paper
        assert ("own" in choices[paper]) == (own == "yes"), paper
