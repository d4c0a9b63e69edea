"""VGGFace2's ResNet-50 and SE-ResNet-50 (Cao et al., FG 2018) from their published files, under torchvision's names.

Five releases are known, and a file is recognised by the names of its tensors (`RELEASES`):

- `oxford`: the authors' resnet50_ft_dims_2048.pth and resnet50_scratch_dims_2048.pth; resnet50_ft_dag.pth and
  resnet50_scratch_dag.pth have the same names. conv1_7x7_s2 to conv5_3_1x1_increase_bn, classifier. RGB. Confirmed by
  network definitions that load them strictly, in the GitHub repositories ch10tang/fnm.pytorch, care1e55/face_similarity
  and, for `dag`, Arunavameister/recognizing-faces-in-the-wild.
- `oxford_128`: the authors' resnet50_128.pth, whose last layer is feat_extract, 128 features without a bias. RGB: the
  authors' pytorch_feature_extractor.py (ox-vgg/vgg_face2) subtracts the mean in that order. The names are confirmed by
  one definition alone, in KeiraLalala/SMIC-MER-VGGFace2, the code that goes with Bai (ICMI 2020).
- `cydonia999`: resnet50_ft_weight.pkl and resnet50_scratch_weight.pkl of cydonia999/VGGFace2-pytorch, made from the
Caffe
  models, under torchvision's names with a layer of 8631 people. BGR, by its datasets/vgg_face2.py. They are pickles of
  NumPy arrays and not read here: the error says how to turn them into a file that is.
- `oxford_senet`: the authors' senet50_ft_dims_2048.pth and senet50_scratch_dims_2048.pth, with a squeeze-and-excitation
unit
  (Hu et al., CVPR 2018) a block: conv2_1_1x1_down, conv2_1_1x1_up. RGB. Confirmed by network definitions that load such
  files, among them mz-rainmark/Lego-resource.
- `cydonia999_senet`: senet50_ft_weight.pkl and senet50_scratch_weight.pkl, pickles too; there the unit's two layers are
a
  block's conv4 and conv5, by models/senet.py. BGR.

In each a picture is grey levels 0 to 255 less a mean of R 131.0912, G 103.8827, B 91.4953, in the release's order of
the channels, and not divided by anything. `convert` turns the first convolution of a BGR network round, so that
whatever the release, what comes out takes RGB as `normalise` gives it.

The network also differs from torchvision's. As in Caffe, a stage halves the size in the first 1x1 convolution of its
first block instead of the 3x3, and the first pooling has no padding and rounds up. `resnet50` is that network. The
weights fit torchvision's own network without an error, but give other features.

The 256-dimensional networks and the SE network of 128 dimensions are not known here: no definition of them was at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from merlib import paths
from merlib.training import weights
from merlib.training.weights import Weights, WeightsError

MEAN = (131.0912, 103.8827, 91.4953)  # R, G, B, of grey levels 0 to 255

_COUNTER = "num_batches_tracked"  # of batch normalisation, absent from files older than PyTorch 0.4.1
_HOW_TO_CONVERT = """
A pickle can run any code as it is read. One of NumPy arrays by name (resnet50_ft_weight.pkl) that you trust becomes a file
that can be read with these lines, run once:
    import pickle, torch
    with open({source!r}, "rb") as file:
        arrays = pickle.load(file, encoding="latin1")
    torch.save({{name: torch.from_numpy(array) for name, array in arrays.items()}}, {target!r})
Of a whole network, take its state_dict() and save that."""


@dataclass(frozen=True)
class Release:
    """A published form: `channels` is the order its input has, `layers` torchvision's name for each of its layers.

    `outputs` is the width of its last layer, which is `fc` in torchvision, with a `bias` or without; `squeeze`: whether
    its blocks have a squeeze-and-excitation unit.
    """

    name: str
    channels: str
    layers: Mapping[str, str]
    outputs: int = 8631
    bias: bool = True
    squeeze: bool = False


class SqueezeBottleneck(Bottleneck):
    """A bottleneck block whose output is weighed by channel before the shortcut is added (Hu et al. 2018, Fig. 3)."""

    def __init__(self, inplanes: int, planes: int, *more, **named) -> None:
        super().__init__(inplanes, planes, *more, **named)
        channels = planes * self.expansion
        self.conv4 = nn.Conv2d(channels, channels // 16, kernel_size=1)
        self.conv5 = nn.Conv2d(channels // 16, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))  # (B, C, h, w)
        squeezed = out.mean(dim=(2, 3), keepdim=True)
        weight = torch.sigmoid(self.conv5(self.relu(self.conv4(squeezed))))  # (B, C, 1, 1)
        return self.relu(weight * out + (x if self.downsample is None else self.downsample(x)))


def _caffe_layers(last: str, squeeze: bool = False) -> dict[str, str]:
    """Caffe's names, with _ for /: stages 2 to 5, blocks from 1, torchvision's layers 1 to 4, blocks from 0."""
    layers = {"conv1_7x7_s2": "conv1", "conv1_7x7_s2_bn": "bn1", last: "fc"}
    for stage, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            theirs, ours = f"conv{stage + 1}_{block + 1}", f"layer{stage}.{block}"
            for number, part in enumerate(("1x1_reduce", "3x3", "1x1_increase"), start=1):
                layers |= {f"{theirs}_{part}": f"{ours}.conv{number}", f"{theirs}_{part}_bn": f"{ours}.bn{number}"}
            if squeeze:
                layers |= {f"{theirs}_1x1_down": f"{ours}.conv4", f"{theirs}_1x1_up": f"{ours}.conv5"}
        first = f"conv{stage + 1}_1_1x1_proj"
        layers |= {first: f"layer{stage}.0.downsample.0", f"{first}_bn": f"layer{stage}.0.downsample.1"}
    return layers


_CAFFE, _CAFFE_SE = _caffe_layers("classifier"), _caffe_layers("classifier", squeeze=True)
RELEASES = {
    release.name: release
    for release in (
        Release("oxford", "RGB", _CAFFE),
        Release("oxford_128", "RGB", _caffe_layers("feat_extract"), outputs=128, bias=False),
        Release("cydonia999", "BGR", {layer: layer for layer in _CAFFE.values()}),
        Release("oxford_senet", "RGB", _CAFFE_SE, squeeze=True),
        Release("cydonia999_senet", "BGR", {layer: layer for layer in _CAFFE_SE.values()}, squeeze=True),
    )
}


def resnet50(release: Release) -> torchvision.models.ResNet:
    """The network of a release's weights: torchvision's, with strides and pooling as in Caffe; untrained."""
    block = SqueezeBottleneck if release.squeeze else Bottleneck
    network = torchvision.models.ResNet(block, [3, 4, 6, 3])
    network.fc = nn.Linear(2048, release.outputs, bias=release.bias)
    network.maxpool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
    for layer in (network.layer2, network.layer3, network.layer4):
        layer[0].conv1.stride, layer[0].conv2.stride = (2, 2), (1, 1)
    return network


def normalise(frames: np.ndarray) -> Tensor:
    """RGB uint8 (..., H, W, 3) as the converted networks take it: float32 (..., 3, H, W), grey levels less `MEAN`.

    Raises ValueError for another type: levels from 0 to 1 would pass unseen.
    """
    if frames.dtype != np.uint8 or frames.shape[-1] != 3:
        raise ValueError(f"normalise takes RGB uint8 (..., H, W, 3), got {frames.dtype} {frames.shape}")
    return torch.from_numpy(np.moveaxis(frames - np.array(MEAN, np.float32), -1, -3))


def convert(file: str | Path) -> tuple[Weights, Release]:
    """A file of one of the `RELEASES` as weights for `resnet50`, taking RGB, and the release that it was recognised as.

    They are kept in the cache folder; their note names the release. `weights.load(network, them, without=("fc.",))`
    leaves out the layer of the 8631 people. Raises WeightsError when the file cannot be read safely, is of no known
    release, or has a tensor too many, too few or of another shape; all of them are listed.
    """
    try:
        given = weights.from_file(file)
    except WeightsError as error:
        raise WeightsError(f"{error}{_help(Path(file).expanduser())}") from error
    state = weights.read(given)
    release = _recognised(state, given.file)
    converted = _renamed(state, release, given.file)
    if release.channels == "BGR":
        converted["conv1.weight"] = converted["conv1.weight"].flip(1)
    path = paths.cache("weights") / f"vggface2-{release.name}-{given.sha256[:16]}.pt"
    kind = "SE-ResNet-50" if release.squeeze else "ResNet-50"
    note = (
        f"VGGFace2 {kind}, {given.file.name} recognised as the release {release.name} ({release.channels}), taking RGB"
    )
    return weights.keep(converted, path, note), release


def _help(file: Path) -> str:
    """How to convert a pickle, where the file is one; files of PyTorch before 1.6 start in the same way."""
    if not file.is_file():
        return ""
    with file.open("rb") as opened:
        is_pickle = opened.read(1) == b"\x80"
    return is_pickle * _HOW_TO_CONVERT.format(source=str(file), target=str(file.with_suffix(".pt")))


def _recognised(state: dict[str, Tensor], file: Path) -> Release:
    """The release that has most layers in common with the file, of those that either has."""
    layers = {name.rpartition(".")[0] for name in state}
    shares = {name: len(layers & r.layers.keys()) / len(layers | r.layers.keys()) for name, r in RELEASES.items()}
    best = max(shares, key=shares.__getitem__)
    if shares[best] < 0.5:
        raise WeightsError(
            f"{file} is none of the releases of VGGFace2's networks that are known ({', '.join(RELEASES)}): "
            f"its {len(state)} tensors start with {', '.join(list(state)[:3])}"
        )
    return RELEASES[best]


def _renamed(state: dict[str, Tensor], release: Release, file: Path) -> dict[str, Tensor]:
    """Every tensor under torchvision's name. Raises WeightsError that lists what is missing, left over or misshapen."""
    with torch.device("meta"):
        wanted = resnet50(release).state_dict()
    theirs = {ours: name for name, ours in release.layers.items()}
    converted, faults, left_over = {}, [], dict(state)
    for name, tensor in wanted.items():
        layer, _, kind = name.rpartition(".")
        source = f"{theirs[layer]}.{kind}"
        if (found := left_over.pop(source, None)) is None:
            if kind == _COUNTER:
                converted[name] = torch.zeros_like(tensor, device="cpu")
            else:
                faults.append(f"missing: {source}")
        elif _fits(found, tensor, name):
            converted[name] = found.reshape(tensor.shape)
        else:
            faults.append(f"{source}: shape {tuple(found.shape)}, the release has {tuple(tensor.shape)}")
    faults += [f"left over: {name}" for name in left_over]
    if faults:
        raise WeightsError("\n  ".join([f"{file} is not quite the release {release.name}:", *sorted(faults)]))
    return converted


def _fits(found: Tensor, wanted: Tensor, name: str) -> bool:
    # the authors' last layer is a 1x1 convolution: as a matrix it has the same numbers in the same order
    return found.shape == wanted.shape or (name == "fc.weight" and found.shape == (*wanted.shape, 1, 1))
