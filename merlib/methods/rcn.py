"""RCN, small recurrent convolutional networks on optical flow, with three modules that add no parameters: attention (a),
shortcuts (s) and a wide first layer (w) (Xia et al., "Revealing the invisible with model and data shrinking for
composite-database micro-expression recognition", IEEE Trans. Image Processing 2020, arXiv 2006.09674).

After the authors' PyTorch code, with the sizes of its documented command: 32 channels, 5 x 5 pooling, batches of 64, SGD
with momentum 0.9 and a learning rate of 5e-4 that is halved every ten epochs (`SETTINGS`; its number of epochs is 20
there, 100 in the code). The networks take maps of any size from 12 pixels; 28 is that of the published flow maps.
"""

import torch
from torch import Tensor, nn

CHANNELS, POOL = 32, 5
SETTINGS = {
    "num_epochs": 100, "batch_size": 64, "lr": 5e-4, "optimizer": "sgd", "lr_decay": 0.5, "decay_every": 10,
    "precision": "float32",
}  # fmt: skip


class RCN(nn.Module):
    """The plain network: one convolution, one recurrent convolutional layer, one linear layer.

    Input: maps (B, 3, H, W) of horizontal flow, vertical flow and strain, onset to apex. Output: (B, num_classes).
    """

    def __init__(self, num_classes: int):
        super().__init__()
        self.first = self.first_layer()
        self.feed = nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 1), nn.BatchNorm2d(CHANNELS), nn.ReLU())
        self.recur = nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.BatchNorm2d(CHANNELS), nn.ReLU())
        self.shrink = nn.Sequential(nn.MaxPool2d(2), nn.Dropout(0.5))
        self.pool = nn.AdaptiveAvgPool2d(POOL)
        self.classifier = nn.Linear(CHANNELS * POOL * POOL, num_classes)
        self.apply(_start)

    def first_layer(self) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, CHANNELS, 5), nn.BatchNorm2d(CHANNELS), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.5)
        )

    def recurrent(self, x: Tensor) -> Tensor:
        """The recurrent layer: the same 3 x 3 convolution twice, each time on its input and the state before."""
        state = self.feed(x)
        for _ in range(2):
            state = self.recur(x + state)
        return self.shrink(state)

    def weigh(self, x: Tensor, features: Tensor) -> Tensor:
        """Pooled `features` (B, C, 5, 5) as they go to the classifier; `x` is the first layer's output."""
        return features

    def forward(self, maps: Tensor) -> Tensor:
        x = self.first(maps)
        features = self.pool(self.recurrent(x))  # (B, C, 5, 5)
        return self.classifier(self.weigh(x, features).flatten(1))


class RCNa(RCN):
    """With attention: places count as much as the classifier's own weights, on the first layer's output, find them worth."""

    def weigh(self, x: Tensor, features: Tensor) -> Tensor:
        weights = self.classifier.weight.unflatten(1, (CHANNELS, POOL, POOL))  # (num_classes, C, 5, 5)
        maps = torch.einsum("kchw,bchw->bkhw", weights, self.pool(x)) / CHANNELS  # an activation map a class
        maps = maps - maps.amin((2, 3), keepdim=True)
        # a map without any contrast, as of an input of zeros, would be 0 / 0
        maps = maps / maps.amax((2, 3), keepdim=True).clamp_min(torch.finfo(maps.dtype).tiny)
        return features * maps.mean(1, keepdim=True)


class RCNs(RCN):
    """With shortcuts: every convolution of the recurrent layer sees the sum of all states before it, three times."""

    def recurrent(self, x: Tensor) -> Tensor:
        total = x + self.feed(x)
        for _ in range(2):
            total = total + self.recur(total)
        return self.shrink(self.recur(total))


class RCNw(RCN):
    """With a wide first layer: three convolutions of different reach side by side."""

    def first_layer(self) -> nn.Module:
        return _SideBySide([_dilated(CHANNELS // 2, 1), _dilated(CHANNELS // 4, 2), _dilated(CHANNELS // 4, 3)])


class _SideBySide(nn.ModuleList):
    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([stream(maps) for stream in self], dim=1)


def _dilated(channels: int, dilation: int) -> nn.Sequential:
    convolution = nn.Conv2d(3, channels, 3, stride=3, padding=dilation, dilation=dilation)
    return nn.Sequential(convolution, nn.ReLU(), nn.BatchNorm2d(channels), nn.Dropout(0.5))


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
        nn.init.zeros_(module.bias)


def prepare(maps: Tensor, generator: torch.Generator, training: bool) -> Tensor:
    """Maps as stored, uint8 (B, H, W, 3), to the network's input: float32 (B, 3, H, W), 0..1."""
    return maps.permute(0, 3, 1, 2).float() / 255
