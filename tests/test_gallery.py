import json
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import matplotlib.pyplot as plt
import nbformat.v4 as nbf
import pytest
from made_predictions import LOOK_ALIKE, made

from merlib import gallery, manifest, tables
from merlib.record import Record


class Page(HTMLParser):
    """What a page refers to, the ids that it has, and its text."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.loaded, self.text = [], [], [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if tag == "a" and attrs.get("href") else []
        self.loaded += [attrs[name] for name in ("src", "href") if tag in ("img", "script", "link") and attrs.get(name)]

    def handle_data(self, data):
        self.text += data


def notebook(folder, title):
    picture = nbf.new_output("display_data", {"text/plain": "<Figure>"})
    cells = [nbf.new_markdown_cell(f"# {title}\n\n$x^2$"), nbf.new_code_cell("1 + 1", outputs=[picture])]
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(nbf.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}))
    (folder / "notebook.ipynb").write_text(text, encoding="utf-8")


@pytest.fixture
def run(home, monkeypatch):
    """A run of two notebooks, of which one did not finish."""
    monkeypatch.setattr(manifest, "device", lambda: "cpu")
    run = home / "papermill_runs" / "demo"
    notebook(run / "01_sma_stn", "SMA-STN")
    notebook(run / "04_mmnet", "MMNet")
    record = Record("mmnet", run / "04_mmnet")
    record.table("table_6", tables.compare("mmnet", "table_6", {"MMNet (Ours)": made({0: [[4]]})}), "Five <classes>.")
    record.figure("figure_4", plt.figure(figsize=(3, 2)), "Attention & more.", faces=True)
    record.figure("figure_1", plt.figure(figsize=(1, 1)))
    record.predictions(made({0: [[4]]}))
    facts = {"notebook": "04_mmnet", "run": "demo", "parameters": {"profile": "demo"}, "wall_time_s": 312.4}
    manifest.write(run / "04_mmnet", **facts, finished=manifest.now(), peak_memory_mb=1834)
    return run


def test_every_link_and_image_is_there(run):
    page = Page(gallery.build(run))
    assert len(set(page.ids)) == len(page.ids)
    for link in page.links + page.loaded:
        parts = urlsplit(link)
        assert not parts.scheme and not parts.netloc and not link.startswith("/"), link
        assert (run / unquote(parts.path)).is_file() if parts.path else parts.fragment in page.ids, link
    endings = {link.rpartition(".")[2] for link in page.links}
    assert endings >= {"csv", "md", "tex", "png", "pdf", "parquet", "ipynb", "html"}


def test_no_page_loads_anything_from_elsewhere(run):
    for path in (gallery.build(run), run / "04_mmnet" / "notebook.html"):
        assert not [url for url in Page(path).loaded if "//" in url]


def test_a_card_says_how_it_was_made_and_of_what(run):
    text = " ".join(Page(gallery.build(run)).text.split())
    for words in (LOOK_ALIKE, "5:12", "cpu", "1834 MB", "measured + quoted", "Five <classes>.", "not a fair estimate"):
        assert words in text
    assert text.count("shows faces") == 1
    assert tables.LOOK_ALIKE[1:] in text.split("SMA-STN")[0]  # above the first card


def test_a_notebook_without_a_manifest_did_not_finish(run):
    (run / "05_vggface_lstm").mkdir()  # nothing ran here: no card
    text = Page(gallery.build(run)).text
    first, second = (" ".join(card.split()) for card in text.split("Read the notebook")[:2])
    assert first.endswith("SMA-STN did not finish")
    assert second.endswith("MMNet finished")
    assert "vggface" not in text


def test_a_file_that_was_lost_is_named_not_linked(run):
    (run / "04_mmnet" / "figures" / "figure_4.png").unlink()
    page = Page(gallery.build(run))
    assert "lost: figures/figure_4.png" in page.text
    assert not [url for url in page.links + page.loaded if "figure_4.png" in url]


def test_building_again_and_elsewhere_gives_the_same_page(run, tmp_path):
    first = gallery.build(run).read_bytes()
    moved = shutil.copytree(run, tmp_path / "elsewhere" / "demo")
    assert gallery.build(moved).read_bytes() == first
    assert not list(moved.rglob("*.partial"))


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no notebook"):
        gallery.build(tmp_path)
