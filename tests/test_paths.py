import pytest

from merlib import paths


def test_a_notebook_file_and_its_run_folder_name_the_same_paper(home):
    assert paths.paper_of("04_mmnet") == paths.paper_of("04_mmnet.ipynb") == "mmnet"
    assert paths.paper_of(paths.runs() / "demo" / "02_micro_attention") == "micro_attention"
    assert paths.paper_of("my_notebook.ipynb") == "my_notebook"


def test_notebooks_are_found_by_paper_in_the_order_of_their_numbers(home):
    for name in ("10_last.ipynb", "04_mmnet.ipynb", "02_micro_attention.ipynb", "notes.ipynb", "04_mmnet.py"):
        (paths.notebooks() / name).touch()
    found = paths.notebook_files()
    assert list(found) == ["micro_attention", "mmnet", "last"]
    assert all(paths.paper_of(file) == paper for paper, file in found.items())


def test_the_home_is_found_from_any_folder_inside_it(tmp_path, monkeypatch):
    monkeypatch.delenv("MERLIB_HOME", raising=False)
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path / "notebooks" / "solutions")
    assert paths.home() == tmp_path.resolve()


@pytest.mark.parametrize("kind", ["folds", "frames"])
def test_a_cache_folder_is_made_where_it_is_asked_for(home, kind):
    assert paths.cache(kind).is_dir() and paths.cache(kind).parent == home / ".cache"


def test_databases_for_pretraining_lie_beside_the_others_unless_these_are_a_list(tmp_path):
    (tmp_path / "clips.csv").touch()
    assert paths.macro("") == "" and paths.macro(tmp_path) == tmp_path
    assert paths.macro(tmp_path / "clips.csv") == "" == paths.macro(str(tmp_path / "clips.csv"))
    assert paths.macro(tmp_path / "clips.csv", "/posed") == paths.macro("", "/posed") == "/posed"
