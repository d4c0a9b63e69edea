"""The real files, copied from the folder beside the project as `merlib data get real --from` does."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from merlib import measured
from merlib.data import databases
from merlib.data.databases import megc2019_flow_causalnet
from merlib.data.public import bai, fetching, registry

PUBLIC = list(registry.datasets().values())


@pytest.fixture(scope="module")
def root(shared, tmp_path_factory):
    if not (shared / "real").is_dir():
        pytest.skip("no folder shared/real beside the project: real data is not there")
    folder = tmp_path_factory.mktemp("real")
    for dataset in PUBLIC:
        fetching.get(dataset, folder, shared / "real")
    return folder


@pytest.mark.parametrize("dataset", PUBLIC, ids=lambda dataset: dataset.name)
def test_every_number_that_was_measured_is_found_again(home, root, dataset):
    report = measured.check(dataset, root)
    assert report.ok, str(report)
    assert "DIFFERENT" not in str(report)
    assert report.numbers or dataset.name not in measured.NUMBERS


def test_the_fetched_flow_maps_are_well_as_databases(root):
    for name in ("megc2019_flow", "megc2019_flow_causalnet"):
        report = databases.check(name, root)
        assert report.ok and "the counts of MEGC 2019" in str(report) and "github.com/" in str(report)


def test_a_changed_file_and_a_missing_one_are_named(root, tmp_path):
    dataset = registry.datasets()["published_predictions"]
    shutil.copytree(root / dataset.folder, tmp_path / dataset.folder)
    log = tmp_path / dataset.folder / "christy1206+STSTNet" / "STSTNet_logfile.txt"
    log.write_text(log.read_text().replace("EP02_01f 1 1", "EP02_01f 1 0", 1))
    (tmp_path / dataset.folder / "davidnvq+me_recognition" / "result_log.csv").unlink()
    report = measured.check(dataset, tmp_path)
    assert not report.ok and not report.numbers
    assert "1 files are missing, 1 are changed" in str(report)
    assert f"{log}: not the file of the commit" in str(report) and "result_log.csv: not there" in str(report)


def test_a_number_that_is_another_is_shown(home, root, monkeypatch):
    table = bai.kept_apart(root).iloc[1:]
    monkeypatch.setattr(measured.bai, "kept_apart", lambda root: table)
    report = measured.check(registry.datasets()["bai_logs"], root)
    assert not report.ok
    assert [number.found for number in report.numbers if not number.same] == ["148 of 328"]
    assert "| DIFFERENT | LSTM, N = 11: clips kept apart that are right | 150 of 328 | 148 of 328 |" in " ".join(
        str(report).split()
    )


def test_the_maps_of_causalnet_are_four_different_ones(root):
    clips = databases.read("megc2019_flow_causalnet", root)
    first = {megc2019_flow_causalnet.maps(clips, e).table["frames"][0][0] for e in megc2019_flow_causalnet.ENDINGS}
    assert len({open(path, "rb").read() for path in first}) == 4  # noqa: SIM115


def test_the_tables_and_the_notebooks_of_bai_say_the_same(root):
    """The tables stand in for the notebooks, so here the notebooks are written from them."""
    assert (root / "Bai_logs" / "epochs.csv").is_file()
    epochs, apart = bai.epochs(root), bai.kept_apart(root)
    assert len(epochs) == 661 and len(apart) == 32
    folder = root / "as_notebooks" / "Bai_logs"
    folder.mkdir(parents=True)
    (folder / "SOURCE.txt").write_text("from somewhere")
    for name, file in bai.NOTEBOOKS.items():
        text = "".join(
            printed(name, run, rows, apart) for run, rows in epochs[epochs["notebook"] == name].groupby("run")
        )
        (folder / file).write_text(json.dumps({"cells": [{"outputs": [{"text": [text]}]}]}))
    pd.testing.assert_frame_equal(bai.epochs(folder.parent), epochs)
    read = bai.kept_apart(folder.parent)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(read["confusion"], apart["confusion"], strict=True))
    pd.testing.assert_frame_equal(read.drop(columns="confusion"), apart.drop(columns="confusion"))


def printed(name: str, run: int, rows: pd.DataFrame, apart: pd.DataFrame) -> str:
    text = "".join(
        f"Epoch: {row.epoch}\n\nTest set ({row.test_samples} samples): Average loss: {row.loss}, Accuracy: {row.accuracy_percent}%\n\n"
        for row in rows.itertuples()
    )
    for row in apart[(apart["notebook"] == name) & (apart["run"] == run)].itertuples():
        matrix = str(row.confusion.astype(float).tolist()).replace(".0", ".")
        text += f"tensor({matrix})\n\nValid set ({row.clips} samples): Average loss: 2.0, Accuracy: {row.accuracy_percent}%\n\n"
    return text
