import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pooch
import pytest
from helpers import file_server
from helpers.file_server import COMMIT, FACES, WORDS, dataset, file

from merlib.cache.files import CannotWrite
from merlib.data.public import fetching, registry, terms
from merlib.data.public.fetching import PublicDataError
from merlib.data.source import Source

CONTENTS = {
    "maps/a 1 .png": b"first",
    "maps/b.png": b"second" * 9,
    "list é.csv": b"a,b\n",
    "c.mat": bytes(range(256)) * 99,
}
TINY = dataset(CONTENTS)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=lambda seconds: None))  # between two tries
    with file_server.served(dict(CONTENTS)) as server:
        monkeypatch.setattr(registry, "GITHUB", server.address)
        yield server


def there(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def whole(*names: str) -> dict[str, bytes]:
    return {f"Tiny/{name}": CONTENTS[name] for name in names}


def test_all_files_come_under_their_paths_with_a_note_on_their_source(server, tmp_path):
    assert fetching.get(TINY, tmp_path) == tmp_path / "Tiny"
    found = there(tmp_path)
    assert found.pop("Tiny/SOURCE.txt").decode() == (
        f"tiny data:\ngithub.com/anna/faces at {COMMIT}, by Anna; no licence is stated\n"
    )
    assert found == whole(*CONTENTS)
    assert not Source.of_folder(tmp_path / "Tiny", "").look_alike
    assert sorted(server.asked) == sorted(CONTENTS)


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    fetching.get(TINY, tmp_path)
    (tmp_path / "Tiny" / "c.mat").unlink()
    server.asked.clear()
    fetching.get(TINY, tmp_path)
    assert server.asked == ["c.mat"]


def test_files_of_several_repositories_do_not_meet(tmp_path, server):
    files = (file(FACES, "c.mat", CONTENTS["c.mat"]), file(WORDS, "maps/b.png", CONTENTS["maps/b.png"]))
    both = registry.Dataset("both", "both", "Both", "", files)
    fetching.get(both, tmp_path)
    assert set(there(tmp_path)) == {"Both/anna+faces/c.mat", "Both/ben+words/maps/b.png", "Both/SOURCE.txt"}


def test_a_cut_connection_leaves_no_half_file_and_is_named(server, tmp_path):
    server.cut = {"c.mat"}
    with pytest.raises(PublicDataError, match="tiny data are not complete: 3 of 4 files are there, and stay") as raised:
        fetching.get(TINY, tmp_path)
    assert "anna/faces: c.mat: the connection was cut 3 times" in str(raised.value)
    assert there(tmp_path) == whole("maps/a 1 .png", "maps/b.png", "list é.csv")
    assert server.asked.count("c.mat") == 3
    server.cut = set()
    fetching.get(TINY, tmp_path)
    assert whole(*CONTENTS).items() <= there(tmp_path).items()


def test_another_content_on_the_server_is_refused(server, tmp_path):
    server.contents["maps/b.png"] = b"changed" * 9
    with pytest.raises(PublicDataError, match=rf"anna/faces: maps/b.png: another content than at commit {COMMIT}"):
        fetching.get(TINY, tmp_path)
    assert set(there(tmp_path)) == set(whole("maps/a 1 .png", "list é.csv", "c.mat"))


def test_all_files_that_the_server_refuses_are_named(server, tmp_path):
    server.status = {"c.mat": 429}
    del server.contents["maps/b.png"]
    with pytest.raises(PublicDataError) as raised:
        fetching.get(TINY, tmp_path)
    assert "c.mat: the server answers 429 Too Many Requests" in str(raised.value)
    assert "maps/b.png: the server answers 404 Not Found" in str(raised.value)


def test_after_ten_faults_no_more_is_tried(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "AT_ONCE", 1)
    many = dataset({f"{i}.png": bytes([i]) for i in range(100)})
    with pytest.raises(PublicDataError) as raised:
        fetching.get(many, tmp_path)
    assert str(raised.value).count("answers 404") == 10
    assert len(set(server.asked)) < 20


def test_without_a_network_it_says_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(fetching, "AT_ONCE", 1)
    monkeypatch.setattr(registry, "GITHUB", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(PublicDataError) as raised:
        fetching.get(TINY, tmp_path)
    assert str(raised.value).count("no connection to http://127.0.0.1:9 (Connection refused)") == 1
    assert "Or give a folder of copies: --from FOLDER" in str(raised.value)
    assert there(tmp_path) == {}


def test_a_full_disk_is_named_and_what_is_finished_stays(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "AT_ONCE", 1)
    fetch = fetching._download

    def download(file, made):
        if file.path == "c.mat":
            raise OSError(errno.ENOSPC, "No space left on device")
        fetch(file, made)

    monkeypatch.setattr(fetching, "_download", download)
    with pytest.raises(CannotWrite, match=r"c\.mat cannot be written: the disk is full \(.*0\.0 MB are needed"):
        fetching.get(TINY, tmp_path)
    assert there(tmp_path) == whole("maps/a 1 .png", "maps/b.png", "list é.csv")


def test_a_file_limit_of_the_system_is_named(server, tmp_path):
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    done = run(script, server.address, tmp_path)
    assert done.wait(60) == 1
    said = done.stderr.read()
    assert "c.mat cannot be written: files may not become that large here" in said
    assert "Downloading" not in said  # beside the bar, no line per file
    assert "Tiny/c.mat" not in there(tmp_path)


def test_killed_again_and_again_it_goes_on(server, tmp_path):
    server.seconds = 0.2
    for _ in range(2):
        process = run("fetching.AT_ONCE = 1\n", server.address, tmp_path)
        before = len(server.asked)
        while len(server.asked) < before + 2 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    kept = {name for name in there(tmp_path) if ".partial-" not in name}
    assert kept and kept < set(whole(*CONTENTS))  # half of the work, and no note that it is all
    server.asked.clear()
    fetching.get(TINY, tmp_path)
    assert {name: there(tmp_path)[name] for name in whole(*CONTENTS)} == whole(*CONTENTS)
    assert len(there(tmp_path)) == len(CONTENTS) + 1  # nothing half-done is left
    assert not {f"Tiny/{path}" for path in server.asked} & kept


def run(before: str, address: str, root: Path) -> subprocess.Popen:
    """The same fetch in a process of its own."""
    script = (
        f"from merlib.data.public import fetching, registry\nfrom helpers.file_server import dataset\n{before}"
        f"registry.GITHUB = {address!r}\nfetching.RETRIES = 0\nfrom pathlib import Path\n"
        f"try:\n    fetching.get(dataset({CONTENTS!r}), Path({str(root)!r}))\n"
        "except OSError as error:\n    raise SystemExit(str(error))\n"
    )
    folders = os.pathsep.join([str(Path(file_server.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": folders}
    return subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True)


def test_a_file_of_another_content_is_named_and_never_replaced(server, tmp_path):
    fetching.get(TINY, tmp_path)
    mine = tmp_path / "Tiny" / "list é.csv"
    mine.write_bytes(b"a,c\n")
    with pytest.raises(PublicDataError, match="Move these files away, and repeat: merlib data get tiny") as raised:
        fetching.get(TINY, tmp_path)
    assert str(mine) in str(raised.value) and mine.read_bytes() == b"a,c\n"


@pytest.mark.parametrize("place", ["anna+faces", "faces", "tiny", "Tiny", "."])
def test_copies_may_lie_in_a_clone_or_another_data_root(tmp_path, monkeypatch, place):
    monkeypatch.setattr(registry, "datasets", lambda: {"tiny": TINY})
    for path, content in CONTENTS.items():
        copy = tmp_path / "copies" / place / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
    fetching.get(TINY, tmp_path / "data", tmp_path / "copies")
    assert whole(*CONTENTS).items() <= there(tmp_path / "data").items()


def test_all_copies_that_are_missing_or_changed_are_counted_and_the_others_taken(tmp_path, monkeypatch):
    many = dataset({f"{i:02d}.png": bytes([i]) for i in range(20)})
    monkeypatch.setattr(registry, "datasets", lambda: {"tiny": many})
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "03.png").write_bytes(bytes([3]))
    (tmp_path / "copies" / "00.png").write_bytes(b"other")
    with pytest.raises(PublicDataError) as raised:
        fetching.get(many, tmp_path / "data", tmp_path / "copies")
    message = str(raised.value)
    assert "1 of 20 files are there" in message and f"Accepted in {tmp_path / 'copies'}" in message
    assert f"00.png: another content than at commit {COMMIT}" in message and "01.png: not there" in message
    assert message.count(".png") == 10 and "and 9 more" in message
    assert there(tmp_path / "data") == {"Tiny/03.png": bytes([3])}


def test_the_other_form_of_a_data_set_is_taken_where_a_folder_holds_only_that(tmp_path, monkeypatch):
    table = file(FACES, "table.csv", b"1,2\n")
    logs = dataset({"log.txt": b"1 2"}, instead=(table,))
    monkeypatch.setattr(registry, "datasets", lambda: {"tiny": logs})
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "table.csv").write_bytes(b"1,2\n")
    fetching.get(logs, tmp_path, tmp_path / "copies")
    assert (tmp_path / "Tiny" / "table.csv").read_bytes() == b"1,2\n"
    assert fetching.missing(logs, tmp_path) == []
    shutil.rmtree(tmp_path / "Tiny")
    (tmp_path / "copies" / "log.txt").write_bytes(b"1 2")
    fetching.get(logs, tmp_path, tmp_path / "copies")
    assert set(there(tmp_path / "Tiny")) == {"log.txt", "SOURCE.txt"}


def test_terms_and_amount_are_told_before(tmp_path, monkeypatch):
    both = registry.Dataset("both", "both", "Both", "all", (*TINY.files, file(WORDS, "w", b"w")))
    text = terms.before((TINY, both), tmp_path)
    assert text.count("anna/faces at 0123456789, by Anna") == 1
    assert f"no licence is stated: {terms.FREE}" in text and "licence MIT: keep the file LICENSE with it" in text
    assert "9 files, 51 kB" in text
