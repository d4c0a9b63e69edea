import numpy as np
import torch

from merlib.baselines import ststnet


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
