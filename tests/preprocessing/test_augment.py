import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import crop, hflip, rotate
from torchvision.transforms.functional import pad as padded

from merlib.preprocessing.augment import affine


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def coordinates(clips, height, width, frames=1):
    """Pictures whose two channels are x and y in pixels from the centre: sampled, they tell where from."""
    y, x = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij")
    return torch.stack([x, y]).double().expand(clips, frames, 2, height, width)


def fitted(moved, margin):
    """The affine map result -> input, (2, 3), that one clip's moved coordinate picture (2, H, W) shows."""
    height, width = moved.shape[1:]
    inner = np.s_[:, margin : height - margin, margin : width - margin]
    here = coordinates(1, height, width)[0, 0].numpy()[inner].reshape(2, -1)
    there = moved.numpy()[inner].reshape(2, -1)
    design = np.vstack([here, np.ones(here.shape[1])]).T
    solution, residual, *_ = np.linalg.lstsq(design, there.T, rcond=None)
    assert residual.max() < 1e-6
    return solution.T


def test_nothing_asked_for_changes_nothing():
    x = torch.rand(3, 2, 3, 17, 23)
    assert torch.equal(affine(x, generator()), x)


def test_mirrored_twice_is_the_clip_itself():
    x = torch.rand(2, 3, 1, 16, 20)
    once = affine(x, generator(), flip=1.0)
    torch.testing.assert_close(once, x.flip(-1), atol=1e-4, rtol=0)
    torch.testing.assert_close(affine(once, generator(), flip=1.0), x, atol=1e-4, rtol=0)


@given(
    seed=st.integers(0, 2**31), degrees=st.floats(0.5, 15), shift=st.integers(0, 4), size=st.sampled_from([40, 56, 64])
)
def test_every_transform_is_a_turn_a_mirror_and_a_whole_pixel_shift_in_range(seed, degrees, shift, size):
    moved = affine(coordinates(4, size, 56), generator(seed), degrees=degrees, flip=0.5, shift=shift)
    for clip in moved[:, 0]:
        inverse = fitted(clip, margin=16)
        linear = inverse[:, :2]
        np.testing.assert_allclose(linear @ linear.T, np.eye(2), atol=1e-5)
        mirrored = np.linalg.det(linear) < 0
        turn = np.linalg.inv(linear) @ np.diag([-1.0 if mirrored else 1.0, 1.0])  # input -> result, without mirror
        angle = np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))
        assert abs(angle) <= degrees + 1e-4
        offset = -np.linalg.inv(linear) @ inverse[:, 2]
        np.testing.assert_allclose(offset, offset.round(), atol=1e-3)
        assert np.abs(offset).max() <= shift + 1e-3


def test_the_whole_range_is_used():
    moved = affine(coordinates(400, 33, 33), generator(), degrees=10, flip=0.3, shift=2)
    maps = np.array([fitted(clip, margin=9) for clip in moved[:, 0]])
    mirrored = np.linalg.det(maps[:, :, :2]) < 0
    assert mirrored.mean() == pytest.approx(0.3, abs=0.08)  # 3.5 standard deviations of 400 draws
    angles = np.degrees(np.arcsin(maps[:, 1, 0]))
    assert angles.min() < -9 and angles.max() > 9 and abs(angles.mean()) < 1
    offsets = -np.einsum("nij,nj->ni", np.linalg.inv(maps[:, :, :2]), maps[:, :, 2]).round()
    for axis in (0, 1):
        assert set(offsets[:, axis]) == {-2, -1, 0, 1, 2}


def test_of_a_sequence_of_angles_each_is_as_likely_and_no_other_occurs():
    moved = affine(coordinates(300, 40, 56), generator(3), degrees=(-10, -5, 0, 5, 10))
    turns = [np.linalg.inv(fitted(clip, margin=12)[:, :2]) for clip in moved[:, 0]]
    angles = np.degrees([np.arctan2(turn[1, 0], turn[0, 0]) for turn in turns])
    values, counts = np.unique(angles.round(3) + 0.0, return_counts=True)
    assert values.tolist() == [-10, -5, 0, 5, 10]
    assert counts.min() > 40  # of 60 expected: 3 standard deviations


def test_all_frames_of_a_clip_get_the_same_transform_and_clips_differ():
    x = torch.rand(4, 1, 2, 32, 32).expand(4, 5, 2, 32, 32)
    moved = affine(x, generator(), degrees=10, flip=0.5, shift=3)
    assert torch.equal(moved, moved[:, :1].expand_as(moved))
    maps = [fitted(clip[0], margin=9) for clip in affine(coordinates(4, 32, 32), generator(), degrees=10)]
    assert len({round(float(m[0, 1]), 6) for m in maps}) == 4


def test_a_turn_agrees_with_scipy_and_torchvision():
    height, width = 48, 64
    picture = torch.from_numpy(ndimage.gaussian_filter(np.random.default_rng(0).random((height, width)), 2))[None]
    batch = torch.cat([coordinates(1, height, width), picture[None, None]], dim=2)
    moved = affine(batch, generator(1), degrees=10)[0, 0]
    inverse = fitted(moved[:2], margin=14)
    angle = np.degrees(np.arcsin(-inverse[1, 0]))  # clockwise on the screen
    assert abs(angle) > 1
    inner = np.s_[14:-14, 14:-14]
    by_scipy = ndimage.rotate(picture[0].numpy(), -angle, reshape=False, order=1)
    by_torchvision = rotate(picture, -angle, InterpolationMode.BILINEAR)[0].numpy()
    np.testing.assert_allclose(moved[2].numpy()[inner], by_scipy[inner], atol=1e-6)
    np.testing.assert_allclose(moved[2].numpy()[inner], by_torchvision[inner], atol=1e-6)


def test_beyond_the_border_the_picture_is_mirrored():
    x = torch.arange(12.0).expand(1, 1, 1, 12, 12).contiguous()
    seed = next(s for s in range(50) if affine(x, generator(s), shift=3)[0, 0, 0, 0, 6] == pytest.approx(4, abs=1e-3))
    row = affine(x, generator(seed), shift=3)[0, 0, 0, 0]  # two pixels to the right
    torch.testing.assert_close(row, torch.tensor([1.0, 0, *range(10)]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("seed", range(6))
def test_like_torchvision_is_its_flip_rotation_and_padded_crop(seed):
    """Their own functions, given the angle, mirror and shift that were drawn here."""
    size, pad = 41, 5
    x = torch.rand(1, 2, 3, size, size, generator=generator(9))
    moved = affine(x, generator(seed), degrees=8, flip=0.5, shift=pad, like_torchvision=True)
    inverse = fitted(affine(coordinates(1, size, size), generator(seed), degrees=8, flip=0.5, shift=pad)[0, 0], 14)
    mirrored = np.linalg.det(inverse[:, :2]) < 0
    turn = np.linalg.inv(inverse[:, :2]) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    angle = np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))
    dx, dy = (-np.linalg.inv(inverse[:, :2]) @ inverse[:, 2]).round().astype(int)
    theirs = rotate(hflip(x[0]) if mirrored else x[0], -angle, InterpolationMode.NEAREST)
    theirs = crop(padded(theirs, [pad]), pad - dy, pad - dx, size, size)
    same = (moved[0] == theirs).float().mean().item()
    assert same > 0.995  # a place half way between two pixels may be rounded to either
    assert (moved == 0).any() == (theirs == 0).any()


def test_the_same_generator_state_gives_the_same_clips():
    x = torch.rand(3, 2, 1, 16, 16)
    first = affine(x, generator(5), degrees=5, flip=0.5, shift=2)
    assert torch.equal(first, affine(x, generator(5), degrees=5, flip=0.5, shift=2))
    assert not torch.equal(first, affine(x, generator(6), degrees=5, flip=0.5, shift=2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_gives_the_same_transforms_as_the_cpu():
    x = torch.rand(4, 2, 3, 32, 32)
    on_gpu = affine(x.cuda(), generator(3), degrees=8, flip=0.5, shift=2)
    assert on_gpu.is_cuda
    torch.testing.assert_close(on_gpu.cpu(), affine(x, generator(3), degrees=8, flip=0.5, shift=2), atol=1e-4, rtol=0)
