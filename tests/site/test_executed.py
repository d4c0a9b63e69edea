import base64
import io
import json

import nbformat
from helpers import recorded_runs
from PIL import Image

from merlib.site import executed


def test_a_picture_becomes_a_palette_and_everything_else_stays(tmp_path):
    recorded_runs.executed(tmp_path / "nb.ipynb", pixels=(60, 80))
    small = executed.compact(tmp_path / "nb.ipynb")
    found, before = nbformat.reads(small.decode(), 4), nbformat.read(tmp_path / "nb.ipynb", 4)
    nbformat.validate(found)
    (output,) = found.cells[1].outputs
    with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as picture:
        assert picture.mode == "P" and picture.size == (80, 60)
    assert [cell.source for cell in found.cells] == [cell.source for cell in before.cells]
    assert len(small) < (tmp_path / "nb.ipynb").stat().st_size


def test_a_picture_that_would_grow_stays_as_it_is(tmp_path):
    recorded_runs.executed(tmp_path / "nb.ipynb", pixels=(4, 4))
    before = json.loads((tmp_path / "nb.ipynb").read_text())["cells"][1]["outputs"][0]["data"]["image/png"]
    after = json.loads(executed.compact(tmp_path / "nb.ipynb"))["cells"][1]["outputs"][0]["data"]["image/png"]
    assert len(after) <= len(before.strip())
