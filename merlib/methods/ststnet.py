"""STSTNet, the shallow triple stream CNN on optical flow (Liong et al., FG 2019, arXiv 1902.03634), after the authors'
PyTorch code: Adam, batches of 256, a learning rate of 5e-5 for 800 epochs."""

import torch
from torch import Tensor, nn


class STSTNet(nn.Module):
    """Three streams of one convolution each, side by side; 1,683 parameters for three classes.

    Input: maps (B, 3, 28, 28) of horizontal flow, vertical flow and strain, onset to apex. Output: (B, num_classes).
    """

    def __init__(self, num_classes: int):
        super().__init__()
        self.streams = nn.ModuleList(_stream(channels) for channels in (3, 5, 8))
        self.pool = nn.AvgPool2d(2)
        self.classifier = nn.Linear(16 * 5 * 5, num_classes)

    def forward(self, maps: Tensor) -> Tensor:
        features = torch.cat([stream(maps) for stream in self.streams], dim=1)  # (B, 16, 10, 10)
        return self.classifier(self.pool(features).flatten(1))  # (B, 16, 5, 5) -> (B, num_classes)


def _stream(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, channels, kernel_size=3, padding=2),  # (B, channels, 30, 30)
        nn.ReLU(),
        nn.BatchNorm2d(channels),
        nn.MaxPool2d(kernel_size=3, stride=3, padding=1),  # (B, channels, 10, 10)
        nn.Dropout(0.5),
    )


def prepare(maps: Tensor, generator: torch.Generator, training: bool) -> Tensor:
    """Maps as stored, uint8 (B, 28, 28, 3), to the network's input: float32 (B, 3, 28, 28), still 0..255."""
    return maps.permute(0, 3, 1, 2).float()
