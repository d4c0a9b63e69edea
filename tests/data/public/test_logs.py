import pytest
from helpers import toy

from merlib.data.public import logs
from merlib.data.public.logs import LogError
from merlib.results import metrics
from merlib.training.experiments import Experiment
from merlib.training.loop import Settings

LOG = "casme2 sub01\nEP02_01f 1 1\nEP19_05f 0 2\nsmic 9\ns9_sur_01 2 2\n\nsamm 6\n006_1_2 0 0\n"


@pytest.fixture
def root(tmp_path):
    for folder, file, text in (
        ("christy1206+STSTNet", "STSTNet_logfile.txt", LOG),
        ("davidnvq+me_recognition", "result_log.csv", LOG.replace("EP19_05f 0 2\n", "")),
        (
            "davidnvq+me_recognition/datasets",
            "combined_3class_gt.csv",
            "casme2,sub01,EP02_01f,1\ncasme2,sub01,EP19_05f,0\nsmic,s09,s09_sur_01,2\nsamm,006,006_1_2,1\n",
        ),
    ):
        path = tmp_path / "Published_predictions" / folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "Published_predictions" / "SOURCE.txt").write_text("from somewhere")
    return tmp_path


def test_a_log_becomes_a_predictions_table(root):
    table = logs.predictions("STSTNet", root)
    assert table["subject"].tolist() == ["casme2/001", "casme2/001", "smic/009", "samm/006"]
    assert table["clip"].tolist() == ["EP02_01f", "EP19_05f", "s09_sur_01", "006_1_2"]
    assert table["target"].tolist() == ["positive", "negative", "surprise", "negative"]
    assert metrics.class_names(table) == ("positive", "negative", "surprise")
    score = metrics.scores(table, "last").iloc[0]
    assert (score["n"], score["folds"], score["accuracy"]) == (4, 3, 0.75)
    assert metrics.select(table, "last")["predicted"].tolist() == ["positive", "surprise", "surprise", "negative"]


def test_what_log_and_labels_say_differently_is_listed(root):
    different = logs.disagreements(logs.predictions("CapsuleNet", root), logs.labels(root))
    rows = different[["subject", "clip", "target", "label"]].fillna("-").to_numpy().tolist()
    assert rows == [["casme2/001", "EP19_05f", "-", "negative"], ["samm/006", "006_1_2", "negative", "positive"]]
    relabelled = logs.relabelled(logs.predictions("CapsuleNet", root), logs.labels(root))
    assert relabelled["target"].tolist() == ["positive", "surprise", "positive"]


def test_a_clip_without_a_label_cannot_be_relabelled(root):
    labels = logs.labels(root).iloc[1:]
    with pytest.raises(ValueError, match="no label of casme2/001 EP02_01f"):
        logs.relabelled(logs.predictions("STSTNet", root), labels)


def test_lines_of_another_form_are_all_named(root):
    file = root / "Published_predictions" / "christy1206+STSTNet" / "STSTNet_logfile.txt"
    file.write_text("EP02_01f 1 1\ncasme2 sub01\nEP02_01f 1 3\nEP02_01f 1 1\na b c d\n")
    with pytest.raises(LogError) as raised:
        logs.predictions("STSTNet", root)
    assert [line.split(":")[0].strip() for line in str(raised.value).splitlines()[1:]] == ["line 1", "line 3", "line 5"]


def test_another_method_is_answered_with_those_there_are(root):
    with pytest.raises(ValueError, match="no published predictions of 'HTNet'; there are STSTNet, CapsuleNet"):
        logs.predictions("HTNet", root)


def test_the_log_of_the_checkpoints_has_pairs_per_person(tmp_path):
    (tmp_path / "STSTNet_weights").mkdir()
    (tmp_path / "STSTNet_weights" / "SOURCE.txt").write_text("from somewhere")
    file = tmp_path / "STSTNet_weights" / "STSTNet_python_logfile.txt"
    file.write_text("Subject: 006 \nPredicted   : [1, 0] \nGround Truth: [0, 2] \nUF1: 0.5 \nSubject: sub01 \n"
                    "Predicted   : [1] \nGround Truth: [1] \n")  # fmt: skip
    assert logs.ststnet_checkpoints(tmp_path) == {
        "samm/006": [("negative", "positive"), ("surprise", "negative")],
        "casme2/001": [("positive", "positive")],
    }
    file.write_text("Subject: 006 \nPredicted   : [1, 0] \nGround Truth: [0] \n")
    with pytest.raises(LogError, match="006: 1 truths, 2 predictions"):
        logs.ststnet_checkpoints(tmp_path)
    file.write_text("")
    with pytest.raises(LogError, match="names nobody"):
        logs.ststnet_checkpoints(tmp_path)


def test_the_columns_are_those_of_an_experiment(root, home):
    settings = Settings(num_epochs=1, batch_size=8, lr=1e-2)
    clips = toy.clips(persons=4)
    trained = Experiment("toy", toy.Net, settings, prepare=toy.flip).run(toy.inputs(clips.y), clips)
    assert logs.predictions("STSTNet", root).columns.tolist() == trained.columns.tolist()
