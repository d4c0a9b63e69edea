import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from merlib.runs import lock

HOLD = """
import subprocess, sys, time
from pathlib import Path
from merlib.runs import lock
with lock.held(Path(sys.argv[1])) as held:
    if sys.argv[2:]:
        subprocess.Popen(["sleep", sys.argv[2]], pass_fds=[held.fileno()])
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "demo" / "04_toy.lock"


@pytest.fixture
def other(path):
    """Starts another process that holds the lock; with a number, a child of it holds it that many seconds more."""
    started = []

    def start(*seconds):
        process = subprocess.Popen([sys.executable, "-c", HOLD, path, *seconds], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_who_holds_a_lock_is_said(path, other):
    process = other()
    for attempt in (lambda: lock.held(path).__enter__(), lambda: lock.refuse_held(path)):
        with pytest.raises(lock.Busy) as error:
            attempt()
        assert f"process {process.pid} on {socket.gethostname()}, since 20" in str(error.value)
        assert str(path) in str(error.value)  # the command


def test_a_killed_holder_blocks_nobody(path, other):
    process = other()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert path.exists()
    lock.refuse_held(path)
    with lock.held(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert not path.exists()


def test_what_a_killed_holder_started_is_waited_for(path, other):
    process = other("1")
    started = time.monotonic()
    process.kill()
    process.wait()
    with lock.held(path):
        assert time.monotonic() - started > 0.5


def test_a_lock_that_was_let_go_of_leaves_nothing(path):
    with lock.held(path):
        pass
    assert list(path.parent.iterdir()) == []
    lock.refuse_held(path)
    assert list(path.parent.iterdir()) == []


def test_a_lock_is_let_go_of_when_the_block_raises(path):
    with pytest.raises(KeyError), lock.held(path):
        raise KeyError
    lock.refuse_held(path)


@pytest.mark.parametrize("left", ["", "{}", "garbage", "null", '{"pid": 1}'])
def test_what_stands_in_a_file_that_nobody_holds_does_not_matter(path, left):
    path.parent.mkdir()
    path.write_text(left)
    lock.refuse_held(path)
    with lock.held(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()
