import re

import pytest

from merlib.data import databases
from merlib.data.public import registry

FILES = [file for dataset in registry.datasets().values() for file in (*dataset.files, *dataset.instead)]


def test_every_file_has_a_commit_a_size_and_a_hash():
    assert len({(file.repository.name, file.path) for file in FILES}) == 2_303 + 2 - 1  # a sheet is in two data sets
    for file in FILES:
        assert re.fullmatch("[0-9a-f]{40}", file.repository.commit) and re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 0 and ".." not in file.path and not file.path.startswith("/")


def test_every_listed_file_belongs_to_a_data_set():
    listed = {path.stem: len(path.read_text().splitlines()) - 1 for path in (registry.FOLDER / "files").glob("*.csv")}
    used = {name: len({file.path for file in FILES if file.repository.folder == name}) for name in listed}
    assert used == listed


def test_an_address_holds_commit_and_blank():
    file = next(file for file in FILES if file.path.endswith("006_006_1_2 .png"))
    assert file.url(registry.GITHUB) == (
        "https://raw.githubusercontent.com/wangzhifengharrison/HTNet/91cf4bda0a2db50d638d46c04c5d7cf3b602d446"
        "/datasets/STSNet_whole_norm_u_v_os/006_006_1_2%20.png"
    )


def test_flow_maps_come_to_where_their_readers_look():
    for name in ("megc2019_flow", "megc2019_flow_causalnet"):
        assert registry.datasets()[name].folder == databases.READERS[name].folder


def test_a_name_that_there_is_not_is_answered_with_those_there_are():
    assert len(registry.chosen("real")) == len(registry.datasets())
    with pytest.raises(
        ValueError, match=r"no public data 'rael'; there are megc2019_flow, .*, and real for all of them"
    ):
        registry.chosen("rael")


def test_data_that_is_not_there_is_answered_with_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match="To get them: merlib data get bai_logs"):
        registry.folder("bai_logs", tmp_path)
    (tmp_path / "Bai_logs").mkdir()
    with pytest.raises(FileNotFoundError, match="not complete"):
        registry.folder("bai_logs", tmp_path)
    (tmp_path / "Bai_logs" / "SOURCE.txt").write_text("from somewhere")
    assert registry.folder("bai_logs", tmp_path) == tmp_path / "Bai_logs"
