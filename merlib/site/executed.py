"""Executed notebooks as they are kept in git: small enough for any Git host to show, and without a trace of the machine."""

import base64
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

LARGEST = 4_000_000  # bytes of one notebook
COLOURS = 256
OF_THE_RUN = ("papermill", "execution", "widgets")  # metadata: when, where and how long


def compact(notebook: Path) -> bytes:
    """The notebook with its pictures in a palette of 256 colours, without progress bars, warnings, times and paths.

    Raises ValueError when it is larger than `LARGEST` all the same.
    """
    found = json.loads(notebook.read_text(encoding="utf-8"))
    _forget(found)
    for cell in found["cells"]:
        _forget(cell)
        if cell["cell_type"] == "code":
            cell["outputs"] = [_small(output) for output in cell["outputs"] if output.get("name") != "stderr"]
    content = (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()
    if len(content) > LARGEST:
        raise ValueError(f"notebook.ipynb is {len(content) / 1e6:.1f} MB; at most {LARGEST / 1e6:.0f} MB are kept")
    return content


def _forget(holder: dict[str, Any]) -> None:
    for name in OF_THE_RUN:
        holder["metadata"].pop(name, None)


def _small(output: dict[str, Any]) -> dict[str, Any]:
    data = output.get("data", {})
    kept = {kind: value for kind, value in data.items() if "widget" not in kind}
    if "image/png" in kept:
        kept["image/png"] = _palette(kept["image/png"])
    return output | ({"data": kept} if data else {})


def _palette(encoded: str | list[str]) -> str:
    """A PNG in base64 with at most 256 colours; as it was where that is not smaller."""
    before = base64.b64decode("".join(encoded))
    with Image.open(io.BytesIO(before)) as picture:
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(picture, mask=picture.getchannel("A") if "A" in picture.getbands() else None)
    after = io.BytesIO()
    flat.quantize(COLOURS).save(after, "PNG", optimize=True)
    return base64.b64encode(min(before, after.getvalue(), key=len)).decode()
