"""A full disk, closed folders, too few file handles: one message with path and remedy, and nothing finished is lost."""

import ctypes
import os
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from faults import toy_paper
from faults.checks import assert_helpful, assert_same_bits, is_part, kinds, snapshot, temporary, whole_runs
from faults.forks import forked
from merlib import cli

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUSER = 0x00020000, 0x10000000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
CAPBSET_DROP, SETPCAP_VERSION = 24, 0x20080522

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts and rights of Linux")


def small_disk(folder: Path, size: str) -> None:
    """Mounts an empty disk at the folder, for this process alone. Any user may, where the system has user namespaces."""
    folder.mkdir(parents=True, exist_ok=True)
    flags = NEWNS if os.geteuid() == 0 else NEWNS | NEWUSER
    if LIBC.unshare(flags) or LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
        os._exit(NOT_ALLOWED)
    if LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={size}".encode()):
        os._exit(NOT_ALLOWED)


def without_rights() -> None:
    """Root may write everywhere: gives that up, for this process alone."""
    header = (ctypes.c_uint32 * 2)(SETPCAP_VERSION, 0)
    LIBC.capset(header, (ctypes.c_uint32 * 6)())


NOT_ALLOWED = 77


def outcome(prepare: Callable[[], object], *line: object) -> tuple[int, str]:
    """`merlib LINE` in a copy of this process, in which `prepare` runs first: exit status and output."""

    def work():
        prepare()
        cli.app([str(word) for word in line])

    status, said = forked(work)
    if status == NOT_ALLOWED:
        pytest.skip("this system lets nobody mount a small disk")
    return status, said


def run(clips: Path, name: str = "smoke") -> tuple[object, ...]:
    return "run", "toy", "--profile", "smoke", "--data-root", clips, "--run", name


FULL = {
    "the frames": (".cache/frames", "8k"),
    "derived arrays": (".cache/motion", "12k"),
    "weights": (".cache/weights", "4k"),
    "folds": (".cache/folds", "16k"),
    "runs": ("papermill_runs", "100k"),
}


@pytest.mark.parametrize("disk", kinds(FULL, fast=["the frames"]))
def test_a_full_disk_is_named_and_a_larger_one_goes_on(project, clips, no_kernel, call, undisturbed, disk):
    place, size = disk
    status, said = outcome(lambda: small_disk(project / place, size), *run(clips))
    assert status == 1, said
    assert_helpful(last_words(said), place, "free", accepts="full.*free some space")
    assert call(*run(clips)).exit_code == 0
    assert_same_bits(toy_paper.predictions_of(project), undisturbed.predictions)
    assert not temporary(project)


TAKEN = (".cache", ".cache/frames", "papermill_runs", "papermill_runs/smoke")
CLOSED = (".cache", ".cache/frames", ".cache/motion", ".cache/folds", "papermill_runs/smoke")


@pytest.mark.parametrize(
    "place", kinds({place: place for place in CLOSED}, fast=[".cache/folds", "papermill_runs/smoke"])
)
def test_a_closed_folder_is_named_and_the_finished_run_stays(finished, clips, no_kernel, undisturbed, place):
    for cached in (finished / ".cache").iterdir():  # there is something to write
        shutil.rmtree(cached) if cached.is_dir() else cached.unlink()
    folder = finished / place
    folder.mkdir(parents=True, exist_ok=True)
    before = snapshot(finished / "papermill_runs" / "smoke" / toy_paper.NOTEBOOK)
    folder.chmod(0o500)
    try:
        status, said = outcome(without_rights, *run(clips))
    finally:
        folder.chmod(0o700)
    assert status == 1, said
    assert_helpful(last_words(said), place, accepts="permission.*writable|folder of your own")
    assert is_part(before, snapshot(finished / "papermill_runs" / "smoke" / toy_paper.NOTEBOOK))


@pytest.mark.parametrize("place", kinds({place: place for place in TAKEN}, fast=["papermill_runs/smoke"]))
def test_a_file_where_a_folder_should_be_is_named(project, clips, no_kernel, place):
    (project / place).parent.mkdir(exist_ok=True)
    (project / place).write_text("a file")
    status, said = outcome(lambda: None, *run(clips))
    assert status == 1, said
    assert_helpful(last_words(said), place, accepts="remove|move|folder")
    assert (project / place).read_text() == "a file"


UNREADABLE = {"the list": "clips.csv", "a person": "ben", "a frame": "ben/joy/2.png", "everything": "."}


@pytest.mark.parametrize("name", UNREADABLE.values(), ids=UNREADABLE)
def test_data_that_may_not_be_read_is_named(project, clips, tmp_path, name):
    shutil.copytree(clips, tmp_path / "closed")
    file = tmp_path / "closed" / name
    file.chmod(0)
    try:
        status, said = outcome(without_rights, "data", "check", "own", "--data-root", tmp_path / "closed")
    finally:
        file.chmod(0o700)
    assert status in (1, 2), said
    assert_helpful(said, str(tmp_path / "closed") if name == "." else Path(name).name, accepts="ermission|read")


@pytest.mark.faults
def test_look_alike_data_on_a_full_disk(project, call):
    status, said = outcome(lambda: small_disk(project / "data", "64k"), "data", "synth", "casme2", "--profile", "smoke")
    assert status == 1, said
    assert_helpful(last_words(said), "data", accepts="full.*free some space")


def test_look_alike_data_in_a_closed_folder(project):
    (project / "data").mkdir(mode=0o500)
    status, said = outcome(without_rights, "data", "synth", "casme2", "--profile", "smoke")
    assert status == 1, said
    assert_helpful(last_words(said), "data", accepts="permission.*writable")


def test_pages_in_a_closed_folder(finished):
    folder = finished / "papermill_runs" / "smoke"
    folder.chmod(0o500)
    try:
        status, said = outcome(without_rights, "gallery", "smoke", "--no-faces")
    finally:
        folder.chmod(0o700)
    assert status == 1, said
    assert_helpful(said, "papermill_runs/smoke", accepts="permission.*writable")


def test_a_disk_without_a_gigabyte_is_refused_before_a_run(project, clips):
    def move():
        small_disk(project / "small", "1m")
        shutil.copytree(project / "notebooks", project / "small" / "notebooks")
        os.environ["MERLIB_HOME"] = str(project / "small")

    status, said = outcome(move, *run(clips))
    assert status == 1, said
    assert_helpful(said, str(project / "small"), accepts="1 GB are needed: free some space")


@pytest.mark.parametrize("more", kinds({str(more): more for more in (2, 4, 8, 16)}, fast=["4"]))
def test_few_file_handles(finished, clips, no_kernel, more):
    def few():
        opened = max(map(int, os.listdir("/proc/self/fd")))
        resource.setrlimit(resource.RLIMIT_NOFILE, (opened + more, opened + more))

    status, said = outcome(few, *run(clips))
    assert whole_runs(finished / "papermill_runs")
    if status:
        assert_helpful(last_words(said), accepts="open files|ulimit")


def last_words(said: str) -> str:
    """What a run said without the lines of its progress."""
    return "\n".join(line for line in said.splitlines() if line.strip() and "%|" not in line and "/12" not in line)
