import json

import numpy as np
import pytest

from merlib.data.public import bai
from merlib.data.public.bai import LogError

EPOCH = "Epoch: {}\n\nTest set (200 samples): Average loss: 1.0390, Accuracy: {}%\n\nEpoch 1 model saved!\n"
MATRIX = "tensor([[ 3.,  1.,  0.,  0.],\n        [ 0.,  2.,  0.,  0.],\n        [ 0.,  0.,  1.,  0.],\n        [ 0.,  0.,  0., 13.]])\n\n"
APART = "Valid set (20 samples): Average loss: 2.4311, Accuracy: {}%\n\n"


@pytest.fixture
def notebooks(tmp_path):
    """Writes both notebooks; one cell prints each of the texts."""

    def write(*texts):
        folder = tmp_path / "Bai_logs"
        folder.mkdir(exist_ok=True)
        (folder / "SOURCE.txt").write_text("from somewhere")
        outputs = [{"output_type": "stream", "text": text.splitlines(keepends=True)} for text in texts]
        cells = [{"cell_type": "markdown", "source": []}, {"cell_type": "code", "outputs": outputs}]
        for name in bai.NOTEBOOKS.values():
            (folder / name).write_text(json.dumps({"cells": cells}))
        return tmp_path

    return write


def test_runs_are_read_from_what_the_notebooks_print(notebooks):
    first = EPOCH.format(0, "49.50") + EPOCH.format(1, "58.00")
    root = notebooks(first, MATRIX + APART.format("95.00") + EPOCH.format(0, "30.00"))
    epochs, apart = bai.epochs(root), bai.kept_apart(root)
    lstm = epochs[epochs["notebook"] == "LSTM"]
    assert lstm[["run", "epoch", "test_samples"]].to_numpy().tolist() == [[0, 0, 200], [0, 1, 200], [1, 0, 200]]
    assert lstm["accuracy_percent"].tolist() == [49.5, 58.0, 30.0]
    assert apart[["notebook", "run", "clips", "right"]].to_numpy().tolist() == [
        ["LSTM", 0, 20, 19],
        ["Bi-LSTM", 0, 20, 19],
    ]
    assert np.array_equal(apart["confusion"][0], [[3, 1, 0, 0], [0, 2, 0, 0], [0, 0, 1, 0], [0, 0, 0, 13]])


def test_numbers_that_do_not_fit_together_are_named(notebooks):
    root = notebooks(EPOCH.format(0, "49.50") + EPOCH.format(2, "58.10"), MATRIX + APART.format("90.00"))
    with pytest.raises(LogError, match=r"LSTM, run 0: its epochs are \[0, 2\]") as raised:
        bai.epochs(root)
    assert "LSTM, run 0, epoch 2: 58.1 % of 200" in str(raised.value)  # 116.2 windows
    with pytest.raises(LogError, match=r"LSTM, run 0: 90\.0 % of 20 clips, the matrix has 19 of 20"):
        bai.kept_apart(root)
