import io
import pickle
import shutil
import traceback
import urllib.error
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from helpers import toy
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from merlib.training import loop, splits, weights
from merlib.training.experiments import Experiment, pretrain
from merlib.training.loop import Settings
from merlib.training.weights import WeightsError

CLIPS = toy.clips(persons=6)
X = toy.inputs(CLIPS.y)
TOY = Experiment(
    "toy", toy.Net, Settings(num_epochs=3, batch_size=8, lr=1e-2), protocol=splits.grouped_kfold(3, seed=0)
)


@pytest.fixture
def saved(tmp_path):
    """A file of a toy network's weights, and the network."""
    network = toy.Net(3)
    torch.save(network.state_dict(), tmp_path / "toy.pt")
    return tmp_path / "toy.pt", network


def test_pretraining_is_done_once_and_read_afterwards(home, monkeypatch):
    first = pretrain(TOY, X, CLIPS)
    monkeypatch.setattr(loop, "fit", None)  # a second training would fail
    monkeypatch.setattr(Experiment, "fit", None)
    monkeypatch.setattr(Experiment, "key", lambda *_: first.file.stem.removeprefix("toy-"))
    assert pretrain(TOY, X, CLIPS) == first


def foreign(content):
    buffer = io.BytesIO()
    torch.save(toy.Net(3).state_dict(), buffer)
    return buffer.getvalue()


def one_bit(content):
    """A bit of a tensor: the file is still read by torch, without an error."""
    place = zipfile.ZipFile(io.BytesIO(content)).getinfo("archive/data/0").header_offset + 300
    spoiled = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    assert torch.load(io.BytesIO(spoiled), weights_only=True).keys() == {"note", "state_dict"}
    return spoiled


@pytest.mark.parametrize("damage", [lambda content: content[:-200], lambda content: b"", one_bit, foreign])
def test_damaged_weights_are_named_and_trained_again(home, damage):
    first = pretrain(TOY, X, CLIPS)
    whole = first.file.read_bytes()
    first.file.write_bytes(damage(whole))
    with pytest.warns(UserWarning, match=rf"{first.file} is damaged"):
        assert pretrain(TOY, X, CLIPS) == first
    assert first.file.read_bytes() == whole


def test_pretraining_again_gives_the_same_file(home):
    first = pretrain(TOY, X, CLIPS)
    first.file.unlink()
    assert pretrain(TOY, X, CLIPS) == first


def test_a_fold_depends_on_the_content_of_weights_and_not_on_where_they_lie(home, saved, tmp_path):
    def key(file):
        given = weights.from_file(file)

        def build(num_classes):
            network = toy.Net(num_classes)
            weights.load(network, given)
            return network

        return replace(TOY, build=build).key(X, CLIPS, TOY.protocol(CLIPS)[0])

    elsewhere, other = tmp_path / "moved" / "renamed.pt", tmp_path / "other.pt"
    elsewhere.parent.mkdir()
    shutil.copy(saved[0], elsewhere)
    torch.save(toy.Net(3).state_dict(), other)
    assert key(saved[0]) == key(elsewhere) != key(other)


def test_what_the_pretraining_depends_on_changes_its_file(home):
    other_data = pretrain(TOY, X + 1, CLIPS)
    files = {pretrain(TOY, X, CLIPS, seed).file for seed in (0, 1)} | {other_data.file}
    assert len(files) == 3


def test_pretrained_weights_are_those_of_the_first_fold_and_the_note_says_how_well_it_did(home):
    fold = TOY.protocol(CLIPS)[0]
    made, trained = pretrain(TOY, X, CLIPS), TOY.fit(X, CLIPS, fold)
    network = toy.Net(3)
    weights.load(network, made)
    for name, tensor in trained.model.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor), name
    right = (trained.logits[-1].argmax(1) == CLIPS.y[fold.test]).mean()
    persons = len(set(CLIPS.subjects[fold.test]))
    assert f"of the {persons} people held out, {right:.1%} of {len(fold.test)} clips right" in made.note
    assert made.note.endswith(CLIPS.source.text)


def test_a_part_of_a_network_is_kept_under_its_own_names(home):
    made = pretrain(TOY, X, CLIPS, part="features")
    network = toy.Net(3)
    weights.load(network.features, made)
    assert made.file != pretrain(TOY, X, CLIPS).file


def test_what_is_left_out_keeps_its_own_weights(saved):
    file, network = saved
    other = toy.Net(5)  # of other classes
    before = other.classifier.weight.clone()
    weights.load(other, weights.from_file(file), without=("classifier.",))
    assert torch.equal(other.features[0].weight, network.features[0].weight)
    assert torch.equal(other.classifier.weight, before)


def test_every_tensor_that_does_not_fit_is_named(tmp_path):
    state = toy.Net(5).state_dict()
    del state["features.0.bias"]
    torch.save({"state_dict": state | {"extra.weight": torch.zeros(1)}}, tmp_path / "other.pt")
    network = toy.Net(3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(WeightsError) as raised:
        weights.load(network, weights.from_file(tmp_path / "other.pt"))
    for fault in (
        "missing: features.0.bias",
        "not in the model: extra.weight",
        "classifier.weight: shape (5, 8), the model has (3, 8)",
        "classifier.bias: shape (5,), the model has (3,)",
    ):
        assert fault in str(raised.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("write", [pickle.dumps, None], ids=["pickle", "torch"])
def test_a_file_that_would_run_code_is_refused_and_its_code_not_run(tmp_path, write):
    intruder, file = toy.Intruder(tmp_path / "was_here"), tmp_path / "weights.pt"
    if write:
        file.write_bytes(write({"weight": intruder}))
    else:
        torch.save({"weight": intruder}, file)
    with pytest.raises(WeightsError, match=r"refused: .* could run code") as raised:
        weights.from_file(file)
    assert not intruder.folder.exists()
    shown = "".join(traceback.format_exception(raised.value))
    assert "weights_only" not in shown.replace("weights_only=True)", "")  # but for our own line in the traceback


TEXT = [
    b"hello, these are weights",
    b"a,b\n1,2\n",
    b"<html>",
    b'{"a": 1}',
    b"\x80",
    b"PK\x03\x04",
    b"PK\x05\x06" + bytes(18),
    b"",
]


@pytest.mark.parametrize("content", TEXT, ids=[repr(text)[:8] for text in TEXT])
def test_a_file_of_another_kind_is_named_with_what_is_accepted(tmp_path, content):
    (tmp_path / "weights.pt").write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"weights\.pt is refused: it is .* torch\.save\(network\.state_dict\(\), file\)"
    ):
        weights.from_file(tmp_path / "weights.pt")


@given(content=st.binary(max_size=60))
def test_no_bytes_end_in_another_error(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "weights.pt"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.pt is refused"):
        weights.from_file(file)


UNFIT = {
    "its name is of type int": {1: torch.zeros(2)},
    "of type float, not a tensor": {"other": torch.zeros(2), "odd": 0.5},
    "on the device meta": {"odd": torch.zeros(2, device="meta")},
    "torch.sparse_coo": {"odd": torch.eye(3).to_sparse()},
    "torch.complex64": {"odd": torch.zeros(2, dtype=torch.complex64)},
    "torch.float8_e4m3fn": {"odd": torch.zeros(2).to(torch.float8_e4m3fn)},
    "1 of 2 numbers are NaN": {"odd": torch.tensor([1, torch.nan])},
    "2 of 2 numbers are NaN or infinite": {"odd": torch.tensor([torch.inf, -torch.inf])},
    "1 of 1 numbers are NaN": {"odd": torch.tensor(torch.nan).expand(10**12)},  # 1 TB if each were looked at
}


@pytest.mark.parametrize("fault", UNFIT)
def test_tensors_that_no_network_can_be_given_are_named(tmp_path, fault):
    torch.save({"state_dict": UNFIT[fault] | {"fine": torch.zeros(3)}}, tmp_path / "odd.pt")
    with pytest.raises(WeightsError) as raised:
        weights.from_file(tmp_path / "odd.pt")
    first, *faults = str(raised.value).splitlines()
    assert str(tmp_path / "odd.pt") in first and "torch.save(network.state_dict(), file)" in first
    [named] = faults
    assert fault in named and ("'odd'" in named or "1:" in named)


def test_files_of_both_formats_and_of_all_useful_tensors_are_read(tmp_path):
    state = {"weight": nn.Parameter(torch.ones(2)), "half": torch.ones(2).half(), "steps": torch.tensor(3)}
    for zipped in (True, False):  # False: as PyTorch before 1.6 wrote
        torch.save(state, tmp_path / "weights.pt", _use_new_zipfile_serialization=zipped)
        read = weights.read(weights.from_file(tmp_path / "weights.pt"))
        assert all(torch.equal(read[name], state[name]) for name in state)


def test_a_file_written_without_checksums_is_read(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"weight": torch.ones(2)}, tmp_path / "weights.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    assert torch.equal(weights.read(weights.from_file(tmp_path / "weights.pt"))["weight"], torch.ones(2))


def test_a_file_cut_short_is_refused(saved):
    file, _ = saved
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(WeightsError, match="refused: it is truncated or damaged"):
        weights.from_file(file)


def test_no_flipped_bit_reaches_a_network(tmp_path):
    state, file = {"weight": torch.arange(40.0)}, tmp_path / "weights.pt"
    torch.save(state, file)
    whole = file.read_bytes()
    for place in range(0, len(whole), 3):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            read = weights.read(weights.from_file(file))
        except WeightsError as error:
            assert "weights_only" not in str(error)
        else:  # in bytes that mean nothing
            assert list(read) == ["weight"] and torch.equal(read["weight"], state["weight"])


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [torch.zeros(2)], {"state_dict": {"a": 1}}])
def test_a_file_without_tensors_by_name_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match="holds no tensors by name"):
        weights.from_file(tmp_path / "other.pt")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"no file of weights .*nowhere\.pt"):
        weights.from_file(tmp_path / "nowhere.pt")


def test_a_file_that_changed_since_is_refused(saved):
    file, network = saved
    known = weights.from_file(file)
    torch.save(toy.Net(3).state_dict(), file)
    with pytest.raises(WeightsError, match="has changed"):
        weights.load(network, known)


def test_imagenet_weights_are_read_from_torchs_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    network, name = torchvision.models.resnet18(), "resnet18-f37072fd.pth"
    (tmp_path / "checkpoints").mkdir()
    torch.save(network.state_dict(), tmp_path / "checkpoints" / name)
    other = torchvision.models.resnet18()
    weights.load(other, weights.imagenet("resnet18"))
    assert np.array_equal(other.conv1.weight.detach(), network.conv1.weight.detach())


def test_a_file_in_torchs_cache_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    intruder, file = toy.Intruder(tmp_path / "was_here"), tmp_path / "checkpoints" / "resnet18-f37072fd.pth"
    file.parent.mkdir()
    torch.save({"weight": intruder}, file)
    with pytest.raises(WeightsError, match=r"resnet18-f37072fd\.pth is refused"):
        weights.imagenet("resnet18")
    assert not intruder.folder.exists()


def test_without_a_network_the_place_for_the_imagenet_file_is_named(tmp_path, monkeypatch):
    def offline(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", offline)
    with pytest.raises(WeightsError, match=r"Put resnet18-f37072fd\.pth into .*checkpoints"):
        weights.imagenet("resnet18")
