import warnings

import numpy as np
import pytest

from merlib import paths
from merlib.cache import arrays


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MERLIB_HOME", str(tmp_path))


def videos(count=3):
    return [np.full((4, 2, 2), i, np.uint8) for i in range(count)]


def doubled(video):
    return 2.0 * video


def files():
    return {file: file.stat().st_mtime_ns for file in paths.cache("doubled").iterdir()}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_the_order_of_the_videos_and_are_stored_once(n_jobs):
    for video, result in zip(videos(), arrays.of_each("doubled", doubled, videos(), n_jobs), strict=True):
        np.testing.assert_array_equal(result, 2.0 * video)
    stored = files()
    again = arrays.of_each("doubled", doubled, videos()[::-1], n_jobs)
    assert [float(result.max()) for result in again] == [4.0, 2.0, 0.0]
    assert files() == stored and len(stored) == 3


def test_other_frames_and_other_code_are_computed_anew():
    arrays.of_each("doubled", doubled, videos(), n_jobs=1)
    [changed] = arrays.of_each("doubled", doubled, [np.full((4, 2, 2), 9, np.uint8)], n_jobs=1)
    assert changed.max() == 18 and len(files()) == 4
    factor = 3.0
    [tripled, *_] = arrays.of_each("doubled", lambda video: factor * (video + 1.0), videos(), n_jobs=1)
    assert tripled.max() == 3 and len(files()) == 7


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


damages = {
    "truncated": lambda content, other: content[:-40],
    "empty": lambda content, other: b"",
    "zeros": lambda content, other: bytes(len(content)),
    "longer": lambda content, other: content + b"\0",
    "another clip": lambda content, other: other,
    "a byte of the shape": lambda content, other: flipped(content, content.index(b"(4, ") + 1),
    "a byte of a frame": lambda content, other: flipped(content, 150),
    "a byte of the seal": lambda content, other: flipped(content, len(content) - 1),
    "without a seal": lambda content, other: content[:-32],
}


@pytest.mark.parametrize("damage", damages.values(), ids=damages)
def test_a_damaged_file_is_named_and_made_again(damage):
    arrays.of_each("doubled", doubled, videos(), n_jobs=1)
    path, other, _ = sorted(files())
    whole = path.read_bytes()
    path.write_bytes(damage(whole, other.read_bytes()))
    with pytest.warns(UserWarning, match=rf"{path} is damaged \(its content is not .* computed again"):
        results = arrays.of_each("doubled", doubled, videos(), n_jobs=1)
    assert [float(result.max()) for result in results] == [0.0, 2.0, 4.0]
    assert path.read_bytes() == whole
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        arrays.of_each("doubled", doubled, videos(), n_jobs=1)


def test_a_file_is_read_by_numpy_as_any_other():
    [first, *_] = arrays.of_each("doubled", doubled, videos(), n_jobs=1)
    assert isinstance(first, np.memmap) and not first.flags.writeable
    np.testing.assert_array_equal(np.load(first.filename), first)


def test_objects_are_not_kept(tmp_path):
    with pytest.raises(
        ValueError, match="allow_pickle"
    ):  # they would be pickles, which can run code when they are read
        arrays.keep(tmp_path / "objects.npy", np.array([{}]))


def test_a_failure_is_passed_on_and_leaves_what_was_finished():
    def fails(video):
        if video.max() == 1:
            raise ValueError("no such clip")
        return doubled(video)

    with pytest.raises(ValueError, match="no such clip"):
        arrays.of_each("doubled", fails, videos(), n_jobs=1)
    assert [file.suffix for file in files()] == [".npy"]
