"""The flow maps of the MEGC 2019 composite database, public with HTNet: 442 pictures of 68 people, one a clip.

A map is 28x28 px with three channels in RGB order: horizontal flow, vertical flow and optical strain from onset to
apex. Each channel is scaled to 0..255 separately. Clips keep the names of their database, subject and clip.
"""

from pathlib import Path

import pandas as pd

from merlib.data.databases import sheets
from merlib.data.databases.reader import Published, Reader

MAPS = "datasets/STSNet_whole_norm_u_v_os"
TREE = f"""
MEGC2019_flow/
  combined_3_class2_for_optical_flow.csv
  {MAPS}/006_006_1_2 .png        (mind the blank before .png)
"""
HEADER = {"database": "dataset", "subject": "sub", "clip": "filename_o", "emotion": "label"}
LABELS = {"0": "negative", "1": "positive", "2": "surprise"}
DATABASES = ("casme2", "samm", "smic")


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip of the list, matched with its map by the names of subject and clip; see `Reader`."""
    maps = {path.stem.strip(): str(path) for path in (folder / MAPS).glob("*.png")}
    rows = sheets.find(folder, HEADER)
    names = rows["subject"] + "_" + rows["clip"]
    rows["path"] = [maps.get(name, "") for name in names]
    rows["no_frames"] = ["" if name in maps else f"no {MAPS}/{name} .png" for name in names]
    rows["fault"] = ""
    rows.loc[~rows["emotion"].isin(LABELS), "fault"] = "label '" + rows["emotion"] + "' is none of 0, 1, 2"
    rows.loc[~rows["database"].isin(DATABASES), "fault"] = "dataset '" + rows["database"] + "' is not of MEGC 2019"
    rows["emotion"] = rows["emotion"].replace(LABELS)
    return rows.assign(onset="", apex="", offset="", cropped=True)


READER = Reader(
    name="megc2019_flow",
    title="MEGC 2019 flow maps",
    folder="MEGC2019_flow",
    markers=(MAPS,),
    tree=TREE,
    how_to_get="merlib data get megc2019_flow (public, from the GitHub repository wangzhifengharrison/HTNet)",
    annotations=annotations,
    look_alike=False,
    published={"MEGC 2019": Published(68, {"negative": 250, "positive": 109, "surprise": 83})},
)
