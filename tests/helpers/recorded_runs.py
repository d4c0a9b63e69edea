"""Small run folders, written by what a real run writes them with."""

import base64

import cv2
import matplotlib.pyplot as plt
import nbformat
import numpy as np

from helpers.made_predictions import LOOK_ALIKE, THREE, made
from merlib.data.source import Source
from merlib.results import tables
from merlib.results.artifacts import Record
from merlib.runs import manifest

FOUR = (*THREE, "others")
REAL = Source("MEGC 2019 flow maps, the user's copy")


def picture():
    figure, ax = plt.subplots(figsize=(1, 1))
    ax.plot([0, 1])
    return figure


def executed(path, pixels=(20, 30)):
    """An executed notebook as papermill leaves one: a picture, a line on stderr, times and paths."""
    noise = np.random.default_rng(0).integers(0, 256, (*pixels, 3), dtype=np.uint8)
    encoded = base64.b64encode(cv2.imencode(".png", noise)[1].tobytes()).decode()
    shown = nbformat.v4.new_output("display_data", {"image/png": encoded, "text/plain": "<Figure>"})
    bar = nbformat.v4.new_output("stream", name="stderr", text="folds 3/3")
    cell = nbformat.v4.new_code_cell("figure", outputs=[shown, bar], execution_count=1)
    cell.metadata["papermill"] = {"duration": 1.0}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# MMNet"), cell])
    notebook.metadata["papermill"] = {"input_path": "/home/somebody/notebooks/04_mmnet.ipynb"}
    nbformat.write(notebook, path)


def finish(record, run, notebook, **parameters):
    if not (record.folder / "notebook.ipynb").exists():
        executed(record.folder / "notebook.ipynb")
    manifest.write(
        record.folder,
        notebook=notebook,
        run=run,
        parameters={"profile": "demo", "data_root": "", **parameters},
        finished="2026-02-03T04:05:06+00:00",
        wall_time_s=61.0,
        peak_memory_mb=1500,
        folds={"trained": 1, "stored": 3, "trained_s": 10.0, "stored_s": 680.0},
    )


def mmnet(runs, run="demo", source=LOOK_ALIKE, people=True, **parameters):
    """Two people with five clips each: 6 of 10 recognised at the last epoch, 8 at the best of each fold.

    Of its figures one was measured, two show faces: drawn ones, and (with `people`) ones of unknown origin.
    """
    record = Record("mmnet", runs / run / "04_mmnet")
    predictions = record.predictions(made({0: [[5, 3], [4, 2]]}, source=source))
    record.table("table_6", tables.compare("mmnet", "table_6", {"MMNet (Ours)": predictions}), "CASME II.")
    record.figure("confusion", picture(), kind="measured")
    record.figure("figure_1", picture(), data=predictions, faces=True)
    if people:
        record.figure("figure_2", picture(), faces=True)
    record.figure("figure_3", picture())
    finish(record, run, "04_mmnet", **parameters)
    return record.folder


def single_frames(runs):
    """Bai's section 3.1, in settings that the paper does not tell apart. The clip level is no number of the paper."""
    record = Record("vggface_lstm", runs / "demo" / "05_vggface_lstm")
    predictions = made({0: [[2]]}, classes=THREE, database="smic", scheme="smic-3")
    settings = ("frame level, I", "frame level, II", "clip level, I", "frame level, permuted control")
    ours = {("VGGFace2", setting): predictions for setting in settings}
    record.table("section_3_1", tables.compare("vggface_lstm", "section_3_1", ours))
    finish(record, "demo", "05_vggface_lstm")


def psn(runs, run="demo", source=LOOK_ALIKE, right=(1, 1)):
    """PSN's Table 5, in the published folds and by LOSO; `right`: of four clips, at the last epoch. One more at the best."""
    record = Record("psn", runs / run / "03_psn")
    about = {"classes": FOUR, "database": "casme+casme2+cas_me_2+samm", "scheme": "psn-4", "source": source}
    folds, loso = (made({0: [[n + 1], [n]]}, **about) for n in right)
    record.table("table_5", tables.compare("psn", "table_5", {"PSN": folds, ("PSN", "LOSO"): loso}))
    finish(record, run, "03_psn")


def flow_maps(runs, run="flow_maps", source=REAL):
    """STSTNet: UAR 1/3 at the last epoch, 2/3 at the best, of one person in CASME II; and the figure of the epoch rule."""
    record = Record("baselines", runs / run / "06_baselines")
    pooled = {"classes": THREE, "experiment": "STSTNet", "scheme": "megc2019-3", "source": source}
    casme2 = made({0: [[2], [1]], 1: [[2], [1]]}, database="casme2", **pooled)
    parts = dict.fromkeys(("all", "casme2"), casme2.assign(database="megc2019_flow"))
    shown = {"uf1": "UF1, pooled", "uar": "UAR, pooled"}
    record.table("ststnet", tables.by_epoch_rule(parts, shown), kind="measured")
    finish(record, run, "06_baselines", databases=["megc2019_flow"])
    record = Record("published_numbers", runs / run / "08_published_numbers")
    caption = "UAR by epoch rule. True labels: mean UAR 0.333"
    record.figure("epoch_rule", picture(), caption, kind="measured", data=casme2)
    finish(record, run, "08_published_numbers")
