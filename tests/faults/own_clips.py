"""Own clips with one fault: functions that spoil a good list, or the files that it names."""

import csv
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import openpyxl
from PIL import Image

HEADER = ("subject", "clip", "frames", "emotion", "onset", "apex", "offset", "fps", "aus")
ROWS = (
    ("anna", "c1", "anna/1", "joy", "", "", "", "100", "6+12"),
    ("anna", "c2", "anna/2", "fear", "", "", "", "100", "4"),
    ("ben", "c1", "ben/1", "joy", "", "", "", "100", "12"),
    ("ben", "c2", "ben/2", "fear", "", "", "", "100", "1+4"),
)
LIST = "clips.csv"
Spoil = Callable[[Path], None]


def write(folder: Path) -> Path:
    """Two people with two clips of four frames each, all of them different, and a list without a fault."""
    rng = np.random.default_rng(0)
    for row in ROWS:
        clip = folder / row[2]
        clip.mkdir(parents=True)
        for number in range(1, 5):
            cv2.imwrite(str(clip / f"{number}.png"), rng.integers(0, 255, (32, 32, 3), np.uint8))
    write_list(folder, [HEADER, *ROWS])
    return folder


def write_list(folder: Path, rows, encoding: str = "utf-8") -> None:
    with (folder / LIST).open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(rows)


def cells(**of_rows: dict[str, str]) -> Spoil:
    """Other cells in the list: `cells(row_5={"fps": "inf"})`, rows numbered as a spreadsheet shows them."""

    def spoil(folder: Path) -> None:
        rows = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
        for name, changed in of_rows.items():
            rows[int(name.removeprefix("row_")) - 2] |= changed
        write_list(folder, [HEADER, *(row.values() for row in rows)])

    return spoil


def text(content: str, encoding: str = "utf-8") -> Spoil:
    """Another text as the list."""
    return lambda folder: void((folder / LIST).write_bytes(content.encode(encoding)))


def plain(rows=ROWS) -> str:
    return "\n".join(",".join(row) for row in [HEADER, *rows])


def workbook(change: Callable[[openpyxl.Workbook], None]) -> Spoil:
    """The list as an Excel file, after a change."""

    def spoil(folder: Path) -> None:
        book = openpyxl.Workbook()
        for row in (HEADER, *ROWS):
            book.active.append(row)
        change(book)
        book.save(folder / "clips.xlsx")
        (folder / LIST).unlink()

    return spoil


def cell(place: str, value: object) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        book.active[place] = value

    return change


def sheet(content: bytes) -> Spoil:
    """Bytes that are called an Excel file, in place of the list."""

    def spoil(folder: Path) -> None:
        (folder / LIST).unlink()
        (folder / "clips.xlsx").write_bytes(content)

    return spoil


def frame(change: Callable[[Path], None], name: str = "ben/2/3.png") -> Spoil:
    """One frame of the last clip is changed."""
    return lambda folder: change(folder / name)


def copied(source: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        shutil.rmtree(folder / target)
        shutil.copytree(folder / source, folder / target)

    return spoil


def linked(source: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        shutil.rmtree(folder / target)
        os.symlink(folder / source, folder / target)

    return spoil


def frames_of(shape: tuple[int, int], clip: str = "ben/2") -> Spoil:
    def spoil(folder: Path) -> None:
        for file in (folder / clip).iterdir():
            cv2.imwrite(str(file), np.full((*shape, 3), int(file.stem), np.uint8))

    return spoil


def video(name: str, length: int = 10, cut: float = 1.0, declared: str = "MJPG") -> Spoil:
    """The last clip as a video, of which a share is kept."""

    def spoil(folder: Path) -> None:
        made = folder / "made.avi"
        writer = cv2.VideoWriter(str(made), cv2.VideoWriter_fourcc(*declared), 25, (32, 32))
        for i in range(length):
            writer.write(np.random.default_rng(i).integers(0, 255, (32, 32, 3), np.uint8))
        writer.release()
        content = made.read_bytes()
        made.unlink()
        (folder / name).write_bytes(content[: int(len(content) * cut)])
        cells(row_5={"frames": name})(folder)

    return spoil


def gif(folder: Path) -> None:
    """The last clip as an animation of ten frames."""
    pictures = [Image.fromarray(np.full((32, 32, 3), 20 * i, np.uint8)) for i in range(10)]
    pictures[0].save(folder / "ben.gif", save_all=True, append_images=pictures[1:])
    cells(row_5={"frames": "ben.gif"})(folder)


def bomb(path: Path) -> None:
    """A picture of 20,000 x 20,000 pixels in 400 kB."""
    Image.new("1", (20_000, 20_000)).save(path)


def larger(path: Path) -> None:
    """A picture of another size than the others of its clip."""
    cv2.imwrite(str(path), np.zeros((48, 48, 3), np.uint8))


def cut(share: float, end: bytes = b"") -> Callable[[Path], None]:
    """Keeps the first share of a file, and appends an end."""
    return lambda path: void(path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)] + end))


def jpeg_cut_in_half(end: bytes) -> Spoil:
    def spoil(folder: Path) -> None:
        whole = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8))[1].tobytes()
        (folder / "ben/2/3.png").unlink()
        (folder / "ben/2/3.jpg").write_bytes(whole[: len(whole) * 2 // 3] + end)

    return spoil


def far_cell(folder: Path) -> None:
    """One cell in the last row that a sheet can have, in a file of some kB."""
    workbook(lambda book: None)(folder)
    with zipfile.ZipFile(folder / "clips.xlsx") as old, zipfile.ZipFile(folder / "far.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                far = b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
                content = content.replace(b"</sheetData>", far)
            new.writestr(name, content)
    os.replace(folder / "far.xlsx", folder / "clips.xlsx")


def void(_: object) -> None:
    """For functions that give something which nobody wants."""
