"""The public annotation sheets as clips without frames, for what needs labels alone."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from merlib.data import databases
from merlib.data.clips import Clips
from merlib.data.public import registry
from merlib.data.source import Source

_ALL = "Onset_Apex_Files"
# name -> database, and its files by the owners of their repositories
SHEETS: dict[str, tuple[str, dict[str, str]]] = {
    "casme2": (
        "casme2",
        {
            "QqXuyujie/": f"{_ALL}/CASME2/CASME2-coding-20140508.xlsx",
            "davidnvq/": "datasets/CASME2-ObjectiveClasses.xlsx",
        },
    ),
    "samm": ("samm", {"QqXuyujie/": f"{_ALL}/SAMM/SAMM.xlsx"}),
    "mmew": ("mmew", {"ini17/": "MatlabCodes/Optical flow extraction/MMEW_Micro_Exp.csv"}),
    "cas_me_3": ("cas_me_3", {"QqXuyujie/": f"{_ALL}/CASME3/casme3_table.xlsx"}),
    "dfme": ("dfme", {"QqXuyujie/": f"{_ALL}/DFME/training_full_with_AU.xlsx"}),
    "dfme_test_a": ("dfme", {"QqXuyujie/": f"{_ALL}/DFME/testA_full_with_AU.xlsx"}),
    "dfme_test_b": ("dfme", {"QqXuyujie/": f"{_ALL}/DFME/testB_full_with_AU.xlsx"}),
}


def read(name: str, data_root: Path | str = "") -> Clips:
    """The annotated clips of one of `SHEETS`, without frames, as `databases.read(..., frames=False)` gives them.

    CASME II is its sheet of 2014 with the file of objective classes. Raises ValueError for another name, and
    FileNotFoundError without the files.
    """
    if name not in SHEETS:
        raise ValueError(f"no public sheet {name!r}; there are {', '.join(SHEETS)}")
    database, files = SHEETS[name]
    # a database's files lie in one folder; these are from several repositories
    with tempfile.TemporaryDirectory() as folder:
        for owner, path in files.items():
            shutil.copy(registry.folder("annotation_sheets", data_root, owner) / path, folder)
        clips = databases.read(database, folder, frames=False)
    return replace(clips, source=Source.of_folder(registry.folder("annotation_sheets", data_root), "public sheets"))
