"""Look-alike databases on disk: reproducible, never over real data, in the real layouts; and what can be learnt from them."""

import contextlib
import hashlib
import re
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from merlib import profiles
from merlib.cache.files import PARTIAL
from merlib.data import aus, databases, objective, schemes
from merlib.data.names import person
from merlib.data.pictures import PICTURES
from merlib.synthetic import Size, write, writer
from merlib.synthetic.layouts import micro
from merlib.synthetic.layouts.micro import LAYOUTS, MICRO
from merlib.synthetic.motion.emotions import cast

SMALL = Size(subjects=2, clips=8, height=60, width=60)
# what sheets name and nobody draws: jaw clench, closed eyes, head forward
NOT_DRAWN = {38, 43, 58}
# hash of the frames' names and of truth.csv, of SMALL and seed 4
FILMED = {
    "casme2": "6496362ff50c", "samm": "8c811473f29b", "smic": "640b5f263d28", "mmew": "73c96a3a0e7b",
    "casme": "1f51a5c7746a", "cas_me_2": "c2ce844d4e7a", "cas_me_3": "78982e26dfd6", "dfme": "37c5c65146f4",
    "ckplus": "1028e87c073e", "oulu_casia": "230acf08136c", "jaffe": "e9266805d72e", "mug": "d334e7f63b35",
}  # fmt: skip


def digest(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def filmed(folder):
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in PICTURES)
    text = "\n".join([*names, (folder / "truth.csv").read_text(encoding="utf-8")])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def with_truth(table, folder):
    """The clip table with the columns of `truth.csv`."""
    truth = pd.read_csv(folder / "truth.csv", dtype={"subject": str})
    merged = table.assign(person=table["subject"].map(person)).merge(
        truth.assign(person=truth.pop("subject").map(person)), on=["person", "clip"], validate="one_to_one"
    )
    assert len(merged) == len(table)
    return merged


@pytest.fixture(scope="module")
def casme2(tmp_path_factory):
    """A look-alike CASME II with enough clips to learn from, and the truth beside it."""
    root = tmp_path_factory.mktemp("look_alike")
    folder = write("casme2", root, Size(subjects=6, clips=72, height=84, width=70), seed=1)
    return with_truth(databases.read("casme2", root).table, folder)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_same_seed_gives_the_same_bytes_for_any_number_of_processes(name, tmp_path):
    first = write(name, tmp_path / "a", SMALL, seed=4, n_jobs=1)
    second = write(name, tmp_path / "b", SMALL, seed=4, n_jobs=2)
    assert digest(first) == digest(second)
    assert filmed(first) == FILMED[name]  # whatever else is written in the sheets, the same is filmed
    assert digest(write(name, tmp_path / "c", SMALL, seed=5, n_jobs=1)) != digest(first)


def test_writing_again_does_nothing_and_another_size_replaces(tmp_path):
    folder = write("smic", tmp_path, SMALL, n_jobs=1)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write("smic", tmp_path, SMALL, n_jobs=1) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    write("smic", tmp_path, Size(2, 6, 48, 48), n_jobs=1)
    assert len(pd.read_csv(folder / "truth.csv")) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["SMIC"]


def test_a_folder_that_is_not_look_alike_is_refused_and_left_as_it_is(tmp_path):
    real = tmp_path / "SAMM"
    real.mkdir()
    (real / "006.jpg").write_bytes(b"real")
    for note in (None, "my own data"):
        if note:
            (real / "SOURCE.txt").write_text(note)
        with pytest.raises(FileExistsError, match="SAMM exists and is not look-alike data"):
            write("samm", tmp_path, SMALL)
        assert (real / "006.jpg").read_bytes() == b"real"


def test_an_interrupted_write_leaves_the_old_folder_and_nothing_else(tmp_path, monkeypatch):
    before = digest(write("mmew", tmp_path, SMALL, n_jobs=1))
    monkeypatch.setattr(micro.Mmew, "annotate", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write("mmew", tmp_path, Size(2, 6, 48, 48), n_jobs=1)
    assert digest(tmp_path / "MMEW") == before
    assert [path.name for path in tmp_path.iterdir()] == ["MMEW"]


def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path):
    code = "import sys; from merlib.synthetic import Size, write; write('casme2', sys.argv[1], Size(2, 40, 480, 640), n_jobs=1)"
    writer = subprocess.Popen([sys.executable, "-c", code, tmp_path], stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob(".*/CASME2/*/*")):
        assert writer.poll() is None, "it was over before it could be killed"
        time.sleep(0.01)
    writer.kill()
    writer.wait()
    assert [left.name[: len(PARTIAL)] for left in tmp_path.iterdir()] == [PARTIAL]
    folder = write("casme2", tmp_path, Size(2, 4, 60, 60))
    assert list(tmp_path.iterdir()) == [folder]


def lose_a_person(folder):
    shutil.rmtree(next(folder.rglob("*.bmp")).parents[2])


def flip_a_byte(folder):
    frame = next(folder.rglob("*.bmp"))
    data = bytearray(frame.read_bytes())
    data[len(data) // 2] ^= 1
    frame.write_bytes(data)


def shorten_the_list(folder):
    path = folder / "SHA256SUMS"
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    next(folder.rglob("*.bmp")).unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            lambda folder: next(folder.rglob("*.bmp")).unlink(),
            r"SMIC is damaged: 1 of \d+ files .*\(\S+\.bmp\): it is drawn again",
        ),
        (lose_a_person, r"SMIC is damaged: \d\d+ of \d+ files .*bmp, \.\.\.\)"),
        (flip_a_byte, r"SMIC is damaged: 1 of"),
        (lambda folder: (folder / "truth.csv").write_text(""), r"SMIC is damaged: 1 of .*\(truth\.csv\)"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), r"SMIC has no whole list of its files \(SHA256SUMS\)"),
        (shorten_the_list, "SMIC has no whole list of its files"),
    ],
)
def test_a_damaged_look_alike_is_drawn_again(damage, said, tmp_path):
    folder = write("smic", tmp_path, SMALL, n_jobs=1)
    before = digest(folder)
    damage(folder)
    with pytest.warns(UserWarning, match=said):
        write("smic", tmp_path, SMALL, n_jobs=1)
    assert digest(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["SMIC"]


@pytest.mark.parametrize("listed", [True, False])
def test_files_of_somebodys_own_are_never_lost(listed, tmp_path):
    folder = write("smic", tmp_path, SMALL, n_jobs=1)
    next(folder.rglob("*.bmp")).unlink()
    (folder / ".DS_Store").touch()
    own = folder / "SMIC_all_raw" / "HS" / "s21" / "frame.bmp"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"filmed")
    if not listed:
        (folder / "SHA256SUMS").unlink()
    before = digest(folder)
    for size in (SMALL, Size(2, 6, 48, 48)):
        with (
            pytest.warns() if size == SMALL else contextlib.nullcontext(),
            pytest.raises(FileExistsError, match="left as it is") as refused,
        ):
            write("smic", tmp_path, size, n_jobs=1)
        assert "frame.bmp" in str(refused.value) or not listed
        assert digest(folder) == before


def test_the_list_of_files_is_one_that_sha256sum_checks(tmp_path):
    folder = write("jaffe", tmp_path, SMALL, n_jobs=1)
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    found = digest(folder)
    del found["SHA256SUMS"]
    assert lines == [*(f"{value}  {name}" for name, value in sorted(found.items())), f"# {len(found)} files"]


@pytest.mark.parametrize("size", [(1, 8, 60, 60), (4, 7, 60, 60), (2, 8, 40, 60)])
def test_sizes_that_make_no_database_are_refused(size):
    with pytest.raises(ValueError, match=r"needs? at least"):
        Size(*size)


def test_an_unknown_database_is_refused(tmp_path):
    with pytest.raises(ValueError, match="casme2, samm, smic, mmew"):
        write("casme9", tmp_path, SMALL)


def test_databases_profiles_and_generator_agree_on_what_has_a_look_alike():
    drawn = {name for name, reader in databases.READERS.items() if reader.look_alike}
    assert drawn == set(LAYOUTS)
    for profile in ("smoke", "demo"):
        assert drawn == set(profiles.synth(profile))


def test_a_look_alike_is_filmed_at_the_frame_rate_of_the_database():
    rates = {name: layout.fps for name, layout in LAYOUTS.items()}
    assert rates == {name: databases.READERS[name].fps or 25 for name in LAYOUTS}  # JAFFE's stills have none


@pytest.mark.filterwarnings("ignore:of the sheets in DFME", "ignore:casme2. the objective class")
@pytest.mark.parametrize("name", MICRO)
def test_the_readers_read_every_clip_but_the_planted_fault(name, tmp_path):
    size = Size(subjects=3, clips=24, height=60, width=60)
    folder = write(name, tmp_path, size, n_jobs=1)
    clips = databases.read(name, tmp_path)
    assert len(clips) == 24 - (name == "samm")
    assert clips.excluded["reason"].str.contains("apex").all()
    assert clips.source.look_alike
    table = with_truth(clips.table, folder)
    numbers = [int(re.search(r"(\d+)\.\w+$", frames[0])[1]) for frames in table["frames"]]
    if name != "smic":
        assert numbers == table["onset"].to_list()
        assert (table["apex"] - table["true_apex"]).abs().max() <= 0.15 * (table["offset"] - table["onset"]).max()
    whole = table[
        (table["offset"] > table["apex"]) | table["apex"].isna()
    ]  # one sheet has a clip that ends at its apex
    assert len(whole) == len(table) - (name in ("cas_me_2", "cas_me_3"))
    assert ((whole["onset"] <= whole["true_apex"]) & (whole["true_apex"] <= whole["offset"])).all()
    for row in table.itertuples():
        named = aus.numbers(row.aus) - NOT_DRAWN
        shown = {n for n in named if getattr(row, f"AU{n}L") + getattr(row, f"AU{n}R") > 0}
        assert shown == named or (" or " in row.aus and shown)
        frame = cv2.imread(row.frames[0], cv2.IMREAD_UNCHANGED)
        assert frame.shape == ((60, 60) if name == "samm" else (60, 60, 3))


def test_the_sheets_have_the_real_ones_quirks(tmp_path):
    size = Size(subjects=4, clips=60, height=48, width=48)
    sheet = pd.read_excel(write("casme2", tmp_path, size) / "CASME2-coding-20190701.xlsx", dtype=str)
    assert list(sheet.columns[[2, 6]]) == ["Unnamed: 2", "Unnamed: 6"]
    assert {"01", "02"} <= set(sheet["Subject"])
    assert (sheet["ApexFrame"] == "/").sum() == 1
    assert {"?", "none"} <= set(sheet["Action Units"]) and sheet["Action Units"].str.contains(r"4\+[LR]10").any()
    assert "EP09f" in set(sheet["Filename"])
    sheet = pd.read_excel(write("samm", tmp_path, size) / "SAMM_Micro_FACS_Codes_v2.xlsx", header=13, dtype=str)
    assert {"006", "007"} <= set(sheet["Subject"]) and "Other" in set(sheet["Estimated Emotion"])
    codes = " ".join(sheet["Action Units"])
    assert all(quirk in codes for quirk in ("A/B", "(R6 or R12)", "soft focus", "ref(43)", "4/7"))
    folder = write("casme", tmp_path, size)
    sheet = pd.read_excel(folder / "CASME-coding.xlsx", dtype=str)
    assert list(sheet.columns[[2, 7]]) == ["Unnamed: 2", "Unnamed: 7"]
    assert (sheet["ApexF1"] == "\\").sum() == (sheet["OffsetF"] == "\\").sum() == 1
    names = [path.stem.split("-")[1] for path in folder.rglob("*.jpg")]
    assert any(name.startswith("0") for name in names) and any(len(name) == 2 for name in names)
    folder = write("cas_me_2", tmp_path, size)
    coding, people, stimuli = pd.read_excel(folder / "CAS(ME)^2code_final.xlsx", None, header=None, dtype=str).values()
    assert coding[7].value_counts().to_dict() == {"micro-expression": 60, "macro-expression": 3}
    assert (coding[3] == "0").sum() == (coding[4] == "0").sum() == 1
    assert people[1].tolist() == ["s15", "s16", "s17", "s18"] and "0101" in set(stimuli[0])
    clips_of_a_video = (
        databases.read("cas_me_2", tmp_path).table["frames"].map(lambda paths: paths[0].rsplit("/", 1)[0])
    )
    assert clips_of_a_video.duplicated().any()


@pytest.mark.parametrize("profile", ["smoke", "demo"])
@pytest.mark.parametrize("name", MICRO)
def test_every_class_of_every_scheme_occurs(profile, name):
    size = Size(**profiles.synth(profile)[name])
    parts = cast(LAYOUTS[name].emotions, size.subjects, size.clips, writer._rng(0, name, "cast"))
    rare = {"casme2": {"sadness", "fear"}, "mmew": {"anger"}, "casme": {"sadness", "fear", "contempt"}}
    rare = rare.get(name, set())  # in no class of the papers' schemes
    labels = {LAYOUTS[name].label(emotion) for emotion in LAYOUTS[name].emotions if emotion not in rare}
    people = {label: {p.person for p in parts if LAYOUTS[name].label(p.label) == label} for label in labels}
    classes = [objective.of(unit.number for unit in part.units) for part in parts]
    fewest = 2 if profile == "demo" else 1
    assert min(len(persons) for persons in people.values()) >= fewest
    assert all(classes.count(number) >= fewest for number in ("I", "II", "III", "IV", "V"))


@pytest.mark.parametrize(("profile", "fewest"), [("smoke", 1), ("demo", 2)])
@pytest.mark.parametrize("name", schemes.SCHEMES["psn-4"])
def test_every_class_by_action_units_occurs(profile, fewest, name):
    size = Size(**profiles.synth(profile)[name])
    parts = cast(LAYOUTS[name].emotions, size.subjects, size.clips, writer._rng(0, name, "cast"))
    codes = ["+".join(str(unit.number) for unit in part.units) for part in parts]
    category = [schemes.psn_category(code) for code in codes]
    people = {}
    for part, name_of in zip(parts, category, strict=True):
        people.setdefault(schemes.SCHEMES["psn-4"][name][name_of], set()).add(part.person)
    assert people.keys() == {"positive", "negative", "surprise", "others"}
    assert min(map(len, people.values())) >= fewest


def onset_frames(table):
    """Standardised onset frames (N, 35 * 42) at half size."""
    pictures = [
        cv2.resize(cv2.imread(row.frames[0], 0), (35, 42), interpolation=cv2.INTER_AREA) for row in table.itertuples()
    ]
    X = np.array(pictures, float).reshape(len(table), -1)
    return (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)


def test_the_onset_frame_tells_the_person(casme2):
    predicted = cross_val_predict(KNeighborsClassifier(1), onset_frames(casme2), casme2["subject"], cv=4)
    assert (predicted == casme2["subject"]).mean() > 0.95


def test_the_onset_frame_does_not_tell_the_expression_of_another_person(casme2):
    table = casme2[casme2["emotion"].isin(["happiness", "disgust", "surprise", "others", "repression"])]
    folds = LeaveOneGroupOut().split(table, groups=table["subject"])
    predicted = cross_val_predict(
        LogisticRegression(C=1e-3, class_weight="balanced"), onset_frames(table), table["emotion"], cv=list(folds)
    )
    assert balanced_accuracy_score(table["emotion"], predicted) == pytest.approx(0.2, abs=0.12)


def test_the_true_action_units_tell_the_expression_of_another_person(casme2):
    table = casme2[casme2["emotion"].isin(["happiness", "disgust", "surprise", "others", "repression"])]
    folds = LeaveOneGroupOut().split(table, groups=table["subject"])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1, class_weight="balanced", max_iter=500))
    predicted = cross_val_predict(model, table.filter(like="AU"), table["emotion"], cv=list(folds))
    assert balanced_accuracy_score(table["emotion"], predicted) > 0.6
