"""Look-alikes of the macro-expression databases: read back as written, large expressions, faces that are found."""

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from merlib import profiles
from merlib.data import aus, databases
from merlib.preprocessing import frames, stills
from merlib.synthetic import Actor, Size, View, draw_identity, write, writer
from merlib.synthetic.face.mouth import Mouth
from merlib.synthetic.layouts.micro import LAYOUTS, MACRO
from merlib.synthetic.motion.action_units import ACTION_UNITS
from merlib.synthetic.motion.emotions import COMBINATIONS, POSED, units
from merlib.synthetic.motion.muscles import Muscles
from merlib.synthetic.motion.posed_filming import Poser
from merlib.synthetic.motion.posed_takes import RANGE, pose
from merlib.synthetic.motion.takes import AMPLITUDE, envelope, play

SMOKE = {name: Size(**size) for name, size in profiles.synth("smoke").items() if name in MACRO}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The four databases in the size smoke."""
    folder = tmp_path_factory.mktemp("look_alike")
    for name, size in SMOKE.items():
        write(name, folder, size)
    return folder


@pytest.fixture(scope="module")
def poser():
    return Poser(draw_identity(np.random.default_rng(3)), View.seated(160, 208))


@pytest.mark.parametrize("name", MACRO)
def test_every_clip_is_read_with_the_emotion_and_the_units_that_were_posed(root, name):
    clips = databases.read(name, root)
    assert len(clips) == SMOKE[name].clips and clips.excluded.empty
    truth = pd.read_csv(root / MACRO[name].folder / "truth.csv", dtype=str, keep_default_na=False)  # JAFFE's NA
    truth = truth.astype({name: float for name in truth if name.startswith(("AU", "true_apex"))})
    table = clips.table.merge(truth, on=["subject", "clip"], validate="one_to_one")
    assert len(table) == len(clips)
    assert (table["emotion"] == table["true_emotion"].replace("others", "unlabelled")).all()
    assert (table["apex"].fillna(table["true_apex"]) == table["true_apex"]).all()
    assert table["true_apex"].between(table["onset"], table["offset"]).all()
    if name == "ckplus":
        for row in table.itertuples():
            assert aus.numbers(row.aus) == {
                n for n in ACTION_UNITS if getattr(row, f"AU{n}L") + getattr(row, f"AU{n}R")
            }
    for row in table.itertuples():
        frame = cv2.imread(row.frames[-1], cv2.IMREAD_UNCHANGED)
        size = SMOKE[name].height, SMOKE[name].width
        assert frame.shape == (size if MACRO[name].grey else (*size, 3))


def test_clips_end_at_the_apex_or_after_it_as_in_the_real_databases(root):
    read = {name: databases.read(name, root).table for name in MACRO}
    for name in ("ckplus", "oulu_casia"):
        assert (read[name]["apex"] == read[name]["offset"]).all()
        assert read[name]["frames"].map(len).between(6, 22).all()
    assert read["jaffe"]["frames"].map(len).eq(1).all()
    assert read["mug"]["apex"].isna().all()
    assert read["mug"]["frames"].map(len).between(10, 22).all()
    assert {"neutral"} <= set(read["jaffe"]["emotion"])
    assert "unlabelled" in set(read["ckplus"]["emotion"])


@pytest.mark.parametrize("name", MACRO)
@pytest.mark.parametrize("profile", ["smoke", "demo"])
def test_every_class_is_posed_by_somebody_and_oulus_clips_are_one_an_emotion(name, profile):
    size = profiles.synth(profile)[name]
    parts = MACRO[name].cast(size["subjects"], size["clips"], writer._rng(0, name, "cast"))
    assert len(parts) == size["clips"]
    assert [part.person for part in parts] == sorted(part.person for part in parts)
    assert {part.person for part in parts} == set(range(size["subjects"]))
    assert {"happiness", "surprise", "anger", "disgust", "sadness"} <= {part.label for part in parts}
    if name == "oulu_casia":
        assert len({(part.person, part.emotion) for part in parts}) == len(parts)


def test_more_clips_than_oulu_can_have_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="at most 12"):
        write("oulu_casia", tmp_path, Size(2, 13, 60, 60), n_jobs=1)
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_in_two_databases():
    people = [draw_identity(writer._rng(0, name, "person", person)) for name in LAYOUTS for person in range(20)]
    assert len({who.seed for who in people}) == len({who.face_width for who in people}) == len(people)


@pytest.mark.parametrize("name", MACRO)
def test_the_face_is_found_in_every_clip_and_at_every_apex(root, home, name):
    clips = databases.read(name, root)
    apexes = stills.around_apex(clips, 0, 0)  # with one frame a clip, no other frame can stand in
    for some in (clips, apexes):
        found, videos = frames.load(some, size=48)
        assert len(found) == len(clips) and found.excluded.empty
        assert {video.shape[1:] for video in videos} == {(48, 48, 3)}
    images, X = stills.images(*frames.load(stills.last(clips, 3), size=48))
    assert len(images) == len(X) == sum(min(3, len(files)) for files in clips.table["frames"])


def test_posed_units_are_those_of_the_emotion_in_micro_expressions():
    for emotion, combinations in POSED.items():
        assert sum(combinations.values()) == pytest.approx(1)
        posed = {unit.number for code in combinations for unit in units(code)}
        assert posed <= RANGE.keys()
        if emotion in COMBINATIONS and emotion != "others":
            shown = {unit.number for code in COMBINATIONS[emotion] for unit in units(code)}
            assert posed - shown <= ({5} if emotion == "fear" else set()), emotion
    assert units("") == ()


def test_posed_expressions_are_several_times_as_strong_and_last_longer():
    strength, seconds = {"posed": [], "micro": []}, {"posed": [], "micro": []}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        who, shown = draw_identity(rng), units(["6+12", "1+2", "4+9", "15+17"][seed % 4])
        for manner, take in (("posed", pose(who, shown, 30, "all", rng)), ("micro", play(who, shown, 200, rng))):
            strength[manner] += [unit.intensity for key, unit in take.activations.items() if key[0] in dict(shown)]
            seconds[manner].append((take.num_frames - 1) / take.fps)
    assert np.median(strength["posed"]) > 4 * np.median(strength["micro"])
    assert np.median(seconds["posed"]) > 2 * np.median(seconds["micro"])
    assert min(seconds["posed"]) > max(seconds["micro"])


@pytest.mark.parametrize(("filmed", "first", "last"), [("all", 0, 0.3), ("rise", 0, 1), ("apex", 1, 1)])
def test_what_is_filmed_of_a_pose_runs_from_rest_to_the_apex_and_maybe_back(filmed, first, last):
    take = pose(draw_identity(np.random.default_rng(0)), units("12"), 30, filmed, np.random.default_rng(1))
    level = envelope(take, 0.0, np.array(take.filmed))
    assert level[0] == pytest.approx(first)
    assert abs(level[-1] - last) < 0.3
    assert level[take.apex - take.filmed.start] == 1
    if filmed == "all":
        assert (level[take.apex : take.apex + take.hold + 1] == 1).all()


@pytest.mark.parametrize("emotion", POSED)
def test_the_skin_does_not_slide_over_itself_at_the_end_of_the_range(poser, emotion):
    """A warp that folds shows a patch of skin twice, mirrored: where the way back into the picture turns around."""
    for code in POSED[emotion]:
        for seed in range(4):
            who = draw_identity(np.random.default_rng(seed))
            keys = [(unit.number, side) for unit in units(code) for side in "LR"]
            muscles = Muscles(who, poser.fields)
            skin, _ = muscles.motion({key: RANGE[key[0]] / AMPLITUDE for key in keys if key[0] not in (25, 26)})
            step = 1 / poser.fields.unit
            (xy, xx), (yy, yx) = (np.gradient(skin[..., axis], step) for axis in (0, 1))
            turned = (1 - xx) * (1 - yy) - xy * yx < 0
            assert turned.mean() < 0.004, (code, seed)


def test_the_mouth_opens_by_the_opening_and_the_upper_face_stays(poser):
    mouth = Mouth(poser.who, poser.mouth.canvas)
    shift, inside, _ = mouth.parted(0.3)
    column = np.abs(mouth.canvas.x[0]).argmin()
    height = inside[:, column].sum() / mouth.canvas.unit
    assert height == pytest.approx(0.3, abs=0.05)
    assert shift[..., 1].max() == pytest.approx(0.3 * 0.72, abs=0.02)
    outside = np.hypot(mouth.canvas.x, mouth.canvas.y - poser.who.mouth_y) > 0.5
    assert inside[outside].max() == 0
    assert shift[mouth.canvas.y < poser.who.mouth_y - 0.5].max() < 0.01
    closed, nothing, _ = mouth.parted(0.0)
    assert np.abs(closed).max() == 0 and nothing.max() == 0


def test_lips_part_over_a_dark_mouth_that_moves_with_the_head(poser):
    rest = poser.frame({})
    wide = {(26, "L"): RANGE[26] / AMPLITUDE, (26, "R"): RANGE[26] / AMPLITUDE}
    for shift in (0.0, 0.2):
        head = np.array([shift, 0, 0, 0, 0, 0])
        x, y = poser.view.pixels([(shift, poser.who.mouth_y + 0.15)])[0].round().astype(int)
        before, after = (poser.frame(shown, head)[y - 1 : y + 2, x - 1 : x + 2].mean() for shown in ({}, wide))
        assert after < 0.6 * before
    eyes = np.s_[: round(poser.view.centre_y) + 15]
    assert np.abs(poser.frame(wide)[eyes] - rest[eyes]).max() < 3


def test_a_poser_at_rest_looks_like_an_actor():
    who, view = draw_identity(np.random.default_rng(5)), View.seated(120, 160)
    np.testing.assert_allclose(Poser(who, view).frame({}), Actor(who, view).frame({}), atol=1)


@pytest.fixture(scope="module")
def change(tmp_path_factory):
    """Oulu-CASIA's clips, and what changes from their first frame to their last one, (n, 24 * 24)."""
    folder = tmp_path_factory.mktemp("oulu")
    write("oulu_casia", folder, Size(subjects=6, clips=36, height=96, width=120))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(folder))
        clips, videos = frames.load(databases.read("oulu_casia", folder), size=24)
    return clips, np.stack([(video[-1].astype(float) - video[0]).mean(axis=-1).ravel() for video in videos])


def test_the_change_to_the_apex_tells_the_expression_of_another_person(change):
    clips, X = change
    predicted = cross_val_predict(
        LogisticRegression(C=1e-3, max_iter=500),
        X,
        clips.table["emotion"],
        groups=clips.subjects,
        cv=LeaveOneGroupOut(),
    )
    assert (predicted == clips.table["emotion"]).mean() > 0.7  # chance is 1/6
