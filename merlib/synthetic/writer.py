"""Writes a look-alike database to disk: casts it, films it person by person, annotates it."""

import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from joblib import delayed

from merlib import paths
from merlib.cache.files import sweep, whole
from merlib.data.source import LOOK_ALIKE
from merlib.progress import track
from merlib.synthetic import sums
from merlib.synthetic.face.canvas import View
from merlib.synthetic.face.identity import Identity, draw_identity
from merlib.synthetic.layouts.base import Layout
from merlib.synthetic.layouts.micro import LAYOUTS
from merlib.synthetic.motion.action_units import ACTION_UNITS
from merlib.synthetic.motion.emotions import Part
from merlib.synthetic.motion.filming import Actor, film
from merlib.synthetic.motion.takes import Take
from merlib.workers import parallel

VERSION = 2  # of the generator; to be raised with every change that changes a file
SIGNATURE = f"{LOOK_ALIKE} (merlib data synth"
JPEG_QUALITY = 90


@dataclass(frozen=True)
class Size:
    """How much to write; height and width are those of the frames, in pixels."""

    subjects: int
    clips: int
    height: int
    width: int

    def __post_init__(self):
        if self.subjects < 2 or self.clips < 2 * self.subjects:
            raise ValueError(f"{self}: a look-alike database needs at least 2 subjects and 2 clips per subject")
        if min(self.height, self.width) < 48:
            raise ValueError(f"{self}: frames need at least 48 x 48 pixels")


def write(name: str, data_root: str | Path, size: Size, seed: int = 0, n_jobs: int = -1) -> Path:
    """Writes the look-alike of database `name`, one of `micro.LAYOUTS`, and returns its folder in `data_root`.

    The same name, size and seed give the same files, byte for byte, for any `n_jobs` (processes; -1 for all cores).
    If they are there already, nothing is written; a damaged look-alike is drawn again, with a warning, and another one is
    replaced. `SOURCE.txt` says what was written, `SHA256SUMS` lists all files. `truth.csv` has the true emotion, apex and
    action units of every clip, for `truth` and tests of the generator.
    Raises FileExistsError when the folder holds anything else, or would lose files that are of no look-alike; ValueError
    for an unknown name or a size that the database cannot have.
    """
    if name not in LAYOUTS:
        raise ValueError(f"no look-alike of {name!r}; there are {', '.join(LAYOUTS)}")
    folder = Path(data_root) / LAYOUTS[name].folder
    source = _source(name, size, seed)
    if folder.exists() and _refuse_real(folder) == source:
        if not (damage := sums.damage(folder)):
            return folder
        warnings.warn(f"{folder} {damage}: it is drawn again", stacklevel=2)
    sweep(folder.parent)
    with whole(folder) as temporary:
        temporary.mkdir()
        _write(name, temporary, size, seed, n_jobs)
        (temporary / paths.SOURCE).write_text(source, encoding="utf-8", newline="\n")
        sums.write(temporary)
        _refuse_loss(folder, temporary)
    return folder


def _source(name: str, size: Size, seed: int) -> str:
    amount = f"{size.subjects} subjects, {size.clips} clips, {size.height} x {size.width} px"
    return f"{SIGNATURE} {name}: {amount}, seed {seed}, generator version {VERSION})\n"


def _refuse_real(folder: Path) -> str:
    """The provenance of a look-alike's folder; raises FileExistsError for any other folder."""
    note = folder / paths.SOURCE
    source = note.read_text(encoding="utf-8", errors="replace") if note.is_file() else ""
    if not source.startswith(SIGNATURE):
        raise FileExistsError(
            f"{folder} exists and is not look-alike data (no {paths.SOURCE} of ours), so it is left as it is; "
            "choose another data root for look-alike data"
        )
    return source


def _refuse_loss(folder: Path, drawn: Path) -> None:
    """Raises FileExistsError for a folder with files of somebody's own among those of a look-alike."""
    if lost := sums.foreign(folder, drawn):
        shown = ", ".join(lost[:3]) + (", ..." if len(lost) > 3 else "")
        raise FileExistsError(
            f"{folder} holds files that its list of drawn files ({paths.SUMS}) does not have, {len(lost)} of them "
            f"({shown}), so it is left as it is; move them elsewhere, or remove the folder"
        )


def _write(name: str, folder: Path, size: Size, seed: int, n_jobs: int) -> None:
    layout = LAYOUTS[name]
    parts = layout.cast(size.subjects, size.clips, _rng(seed, name, "cast"))
    work = (
        delayed(_film_person)(name, folder, size, seed, person, [part for part in parts if part.person == person])
        for person in range(size.subjects)
    )
    filmed = parallel(work, n_jobs, in_order=True)
    rows = [row for rows in track(filmed, f"look-alike {layout.folder}", total=size.subjects) for row in rows]
    clips = pd.DataFrame(rows)
    layout.annotate(folder, clips)
    _truth(clips).to_csv(folder / "truth.csv", index=False, lineterminator="\n")


def identity(name: str, seed: int, person: int) -> Identity:
    """Who the person number `person`, from 0, of a look-alike database is."""
    return draw_identity(_rng(seed, name, "person", person))


def _rng(seed: int, *key: str | int) -> np.random.Generator:
    """An independent stream of random numbers for `key`, so that no clip depends on the clips before it."""
    return np.random.default_rng([seed, *(zlib.crc32(str(part).encode()) for part in key)])


def _film_person(name: str, folder: Path, size: Size, seed: int, person: int, parts: list[Part]) -> list[dict]:
    """Writes the frames of one person's clips and returns one row per clip for the sheets."""
    layout = LAYOUTS[name]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the processes share the cores already
    try:
        view = View.cropped(size.height, size.width) if layout.cropped else View.seated(size.height, size.width)
        actor = layout.actor(identity(name, seed, person), view)
        labels = [part.label for part in parts]
        return [
            _film_clip(
                layout, folder, actor, part, number, labels[:number].count(part.label), _rng(seed, name, person, number)
            )
            for number, part in enumerate(parts, start=1)
        ]
    finally:
        cv2.setNumThreads(threads)


def _film_clip(
    layout: Layout, folder: Path, actor: Actor, part: Part, number: int, take_number: int, rng: np.random.Generator
) -> dict:
    subject, label = layout.subject(part.person), layout.label(part.label)
    clip = layout.clip(subject, label, number, take_number, rng)
    first = layout.first_frame(clip, rng)
    fps = layout.rate(part.person)
    take = layout.play(actor.who, part.units, fps, rng)
    frames = film(actor, take, layout.cropped, layout.extra, rng)
    for i, frame in enumerate(frames):
        _save(folder / layout.frame(subject, label, clip, first + i), frame, layout.grey)
    onset = first + layout.extra
    start = take.filmed.start if take.filmed else 0
    return {
        "subject": subject,
        "clip": clip,
        "label": label,
        "fps": fps,
        "onset": onset,
        "apex": onset + take.annotated_apex - start,
        "offset": first + len(frames) - 1 - layout.extra,
        "units": take.annotated_units,
        "intensities": {number: max(_sides(take, number)) for number, _ in take.annotated_units},
        "true_emotion": part.emotion,
        "true_apex": onset + take.apex - start,
        "true_units": {key: unit.intensity for key, unit in take.activations.items()},
    }


def _sides(take: Take, number: int) -> list[float]:
    return [unit.intensity for (unit_number, _), unit in take.activations.items() if unit_number == number]


def _save(path: Path, frame: np.ndarray, grey: bool) -> None:
    """Writes an RGB frame (H, W, 3) in the format of the path's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY if grey else cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix in (".jpg", ".jpeg") else []
    _, encoded = cv2.imencode(path.suffix, picture, options)
    path.write_bytes(encoded.tobytes())


def _truth(clips: pd.DataFrame) -> pd.DataFrame:
    """One row per clip: true emotion, apex, and peak intensity (0: at rest) of every action unit, left and right."""
    keys = [(number, side) for number in ACTION_UNITS for side in "LR"]
    units = pd.DataFrame(
        [{f"AU{number}{side}": row.get((number, side), 0.0) for number, side in keys} for row in clips["true_units"]]
    )
    return pd.concat([clips[["subject", "clip", "true_emotion", "true_apex"]], units.round(4)], axis=1)
