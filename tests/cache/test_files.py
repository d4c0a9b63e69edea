"""A file or a folder is there whole or not at all, whoever else writes the same."""

import subprocess
import sys

import pytest

from merlib.cache.files import PARTIAL, sha256, whole


def test_a_file_appears_when_the_block_ends_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "folder" / "numbers.csv"
    with whole(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_path_is_in_a_folder_beside_and_keeps_the_name(tmp_path):
    # programs choose a format by the ending; left-overs are told by the folder's name
    with whole(tmp_path / "figure.svg") as temporary:
        temporary.touch()
        assert temporary.name == "figure.svg"
        assert temporary.parent.parent == tmp_path
        assert temporary.parent.name.startswith(PARTIAL)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "fold.parquet"
    path.write_text("earlier")
    with pytest.raises(error), whole(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    path = tmp_path / "fold.parquet"
    path.write_text("earlier")
    with pytest.raises(FileNotFoundError), whole(path):
        pass
    assert path.read_text() == "earlier"


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "manifest.json"
    with whole(path) as first, whole(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # its block ended last
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_a_folder_with_all_that_it_held(tmp_path):
    path = tmp_path / "CASME II"
    for name in ("old.txt", "new.txt"):
        with whole(path) as temporary:
            temporary.mkdir()
            (temporary / name).touch()
    assert [file.name for file in path.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_folder_stays_when_its_successor_fails(tmp_path):
    path = tmp_path / "CASME II"
    path.mkdir()
    (path / "old.txt").touch()
    with pytest.raises(ValueError), whole(path) as temporary:
        temporary.mkdir()
        raise ValueError
    assert [file.name for file in path.iterdir()] == ["old.txt"]


def test_the_file_can_be_read_by_others_as_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with whole(tmp_path / "written") as temporary:
        temporary.touch()
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_is_told_by_the_hash_that_others_give_it_too(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-4
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_it_loads_nothing_but_the_standard_library():
    # merlib.runs writes its manifest with it, and answers before anything heavy is imported
    code = "import sys, merlib.cache.files; sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
