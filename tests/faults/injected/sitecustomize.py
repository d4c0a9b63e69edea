"""Python imports this at its start when the folder is on PYTHONPATH: it lets a test strike at the n-th written file.

Every file of the project appears by a rename. All processes of a run count their renames together, in a folder that
MERLIB_FAULT_COUNT names. The process that comes to the rename MERLIB_FAULT_AT waits before it, until the test, which
sees the file `struck`, has ended a process and removed that file, or ended this one. With MERLIB_FAULT_ERRNO the rename
raises that error instead.
"""

import os
import time


def _number(folder):
    """The number of this rename among those of all processes, from 1."""
    number = 1
    while True:
        try:
            os.close(os.open(f"{folder}/{number}", os.O_CREAT | os.O_EXCL))
            return number
        except FileExistsError:
            number += 1


def _counted(rename):
    def counted(source, target, **more):
        folder, home = os.environ.get("MERLIB_FAULT_COUNT"), os.environ.get("MERLIB_HOME")
        if folder and home and os.path.abspath(os.fsdecode(target)).startswith(home):
            number = _number(folder)
            if number == int(os.environ.get("MERLIB_FAULT_AT", 0)):
                _strike(folder)
        return rename(source, target, **more)

    counted.__module__ = "os"
    return counted


def _strike(folder):
    if code := int(os.environ.get("MERLIB_FAULT_ERRNO", 0)):
        raise OSError(code, os.strerror(code))
    mark = f"{folder}/struck"
    os.close(os.open(mark, os.O_CREAT))
    while os.path.exists(mark):
        time.sleep(0.01)


os.replace, os.rename = _counted(os.replace), _counted(os.rename)
