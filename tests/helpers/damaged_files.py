"""Picture files and videos that a clip cannot be made of, and some that look so and are whole."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from helpers import tiny_databases as tiny


def drawn(height: int = 64, width: int = 96, seed: int = 0) -> np.ndarray:
    """A picture (height, width, 3) uint8 with a slope and noise: each part of its file counts."""
    noise = np.random.default_rng(seed).normal(0, 8, (height, width, 3))
    slope = np.add.outer(np.linspace(0, 120, height), np.linspace(0, 120, width))[..., None]
    return np.clip(slope + noise, 0, 255).astype(np.uint8)


def encoded(suffix: str = ".jpg", *options: int, **size: int) -> bytes:
    """The file of `drawn`."""
    return cv2.imencode(suffix, drawn(**size), options)[1].tobytes()


def ended_early(jpeg: bytes, share: float = 0.5) -> bytes:
    """The first part of a JPEG with an end marker: decoders fill the rest with grey."""
    return jpeg[: int(share * len(jpeg))] + b"\xff\xd9"


def several(form: str, count: int = 10) -> bytes:
    """So many pictures in one file: GIF, PNG, TIFF or WEBP."""
    pictures = [Image.fromarray(np.full((24, 32, 3), 20 * i, np.uint8)) for i in range(count)]
    file = io.BytesIO()
    pictures[0].save(file, form, save_all=True, append_images=pictures[1:])
    return file.getvalue()


def bomb(side: int = 20_000) -> bytes:
    """A PNG of some hundred bytes that says it has `side` x `side` pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + data + chunk(b"IEND", b"")


def video(path: Path, length: int = 30, codec: str = "MJPG", kept: float = 1.0) -> None:
    """A video of 64 x 96 px, of which a share is kept."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (96, 64))
    for i in range(length):
        writer.write(drawn(seed=i))
    writer.release()
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])


def clip(folder: Path, *contents: bytes, suffix: str = ".jpg") -> None:
    """A clip's folder: `img1`, `img2`, ... with these contents."""
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(contents, start=1):
        (folder / f"img{number}{suffix}").write_bytes(content)


def own_list(folder: Path, *frames: str) -> Path:
    """A list of own clips, one for each entry of `frames`."""
    rows = [["anna", f"c{i}", path, "joy"] for i, path in enumerate(frames)]
    tiny.sheet(folder / "list.csv", [["subject", "clip", "frames", "emotion"], *rows])
    return folder / "list.csv"
