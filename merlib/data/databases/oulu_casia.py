"""Oulu-CASIA NIR&VIS (Zhao et al., Image and Vision Computing 2011): six posed emotions of 80 people at 25 fps.

The pictures in visible light under strong illumination are read. A clip runs from the neutral face to the apex.
"""

from pathlib import Path

import pandas as pd

from merlib.data.databases import folders
from merlib.data.databases.reader import Published, Reader

CLIPS = "OriginalImg/VL/Strong"
TREE = f"""
Oulu_CASIA/
  {CLIPS}/P012/Anger/000.jpeg
"""
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip's folder; see `Reader`."""
    found = folders.rows(folder / CLIPS, r"(?P<subject>P\d+)/(?P<clip>(?P<emotion>[A-Za-z]+))", "P012/Anger", folder)
    # the last frame is the apex: the face is not filmed any further
    return pd.DataFrame(found).assign(onset="first", apex="last", offset="last")


READER = Reader(
    name="oulu_casia",
    title="Oulu-CASIA",
    folder="Oulu_CASIA",
    markers=(CLIPS,),
    tree=TREE,
    how_to_get="a signed licence agreement with the University of Oulu",
    annotations=annotations,
    fps=25,
    published={"visible light, strong illumination": Published(80, dict.fromkeys(EMOTIONS, 80))},
)
