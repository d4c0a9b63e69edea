import pickle

import numpy as np
import pytest
import torch
import torchvision
from helpers import toy
from torch.nn import functional as F

from merlib.training import vggface2, weights
from merlib.training.vggface2 import MEAN, RELEASES
from merlib.training.weights import WeightsError

BLOCKS, WIDTHS = (3, 4, 6, 3), (64, 128, 256, 512)
RGB = np.random.default_rng(0).integers(0, 256, (2, 70, 70, 3), dtype=np.uint8)


def shapes(convolution, norm, last, squeeze):
    """Every tensor of a ResNet-50 with its shape, from the layer names that the functions give."""
    sizes = {convolution("conv", 0, 0): (64, 3, 7, 7)}
    norms, width, biased = {norm("conv", 0, 0): 64}, 64, {}
    for stage, (blocks, inner) in enumerate(zip(BLOCKS, WIDTHS, strict=True), start=1):
        for block in range(blocks):
            parts = {
                "reduce": (inner, width, 1, 1),
                "middle": (inner, inner, 3, 3),
                "increase": (4 * inner, inner, 1, 1),
            }
            if block == 0:
                parts["proj"] = (4 * inner, width, 1, 1)
            sizes |= {convolution(part, stage, block): size for part, size in parts.items()}
            norms |= {norm(part, stage, block): size[0] for part, size in parts.items()}
            width = 4 * inner
            unit = {"down": (width // 16, width, 1, 1), "up": (width, width // 16, 1, 1)} if squeeze else {}
            biased |= {convolution(part, stage, block): size for part, size in unit.items()}
    tensors = {f"{name}.weight": size for name, size in sizes.items()}
    for name, size in norms.items():
        tensors |= {f"{name}.{kind}": (size,) for kind in ("weight", "bias", "running_mean", "running_var")}
    for name, size in biased.items():
        tensors |= {f"{name}.weight": size, f"{name}.bias": size[:1]}
    return tensors | last


def tensors_of(name):
    """Every tensor of a release with its shape."""
    return shapes(*LAYOUTS[name], LAST[name], name.endswith("senet"))


OXFORD_PARTS = {"reduce": "1x1_reduce", "middle": "3x3", "increase": "1x1_increase", "proj": "1x1_proj"}
OXFORD_PARTS |= {"down": "1x1_down", "up": "1x1_up"}
TORCH_PARTS = {"reduce": "conv1", "middle": "conv2", "increase": "conv3", "proj": "downsample.0"}
TORCH_PARTS |= {"down": "conv4", "up": "conv5"}


def oxford_layer(part, stage, block):
    return f"conv{stage + 1}_{block + 1}_{OXFORD_PARTS[part]}" if stage else "conv1_7x7_s2"


def oxford_norm(part, stage, block):
    return f"{oxford_layer(part, stage, block)}_bn"


def torch_layer(part, stage, block):
    return f"layer{stage}.{block}.{TORCH_PARTS[part]}" if stage else "conv1"


def torch_norm(part, stage, block):
    name = torch_layer(part, stage, block)
    return name.replace("downsample.0", "downsample.1").replace("conv", "bn")


LAST = {
    "oxford": {"classifier.weight": (8631, 2048, 1, 1), "classifier.bias": (8631,)},
    "oxford_128": {"feat_extract.weight": (128, 2048, 1, 1)},
    "cydonia999": {"fc.weight": (8631, 2048), "fc.bias": (8631,)},
}
LAST |= {f"{name}_senet": LAST[name] for name in ("oxford", "cydonia999")}
LAYOUTS = {
    "oxford": (oxford_layer, oxford_norm),
    "oxford_128": (oxford_layer, oxford_norm),
    "cydonia999": (torch_layer, torch_norm),
}
LAYOUTS |= {f"{name}_senet": LAYOUTS[name] for name in ("oxford", "cydonia999")}
each_release = pytest.mark.parametrize("name", RELEASES)


def empty(name):
    """The exact names and shapes of a release, on a single number each: small on disk, whatever the shape."""
    tensors = tensors_of(name)
    return {key: torch.full((1,) * len(size), 0.5).expand(size) for key, size in tensors.items()}


def random(name, seed=0):
    """The same with random numbers; of the many rows of the layer of 8631 people, each is one number."""
    generator, state = torch.Generator().manual_seed(seed), {}
    for key, size in tensors_of(name).items():
        if size[0] == 8631:
            state[key] = torch.randn((8631,) + (1,) * (len(size) - 1), generator=generator).expand(size)
        elif len(size) > 1:
            fan_in = np.prod(size[1:])
            state[key] = torch.randn(size, generator=generator) / fan_in**0.5
        else:
            low, high = (-0.2, 0.2) if key.endswith(("bias", "mean")) else (0.5, 1.5)
            state[key] = torch.empty(size).uniform_(low, high, generator=generator)
    return state


def as_published(state, name, x):
    """The forward pass of a release, written out by its own names; x as it takes it."""
    layer, norm = LAYOUTS[name]
    last = next(iter(LAST[name])).removesuffix(".weight")

    def step(x, part, stage, block, **how):
        bn = norm(part, stage, block)
        x = F.conv2d(x, state[f"{layer(part, stage, block)}.weight"], **how)
        parameters = (state[f"{bn}.{kind}"] for kind in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *parameters, eps=1e-5)

    x = F.max_pool2d(F.relu(step(x, "conv", 0, 0, stride=2, padding=3)), 3, 2, padding=0, ceil_mode=True)
    for stage, blocks in enumerate(BLOCKS, start=1):
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 1 else 1
            y = F.relu(step(x, "reduce", stage, block, stride=stride))
            y = F.relu(step(y, "middle", stage, block, padding=1))
            y = step(y, "increase", stage, block)
            if name.endswith("senet"):
                down, up = (layer(part, stage, block) for part in ("down", "up"))
                z = F.conv2d(y.mean((2, 3), keepdim=True), state[f"{down}.weight"], state[f"{down}.bias"])
                y = y * torch.sigmoid(F.conv2d(F.relu(z), state[f"{up}.weight"], state[f"{up}.bias"]))
            x = F.relu((step(x, "proj", stage, block, stride=stride) if block == 0 else x) + y)
    features = x.mean(dim=(2, 3))
    return features, F.linear(features, state[f"{last}.weight"].flatten(1), state.get(f"{last}.bias"))


def as_taken(name):
    """The pictures as the release's own code prepares them."""
    order = slice(None, None, -1) if name.startswith("cydonia999") else slice(None)
    prepared = RGB[..., order].astype(np.float32) - np.array(MEAN, np.float32)[order]
    return torch.from_numpy(prepared.transpose(0, 3, 1, 2).copy())


def save(state, path):
    torch.save(state, path)
    return path


@each_release
def test_the_converted_network_gives_what_the_published_one_gives(home, tmp_path, name):
    state = random(name)
    made, release = vggface2.convert(save(state, tmp_path / "weights.pth"))
    assert release is RELEASES[name] and f"the release {name}" in made.note
    network = vggface2.resnet50(release).eval()
    weights.load(network, made)
    with torch.no_grad():
        _, expected = as_published(state, name, as_taken(name))
        torch.testing.assert_close(network(vggface2.normalise(RGB)), expected, rtol=1e-3, atol=1e-3)


def test_torchvisions_own_strides_and_pooling_give_other_features(home, tmp_path):
    state = random("oxford_128")
    made, release = vggface2.convert(save(state, tmp_path / "weights.pth"))
    features, _ = as_published(state, "oxford_128", as_taken("oxford_128"))
    plain = torchvision.models.resnet50().eval()
    weights.load(plain, made, without=("fc.",))
    ours = vggface2.resnet50(release).eval()
    weights.load(ours, made)
    plain.fc = ours.fc = torch.nn.Identity()
    with torch.no_grad():
        x = vggface2.normalise(RGB)
        torch.testing.assert_close(ours(x), features, rtol=1e-3, atol=1e-3)
        assert (plain(x) - features).abs().mean() > 0.05 * features.abs().mean()


def test_a_picture_of_224_has_the_sizes_of_the_published_network():
    sizes, network = {}, vggface2.resnet50(RELEASES["oxford"]).eval()
    for name in ("conv1", "maxpool", "layer1", "layer2", "layer3", "layer4"):
        network.get_submodule(name).register_forward_hook(
            lambda _module, _x, y, name=name: sizes.update({name: y.shape[-1]})
        )
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 224, 224)).shape == (1, 8631)
    assert list(sizes.values()) == [112, 56, 56, 28, 14, 7]


@each_release
def test_every_tensor_of_the_network_has_one_of_the_file_and_the_other_way_round(name):
    release = RELEASES[name]
    layers = {key.rpartition(".")[0] for key in tensors_of(name)}
    assert layers == release.layers.keys() and len(layers) == 53 + 53 + 1 + 32 * name.endswith("senet")
    with torch.device("meta"):
        network = vggface2.resnet50(release)
    assert sorted(release.layers.values()) == sorted({key.rpartition(".")[0] for key in network.state_dict()})


def test_counters_of_training_are_kept_where_a_file_has_them(home, tmp_path):
    state = empty("oxford_128")
    state |= {
        f"{layer}.num_batches_tracked": torch.tensor(7) for layer in RELEASES["oxford_128"].layers if "bn" in layer
    }
    made, _ = vggface2.convert(save({"state_dict": state}, tmp_path / "weights.pth"))
    assert weights.read(made)["layer4.2.bn3.num_batches_tracked"] == 7


def test_converting_again_gives_the_same_file(home, tmp_path):
    file = save(empty("oxford_128"), tmp_path / "weights.pth")
    assert vggface2.convert(file) == vggface2.convert(str(file))


@each_release
def test_every_fault_of_a_file_is_listed(home, tmp_path, name):
    layer, norm = LAYOUTS[name]
    state = empty(name)
    missing, wrong = f"{norm('middle', 3, 5)}.running_var", f"{layer('proj', 2, 0)}.weight"
    del state[missing]
    state[wrong] = torch.zeros(512, 256, 3, 3)
    state["conv9.weight"] = torch.zeros(1)
    with pytest.raises(WeightsError, match=f"is not quite the release {name}") as raised:
        vggface2.convert(save(state, tmp_path / "weights.pth"))
    told = str(raised.value).splitlines()[1:]
    assert [line.strip() for line in told] == sorted(
        [
            f"missing: {missing}",
            "left over: conv9.weight",
            f"{wrong}: shape (512, 256, 3, 3), the release has (512, 256, 1, 1)",
        ]
    )


def test_imagenet_weights_are_told_by_their_classes(home, tmp_path):
    state = empty("cydonia999") | {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}
    with pytest.raises(WeightsError, match=r"fc\.weight: shape \(1000, 2048\), the release has \(8631, 2048\)"):
        vggface2.convert(save(state, tmp_path / "weights.pth"))


def test_half_a_squeeze_and_excitation_network_is_refused(home, tmp_path):
    state = empty("cydonia999") | {"layer1.0.conv4.weight": torch.zeros(16, 256, 1, 1)}
    with pytest.raises(WeightsError, match=r"left over: layer1\.0\.conv4\.weight"):
        vggface2.convert(save(state, tmp_path / "weights.pth"))
    state = {key: tensor for key, tensor in empty("oxford_senet").items() if key != "conv4_6_1x1_up.bias"}
    with pytest.raises(WeightsError, match=r"oxford_senet:\n  missing: conv4_6_1x1_up\.bias"):
        vggface2.convert(save(state, tmp_path / "weights.pth"))


def test_another_network_is_none_of_the_releases(home, tmp_path):
    state = torchvision.models.vgg11(num_classes=2).features.state_dict()
    with pytest.raises(
        WeightsError, match=r"none of the releases .* \(oxford, oxford_128, cydonia999.*start with 0\.weight"
    ):
        vggface2.convert(save(state, tmp_path / "weights.pth"))


def as_arrays(name, file):
    """What cydonia999 publishes: NumPy arrays by name, pickled as by Python 2."""
    arrays = {key: tensor.numpy() for key, tensor in empty(name).items()}
    file.write_bytes(pickle.dumps(arrays, protocol=2))
    return file


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_pickle_of_arrays_is_refused_and_the_lines_that_are_told_convert_it(home, tmp_path):
    file = as_arrays("cydonia999", tmp_path / "resnet50_ft_weight.pkl")
    with pytest.raises(WeightsError, match="can run any code") as raised:
        vggface2.convert(file)
    lines = [line[4:] for line in str(raised.value).splitlines() if line.startswith("    ")]
    exec("\n".join(lines))
    made, release = vggface2.convert(file.with_suffix(".pt"))
    assert release.name == "cydonia999" and weights.read(made)["fc.weight"].shape == (8631, 2048)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("write", ["pickle", "torch", "torch before 1.6"])
def test_a_file_that_would_run_code_is_refused_and_its_code_not_run(home, tmp_path, write):
    intruder, file = toy.Intruder(tmp_path / "was_here"), tmp_path / "resnet50_ft_weight.pkl"
    state = {"conv1.weight": torch.zeros(64, 3, 7, 7), "fc.weight": intruder}
    if write == "pickle":
        file.write_bytes(pickle.dumps(state))
    else:
        torch.save(state, file, _use_new_zipfile_serialization=write == "torch")
    with pytest.raises(WeightsError, match="refused"):
        vggface2.convert(file)
    assert not intruder.folder.exists()


def test_a_file_that_is_not_there_is_named(home, tmp_path):
    with pytest.raises(WeightsError, match=r"no file of weights .*nowhere\.pth$"):
        vggface2.convert(tmp_path / "nowhere.pth")


def test_normalise_subtracts_the_mean_of_each_channel():
    frames = np.zeros((2, 5, 4, 6, 3), np.uint8)
    frames[..., 0], frames[..., 2] = 255, 10
    x = vggface2.normalise(frames)
    assert x.shape == (2, 5, 3, 4, 6) and x.dtype == torch.float32
    np.testing.assert_allclose(x[1, 2, :, 3, 5], [255 - 131.0912, -103.8827, 10 - 91.4953], rtol=1e-6)


@pytest.mark.parametrize("frames", [np.zeros((4, 4, 3)), np.zeros((3, 4, 4), np.uint8)])
def test_normalise_refuses_other_pictures(frames):
    with pytest.raises(ValueError, match=r"RGB uint8 \(\.\.\., H, W, 3\), got"):
        vggface2.normalise(frames)
