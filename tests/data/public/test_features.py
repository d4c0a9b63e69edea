import io
import zipfile

import numpy as np
import pytest
from helpers import tiny_databases as tiny
from scipy.io import savemat

from merlib.data.public import features
from merlib.data.public.features import FeaturesError

ENTRIES = ["casme2-sub01-EP02_01f-img59.jpg 1", "samm-6-006_1_2-006_05588.jpg 0", "smic-s01-s01_po_01-image5.bmp 2"]
NAMES = ["casme2-sub01-EP02_01f", "samm-6-006_1_2", "smic-s01-s01_po_01"]
VARIANT = "LBPTOP_TIM10_333_4"


@pytest.fixture
def megc(tmp_path):
    """Writes the list and the archive: entries, and name -> value of all 177."""

    def write(vectors, entries=ENTRIES, values=177):
        folder = tmp_path / "MEGC2019_features"
        for name in ("Data", "LBP-TOP"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "SOURCE.txt").write_text("from somewhere")
        (folder / features.LIST).write_text("\n".join(entries) + "\n")
        with zipfile.ZipFile(folder / "LBP-TOP" / "Features.zip", "w") as archive:
            for name, value in vectors.items():
                content = io.BytesIO()
                savemat(content, {"Histogram": np.full((3, values // 3), float(value))})
                archive.writestr(f"{VARIANT}/Features/{name}.mat", content.getvalue())
                archive.writestr(f"LBPTOP_TIM64_333_4/Features/{name}.mat", b"of another variant")
        return tmp_path

    return write


def test_vectors_are_matched_by_name_and_never_by_order(megc):
    values = dict(zip(NAMES, (1, 2, 3), strict=True))
    for order in (NAMES, NAMES[::-1]):
        clips, X = features.megc2019(VARIANT, megc({name: values[name] for name in order}))
        assert X.shape == (3, 177) and X[:, 0].tolist() == [1, 2, 3]
        assert list(clips.subjects) == ["casme2/001", "samm/006", "smic/001"]
        assert clips.classes("megc2019-3").table["label"].tolist() == ["positive", "negative", "surprise"]
    assert clips.source.text == "from somewhere"


def test_a_clip_without_a_vector_and_a_vector_without_a_clip_are_both_named(megc):
    root = megc({NAMES[0]: 1, NAMES[1]: 2, "smic-s02-s02_po_01": 3})
    with pytest.raises(FeaturesError) as raised:
        features.megc2019(VARIANT, root)
    assert "no vector of smic/001 s01_po_01" in str(raised.value)
    assert "a vector of smic/002 s02_po_01, which is not in Data/Apex_Cropped_images.txt" in str(raised.value)


def test_a_vector_of_another_length_or_without_numbers_is_refused(megc):
    with pytest.raises(FeaturesError, match="vector 0: 174 values instead of 177"):
        features.megc2019(VARIANT, megc(dict.fromkeys(NAMES, 1), values=174))
    with pytest.raises(FeaturesError, match="vector 1: a value is not finite"):
        features.megc2019(VARIANT, megc(dict.fromkeys(NAMES, 1) | {NAMES[1]: np.nan}))


def test_lines_of_another_form_are_named(megc):
    root = megc(dict.fromkeys(NAMES, 1), entries=[ENTRIES[0], "casme2-sub01 1", "mmew-1-2-3.jpg 0"])
    with pytest.raises(FeaturesError, match=r"line 2: 'casme2-sub01 1', expected .*\n.*line 3: 'mmew"):
        features.megc2019(VARIANT, root)


def test_a_damaged_archive_is_named(megc):
    root = megc(dict.fromkeys(NAMES, 1))
    (root / "MEGC2019_features" / "LBP-TOP" / "Features.zip").write_bytes(b"PK")
    with pytest.raises(FeaturesError, match=r"Features\.zip cannot be read"):
        features.megc2019(VARIANT, root)


def test_another_variant_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(ValueError, match="no features 'HOOF'; there are 'LBPTOP_TIM10_333_4', "):
        features.megc2019("HOOF", tmp_path)
    with pytest.raises(ValueError, match="there are 'whole face', '5 x 5 blocks'"):
        features.casme2("HOOF", tmp_path)


@pytest.fixture
def casme2(tmp_path):
    """Writes a sheet of emotions, labels and features whose first value is the column's number."""

    def write(emotions, labels):
        folder = tmp_path / "CASME2_LBP-TOP"
        theirs = folder / "yuxinhe+CASME2-Micro-Expression-Database-SVM"
        theirs.mkdir(parents=True, exist_ok=True)
        (folder / "SOURCE.txt").write_text("from somewhere")
        header = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion"]
        rows = [[i // 2 + 1, f"EP{i:02}", 1, 2, 3, "4", emotion] for i, emotion in enumerate(emotions)]
        sheet = folder / "QqXuyujie+Micro-Expression-Datasets" / "Onset_Apex_Files" / "CASME2" / "sheet.xlsx"
        tiny.sheet(sheet, [header, *rows])
        savemat(theirs / "CASME2_label.mat", {"label": np.array(labels, np.uint8)[:, None]})
        savemat(theirs / "CASME2_feature.mat", {"feature": np.tile(np.arange(len(labels)), (177, 1))})
        return tmp_path

    return write


def test_the_columns_have_the_order_of_the_sheet(casme2):
    clips, X = features.casme2("whole face", casme2(["happiness", "fear", "others"], [0, 0, 4]))
    assert X.shape == (3, 177) and X[:, 0].tolist() == [0, 1, 2]
    assert clips.table["clip"].tolist() == ["EP00", "EP01", "EP02"]
    assert list(clips.subjects) == ["casme2/001", "casme2/001", "casme2/002"]
    assert clips.table["emotion"].tolist() == ["happiness", "fear", "others"]  # not as the labels file it


def test_labels_that_are_not_those_of_the_sheet_are_named(casme2):
    with pytest.raises(FeaturesError, match="sub01 EP01: label 1, but the sheet says surprise"):
        features.casme2("whole face", casme2(["happiness", "surprise"], [0, 1]))
    with pytest.raises(FeaturesError, match=r"3 labels in .*, 2 clips in "):
        features.casme2("whole face", casme2(["happiness", "surprise"], [0, 2, 1]))
