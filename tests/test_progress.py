import json
import os

import pytest

from merlib.progress import note_fold, note_source, track


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    path = tmp_path / "progress.txt"
    monkeypatch.setenv("MERLIB_PROGRESS", str(path))
    return path


def test_file_gets_one_line_for_each_finished_item(progress_file):
    seen = []
    for fold in track(["sub01", "sub02", "sub03"], "folds"):
        seen.append(fold)
        lines = progress_file.read_text().splitlines() if progress_file.exists() else []
        assert len(lines) == len(seen) - 1  # the item in hand is not finished
    assert seen == ["sub01", "sub02", "sub03"]
    assert progress_file.read_text() == "folds 1/3\nfolds 2/3\nfolds 3/3\n"


def test_an_item_that_fails_is_not_reported_as_finished(progress_file):
    with pytest.raises(RuntimeError):
        for fold in track(range(5), "folds"):
            if fold == 2:
                raise RuntimeError("fold failed")
    assert progress_file.read_text() == "folds 1/5\nfolds 2/5\n"


def test_two_loops_append_to_the_same_file(progress_file):
    list(track(range(1), "frames"))
    list(track(iter("ab"), "folds", total=2))
    list(track(iter("a"), "clips"))
    assert progress_file.read_text() == "frames 1/1\nfolds 1/2\nfolds 2/2\nclips 1\n"


def test_without_a_file_a_bar_shows_description_and_total(monkeypatch, capsys):
    monkeypatch.delenv("MERLIB_PROGRESS", raising=False)
    assert list(track(iter(range(4)), "frames", total=4)) == [0, 1, 2, 3]
    bar = capsys.readouterr().err
    assert "frames" in bar and "4/4" in bar


def test_a_headless_run_is_told_what_was_read(tmp_path, monkeypatch):
    note_source(tmp_path / "nobody listens")
    monkeypatch.setenv("MERLIB_SOURCES", str(tmp_path / "sources.txt"))
    for name in ("SAMM", "a\nb"):
        note_source(tmp_path / name)
    lines = (tmp_path / "sources.txt").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [f"{tmp_path}/SAMM", f"{tmp_path}/a\nb"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
@pytest.mark.parametrize(
    "variable, note",
    [
        ("MERLIB_PROGRESS", lambda: list(track(range(1), "folds"))),
        ("MERLIB_FOLDS", lambda: note_fold("key", 1.0, trained=True, precision="float32")),
        ("MERLIB_SOURCES", lambda: note_source("CASME2")),
    ],
)
def test_a_full_disk_is_said_with_the_file_and_what_to_do(monkeypatch, variable, note):
    monkeypatch.setenv(variable, "/dev/full")
    with pytest.raises(OSError, match=r"^/dev/full cannot be written: No space left on device\. .* and repeat$"):
        note()
