"""Published features as clips with one vector each: LBP-TOP and HOOF of MEGC 2019, and LBP-TOP of CASME II.

The clips have no frames.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import loadmat

from merlib.data import names
from merlib.data.clips import KEY, Clips, make_table
from merlib.data.databases import sheets
from merlib.data.databases.megc2019_flow import DATABASES, LABELS
from merlib.data.public import registry
from merlib.data.source import Source

# variant -> values per clip; TIM: the clip was interpolated to so many frames
MEGC2019 = {
    "LBPTOP_TIM10_333_4": 177, "LBPTOP_TIM10_333_8": 177, "LBPTOP_TIM64_333_4": 177, "LBPTOP_TIM64_333_8": 177,
    "HOOF_TIM10_4": 36, "HOOF_TIM10_8": 72, "HOOF_TIM64_4": 256, "HOOF_TIM64_8": 512,
}  # fmt: skip
LIST = "Data/Apex_Cropped_images.txt"
CASME2 = {"whole face": ("CASME2_feature.mat", 177), "5 x 5 blocks": ("CASME2_feature_block55_P4.mat", 4425)}
CASME2_LABELS = {"happiness": 0, "disgust": 1, "surprise": 2, "repression": 3, "others": 4}
FILED_AS_HAPPINESS = ("sadness", "fear")  # by the script that made the labels, which has no case for them


class FeaturesError(ValueError):
    """Features that do not fit their clips; the message lists all faults."""


def megc2019(variant: str, data_root: Path | str = "") -> tuple[Clips, np.ndarray]:
    """The 442 clips of MEGC 2019 and their vectors, float64 (442, d), of one of `MEGC2019`.

    A vector is matched with its clip by database, subject and clip. LBP-TOP: 59 values of each plane, XY, XT, YT. HOOF: the 4
    or 8 rows of 9 or 64 values that are stored, one after the other. The emotions are the classes negative, positive and surprise.
    Raises ValueError for another variant, FileNotFoundError without the files, and FeaturesError when clips and vectors
    do not fit together.
    """
    _known(variant, MEGC2019)
    folder = registry.folder("megc2019_features", data_root)
    archive = folder / ("HOOF" if variant.startswith("HOOF") else "LBP-TOP") / "Features.zip"
    listed = _listed(folder / LIST)
    vectors = _vectors(archive, variant)
    clips = _clips(listed, folder)
    keys = names.clips(clips.table)
    faults = [f"no vector of {' '.join(key)}" for key in keys if key not in vectors]
    faults += [f"a vector of {' '.join(key)}, which is not in {LIST}" for key in vectors.keys() - set(keys)]
    return clips, _matrix([vectors.get(key, np.zeros(0)) for key in keys], MEGC2019[variant], faults, archive)


def casme2(variant: str, data_root: Path | str = "") -> tuple[Clips, np.ndarray]:
    """The 255 clips of CASME II and their LBP-TOP, float64 (255, d), of one of `CASME2`.

    The file names no clips: its columns have the order of the sheet of 2014, which is also the order of the folders'
    names. The published labels are compared with the sheet in this order. All 255 agree; so an exchange of clips of one
    emotion would not be noticed. The labels file 9 clips of sadness and fear as happiness. The emotions here are the sheet's.
    Raises ValueError for another variant, FileNotFoundError without the files, and FeaturesError when labels and sheet
    do not agree.
    """
    _known(variant, CASME2)
    name, values = CASME2[variant]
    folder = registry.folder("casme2_lbptop", data_root, "yuxinhe/")
    sheet = registry.folder("casme2_lbptop", data_root, "QqXuyujie/") / "Onset_Apex_Files" / "CASME2"
    rows = sheets.find(sheet, sheets.HEADER)
    rows["subject"] = [sheets.numbered("sub{:02d}", subject) for subject in rows["subject"]]
    clips = _clips(rows.assign(database="casme2"), folder.parent)
    labels = loadmat(folder / "CASME2_label.mat")["label"].ravel()
    expected = [CASME2_LABELS[_filed(emotion)] for emotion in clips.table["emotion"]]
    if len(labels) != len(expected):
        raise FeaturesError(f"{len(labels)} labels in {folder}, {len(expected)} clips in {sheet}")
    faults = [
        f"{clip.subject} {clip.clip}: label {label}, but the sheet says {clip.emotion}"
        for clip, label, wanted in zip(clips.table.itertuples(), labels, expected, strict=True)
        if label != wanted
    ]
    return clips, _matrix(list(loadmat(folder / name)["feature"].T), values, faults, folder / name)


def _filed(emotion: str) -> str:
    return "happiness" if emotion in FILED_AS_HAPPINESS else emotion


def _known(variant: str, variants: dict) -> None:
    if variant not in variants:
        raise ValueError(f"no features {variant!r}; there are {', '.join(map(repr, variants))}")


def _listed(file: Path) -> pd.DataFrame:
    """One row per line such as `samm-6-006_1_2-006_05588.jpg 0`: database, subject, clip and emotion."""
    rows, faults = [], []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        image, _, label = line.rpartition(" ")
        parts = image.split("-")
        if len(parts) == 4 and parts[0] in DATABASES and label in LABELS:
            name = "-".join(parts[:3])
            rows.append(
                dict(zip(("database", "subject", "clip"), parts, strict=False), emotion=LABELS[label], name=name)
            )
        else:
            faults.append(f"line {number}: {line!r}, expected database-subject-clip-apex and 0, 1 or 2")
    _refuse(faults, file)
    return pd.DataFrame(rows)


def _vectors(archive: Path, variant: str) -> dict[tuple[str, str], np.ndarray]:
    """The vectors of a variant by the keys of their clips."""
    found, faults = [], []
    try:
        with zipfile.ZipFile(archive) as files:
            for name in files.namelist():
                parts = Path(name).stem.split("-")
                if name.startswith(f"{variant}/") and name.endswith(".mat"):
                    faults += [] if len(parts) == 3 else [f"{name}: expected database-subject-clip.mat"]
                    content = loadmat(io.BytesIO(files.read(name)))
                    found.append((parts, content["HOOF" if "HOOF" in variant else "Histogram"].ravel()))
    except (zipfile.BadZipFile, KeyError) as error:
        raise FeaturesError(f"{archive} cannot be read: {error}") from error
    _refuse(faults, archive)
    keys = names.clips(pd.DataFrame([parts for parts, _ in found], columns=KEY))
    return dict(zip(keys, (vector for _, vector in found), strict=True))


def _clips(rows: pd.DataFrame, folder: Path) -> Clips:
    """Clips of rows with database, subject, clip and emotion, without frames."""
    clip = {"frames": [], "onset": pd.NA, "apex": pd.NA, "offset": pd.NA, "fps": np.nan, "cropped": False}
    records = [
        clip | {"aus": row.get("aus", ""), "emotion": names.plain(row["emotion"])} | {name: row[name] for name in KEY}
        for row in rows.to_dict("records")
    ]
    return Clips(make_table(records), source=Source.of_folder(folder, f"features in {folder.name}"))


def _matrix(vectors: list[np.ndarray], values: int, faults: list[str], file: Path) -> np.ndarray:
    faults += [f"vector {i}: {len(v)} values instead of {values}" for i, v in enumerate(vectors) if len(v) != values]
    _refuse(faults, file)
    X = np.stack(vectors).astype(np.float64)
    _refuse([f"vector {i}: a value is not finite" for i in np.flatnonzero(~np.isfinite(X).all(axis=1))], file)
    return X


def _refuse(faults: list[str], file: Path) -> None:
    if faults:
        raise FeaturesError("\n  ".join([f"{file} does not fit its clips:", *faults]))
