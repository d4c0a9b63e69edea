"""No process outlives the one that it works for, whenever that one is killed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import joblib
import psutil
import pytest

import merlib
from merlib import workers

JOBS = """
import time
from joblib import delayed
from merlib import workers

for _ in workers.parallel([delayed(time.sleep)(600) for _ in range(4)], n_jobs=2):
    pass
"""
KERNEL = "from merlib.runs import headless; headless.execute(headless.plan('toy'))"
# Orphans go to this process, as on desktops to that of the session, and not to process 1
ADOPTING = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
owner = subprocess.Popen([sys.executable, "-c", {code!r}])
print(owner.pid, flush=True)
sys.stdin.read()
"""


def running(home: Path, command: str = "") -> list[psutil.Process]:
    """The living processes of a project whose command line holds `command`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MERLIB_HOME") == str(home) and command in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:  # another user's, or just gone
            continue
    return found


def until(condition, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("after", [0, 0.3, 1.5])
def test_workers_end_with_a_killed_owner_from_their_first_moment_on(home, after):
    owner = subprocess.Popen([sys.executable, "-c", JOBS], stderr=subprocess.DEVNULL)
    assert until(lambda: running(home, "popen_loky"))
    time.sleep(after)
    owner.kill()
    owner.wait()
    assert until(lambda: not running(home)), running(home)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to another process than the first")
def test_a_kernel_ends_with_a_runner_that_is_killed_as_it_starts(home, write_notebook):
    parameters = 'profile = "demo"  # sizes\ndata_root = ""  # databases\noutput_dir = ""  # the run folder'
    write_notebook(home / "notebooks" / "04_toy.ipynb", parameters, "import time\ntime.sleep(600)")
    with subprocess.Popen(
        [sys.executable, "-c", ADOPTING.format(code=KERNEL)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as adopting:  # fmt: skip
        owner = int(adopting.stdout.readline())
        assert until(lambda: running(home, "ipykernel_launcher"))
        os.kill(owner, 9)
        kernels = running(home, "ipykernel_launcher")
        try:
            assert until(lambda: not running(home, "ipykernel_launcher"))
        finally:
            for process in kernels:
                if process.is_running():
                    process.kill()
            adopting.stdin.close()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_the_order_of_the_jobs_where_it_is_asked_for(n_jobs):
    jobs = [joblib.delayed(abs)(-number) for number in range(5)]
    assert list(workers.parallel(jobs, n_jobs, in_order=True)) == [0, 1, 2, 3, 4]
    assert sorted(workers.parallel(jobs, n_jobs)) == [0, 1, 2, 3, 4]


def test_a_worker_that_is_killed_is_named_in_a_sentence():
    jobs = [joblib.delayed(abs)(1), joblib.delayed(_end_itself)()]
    with pytest.raises(workers.WorkerEnded, match=r"a worker process was ended from outside.*close other programs"):
        list(workers.parallel(jobs, 2))


def _end_itself():
    os.kill(os.getpid(), 9)


def test_no_other_module_starts_processes_of_its_own():
    modules = Path(merlib.__file__).parent.rglob("*.py")
    calls = {
        path.name: re.findall(r"\bParallel\(.*|ProcessPool.*|multiprocessing.*", path.read_text()) for path in modules
    }
    others = [call for name, found in calls.items() if name != "workers.py" for call in found if "threads" not in call]
    assert others == []
