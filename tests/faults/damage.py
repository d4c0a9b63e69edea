"""What can happen to a file on a disk: each function changes one file, at random places."""

import random
import shutil
from pathlib import Path


def truncated(file: Path, rng: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: rng.randrange(1, len(content))])


def emptied(file: Path, rng: random.Random) -> None:
    file.write_bytes(b"")


def zeroed(file: Path, rng: random.Random) -> None:
    """What a file system may leave of a file that was not on the disk when the power failed."""
    file.write_bytes(bytes(file.stat().st_size))


def zeroed_at_its_end(file: Path, rng: random.Random) -> None:
    content = file.read_bytes()
    kept = rng.randrange(1, len(content) - 1)
    file.write_bytes(content[:kept] + bytes(len(content) - kept))


def one_bit_flipped(file: Path, rng: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def lengthened(file: Path, rng: random.Random) -> None:
    file.write_bytes(file.read_bytes() + rng.randbytes(100))


def another_in_its_place(file: Path, rng: random.Random) -> None:
    """The content of another whole file of the same folder, or text where there is none."""
    others = [other for other in file.parent.iterdir() if other.is_file() and other.suffix == file.suffix]
    others = sorted(other for other in others if other.read_bytes() != file.read_bytes())
    file.write_bytes(rng.choice(others).read_bytes() if others else b"another file")


def removed(file: Path, rng: random.Random) -> None:
    file.unlink()


def its_folder_removed(file: Path, rng: random.Random) -> None:
    shutil.rmtree(file.parent)


SILENT = (removed, its_folder_removed)  # what is not there is made without a word
HARMLESS = (one_bit_flipped, lengthened)  # or not: some bytes of a file mean nothing
KINDS = (truncated, emptied, zeroed, zeroed_at_its_end, one_bit_flipped, lengthened, another_in_its_place, *SILENT)
