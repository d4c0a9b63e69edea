import numpy as np
import pytest
import torch
from helpers import toy

from merlib.methods import ststnet_published
from merlib.methods.ststnet import STSTNet
from merlib.results import metrics
from merlib.training.weights import WeightsError


def theirs(seed: int) -> dict[str, torch.Tensor]:
    """Random tensors under the names of the published files."""
    torch.manual_seed(seed)
    names = {ours: published for published, ours in ststnet_published.NAMES.items()}
    state = STSTNet(3).state_dict()
    return {f"{names[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": tensor for name, tensor in state.items()}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "STSTNet_weights" / "STSTNet_Weights"
    folder.mkdir(parents=True)
    (folder.parent / "SOURCE.txt").write_text("from somewhere")
    for seed, name in enumerate(("s01", "s02")):
        torch.save(theirs(seed), folder / f"{name}.pth")
    return tmp_path


def test_every_layer_takes_the_published_tensors(root):
    file = ststnet_published.checkpoints(root)["smic/002"]
    state = ststnet_published.load(file).state_dict()
    published = theirs(1)
    assert len(state) == len(published) == 23
    assert torch.equal(state["streams.2.0.weight"], published["conv3.weight"])
    assert torch.equal(state["streams.1.2.running_var"], published["bn2.running_var"])
    assert torch.equal(state["classifier.bias"], published["fc.bias"])


def test_each_person_is_tested_with_their_own_network_and_strain_first(root):
    clips = toy.clips(persons=2)
    maps = np.random.default_rng(0).integers(0, 256, (len(clips), 28, 28, 3), dtype=np.uint8)
    table = ststnet_published.predictions(maps, clips, root)
    assert metrics.class_names(table) == clips.class_names
    for position in (0, len(clips) - 1):
        network = ststnet_published.load(ststnet_published.checkpoints(root)[clips.subjects[position]])
        strain_first = torch.from_numpy(maps[position, :, :, ::-1].copy()).permute(2, 0, 1)[None].float()
        negative, positive, surprise = network(strain_first)[0].tolist()
        row = table[table["clip"] == clips.table["clip"][position]].iloc[0]
        found = [row["logit_negative"], row["logit_positive"], row["logit_surprise"]]
        np.testing.assert_allclose(found, [negative, positive, surprise], rtol=1e-5)
    other = ststnet_published.predictions(maps, clips, root, channels=(0, 1, 2))
    assert not np.allclose(other["logit_negative"], table["logit_negative"])


def test_a_person_without_a_checkpoint_is_named(root):
    clips = toy.clips(persons=3)
    with pytest.raises(ValueError, match="no checkpoint of smic/003; there are 2"):
        ststnet_published.predictions(np.zeros((len(clips), 28, 28, 3), np.uint8), clips, root)


def test_a_file_that_does_not_fit_or_would_run_code_is_refused(root, tmp_path):
    file = ststnet_published.checkpoints(root)["smic/001"]
    torch.save({name: tensor for name, tensor in theirs(0).items() if not name.startswith("fc")}, file)
    with pytest.raises(WeightsError, match=r"missing: classifier\.bias"):
        ststnet_published.load(file)
    torch.save({"fc.bias": toy.Intruder(tmp_path / "ran")}, file)
    with pytest.raises(WeightsError, match="could run code"):
        ststnet_published.load(file)
    assert not (tmp_path / "ran").exists()
