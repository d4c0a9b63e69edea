import json
from dataclasses import asdict, replace

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from helpers import toy
from helpers.made_predictions import LOOK_ALIKE, made
from PIL import Image

from merlib import published
from merlib.results import rendering, tables
from merlib.results.artifacts import Record

FRAME = pd.DataFrame({"method": ["MMNet"], "value": [0.5]})


def picture(title="title"):
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.set_title(title)
    return figure


def listed(record):
    return json.loads((record.folder / "artifacts.json").read_text(encoding="utf-8"))


def contents(record):
    return {path.relative_to(record.folder): path.read_bytes() for path in record.folder.rglob("*") if path.is_file()}


def test_everything_recorded_is_listed_with_its_files(tmp_path):
    record = Record("mmnet", tmp_path)
    record.table("table_6", tables.compare("mmnet", "table_6", {"MMNet (Ours)": made({0: [[1]]})}), "A caption.")
    record.figure("figure_4", picture(), "Attention.", faces=True)
    record.predictions(made({0: [[1]]}))
    entries = {entry["name"]: entry for entry in listed(record)}
    kinds = published.artifacts("mmnet").set_index("artifact")["kind"]
    assert entries["table_6"]["kind"] == kinds["table_6"] == "measured + quoted"
    assert entries["figure_4"]["faces"] and not entries["table_6"]["faces"]
    assert entries["table_6"]["caption"] == "A caption." and rendering.LOOK_ALIKE in entries["table_6"]["notes"]
    assert entries["predictions"]["sources"] == entries["table_6"]["sources"] == [asdict(LOOK_ALIKE)]
    named = {file for entry in entries.values() for file in entry["files"]}
    assert named | {"artifacts.json"} == {path.as_posix() for path in contents(record)}
    assert sorted(entries["table_6"]["files"]) == [f"tables/table_6.{end}" for end in ("csv", "html", "md", "tex")]


def test_a_figure_is_saved_for_print_and_shown_once(tmp_path):
    record, figure = Record("mmnet", tmp_path), picture()
    assert record.figure("figure_1", figure) is figure
    assert figure.number not in plt.get_fignums()
    image = Image.open(tmp_path / "figures" / "figure_1.png")
    assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1) and image.width > 1.5 * 200
    assert (tmp_path / "figures" / "figure_1.pdf").read_bytes().startswith(b"%PDF")


def test_recording_twice_gives_the_same_files_and_one_entry(tmp_path):
    record = Record("mmnet", tmp_path)
    for _ in range(2):
        record.figure("figure_1", picture())
        record.table("table_3", FRAME)
        before = contents(record)
    record.figure("figure_1", picture())
    assert contents(record) == before
    assert [entry["name"] for entry in listed(record)] == ["figure_1", "table_3"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    record = Record("mmnet", tmp_path)
    record.figure("figure_1", picture())
    before = contents(record)
    with pytest.raises(ValueError, match="frac"):
        record.figure("figure_1", picture(r"$\frac$"))
    assert {path: data for path, data in contents(record).items() if path in before} == before


def test_artifacts_of_ones_own_need_a_kind(tmp_path):
    record = Record("mmnet", tmp_path)
    with pytest.raises(ValueError, match=r"no artifact 'permuted_control'.*figure_4.*table_7.*needs its kind"):
        record.table("permuted_control", FRAME)
    assert not (tmp_path / "tables").exists()
    record.table("permuted_control", FRAME, kind="measured")
    assert listed(record)[0]["kind"] == "measured"


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("extra", "invented", "measured, computed"),
        ("table_6", "drawn", "leave kind out"),
        ("../up", "drawn", "names files"),
    ],
)
def test_names_and_kinds_that_are_refused(tmp_path, name, kind, message):
    with pytest.raises(ValueError, match=message):
        Record("mmnet", tmp_path).table(name, FRAME, kind=kind)


def test_predictions_collect_and_replace(tmp_path):
    record = Record("mmnet", tmp_path)
    record.predictions(made({0: [[1]]}))
    record.predictions(made({0: [[1]]}, classes=("positive", "negative", "surprise"), scheme="casme2-3"))
    corrected = made({0: [[5]]})
    assert record.predictions(corrected) is corrected
    stored = pd.read_parquet(tmp_path / "predictions.parquet")
    five = stored[stored["scheme"] == "casme2-5"].reset_index(drop=True)
    assert len(stored) == 5 + 3
    pd.testing.assert_frame_equal(five[corrected.columns], corrected)


def test_without_a_folder_the_notebook_has_one_under_interactive(home):
    (home / "notebooks" / "04_mmnet.ipynb").touch()
    assert Record("mmnet").folder == home / "papermill_runs" / "interactive" / "04_mmnet"
    assert Record("my_own").folder == home / "papermill_runs" / "interactive" / "my_own"


def test_a_plain_frame_is_shown_as_a_table(tmp_path):
    shown = Record("mmnet", tmp_path).table("table_3", FRAME)
    assert "0.5000" in shown._repr_html_() and shown.frame is FRAME


def test_data_says_where_an_artifact_is_from(tmp_path):
    record = Record("mmnet", tmp_path)
    table = record.table("own", FRAME, kind="measured", data=made({0: [[1]]}))
    record.figure("figure_3", picture(), data=replace(toy.clips(), source=LOOK_ALIKE))
    assert table.sources == (LOOK_ALIKE,) and rendering.LOOK_ALIKE in table._repr_html_()
    assert [entry["sources"] for entry in listed(record)] == [[asdict(LOOK_ALIKE)]] * 2


def test_the_title_of_ones_own_is_the_first_sentence_of_its_caption(tmp_path):
    record = Record("mmnet", tmp_path)
    record.table("yardsticks", FRAME, "Attention by Eq. 1 and as coded. Seed 0, 5 vs. 3 classes.", kind="measured")
    record.table("psn_matrix", FRAME, kind="measured")
    record.table("table_6", FRAME, "CASME II. Five classes.")
    about = [(entry["title"], entry["caption"]) for entry in listed(record)]
    assert about[0] == ("Attention by Eq. 1 and as coded", "Seed 0, 5 vs. 3 classes.")
    assert about[1] == ("Psn matrix", "")
    assert about[2][0].startswith("Table 6: ") and about[2][1] == "CASME II. Five classes."


def test_what_own_clips_make_is_no_artifact_of_the_paper(tmp_path):
    for databases, title in ((["own"], "As Table 4: "), (["casme2", "own"], "Table 4: "), ((), "Table 4: ")):
        record = Record("mmnet", tmp_path, databases)
        record.table("table_4", FRAME)
        assert listed(record)[0]["title"].startswith(title + "Continuous")
