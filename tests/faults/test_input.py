"""Own clips with a fault: `merlib data check` says what, where and what is accepted, and loading says the same."""

import pickle
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from helpers import toy

from faults import own_clips as own
from faults.checks import assert_helpful
from merlib.data import databases
from merlib.preprocessing import frames
from merlib.training import weights

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(4096)
LATIN = own.plain([("René", *own.ROWS[0][1:]), *own.ROWS[1:]])


class Bad(NamedTuple):
    """How good clips are spoilt, the pieces of the message that say where, and a pattern of what is accepted."""

    spoil: own.Spoil
    place: tuple[str, ...]
    accepts: str


ROW_5 = ("clips.csv", "row 5")
KINDS = {
    "the same frames under two people": Bad(own.cells(row_5={"frames": "anna/1"}), ("anna", "ben", "row 2", "row 5"), "."),
    "copied frames under two people": Bad(own.copied("anna/1", "ben/2"), ("anna", "ben", "row 2", "row 5"), "."),
    "linked frames under two people": Bad(own.linked("anna/1", "ben/2"), ("anna", "ben", "row 2", "row 5"), "."),
    "one clip in two spellings with two labels": Bad(
        own.cells(row_2={"subject": "Ben", "clip": "c2", "frames": "ben/2"}), ("row 2", "row 5"), "."
    ),
    "an error of Excel": Bad(own.workbook(own.cell("C5", "#N/A")), ("clips.xlsx", "row 5"), "."),
    "an error of Excel in the emotion": Bad(own.workbook(own.cell("D5", "#DIV/0!")), ("clips.xlsx", "row 5"), "."),
    "Latin-1": Bad(own.text(LATIN, "latin-1"), ("clips.csv",), "UTF-8"),
    "UTF-16 that ends in the middle": Bad(lambda f: (f / own.LIST).write_bytes(LATIN.encode("utf-16")[:-1]), ("clips.csv",), "UTF-8"),
    "a list of zeros": Bad(lambda f: (f / own.LIST).write_bytes(bytes(500)), ("clips.csv",), "."),
    "an empty list": Bad(own.text(""), ("clips.csv",), "subject, clip, frames, emotion"),
    "a header alone": Bad(own.text(",".join(own.HEADER)), ("clips.csv", "row 1"), "."),
    "no header": Bad(own.text("\n".join(",".join(row) for row in own.ROWS)), ("clips.csv",), "subject, clip, frames, emotion"),
    "a title twice": Bad(own.text(own.plain().replace("apex", "emotion")), ("clips.csv", "emotion"), "."),
    "no frames": Bad(own.cells(row_5={"frames": ""}), ROW_5, "frames"),
    "no subject": Bad(own.cells(row_5={"subject": ""}), ROW_5, "subject"),
    "no emotion": Bad(own.cells(row_5={"emotion": " "}), ROW_5, "emotion"),
    "a folder that is not there": Bad(own.cells(row_5={"frames": "ben/9"}), ("ben/9", *ROW_5), "not there"),
    "an onset after the offset": Bad(own.cells(row_5={"onset": "4", "offset": "2"}), ROW_5, "before onset"),
    "an apex outside": Bad(own.cells(row_5={"apex": "9"}), ROW_5, "outside onset..offset, 1..4"),
    "an onset of 30 digits": Bad(own.cells(row_5={"onset": "1" * 30}), ROW_5, "."),
    "an onset that is no number": Bad(own.cells(row_5={"onset": "four"}), ROW_5, "frame number"),
    "endless frames per second": Bad(own.cells(row_5={"fps": "inf"}), ROW_5, "number above 0"),
    "frames per second of 1e999": Bad(own.cells(row_5={"fps": "1e999"}), ROW_5, "number above 0"),
    "no frames per second": Bad(own.cells(row_5={"fps": "0"}), ROW_5, "number above 0"),
    "nan frames per second": Bad(own.cells(row_5={"fps": "nan"}), ROW_5, "number above 0"),
    "a frame of 30 digits": Bad(lambda f: (f / "ben/2/3.png").rename(f / "ben/2" / f"{'1' * 30}.png"), ROW_5, "."),
    "two files of one number": Bad(lambda f: (f / "ben/2/03.png").write_bytes(b"x"), ROW_5, "two files for frame 3"),
    "frames of one pixel": Bad(own.frames_of((1, 1)), ROW_5, "20 px"),
    "frames of two sizes": Bad(own.frame(own.larger), ROW_5, "3.png"),
    "a picture that is none": Bad(own.frame(lambda path: path.write_bytes(b"GIF89a")), ROW_5, "3.png"),
    "a picture cut in half": Bad(own.frame(own.cut(0.5)), ROW_5, "3.png"),
    "an empty picture": Bad(own.frame(own.cut(0)), ROW_5, "3.png"),
    "half a JPEG": Bad(own.jpeg_cut_in_half(b""), ROW_5, "3.jpg"),
    "half a JPEG with an end": Bad(own.jpeg_cut_in_half(b"\xff\xd9"), ROW_5, "3.jpg"),
    "a picture of 400 million pixels": Bad(own.frame(own.bomb), ROW_5, "3.png"),
    "half a video": Bad(own.video("ben.avi", cut=0.5), ROW_5, "ben.avi"),
    "a video cut at its beginning": Bad(own.video("ben.avi", cut=0.02), ROW_5, "ben.avi"),
    "an ending that no video has": Bad(own.video("ben.txt"), ROW_5, "ben.txt"),
    "a sheet with a password": Bad(own.sheet(OLE), ("clips.xlsx",), "password"),
    "a sheet that is none": Bad(own.sheet(b"not a workbook"), ("clips.xlsx",), "."),
    "an empty sheet": Bad(own.sheet(b""), ("clips.xlsx",), "."),
}  # fmt: skip


# the last of the names is written in another way than the others
SPELLINGS = {
    "composed and decomposed": ("Zoë", "Zoe\u0308"),
    "a blank without width": ("anna", "an\u200bna"),
    "two blanks": ("anna k", "anna  k"),
    "a blank that does not break": ("anna k", "anna\u00a0k"),
    "full-width digits": ("1", "１"),
    "capitals of ß": ("strauß", "STRAUSS"),
    "a leading zero": ("s1", "s01"),
    "blanks around": ("anna", " anna "),
}

# tensors and other contents of a file of weights
WEIGHTS = {
    "text": lambda path: path.write_text("weights"),
    "nothing": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(10_000)),
    "a list": lambda path: torch.save([torch.zeros(2)], path),
    "integer names": lambda path: torch.save({1: torch.zeros(2)}, path),
    "numbers": lambda path: torch.save({"a": 1.5}, path),
    "tensors without content": lambda path: torch.save({"a": torch.zeros(2, device="meta")}, path),
    "sparse tensors": lambda path: torch.save({"a": torch.eye(2).to_sparse()}, path),
    "complex tensors": lambda path: torch.save({"a": torch.zeros(2, dtype=torch.complex64)}, path),
    "what is no number": lambda path: torch.save({"a": torch.full((2,), torch.nan)}, path),
    "a whole model": lambda path: torch.save(torch.nn.Linear(2, 2), path),
    "code": lambda path: torch.save({"a": toy.Intruder(path.parent / "was_here")}, path),
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"a": toy.Intruder(path.parent / "was_here")})),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    return own.write(tmp_path / "own")


def loaded(folder: Path) -> str:
    """What loading says of the clips that it cannot use."""
    try:
        clips, _ = frames.load(databases.read("own", folder).classes("own"), size=16, crop=False)
    except ValueError as error:
        return str(error)
    return "\n".join(f"{row.file}, row {row.row}: {row.reason}" for row in clips.excluded.itertuples())


def test_good_clips_have_no_fault(home, folder, call):
    result = call("data", "check", "own", "--data-root", folder)
    assert result.exit_code == 0, result.output
    assert loaded(folder) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_bad_clips_are_named_by_the_check_and_by_loading(home, folder, call, kind):
    bad = KINDS[kind]
    bad.spoil(folder)
    result = call("data", "check", "own", "--data-root", folder)
    assert result.exit_code == 1, result.output
    assert_helpful(result.output, *bad.place, accepts=bad.accepts)
    assert_helpful(loaded(folder), *bad.place, accepts=bad.accepts)


def test_action_units_that_end_early_are_named_by_the_check_and_leave_the_clip_in(home, folder, call):
    own.cells(row_5={"aus": "12+"})(folder)
    result = call("data", "check", "own", "--data-root", folder)
    assert result.exit_code == 1, result.output
    assert_helpful(result.output, *ROW_5, accepts="accepted: numbers joined by")
    clips = databases.read("own", folder)
    assert clips.excluded.empty and "12+" in clips.table["aus"].tolist()


def test_a_sheet_with_a_cell_in_its_last_row_is_read_at_once(home, folder, call):
    own.far_cell(folder)
    started = time.process_time()
    result = call("data", "check", "own", "--data-root", folder)
    assert time.process_time() - started < 10, "it took 103 s when all rows were made"
    assert "clips.xlsx" in result.output or result.exit_code == 0


@pytest.mark.parametrize("names", SPELLINGS.values(), ids=SPELLINGS)
def test_one_person_in_two_spellings_is_one_person_and_this_is_said(home, folder, call, names):
    one, other = names
    own.cells(row_2={"subject": one}, row_3={"subject": other})(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(set(databases.read("own", folder).subjects)) == 2
    said = call("data", "check", "own", "--data-root", folder).output
    assert "2 subjects" in said
    if one.strip() != other.strip() and not other.startswith("s0"):
        written = [name if name in said else ascii(name) for name in names]  # one that looks like another by its codes
        assert_helpful(said, *written, accepts="read as one person")


def test_an_animation_is_a_clip_of_all_its_pictures(home, folder, call):
    own.gif(folder)
    assert call("data", "check", "own", "--data-root", folder).exit_code == 0
    _, videos = frames.load(databases.read("own", folder).classes("own"), size=16, crop=False)
    assert [len(video) for video in videos] == [4, 4, 4, 10]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("write", WEIGHTS.values(), ids=WEIGHTS)
def test_a_file_of_weights_that_holds_something_else_is_refused(tmp_path, write):
    file = tmp_path / "mine.pt"
    write(file)
    with pytest.raises(weights.WeightsError) as raised:
        weights.from_file(file)
    assert_helpful(str(raised.value), str(file), accepts="torch.save|accepted|Accepted")
    assert "weights_only" not in str(raised.value)
    assert not (tmp_path / "was_here").exists()
