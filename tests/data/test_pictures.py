import cv2
import numpy as np
import pytest
from helpers import damaged_files as files
from PIL import Image

from merlib.data import pictures
from merlib.data.clips import make_table


def clip_of(*paths, **columns):
    names = {"database": "own", "subject": "anna", "clip": "1", "frames": [str(path) for path in paths]}
    spans = {"onset": None, "apex": None, "offset": None}
    table = make_table([names | spans | {"fps": 25.0, "aus": "", "emotion": "joy", "cropped": False} | columns])
    return next(table.itertuples())


def read(path, data):
    """The picture of a file with this content, or what is wrong with it, without the file's name."""
    path.write_bytes(data)
    (frame,) = pictures.frames(clip_of(path))
    return frame if isinstance(frame, np.ndarray) else str(frame).removeprefix(f"{path}: ")


@pytest.mark.parametrize("suffix", pictures.PICTURES)
def test_a_whole_picture_is_what_opencv_decodes(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    frame = read(path, files.encoded(suffix))
    np.testing.assert_array_equal(frame, cv2.imread(str(path))[..., ::-1])


PROGRESSIVE, RESTARTS, OPTIMISED = (
    cv2.IMWRITE_JPEG_PROGRESSIVE,
    cv2.IMWRITE_JPEG_RST_INTERVAL,
    cv2.IMWRITE_JPEG_OPTIMIZE,
)
FORMS = [(), (PROGRESSIVE, 1), (RESTARTS, 3), (OPTIMISED, 1), (PROGRESSIVE, 1, RESTARTS, 5)]


@pytest.mark.parametrize("form", FORMS[:4])
def test_a_jpeg_that_ends_early_is_noticed_though_an_end_marker_follows(tmp_path, form):
    whole = files.encoded(".jpg", *form)
    assert isinstance(read(tmp_path / "a.jpg", whole), np.ndarray)
    faults = [read(tmp_path / "a.jpg", files.ended_early(whole, share)) for share in np.linspace(0.1, 0.95, 15)]
    num_named = sum(isinstance(fault, str) and "JPEG" in fault for fault in faults)
    assert num_named >= 15 - (PROGRESSIVE in form)  # one that ends between two scans is whole, with less detail
    assert "truncated JPEG: its data ends early, though an end-of-image marker follows" in faults


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("grey", [0, 120, 128, 255])
def test_an_even_jpeg_is_whole(tmp_path, form, grey):
    """Grey is also what decoders put where data is missing."""
    even = cv2.imencode(".jpg", np.full((40, 56, 3), grey, np.uint8), form)[1].tobytes()
    assert isinstance(read(tmp_path / "a.jpg", even), np.ndarray)


def test_what_a_camera_adds_to_a_jpeg_does_no_harm(tmp_path):
    whole, small = files.encoded(".jpg"), files.encoded(".jpg", height=32, width=32)
    preview = b"Exif\0\0" + small
    segment = b"\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview
    for data in (whole + b"appended", whole + small, whole[:2] + segment + whole[2:]):
        assert read(tmp_path / "a.jpg", data).shape == (64, 96, 3)
    assert "its data ends early" in read(tmp_path / "a.jpg", whole[:2] + segment + files.ended_early(whole)[2:])
    assert "end-of-image marker is missing" in read(tmp_path / "a.jpg", whole[:2] + segment + whole[2:1500])


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".jpg"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95])
def test_a_truncated_picture_is_named(tmp_path, suffix, share):
    data = files.encoded(suffix)
    fault = read(tmp_path / f"a{suffix}", data[: int(share * len(data))])
    assert fault.startswith(("not a", "truncated JPEG"))


@pytest.mark.parametrize(("form", "suffix"), [("PNG", ".png"), ("TIFF", ".tif"), ("GIF", ".png"), ("WEBP", ".jpg")])
def test_several_pictures_in_one_file_are_refused(tmp_path, form, suffix):
    fault = "10 pictures in one file: save each as a file of its own, or all as a video"
    assert read(tmp_path / f"a{suffix}", files.several(form)) == fault


def test_a_camera_jpeg_with_a_copy_of_itself_is_one_picture(tmp_path):
    images = [Image.fromarray(files.drawn()), Image.fromarray(files.drawn(32, 48))]
    images[0].save(tmp_path / "made.mpo", "MPO", save_all=True, append_images=images[1:])
    assert read(tmp_path / "a.jpg", (tmp_path / "made.mpo").read_bytes()).shape == (64, 96, 3)


@pytest.mark.parametrize("side", [8_001, 10_000, 20_000, 60_000])
def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path, side, monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", None)
    fault = read(tmp_path / "a.png", files.bomb(side))
    assert fault.endswith("px: more than 64,000,000 px are not read") and (
        str(side) in fault or f"{side**2:,}" in fault
    )


@pytest.mark.parametrize(("height", "width"), [(1, 1), (19, 200), (200, 19)])
def test_a_picture_below_the_smallest_side_is_refused(tmp_path, height, width):
    fault = f"{width} x {height} px: a frame needs 20 px on its shorter side"
    assert read(tmp_path / "a.png", files.encoded(".png", height=height, width=width)) == fault
    assert isinstance(read(tmp_path / "a.png", files.encoded(".png", height=20, width=20)), np.ndarray)


def test_each_fault_of_a_clip_stands_in_its_frames_place(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for path in paths:
        path.write_bytes(files.encoded(".png"))
    paths[1].write_bytes(b"")
    paths[2].write_bytes(files.encoded(".png", height=40))
    paths[4].unlink()
    found = list(pictures.frames(clip_of(*paths, onset=3, apex=4, offset=8)))
    assert [isinstance(frame, np.ndarray) for frame in found] == [True, False, False, True, False, True]
    assert f"{paths[2]}: (height, width) (40, 96), the clip's first frame has (64, 96)" == str(found[2])
    assert str(found[4]) == f"{paths[4]}: No such file or directory"


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".avi", "MJPG"), (".flv", "FLV1"), (".m4v", "mp4v"), (".mkv", "XVID"), (".mov", "mp4v"), (".mp4", "mp4v"),
        (".mpeg", "MPG2"), (".mpg", "PIM1"), (".webm", "VP80"), (".wmv", "WMV2"),
    ],
)  # fmt: skip
def test_every_accepted_video_is_read_whole(tmp_path, suffix, codec):
    assert suffix in pictures.VIDEOS
    path = tmp_path / f"a{suffix}"
    files.video(path, 13, codec)
    assert pictures.num_frames(path) == 13
    found = list(pictures.frames(clip_of(path, onset=0, offset=12)))
    assert [frame.shape for frame in found] == [(64, 96, 3)] * 13


def test_a_gif_is_a_video(tmp_path):
    (tmp_path / "a.gif").write_bytes(files.several("GIF"))
    assert pictures.num_frames(tmp_path / "a.gif") == 10
    found = list(pictures.frames(clip_of(tmp_path / "a.gif", onset=2, offset=9)))
    np.testing.assert_allclose([frame.mean() for frame in found], 20 * np.arange(2, 10), atol=3)


def test_a_video_that_ends_early_and_one_that_is_too_small_are_named(tmp_path):
    files.video(tmp_path / "a.avi", 30, kept=0.5)
    *good, fault = pictures.frames(clip_of(tmp_path / "a.avi", onset=0, offset=29))
    assert 5 < len(good) < 25
    assert str(fault) == f"{tmp_path / 'a.avi'}: the video has {len(good)} readable frames, the clip needs 30"
    writer = cv2.VideoWriter(str(tmp_path / "b.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (16, 16))
    writer.write(np.zeros((16, 16, 3), np.uint8))
    writer.release()
    (fault,) = pictures.frames(clip_of(tmp_path / "b.avi", onset=0, offset=0))
    assert "16 x 16 px: a frame needs 20 px" in str(fault)


def test_an_unknown_suffix_is_named_with_the_accepted_ones(tmp_path):
    (fault,) = pictures.frames(clip_of(tmp_path / "a.webp"))
    assert str(fault) == f"{tmp_path / 'a.webp'}: files '.webp' are not read; accepted are {pictures.ACCEPTED}"
    assert all(suffix in pictures.ACCEPTED for suffix in pictures.PICTURES + pictures.VIDEOS)
