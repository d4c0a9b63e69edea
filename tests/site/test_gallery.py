import base64
import io
import json
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import matplotlib.pyplot as plt
import nbformat.v4 as nbf
import numpy as np
import pytest
from helpers import executed_run, recorded_runs
from helpers.made_predictions import LOOK_ALIKE, made
from PIL import Image

from merlib import published
from merlib.data.source import Source
from merlib.results import tables
from merlib.results.artifacts import Record
from merlib.runs import manifest
from merlib.site import gallery, notebook_page, outcomes

FOLDS = {"trained": 0, "stored": 2, "trained_s": 0.0, "stored_s": 680.0}


class Page(HTMLParser):
    """What a page refers to, the ids that it has, and its text."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.loaded, self.text = [], [], [], ""
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if tag == "a" and attrs.get("href") else []
        self.loaded += [attrs[name] for name in ("src", "href") if tag in ("img", "script", "link") and attrs.get(name)]

    def handle_data(self, data):
        self.text += f" {data}"


@pytest.fixture
def run(home, monkeypatch):
    """A run of two notebooks, of which one did not finish."""
    monkeypatch.setattr(manifest, "device", lambda: "cpu")
    run = home / "papermill_runs" / "demo"
    for name, title in (("01_sma_stn", "SMA-STN"), ("04_mmnet", "MMNet")):
        executed_run.write(
            run / name / "notebook.ipynb", nbf.new_markdown_cell(f"# {title}"), nbf.new_code_cell("1 + 1")
        )
    record = Record("mmnet", run / "04_mmnet")
    record.figure("figure_4", plt.figure(figsize=(3, 2)), "Attention & more.", faces=True)
    record.table("table_6", tables.compare("mmnet", "table_6", {"MMNet (Ours)": made({0: [[4]]})}), "Five <classes>.")
    record.table("own", published.artifacts("mmnet"), "Our own.", kind="counted")
    record.figure("figure_3", plt.figure(figsize=(1, 1)))
    record.predictions(made({0: [[4]]}))
    facts = {"notebook": "04_mmnet", "run": "demo", "parameters": {"profile": "demo"}, "wall_time_s": 312.4}
    facts["folds"] = FOLDS
    manifest.write(run / "04_mmnet", **facts, finished="2026-02-01T10:11:12+00:00", peak_memory_mb=1834)
    return run


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A run that a kernel made: its notebook holds pictures, with and without a mark."""
    home = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(home))
        return executed_run.make(home)


def pictures(site):
    """Every picture in the files of a folder, as (file, RGB array)."""
    for path in (path for path in site.rglob("*") if path.is_file()):
        if path.suffix == ".png":
            yield path, np.asarray(Image.open(path).convert("RGB"))
        elif path.suffix in (".html", ".ipynb"):
            text = path.read_text(encoding="utf-8").replace("\\n", "")
            for code in re.findall(r"iVBORw0KGgo[A-Za-z0-9+/]+=*", text):
                yield path, np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB"))


def files_with_a_face(site):
    return {
        path.relative_to(site).as_posix()
        for path, image in pictures(site)
        if (image == executed_run.FACE).all(-1).any()
    }


@pytest.mark.parametrize("faces", [True, False])
def test_every_link_and_image_is_there(run, faces):
    site = gallery.build(run, faces).parent
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html") if path.parent.name != "tables"}
    assert len(pages) == 5
    endings = set()
    for path, page in pages.items():
        assert len(set(page.ids)) == len(page.ids)
        for link in (link for link in page.links + page.loaded if link != "data:,"):
            parts = urlsplit(link)
            assert not parts.scheme and not parts.netloc and not link.startswith("/"), link
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_relative_to(site.resolve()) and target.is_file(), link
            assert not parts.fragment or parts.fragment in pages[target].ids, link
            endings.add(target.suffix)
    assert endings - {".parquet"} == {".csv", ".tex", ".md", ".png", ".pdf", ".ipynb", ".html"}
    assert (".parquet" in endings) is faces


def test_the_index_opens_with_the_results_and_what_came_out(run):
    page = Page(gallery.build(run))
    top = page.text.split("MMNet: ")[0]
    for words in (
        "At the last epoch 1 of 1 results are above the majority guess",
        "Look-alike data: these numbers say nothing about the papers",
        "CASME II, 5 classes, accuracy in % MMNet LOSO 88.35 80.00 80.00 20.00 5 clips, 1 people, 1 seed",
    ):
        assert words in top
    assert top.index("80.00") < page.text.index("Read the notebook")
    assert [link for link in page.loaded if link.endswith("png")] == ["04_mmnet/figures/figure_3.png"]


def test_what_grey_and_the_dagger_mean_is_said_once_a_page(run):
    for path in (gallery.build(run), run / "04_mmnet" / "index.html"):
        text = Page(path).text
        assert text.count("not a fair estimate") == text.count("not above the majority guess") == 1
        assert text.count("these numbers say nothing about the paper") == 1


def test_a_notebook_that_read_no_look_alike_data_says_nothing_of_it(run):
    folder = run / "04_mmnet"
    record = Record("mmnet", folder)
    record.table("own", published.artifacts("mmnet"), "Our own.", kind="quoted")
    facts = {"notebook": "04_mmnet", "run": "demo", "parameters": {"profile": "demo"}, "wall_time_s": 1, "folds": FOLDS}
    manifest.write(folder, **facts, finished="2026-02-01T10:11:12+00:00", peak_memory_mb=1)
    pages = [gallery.build(run), folder / "index.html"]
    assert not any("Look-alike" in Page(path).text for path in pages)


def test_a_card_says_of_every_artifact_how_it_was_made_or_that_it_was_not(run):
    page = Page(gallery.build(run))
    card = page.text.split("MMNet profile demo")[1]
    for row in published.artifacts("mmnet").itertuples():
        made_here = row.artifact in ("table_6", "figure_3", "figure_4")
        assert f"{row.label} {row.kind if made_here else 'not made'}" in card
        assert any(link.endswith(f"-{row.artifact}") for link in page.links) is made_here
    assert "Our own counted" in card and "4 of 12 tables and figures made" in card


def test_a_notebooks_page_says_how_it_was_made_and_of_what(run):
    text = (gallery.build(run), Page(run / "04_mmnet" / "index.html").text)[1]
    for words in (
        LOOK_ALIKE.text,
        "5:12 (training 11:20, stored before)",
        "2026-02-01 10:11 UTC",
        "cpu",
        "1834 MB",
        "Five <classes>.",
    ):
        assert words in text
    assert text.count("shows faces") == 1


def test_drawn_faces_show_nobody(run):
    folder = run / "04_mmnet"
    record = Record("mmnet", folder)
    for name, data in (("figure_1", made({0: [[4]]})), ("figure_2", made({0: [[4]]}, source=Source("real")))):
        record.figure(name, plt.figure(figsize=(1, 1)), data=data, faces=True)
    facts = {"notebook": "04_mmnet", "run": "demo", "parameters": {"profile": "demo"}, "wall_time_s": 1, "folds": FOLDS}
    manifest.write(folder, **facts, finished="2026-02-01T10:11:12+00:00", peak_memory_mb=1)
    public = gallery.build(run, faces=False).parent
    assert {path.name for path in public.glob("04_mmnet/figures/*")} == {"figure_1.png", "figure_1.pdf"}


def test_a_notebook_without_a_manifest_did_not_finish(run):
    (run / "05_vggface_lstm").mkdir()  # nothing ran here: no card
    text = Page(gallery.build(run)).text
    first, second = map(str.strip, text.split("Read the notebook")[:2])
    assert first.endswith("SMA-STN did not finish Tables and figures")
    assert "0 of 10 tables and figures made" in second and "did not finish" not in second
    assert "up to where it stopped" in Page(run / "01_sma_stn" / "index.html").text


def test_a_file_that_was_lost_is_named_not_linked(run):
    (run / "04_mmnet" / "figures" / "figure_3.png").unlink()
    page = (gallery.build(run), Page(run / "04_mmnet" / "index.html"))[1]
    assert "lost: figures/figure_3.png is missing" in page.text
    assert not [url for url in page.links + page.loaded if "figure_3.png" in url]


@pytest.mark.parametrize("files", [[], ["tables/table_6.csv"]])
def test_a_table_of_which_no_files_are_listed_gives_no_result(files, run):
    file = run / "04_mmnet" / "manifest.json"
    found = json.loads(file.read_text())
    next(artifact for artifact in found["artifacts"] if artifact["name"] == "table_6")["files"] = files
    file.write_text(json.dumps(found))
    assert list(outcomes.made(run, "table_6", "mmnet")) == []
    gallery.build(run)


DAMAGE = {
    "figures/figure_3.png": [b"", b"\x89PNG\r\n"],
    "figures/figure_3.pdf": [b"another"],
    "tables/table_6.csv": [b"", b"method\n", b'method,"', b"\xff"],
    "tables/table_6.html": [b"", b"\xff<script>"],
    "notebook.ipynb": [
        b"",
        b"{}",
        b"[]",
        b'{"cells": 5}',
        b'{"cells": [',
        b"\xff",
        b'{"nbformat": 4, "nbformat_minor": 5}',
    ],
}


@pytest.mark.parametrize("faces", [True, False])
@pytest.mark.parametrize(
    ("name", "content"), [(name, text) for name, texts in DAMAGE.items() for text in [None, *texts]]
)
def test_a_damaged_file_is_lost_and_the_others_are_shown(name, content, faces, run):
    file = run / "04_mmnet" / name
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    page = Page(gallery.build(run, faces).parent / "04_mmnet" / "index.html")
    assert f"lost: {name}" in page.text
    assert name not in page.links + page.loaded
    assert "Five <classes>." in page.text and "tables/own.csv" in page.links


def test_a_half_written_notebook_of_a_run_that_did_not_finish_has_no_page(run):
    (run / "01_sma_stn" / "notebook.ipynb").write_text('{"cells": [')
    for faces in (True, False):
        site = gallery.build(run, faces).parent
        assert "01_sma_stn/notebook.html" not in Page(site / "index.html").links
        assert "lost: notebook.ipynb" in Page(site / "01_sma_stn" / "index.html").text


def test_what_is_no_notebook_of_the_run_is_left_as_it_is(run):
    (run / "notes").mkdir()
    (run / "notes" / "notebook.ipynb").write_text("mine")
    (run / "notes.txt").write_text("mine")
    page = Page(gallery.build(run))
    assert (run / "notes.txt").read_text() == (run / "notes" / "notebook.ipynb").read_text() == "mine"
    assert "04_mmnet/index.html" in page.links


def test_building_again_and_elsewhere_gives_the_same_pages(run, tmp_path):
    first = {path: path.read_bytes() for path in [gallery.build(run), *run.glob("*/*.html")]}
    moved = shutil.copytree(run, tmp_path / "elsewhere" / "demo")
    gallery.build(moved)
    assert {path: (moved / path.relative_to(run)).read_bytes() for path in first} == first
    assert not list(moved.rglob("*.partial*"))


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no notebook"):
        gallery.build(tmp_path)


def test_a_public_copy_holds_no_picture_of_a_face_in_any_file(executed):
    gallery.build(executed)
    notebooks = {"04_mmnet/notebook.ipynb", "04_mmnet/notebook.html"}
    assert files_with_a_face(executed) == {*notebooks, "04_mmnet/figures/figure_4.png"}
    public = gallery.build(executed, faces=False).parent
    assert public == executed / "public" and files_with_a_face(public) == set()
    figures = {path.name for path in public.glob("04_mmnet/figures/*")}
    assert figures == {"figure_3.png", "figure_3.pdf", "own.png", "own.pdf"}
    shown = {path.name for path, _ in pictures(public)}
    assert shown == {"figure_3.png", "own.png", "notebook.html", "notebook.ipynb"}  # what shows nobody is still there


def test_a_public_copy_says_what_was_left_out(executed):
    index = gallery.build(executed, faces=False)
    pages = [index, *(index.parent / "04_mmnet" / name for name in ("index.html", "notebook.html"))]
    assert all(gallery.LEFT_OUT in Page(page).text for page in pages)
    assert "Figure 4 computed left out" in Page(index).text and "Figure 3 drawn" in Page(index).text
    assert Page(pages[2]).text.count(notebook_page.LEFT_OUT) == 3
    cells = json.loads((index.parent / "04_mmnet" / "notebook.ipynb").read_text())["cells"]
    assert sum(notebook_page.LEFT_OUT in str(cell.get("outputs")) for cell in cells) == 3


def test_a_public_copy_is_replaced_as_a_whole(run):
    public = gallery.build(run, faces=False).parent
    (public / "04_mmnet" / "figures" / "old.png").write_text("a face that a marked figure showed before")
    gallery.build(run, faces=False)
    assert not (public / "04_mmnet" / "figures" / "old.png").exists()
    assert not list(public.rglob("*.parquet")) and not list(run.glob(".*"))


def test_a_half_run_notebook_is_public_without_any_picture(executed, tmp_path):
    run = shutil.copytree(
        executed, tmp_path / "made", ignore=shutil.ignore_patterns("manifest.json", "*.html", "public")
    )
    public = gallery.build(run, faces=False).parent
    assert list(pictures(public)) == []
    assert Page(public / "04_mmnet" / "notebook.html").text.count(notebook_page.LEFT_OUT) == 5


def test_the_pages_of_own_clips_open_with_their_results_and_miss_nothing_of_the_paper(home, monkeypatch):
    monkeypatch.setattr(manifest, "device", lambda: "cpu")
    record = Record("mmnet", home / "papermill_runs" / "mine" / "04_mmnet", ["own"])
    mine = made({0: [[4, 3]]}, database="own", scheme="own", source=Source("own clips, the user's copy"))
    record.table("table_1", published.artifacts("mmnet"))
    record.figure("figure_1", plt.figure(figsize=(1, 1)))
    record.table("main_results", tables.by_epoch_rule({"own": mine, "own, permuted labels": mine}), kind="measured")
    record.table("table_3", tables.compare("mmnet", "table_3", {"CA block": mine}))
    recorded_runs.finish(record, "mine", "04_mmnet", databases=["own"])
    index = Page(gallery.build(home / "papermill_runs" / "mine"))
    assert "own clips, 5 classes, accuracy in % MMNet LOSO 70.00 70.00 20.00 10 clips, 2 people, 1 seed" in index.text
    assert "4 of 4 tables and figures made" in index.text and "not made" not in index.text
    assert "published last epoch" not in index.text
    page = Page(home / "papermill_runs" / "mine" / "04_mmnet" / "index.html").text
    headings = ["As Table 1: Class", "As Figure 1: Two", "Main results", "As Table 3: Ablation"]
    places = [page.rindex(heading) for heading in headings]
    assert sorted(headings, key=page.rindex) == [
        "Main results",
        "As Table 3: Ablation",
        "As Table 1: Class",
        "As Figure 1: Two",
    ]
    assert "published" not in page[places[3] : places[0]]
