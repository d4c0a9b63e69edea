import errno
import multiprocessing
import os
import shutil

import cv2
import numpy as np
import pytest

from merlib import paths
from merlib.cache.files import CannotWrite
from merlib.data import pictures as files
from merlib.data.clips import Clips, make_table
from merlib.preprocessing import faces, frames
from merlib.synthetic import Actor, View, draw_identity

HEIGHT, WIDTH, LENGTH = 120, 160, 6


@pytest.fixture(scope="session")
def pictures():
    """A clip of a drawn face, uint8 RGB (T, H, W, 3): brows rise, under sensor noise."""
    rng = np.random.default_rng(0)
    actor = Actor(draw_identity(rng), View.seated(HEIGHT, WIDTH))
    drawn = [actor.frame({(1, "L"): level, (1, "R"): level}) for level in np.linspace(0, 1, LENGTH)]
    return np.clip(np.stack(drawn) + rng.normal(0, 2, (LENGTH, HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)


@pytest.fixture
def folder(home, pictures):
    """The folder of one clip, `img5.jpg` ... `img10.jpg`."""
    return write_clip(home / "data" / "sub01" / "EP01_01", pictures)


def write_clip(folder, pictures, suffix=".jpg"):
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures, start=5):
        cv2.imwrite(str(folder / f"img{number}{suffix}"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return folder


def clips_of(*folders, **columns):
    records = []
    for folder in folders:
        files = sorted(folder.iterdir(), key=lambda path: int(path.stem[3:]))
        numbers = {"onset": 5, "apex": 5, "offset": 4 + len(files)}
        records.append(record(folder, [str(path) for path in files]) | numbers | columns)
    return Clips(make_table(records))


def record(folder, files):
    named = {"database": "own", "subject": folder.parent.name, "clip": folder.name, "frames": files}
    return named | {"fps": 200.0, "aus": "1", "emotion": "surprise", "cropped": False}


def cached():
    return sorted(paths.cache("frames").iterdir())


def decoded(path):
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def test_a_clip_is_one_mapped_array_of_its_aligned_frames(folder, pictures):
    clips, (array,) = frames.load(clips_of(folder), size=64)
    assert isinstance(array, np.memmap) and not array.flags.writeable
    assert array.shape == (LENGTH, 64, 64, 3) and array.dtype == np.uint8
    assert len(clips) == 1 and clips.excluded.empty
    eyes = faces.eyes(cv2.resize(array[0], (256, 256), interpolation=cv2.INTER_CUBIC)) / 256
    np.testing.assert_allclose(eyes, faces.EYES_IN_CROP, atol=0.05)


def test_one_transform_serves_all_frames_of_a_clip(folder, pictures):
    _, (array,) = frames.load(clips_of(folder), size=64)
    files = [decoded(path) for path in sorted(folder.iterdir(), key=lambda path: int(path.stem[3:]))]
    transform = faces.alignment([files[i] for i in (0, 1, 2, 4, 5)], 64)
    np.testing.assert_array_equal(array, [faces.crop(file, transform, 64) for file in files])


@pytest.mark.parametrize("size", [32, 60, 200])
@pytest.mark.parametrize("how", [{"crop": False}, {"cropped": True}])
def test_face_crops_and_whole_frames_are_only_resized(folder, how, size):
    clips = clips_of(folder, cropped=how.get("cropped", False))
    _, (array,) = frames.load(clips, size=size, crop=how.get("crop", True))
    rule = cv2.INTER_AREA if size < HEIGHT else cv2.INTER_LINEAR
    expected = cv2.resize(decoded(folder / "img5.jpg"), (size, size), interpolation=rule)
    np.testing.assert_array_equal(array[0], expected)


def test_a_picture_of_its_size_is_kept_as_it_is(home):
    """The published flow maps are such pictures: red is the horizontal flow, and no value may change."""
    flow_map = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 3), dtype=np.uint8)
    folder = write_clip(home / "s1" / "s1_ne_01", flow_map, suffix=".png")
    unnumbered = {"onset": None, "apex": None, "offset": None, "cropped": True}
    _, (array,) = frames.load(Clips(make_table([record(folder, [str(folder / "img5.png")]) | unnumbered])), size=28)
    np.testing.assert_array_equal(array, flow_map)


def test_a_second_load_decodes_nothing(folder, monkeypatch):
    _, (first,) = frames.load(clips_of(folder), size=48)

    def decode(*arguments):
        raise AssertionError("decoded again")

    monkeypatch.setattr(cv2, "imdecode", decode)
    _, (second,) = frames.load(clips_of(folder), size=48)
    np.testing.assert_array_equal(first, second)
    assert len(cached()) == 1


def test_a_changed_source_file_is_read_anew(folder, pictures):
    _, (before,) = frames.load(clips_of(folder), size=48, crop=False)
    before = before.copy()
    cv2.imwrite(str(folder / "img7.jpg"), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    _, (after,) = frames.load(clips_of(folder), size=48, crop=False)
    assert not after[2].any()
    np.testing.assert_array_equal(np.delete(after, 2, axis=0), np.delete(before, 2, axis=0))


def test_a_source_file_changed_at_the_same_size_and_time_is_read_anew(home, pictures):
    folder = write_clip(home / "data" / "sub01" / "EP01_01", pictures, suffix=".bmp")
    frames.load(clips_of(folder), size=32, crop=False)
    file = folder / "img5.bmp"
    before = file.stat()
    cv2.imwrite(str(file), pictures[0] // 2)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    _, [darker] = frames.load(clips_of(folder), size=32, crop=False)
    assert darker[0].mean() < 0.7 * darker[1].mean()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", bytes(500)])
def test_a_damaged_entry_is_named_and_decoded_again(folder, content):
    _, [first] = frames.load(clips_of(folder), size=32)
    [entry] = cached()
    first, whole = np.array(first), entry.read_bytes()
    entry.unlink()  # a new file: the old one is still mapped
    entry.write_bytes(content)
    with pytest.warns(UserWarning, match=rf"{entry} is damaged .* computed again"):
        clips, [again] = frames.load(clips_of(folder), size=32)
    assert len(clips) == 1 and np.array_equal(again, first) and entry.read_bytes() == whole


def test_size_crop_and_landmarks_have_entries_of_their_own(folder):
    def corners(frame):
        return np.array([[0.0, 0.0], [frame.shape[1] - 1.0, 0.0]])

    clips = clips_of(folder)
    loaded = [
        frames.load(clips, 32)[1][0],
        frames.load(clips, 40)[1][0],
        frames.load(clips, 32, crop=False)[1][0],
        frames.load(clips, 32, landmarks=corners)[1][0],
    ]
    assert len(cached()) == 4
    assert [array.shape[1] for array in loaded] == [32, 40, 32, 32]
    assert not any(np.array_equal(loaded[0], other) for other in loaded[1:])


@pytest.mark.parametrize(
    ("module", "name", "changed"),
    [
        (faces, "EYES_IN_CROP", np.array([[0.35, 0.32], [0.65, 0.32]])),
        (faces, "crop", lambda frame, transform, size: np.zeros((size, size, 3), np.uint8)),
        (frames, "_LOOKED_AT", 3),
        (files, "_picture", lambda file: np.zeros((HEIGHT, WIDTH, 3), np.uint8) + decoded(file)),
    ],
)
def test_changed_code_of_a_crop_is_a_new_entry(folder, monkeypatch, module, name, changed):
    frames.load(clips_of(folder), size=32)
    monkeypatch.setattr(module, name, changed)
    frames.load(clips_of(folder), size=32)
    assert len(cached()) == 2


def test_the_code_is_hashed_once_for_all_clips(home, pictures, monkeypatch):
    clips = clips_of(*(write_clip(home / "sub01" / f"EP{i:02}", pictures) for i in range(3)))
    hashed = []
    monkeypatch.setattr(frames, "fingerprint", lambda *things: hashed.append(things) or str(len(hashed)))
    frames.load(clips, size=32)
    assert sum(callable(things[0]) for things in hashed) == 1 and len(hashed) == 1 + len(clips)


def test_unusable_clips_are_excluded_with_file_and_reason(home, pictures):
    data = home / "data" / "sub01"
    folders = {name: write_clip(data / name, pictures) for name in ("cut", "gone", "empty", "text", "shape", "whole")}
    folders["wall"] = write_clip(data / "wall", np.full_like(pictures, 90))
    clips = clips_of(*folders.values())
    whole = (folders["cut"] / "img8.jpg").read_bytes()
    (folders["cut"] / "img8.jpg").write_bytes(whole[: len(whole) // 2])
    (folders["gone"] / "img8.jpg").unlink()
    (folders["empty"] / "img8.jpg").write_bytes(b"")
    (folders["text"] / "img8.jpg").write_text("not a picture")
    cv2.imwrite(str(folders["shape"] / "img8.jpg"), np.zeros((60, 60, 3), np.uint8))
    kept, arrays = frames.load(clips, size=32)
    assert list(kept.table["clip"]) == ["whole"] and len(arrays) == 1
    reasons = kept.excluded.set_index("clip")["reason"]
    for name, words in {
        "cut": "truncated JPEG",
        "gone": "No such file",
        "empty": "not a picture",
        "text": "not a picture",
        "shape": "(60, 60)",
    }.items():
        assert words in reasons[name] and reasons[name].startswith(os.path.join(name, "img8.jpg: "))
    assert "no face" in reasons["wall"] and reasons["wall"].startswith(os.path.join("wall", "img5.jpg: "))


def test_a_jpeg_cut_off_anywhere_is_noticed(home, pictures):
    """Also one whose missing end is zeros, as an interrupted download leaves it: decoders make that grey."""
    clip_folders = []
    for i, share in enumerate(np.linspace(0.02, 0.98, 13)):
        for padded in (False, True):
            folder = write_clip(home / "sub01" / f"EP{i:02}_{padded:d}", pictures[:2])
            whole = (folder / "img6.jpg").read_bytes()
            kept = whole[: int(share * len(whole))]
            (folder / "img6.jpg").write_bytes(kept.ljust(len(whole), b"\0") if padded else kept)
            clip_folders.append(folder)
    intact = write_clip(home / "sub01" / "EP99", pictures[:2])
    with (intact / "img6.jpg").open("ab") as file:
        file.write(b"appended by a camera")
    kept, _ = frames.load(clips_of(*clip_folders, intact), size=16, crop=False)
    assert list(kept.table["clip"]) == ["EP99"]
    assert len(kept.excluded) == len(clip_folders)


def test_no_usable_clip_at_all_is_an_error_that_names_the_first_reason(folder):
    clips = clips_of(folder)
    shutil.rmtree(folder)
    with pytest.raises(frames.UnreadableClip, match=r"none of the 1 clips.*img5\.jpg.*No such file"):
        frames.load(clips, size=32)


@pytest.fixture
def video(home):
    """A video of 12 frames; frame i has grey level 20 i."""
    path = home / "sub01.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for i in range(12):
        writer.write(np.full((48, 64, 3), 20 * i, np.uint8))
    writer.release()
    return path


def clips_in(video, onset, offset):
    records = record(video.parent / "sub01" / "first", [str(video)]) | {"onset": onset, "apex": onset, "offset": offset}
    return Clips(make_table([records]))


def test_frames_of_a_video_count_from_zero(video):
    _, (array,) = frames.load(clips_in(video, 3, 8), size=16, crop=False)
    np.testing.assert_allclose(array.mean(axis=(1, 2, 3)), 20 * np.arange(3, 9), atol=3)
    _, (whole,) = frames.load(clips_in(video, 0, 11), size=16, crop=False)
    assert len(whole) == 12 and len(cached()) == 2


def test_a_video_that_is_too_short_is_named(video):
    with pytest.raises(frames.UnreadableClip, match=r"sub01\.avi.* 12 readable frames, the clip needs 15"):
        frames.load(clips_in(video, 3, 14), size=16, crop=False)


def test_two_processes_may_want_the_same_clips(home, pictures):
    clips = clips_of(*(write_clip(home / "sub01" / f"EP{i:02}", pictures) for i in range(8)))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        sums = pool.starmap(_load_and_sum, [(clips,)] * 2, chunksize=1)
    assert sums[0] == sums[1] == _load_and_sum(clips)
    assert len(cached()) == 8 and all(path.suffix == ".npy" for path in cached())


def _load_and_sum(clips):
    return [int(array.sum()) for array in frames.load(clips, size=24)[1]]


def test_a_failed_write_is_an_error_and_leaves_nothing_behind(folder, monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(CannotWrite, match=r"\.npy cannot be written: the disk is full"):
        frames.load(clips_of(folder), size=32)
    assert not cached()


def test_more_clips_than_a_process_may_open_files(home):
    resource = pytest.importorskip("resource")
    grey = np.full((1, 20, 20, 3), 90, np.uint8)
    clips = clips_of(*(write_clip(home / "sub01" / f"EP{i:03}", grey) for i in range(200)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        assert len(frames.load(clips, size=8, crop=False)[1]) == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
