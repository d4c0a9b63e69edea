"""The same 442 clips as `megc2019_flow`, their maps extracted a second time: public with CausalNet (arXiv 2508.06640).

There are four maps per clip, with the names of HTNet's maps and the endings none, `_1`, `_2` and `_3`. CausalNet reads
the four as one sequence. Its repository does not say which frames each of them is computed from. No map is equal to
HTNet's, so scores on the two are not those of one extraction. A clip here is its map without an ending; `maps` gives
the others.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from merlib.data.clips import Clips
from merlib.data.databases import megc2019_flow

ENDINGS = ("", "_1", "_2", "_3")
FOLDER = "MEGC2019_flow_causalnet"


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip of the list; a clip needs all of its maps. See `Reader`."""
    rows = megc2019_flow.annotations(folder)
    there = {path.stem for path in (folder / megc2019_flow.MAPS).glob("*.png")}
    for place, path in enumerate(rows["path"]):
        stem = Path(path).stem.strip()
        if missing := [f"{stem}{ending} .png" for ending in ENDINGS if path and f"{stem}{ending} " not in there]:
            rows.loc[rows.index[place], "fault"] = f"no {', '.join(missing)} in {megc2019_flow.MAPS}"
    return rows


def maps(clips: Clips, ending: str) -> Clips:
    """The clips with another of their four maps, by its ending. Raises ValueError for an ending that there is not."""
    if ending not in ENDINGS:
        raise ValueError(f"there are no maps that end in {ending!r}; there are {', '.join(map(repr, ENDINGS))}")
    others = [[f"{frames[0].removesuffix(' .png')}{ending} .png"] for frames in clips.table["frames"]]
    return replace(clips, table=clips.table.assign(frames=others))


READER = replace(
    megc2019_flow.READER,
    name="megc2019_flow_causalnet",
    title="MEGC 2019 flow maps, extraction of CausalNet",
    folder=FOLDER,
    tree=megc2019_flow.TREE.replace("MEGC2019_flow/", f"{FOLDER}/").replace(
        "(mind the blank before .png)", "and the same with _1, _2 and _3 before the blank"
    ),
    how_to_get="merlib data get megc2019_flow_causalnet (public, from the GitHub repository tony19980810/CausalNet)",
    annotations=annotations,
)
