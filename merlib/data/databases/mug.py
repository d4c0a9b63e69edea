"""MUG (Aifanti et al., WIAMIS 2010), its posed part: takes of six emotions and the neutral face at 19 fps.

A take runs from the neutral face through the apex and back. No apex is annotated. The published 86 people and 1032
clips (Micro-Attention, section 4.1) are those of the whole database; how many clips each emotion has is not published,
so `databases.check` has no counts to compare with.
"""

from pathlib import Path

import pandas as pd

from merlib.data.databases import folders, sheets
from merlib.data.databases.reader import Reader

TREE = """
MUG/
  001/anger/take000/img_0000.jpg             the folders of the people may lie in a folder subjects3
"""
EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
# a few people's takes lie one folder deeper: 001/001/anger/take000
CLIP = rf"(?P<subject>\d+)/(?P<clip>(?:\w+/)?(?P<emotion>{'|'.join(EMOTIONS)})/take\d+)"


def annotations(folder: Path) -> pd.DataFrame:
    """One row per take; see `Reader`. Its clip is named anger_take000."""
    root = folder / "subjects3" if (folder / "subjects3").is_dir() else folder
    sheets.people(root)
    rows = pd.DataFrame(folders.rows(root, CLIP, "001/anger/take000", folder))
    rows["clip"] = rows["clip"].str.replace("/", "_")
    return rows.assign(onset="first", apex="", offset="last")


READER = Reader(
    name="mug",
    title="MUG",
    folder="MUG",
    markers=("[0-9]*/*/take*", "[0-9]*/*/*/take*", "subjects3"),
    tree=TREE,
    how_to_get="a signed licence agreement with the Aristotle University of Thessaloniki",
    annotations=annotations,
    fps=19,
)
