"""Writes tiny databases by hand, in the real layouts, for the tests of the readers."""

import csv
import itertools
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import openpyxl

HEADER = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion"]
# the sheet of 2019 has blank columns; some copies drop them
BLANKED = [*HEADER[:2], None, *HEADER[2:5], None, *HEADER[5:]]
SAMM_HEADER = [
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
]  # fmt: skip

# clips an emotion, as published: the sheet of 2019, release 2, MMEW's Table 1
CASME2 = {"happiness": 32, "disgust": 63, "repression": 27, "surprise": 28, "others": 99, "sadness": 4, "fear": 2}
SAMM = {
    "anger": 57, "happiness": 26, "other": 26, "surprise": 15, "contempt": 12, "disgust": 9, "fear": 8, "sadness": 6,
}  # fmt: skip
CASME_HEADER = ["Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "AU", "Emotion"]
CASME = {
    "tense": 69, "disgust": 44, "repression": 38, "surprise": 20, "happiness": 9, "sadness": 6, "fear": 2, "contempt": 1,
}  # fmt: skip
CAS_ME_3_HEADER = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]
DFME_HEADER = [*HEADER[:5], "Emotion", "EmotionId", "Fps", "AU"]
CAS_ME_2 = {"negative": 21, "others": 19, "surprise": 9, "positive": 8}
MMEW = {"surprise": 89, "disgust": 72, "others": 66, "happiness": 36, "fear": 16, "sadness": 13, "anger": 8}

CKPLUS = {
    "anger": 45, "contempt": 18, "disgust": 59, "fear": 25, "happiness": 69, "sadness": 28, "surprise": 83, "": 266,
}  # fmt: skip
CKPLUS_CODES = dict(zip(["neutral", *CKPLUS], range(8), strict=False))
JAFFE = {"AN": 30, "DI": 29, "FE": 32, "HA": 31, "NE": 30, "SA": 31, "SU": 30}
SIX = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")


_seeds = itertools.count()


def picture(suffix: str = ".jpg", height: int = 20, width: int = 20) -> bytes:
    """An encoded picture of noise, another one each time."""
    grey = np.random.default_rng(next(_seeds)).integers(0, 256, (height, width), dtype=np.uint8)
    return cv2.imencode(suffix, grey)[1].tobytes()


def frames(folder: Path, numbers: Iterable[int], name: str = "img{}.jpg", height: int = 20, width: int = 20) -> None:
    """A folder with one picture a number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / name.format(number)).write_bytes(picture(Path(name).suffix, height, width))


def sheet(path: Path, rows: list[list], *more: list[list]) -> None:
    """An annotation file, Excel or CSV by its suffix, with `more` worksheets; numbers stay numbers in Excel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for cells in more:
            page = book.create_sheet()
            for row in cells:
                page.append(row)
        book.save(path)


def blanked(row: list) -> list:
    """A row of `HEADER` as a row of `BLANKED`."""
    return [*row[:2], None, *row[2:5], None, *row[5:]]


def casme2(
    root: Path,
    rows: list[list],
    name: str = "CASME2-coding-20190701.xlsx",
    layout: str = "Cropped",
    header: list = HEADER,
) -> None:
    """CASME II: rows of `HEADER` (subject as a number or a text of two digits), all frames onset..offset of each."""
    sheet(root / "CASME2" / name, [header, *(blanked(row) if header is BLANKED else row for row in rows)])
    pattern = "reg_img{}.jpg" if layout == "Cropped" else "img{}.jpg"
    for subject, clip, onset, _, offset, *_ in rows:
        frames(root / "CASME2" / layout / f"sub{int(subject):02d}" / clip, range(onset, offset + 1), pattern)


def samm(root: Path, rows: list[list], lines_above: int = 13) -> None:
    """SAMM: rows of `HEADER`, with the sheet's other columns filled in, below so many lines of text."""
    full = [[*row[:2], "1", *row[2:5], row[4] - row[2] + 1, "1/2", *row[5:7], 7, ""] for row in rows]
    sheet(
        root / "SAMM" / "SAMM_Micro_FACS_Codes_v2.xlsx",
        [*([["Codes of the SAMM database"]] * lines_above), SAMM_HEADER, *full],
    )
    for subject, clip, onset, _, offset, *_ in rows:
        frames(
            root / "SAMM" / f"{int(subject):03d}" / clip, range(onset, offset + 1), f"{int(subject):03d}_{{:05d}}.jpg"
        )


def smic(root: Path, clips: Iterable[tuple[str, str, str]], layout: str = "SMIC_all_raw/HS") -> None:
    """SMIC-HS: (subject, emotion, clip) with five frames each; without an emotion, the folders of SMIC-HS-E."""
    for subject, emotion, clip in clips:
        inside = Path(subject, "micro", emotion, clip) if emotion else Path(subject, clip)
        frames(root / "SMIC" / layout / inside, range(100230, 100235), "image{:06d}.bmp")


def mmew(root: Path, rows: list[list], height: int = 20, width: int = 20) -> None:
    """MMEW: rows of `HEADER` and remarks; two frames more than annotated."""
    sheet(root / "MMEW" / "MMEW_Micro_Exp.xlsx", [[*HEADER, "remarks"], *rows])
    for _, clip, onset, _, offset, _, emotion, *_ in rows:
        folder = root / "MMEW" / "Micro_Expression" / emotion / clip
        frames(folder, range(onset, offset + 3), "{}.jpg", height, width)


def casme(root: Path, rows: list[list], layout: str = "Cropped", padding: int = 1) -> None:
    """CASME: rows of `HEADER`, with a second apex and blank columns; frames in numbers of at least so many digits."""
    full = [[*row[:2], None, *row[2:4], row[3], row[4], None, *row[5:]] for row in rows]
    sheet(root / "CASME" / "CASME-coding.xlsx", [CASME_HEADER, *full])
    for subject, clip, onset, _, offset, *_ in rows:
        name = f"{'reg_' if layout == 'Cropped' else ''}{clip}-{{:0{padding}d}}.jpg"
        frames(root / "CASME" / layout / f"sub{int(subject):02d}" / clip, range(onset, offset + 1), name)


def cas_me_2(root: Path, rows: list[list], length: int = 120) -> None:
    """CAS(ME)²: rows of participant, clip, onset, apex, offset, AUs, emotion, type; videos of so many frames."""
    people = [
        [participant + 14, f"s{participant + 14}", participant] for participant in sorted({row[0] for row in rows})
    ]
    names = [[101, "disgust1"], ["0401", "anger1"]]
    sheet(root / "CASME_sq" / "CAS(ME)^2code_final.xlsx", [[*row, "self-report"] for row in rows], people, names)
    for number, name, _ in people:
        for video in ("0101disgustingteeth", "0401girlcrashing"):
            frames(root / "CASME_sq" / "rawpic" / name / f"{number}_{video}", range(1, length + 1), "img{:03d}.jpg")


def megc2019_flow(root: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    """MEGC 2019: rows of dataset, sub, filename_o, label, and a map for each."""
    folder = root / "MEGC2019_flow"
    sheet(folder / "combined_3_class2_for_optical_flow.csv", [["dataset", "sub", "filename_o", "label", "apex"], *rows])
    maps = folder / "datasets" / "STSNet_whole_norm_u_v_os"
    maps.mkdir(parents=True)
    for _, subject, clip, _ in rows:
        (maps / f"{subject}_{clip} .png").write_bytes(picture(".png", 28, 28))
    return folder


def ckplus(root: Path, rows: list[tuple[str, str, str]], length: int = 3) -> Path:
    """CK+: (subject, clip, emotion, "" without), so many frames each."""
    folder = root / "CKplus"
    for subject, clip, emotion in rows:
        name = f"{subject}_{clip}"
        images = folder / "cohn-kanade-images" / subject / clip
        frames(images, range(1, length + 1), f"{name}_{{:08d}}.png")
        labels = folder / "Emotion" / subject / clip
        labels.mkdir(parents=True)
        if emotion:
            text = f"   {CKPLUS_CODES[emotion]:.7e}\n"
            (labels / f"{name}_{length:08d}_emotion.txt").write_text(text, encoding="utf-8")
    return folder


def ckplus_of_published_size(root: Path) -> Path:
    """CK+ with its 593 sequences of 123 people."""
    labels = [emotion for emotion, number in CKPLUS.items() for _ in range(number)]
    return ckplus(root, [(f"S{i % 123:03d}", f"{i // 123 + 1:03d}", emotion) for i, emotion in enumerate(labels)])


def oulu_casia(root: Path, subjects: int, emotions: Iterable[str] = SIX, length: int = 4) -> Path:
    """Oulu-CASIA: every emotion of so many people, frames from 0."""
    for subject in range(1, subjects + 1):
        for emotion in emotions:
            folder = root / "Oulu_CASIA" / "OriginalImg" / "VL" / "Strong" / f"P{subject:03d}" / emotion
            frames(folder, range(length), "{:03d}.jpeg")
    return root / "Oulu_CASIA"


def jaffe(root: Path, names: Iterable[str], inside: str = "") -> Path:
    """JAFFE: a picture a name."""
    folder = root / "JAFFE" / inside
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(picture(".tiff"))
    return root / "JAFFE"


def jaffe_of_published_size(root: Path) -> Path:
    """JAFFE with its 213 pictures of ten women."""
    women = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
    posed = [(code, i) for code, number in JAFFE.items() for i in range(number)]
    names = [f"{women[i % 10]}.{code}{i // 10 + 1}.{n}.tiff" for n, (code, i) in enumerate(posed, start=1)]
    return jaffe(root, names)


def mug(root: Path, takes: Iterable[str], length: int = 5) -> Path:
    """MUG: takes such as "001/anger/take000", frames from 0."""
    for take in takes:
        frames(root / "MUG" / take, range(length), "img_{:04d}.jpg")
    return root / "MUG"


def video(path: Path, length: int) -> None:
    """A video of so many frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (32, 32))
    for i in range(length):
        writer.write(np.full((32, 32, 3), 4 * i, np.uint8))
    writer.release()


def counted_rows(emotions: dict[str, int], subjects: int) -> list[list]:
    """As many rows of `HEADER` as the counts say, the subjects in turn, three frames each."""
    labels = [emotion for emotion, number in emotions.items() for _ in range(number)]
    return [[i % subjects + 1, f"EP{i:03d}", 5, 6, 7, "4+7", emotion] for i, emotion in enumerate(labels)]


def cas_me_3(root: Path, rows: list[list], clips: bool = False, length: int = 60) -> Path:
    """CAS(ME)³: rows of `CAS_ME_3_HEADER`, and videos of so many frames or the frames of the `clips`; empty worksheets."""
    folder = root / "CASME3"
    sheet(folder / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", [CAS_ME_3_HEADER, *rows], [], [])
    for subject, video, onset, _, offset, *_ in rows:
        if clips:
            inside = f"Part_A_ME_clip/frame/{subject.replace('NO', 'No')}_{video}_{onset}"
            frames(folder / inside, range(int(onset), int(offset) + 1), "{}.jpg")
        elif not (folder / "part_A" / subject / video).exists():
            frames(folder / "part_A" / subject / video / "color", range(length), "{}.jpg")
    return folder


def dfme(root: Path, rows: list[list], part: str = "training", frames_in: str = "train_data") -> Path:
    """DFME: rows of `DFME_HEADER` in the sheet of a part, and the frames 0..offset + 2 of each."""
    folder = root / "DFME"
    sheet(folder / f"{part}_full_with_AU.xlsx", [DFME_HEADER, *rows])
    for _, clip, _, _, offset, *_ in rows:
        frames(folder / frames_in / clip, range(offset + 3), "{:05d}.png")
    return folder


def smic_apex(root: Path, rows: list[list]) -> Path:
    """The sheet of SMIC's apexes: rows of subject, clip, label, onset, apex, offset."""
    header = ["data", "subject", "clip", "label", "onset_frame", "apex_frame", "offset_frame", "apex_frame_path"]
    file = root / "SMIC" / "smic_apex.xlsx"
    sheet(file, [header, *(["smic", *row, "smic/HS_long/SMIC_HS_E/..."] for row in rows)])
    return file
