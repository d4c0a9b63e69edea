import numpy as np
import torch

from merlib.data import databases
from merlib.methods import ststnet
from merlib.preprocessing import frames
from merlib.results import metrics
from merlib.training import splits
from merlib.training.experiments import Experiment
from merlib.training.loop import Settings


def test_parameters_are_as_published():
    assert sum(parameter.numel() for parameter in ststnet.STSTNet(3).parameters()) == 1683


def test_shapes_from_stored_maps_to_logits():
    maps = torch.randint(0, 256, (4, 28, 28, 3), dtype=torch.uint8)
    prepared = ststnet.prepare(maps, None, True)
    assert prepared.shape == (4, 3, 28, 28) and prepared.dtype == torch.float32
    assert torch.equal(prepared[1, 2], maps[1, :, :, 2].float())
    streams = [stream(prepared).shape for stream in ststnet.STSTNet(3).streams]
    assert streams == [(4, 3, 10, 10), (4, 5, 10, 10), (4, 8, 10, 10)]
    assert ststnet.STSTNet(5)(prepared).shape == (4, 5)


def test_the_streams_do_not_meet_before_the_classifier():
    model = ststnet.STSTNet(3).eval()
    maps = torch.rand(2, 3, 28, 28)
    with torch.no_grad():
        before = model(maps)
        model.classifier.weight[:, : 3 * 25] = 0
        without = model(maps)
        model.streams[0][0].weight.mul_(5)
    assert not np.allclose(before, without)
    assert torch.equal(model(maps), without)  # the first stream had no other way to the logits


def test_real_flow_maps_of_unseen_people_are_recognised(home, shared):
    clips = databases.read("megc2019_flow", shared / "real" / "megc2019_flow").classes("megc2019-3")
    clips, maps = frames.load(clips, size=28, crop=False)
    assert (clips.database, len(clips), len(set(clips.subjects))) == ("casme2+smic+samm", 442, 68)
    settings = Settings(num_epochs=8, batch_size=64, lr=2e-3, optimizer="adam", precision="float32")
    experiment = Experiment(
        "STSTNet", ststnet.STSTNet, settings, protocol=splits.grouped_kfold(2, seed=0), prepare=ststnet.prepare
    )
    predictions = experiment.run(np.concatenate(maps), clips)
    score = metrics.scores(predictions, "last").iloc[0]
    assert score["n"] == 442
    assert score["uar"] > 0.5 and score["uf1"] > 0.5  # a guess has a UAR of 1/3
