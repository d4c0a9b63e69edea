"""A file or a folder is there whole or not at all, whoever else writes the same."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from merlib.cache import files
from merlib.cache.files import PARTIAL, CannotWrite, sha256, sweep, whole


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


def test_file_and_folder_are_on_the_disk_in_the_order_that_survives_a_power_failure(tmp_path, monkeypatch):
    steps, fsync, replace = [], os.fsync, os.replace

    def noted_fsync(descriptor):
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", lambda *paths: (steps.append("rename"), replace(*paths)))
    with whole(tmp_path / "fold.parquet") as temporary:
        temporary.touch()
    assert steps == ["file", "rename", "folder"]


KILLED = """
import os, signal, sys
from pathlib import Path
from merlib.cache import files
path = Path(sys.argv[1])
if len(sys.argv) > 2:  # between the two renames of a folder
    replace = os.replace
    os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL) if Path(paths[1]) == path else replace(*paths)
with files.whole(path) as temporary:
    temporary.mkdir()
    (temporary / "new.txt").touch()
    if len(sys.argv) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_while_writing(path: Path, *how: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), *how])
    assert done.returncode == -signal.SIGKILL


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    for folder in (tmp_path, tmp_path / "frames"):
        killed_while_writing(folder / "CASME2")
        assert [left.name[: len(PARTIAL)] for left in folder.glob(".*")] == [PARTIAL]
    (tmp_path / "frames" / "finished.npy").touch()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["frames", "finished.npy"]
    sweep(tmp_path / "nowhere")


def test_what_a_living_process_writes_is_not_swept(tmp_path):
    with whole(tmp_path / "frames" / "clip.npy") as temporary:
        temporary.write_text("half")
        sweep(tmp_path)
        sweep(tmp_path / "frames")
    assert (tmp_path / "frames" / "clip.npy").read_text() == "half"


def test_a_folder_swept_before_its_writer_had_locked_it_is_made_again(tmp_path, monkeypatch):
    lock, swept = files._lock, []

    def after_a_sweep(folder, wait):
        if wait and not swept:
            swept.append(folder)
            sweep(tmp_path)
        return lock(folder, wait)

    monkeypatch.setattr(files, "_lock", after_a_sweep)
    with whole(tmp_path / "clip.npy") as temporary:
        temporary.write_text("whole")
    assert swept and not Path(swept[0]).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["clip.npy"]


def test_a_folder_whose_process_was_killed_between_two_renames_is_replaced(tmp_path):
    path = tmp_path / "CASME II"
    path.mkdir()
    (path / "old.txt").touch()
    killed_while_writing(path, "between")
    assert not path.exists()
    sweep(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*")] == ["CASME II", "CASME II/new.txt"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB, which is mounted anew with the options given to it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "merlib-test", folder]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk, and only on Linux")
    yield folder
    subprocess.run(["umount", folder], check=True)


WRITERS = {
    "bytes": lambda file, megabytes: file.write_bytes(bytes(megabytes * 10**6)),
    "numpy": lambda file, megabytes: np.zeros(megabytes * 10**6, np.uint8).tofile(file),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_full_disk_is_one_sentence_with_path_space_and_remedy(small_disk, write):
    path = small_disk / "frames" / "clip.npy"
    with pytest.raises(CannotWrite) as raised, whole(path, needed=2 * 10**6) as temporary:
        write(temporary, 2)
    expected = rf"{path} cannot be written: the disk is full \(1\.0 MB are free in {path.parent}, 2\.0 MB are needed\)"
    assert re.match(expected, str(raised.value)) and "free some space, and repeat" in str(raised.value)
    assert list(path.parent.iterdir()) == []


def test_a_read_only_disk_is_one_sentence(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    path = small_disk / "frames" / "clip.npy"
    with (
        pytest.raises(CannotWrite, match=rf"^{path} cannot be written: the file system is read-only .* repeat$"),
        whole(path),
    ):
        pass


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG])
def test_every_reason_not_to_write_is_one_sentence(tmp_path, code):
    expected = pytest.raises(CannotWrite, match=r"clip\.npy cannot be written: .* MB are free .* and repeat$")
    with expected, whole(tmp_path / "clip.npy") as temporary:
        raise OSError(code, os.strerror(code), str(temporary))


def test_an_error_about_another_file_is_passed_on(tmp_path):
    with pytest.raises(PermissionError, match="source"), whole(tmp_path / "cache" / "clip.npy"):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "source.avi"))
    with pytest.raises(OSError, match="something else"), whole(tmp_path / "clip.npy"):
        raise OSError("something else")


def test_a_file_within_a_folder_names_the_file(tmp_path):
    with pytest.raises(CannotWrite, match=r"frame\.png cannot be written"), whole(tmp_path / "CASME2") as folder:
        folder.mkdir()
        with whole(folder / "frame.png"):
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_told_by_the_hash_that_others_give_it_too(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-4
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_it_loads_nothing_but_the_standard_library():
    # merlib.runs writes its manifest with it, and answers before anything heavy is imported
    code = "import sys, merlib.cache.files; sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
