import pytest

from merlib.runs import folders


@pytest.fixture
def folder(home):
    """Where the run of a notebook is to lie."""
    (home / "papermill_runs" / "demo").mkdir(parents=True)
    return home / "papermill_runs" / "demo" / "04_toy"


def make(folder, ending="", file="manifest.json"):
    """A folder of the run, with something in it that tells it from others."""
    made = folders.beside(folder, ending)
    made.mkdir()
    (made / file).write_text(ending)
    return made


def test_a_plain_name_names_a_folder_of_the_runs(home):
    for name in ("demo", "casme2", "size-96", "v1.2", "größe_96", "2026"):
        assert folders.new_run_folder(name) == home / "papermill_runs" / name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "/tmp/x", "a/b", "a\\b", "-x", ".x", "_x", "a b", "a\n", "a\0", "x" * 101, "\udcff", "~"],
)
def test_what_is_no_plain_name_is_refused_with_what_is(home, name):
    with pytest.raises(folders.RunError, match="begins with a letter or a digit"):
        folders.run_folder(name)


@pytest.mark.parametrize("name", ["reference", "reference_flow_maps", "Reference", "interactive"])
def test_a_new_run_takes_no_name_of_another_kind_of_folder(home, name):
    with pytest.raises(folders.RunError, match="names that begin with interactive or reference"):
        folders.new_run_folder(name)
    assert folders.run_folder(name).name == name


def test_a_new_run_takes_no_name_of_a_file(folder):
    (folder.parent.parent / "notes.txt").write_text("mine")
    with pytest.raises(folders.RunError, match=r"notes.txt is a file"):
        folders.new_run_folder("notes.txt")


def test_a_finished_run_takes_the_place_of_the_one_before(folder):
    make(folder, file="old.csv")
    make(folder, folders.FAILED)
    make(folder, folders.RUNNING, file="new.csv")
    folders.finish(folder)
    assert [path.name for path in folder.parent.rglob("*")] == ["04_toy", "new.csv"]


def test_a_failed_run_lies_beside_the_finished_one_in_place_of_an_earlier_failed_one(folder):
    make(folder, file="finished.csv")
    make(folder, folders.FAILED, file="earlier.csv")
    make(folder, folders.RUNNING, file="half.csv")
    folders.fail(folder)
    found = {path.relative_to(folder.parent).as_posix() for path in folder.parent.glob("*/*")}
    assert found == {"04_toy/finished.csv", "04_toy.failed/half.csv"}


def test_a_run_killed_between_the_two_renamings_of_a_swap_loses_nothing(folder):
    make(folder, file="finished.csv").rename(folders.beside(folder, folders.REPLACED))
    make(folder, folders.RUNNING)
    folders.settle(folder)
    assert [path.name for path in folder.parent.rglob("*")] == ["04_toy", "finished.csv"]


def test_a_run_killed_after_the_swap_keeps_the_new_one(folder):
    make(folder, file="new.csv")
    make(folder, folders.REPLACED, file="old.csv")
    folders.settle(folder)
    assert [path.name for path in folder.parent.rglob("*")] == ["04_toy", "new.csv"]


def test_a_notebook_is_one_folder_of_a_run_and_a_finished_one_where_there_is_one(folder):
    other = folder.with_name("05_other")
    for ending in (folders.FAILED, folders.RUNNING):
        make(folder, ending, "notebook.ipynb")
        make(other, ending, "notebook.ipynb")
    make(folder.with_name("06_failed"), folders.FAILED, "notebook.ipynb")
    make(folder.with_name("07_recorded_in_a_notebook"), file="artifacts.json")
    finished = make(folder)
    last = [folders.beside(other, folders.RUNNING), folder.with_name("06_failed.failed")]
    assert folders.of_run(folder.parent) == [finished, *last]


def test_a_run_that_is_being_replaced_is_a_finished_one(folder):
    replaced = make(folder, folders.REPLACED)
    make(folder, folders.RUNNING)
    assert folders.of_run(folder.parent) == [replaced]
