import json
import subprocess

import pytest
from helpers.manifests import ARTIFACT, FACTS

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
    recorded = [ARTIFACT]
    (home / "artifacts.json").write_text(json.dumps(recorded))
    manifest.write(home, **FACTS)
    assert manifest.read(home)["artifacts"] == recorded
    assert manifest.read(home)["run"] == "demo"


def test_only_what_was_read_is_named_by_its_place_at_the_data_root(tmp_path):
    for name in ("CASME2", "SAMM", "not_read"):
        (tmp_path / name).mkdir()
    (tmp_path / "SAMM" / "SOURCE.txt").write_text("look-alike data (seed 0)\n")
    read = [tmp_path / "SAMM", tmp_path / "CASME2", tmp_path / "SAMM"]
    assert manifest.data_sources(tmp_path, read) == {"CASME2": "the user's copy", "SAMM": "look-alike data (seed 0)"}
    assert manifest.data_sources(tmp_path, []) == {}


def test_a_database_that_is_the_data_root_itself_has_its_own_name(tmp_path):
    clips = tmp_path / "mine" / "clips.csv"
    assert manifest.data_sources(clips, [clips]) == {"clips.csv": "the user's copy"}
    assert manifest.data_sources(tmp_path / "SAMM", [tmp_path / "SAMM"]) == {"SAMM": "the user's copy"}
    assert manifest.data_sources(tmp_path / "elsewhere", [clips]) == {"clips.csv": "the user's copy"}


@pytest.fixture
def written(home):
    """A whole manifest, and a function that writes another text in its place and reads it."""
    (home / "artifacts.json").write_text(json.dumps([ARTIFACT]))
    file = manifest.write(home, **FACTS)

    def read(text):
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return manifest.read(home)

    return json.loads(file.read_text()), read


@pytest.mark.parametrize("text", ["", "garbage", "[]", "{}", "null", "3", '{"notebook"', b"\xff", "[" * 100_000])
def test_a_file_that_is_no_manifest_is_named(home, written, text):
    with pytest.raises(manifest.ManifestError, match=f"^{home}/manifest.json is broken: "):
        written[1](text)


@pytest.mark.parametrize("name", manifest.FACTS)
def test_a_fact_that_is_missing_or_of_another_type_is_named(written, name):
    whole, read = written
    assert read(json.dumps(whole)) == whole
    with pytest.raises(manifest.ManifestError, match=f"the manifest has no {name}$"):
        read(json.dumps({key: value for key, value in whole.items() if key != name}))
    with pytest.raises(
        manifest.ManifestError, match=f"the manifest has the {name} true$" if name not in NUMBERS else name
    ):
        read(json.dumps(whole | {name: "true" if name in NUMBERS else True}))


NUMBERS = ("wall_time_s", "peak_memory_mb")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"artifacts": [3]}, "artifact 1 is 3, not an object"),
        ({"artifacts": [{"name": "table_1"}, ARTIFACT]}, "artifact 1 has no type, kind, title, caption"),
        ({"artifacts": [ARTIFACT, ARTIFACT | {"files": None}]}, "artifact 2 has the files null"),
        ({"artifacts": [ARTIFACT | {"files": ["../../x"]}]}, "artifact 1 has the file '../../x', outside the folder"),
        (
            {"artifacts": [ARTIFACT | {"files": ["/x", 3]}]},
            "artifact 1 has the file '/x', .* artifact 1 has the file 3",
        ),
        ({"artifacts": [ARTIFACT | {"sources": ["x"]}]}, 'a source of artifact 1 is "x", not an object'),
        (
            {"artifacts": [ARTIFACT | {"sources": [{"text": 1}]}]},
            "a source of artifact 1 has no look_alike; .*the text 1",
        ),
        ({"folds": {}}, "folds has no stored_s"),
        ({"arithmetic": [], "left_out": 3}, "the manifest has the arithmetic .*; the manifest has the left_out 3"),
        ({"git": 3, "device": None}, "the manifest has the git 3; the manifest has the device null"),
    ],
)
def test_all_that_is_wrong_in_a_manifest_is_named(written, changed, said):
    whole, read = written
    with pytest.raises(manifest.ManifestError, match=said):
        read(json.dumps(whole | changed))
