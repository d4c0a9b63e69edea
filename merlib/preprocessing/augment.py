"""Augmentation on the device, a whole batch of clips in one call: one random transform per clip, for all its frames."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def affine(
    x: Tensor,
    generator: torch.Generator,
    degrees: float | Sequence[float] = 0,
    flip: float = 0.0,
    shift: int = 0,
    like_torchvision: bool = False,
) -> Tensor:
    """Clips x (B, F, C, H, W) float, mirrored, turned and shifted; all F frames of a clip by the same transform.

    Each clip is first mirrored left to right with probability `flip`. It is then turned about its centre by an angle
    uniform in +-`degrees` (positive: clockwise on the screen); if `degrees` is a sequence, by one of its angles, all
    equally likely. Last, it is shifted along each axis by a whole number of pixels, uniform in -`shift`..`shift`, like
    a random crop of a picture padded by `shift`. Sampling is bilinear; beyond the border the picture is mirrored. With
    `like_torchvision` the nearest pixel is taken, and there are zeros beyond the border: what RandomHorizontalFlip,
    RandomRotation and RandomCrop with a padding give by default.

    All random numbers come from `generator`, on the generator's device: its state decides the transforms, whatever the
    device of `x`. Channels are treated as pictures. The horizontal component of a flow would have to change its sign
    when mirrored; here it keeps it.
    """
    if not (degrees or flip or shift):
        return x
    clips, frames, channels, height, width = x.shape
    theta, offset = _inverse_maps(clips, generator, degrees, flip, shift, height, width)
    grid = functional.affine_grid(theta.to(x), [clips, 1, height, width], align_corners=False)
    stacked = x.reshape(clips, frames * channels, height, width)  # one grid per clip serves all its frames
    mode, border = ("nearest", "zeros") if like_torchvision else ("bilinear", "reflection")
    moved = functional.grid_sample(stacked, grid, mode=mode, padding_mode=border, align_corners=False).view_as(x)
    return moved * _uncovered(offset, height, width).to(x) if like_torchvision else moved


def _uncovered(offset: Tensor, height: int, width: int) -> Tensor:
    """1 where the shifted picture lies, 0 where its padding does, (B, 1, 1, H, W); `offset` (2, B) in pixels."""
    dx, dy = offset.view(2, -1, 1, 1, 1, 1)
    x, y = torch.arange(width, device=offset.device), torch.arange(height, device=offset.device)[:, None]
    return ((x >= dx) & (x < width + dx) & (y >= dy) & (y < height + dy)).float()


def _inverse_maps(
    clips: int,
    generator: torch.Generator,
    degrees: float | Sequence[float],
    flip: float,
    shift: int,
    height: int,
    width: int,
) -> tuple[Tensor, Tensor]:
    """(B, 2, 3): for each clip the map from a place in the result to the place in the input that it is fetched from; and
    the shifts along x and y in pixels (2, B).

    Coordinates are those of `affine_grid`, -1..1 along each axis: an offset of 1 is W/2 pixels along x, H/2 along y.
    """
    u = torch.rand(4, clips, generator=generator, device=generator.device)
    angle = torch.deg2rad(_angles(u[0], degrees))
    mirror = 1 - 2 * (u[1] < flip).float()
    dx, dy = offset = torch.floor((2 * shift + 1) * u[2:]) - shift
    cos, sin = angle.cos(), angle.sin()
    # result = shift(turn(mirror(input))), so input = mirror(turn back(shift back(result)))
    row_x = torch.stack([cos, sin * height / width, -(cos * dx + sin * dy) * 2 / width], dim=1) * mirror[:, None]
    row_y = torch.stack([-sin * width / height, cos, (sin * dx - cos * dy) * 2 / height], dim=1)
    return torch.stack([row_x, row_y], dim=1), offset


def _angles(u: Tensor, degrees: float | Sequence[float]) -> Tensor:
    """Degrees (B,) for numbers u (B,) uniform in 0..1."""
    if isinstance(degrees, Sequence):
        return u.new_tensor(degrees)[(u * len(degrees)).long()]
    return degrees * (2 * u - 1)
