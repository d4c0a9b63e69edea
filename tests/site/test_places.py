"""What is published names no folder of this machine."""

import hashlib
import html
import io
import json
import re
import zlib
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat.v4 as nbf
import pandas as pd
import pytest
from helpers import executed_run, recorded_runs
from PIL import Image, PngImagePlugin

from merlib.results.artifacts import Record
from merlib.results.rendering import Table, latex, markdown
from merlib.site import gallery, places


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """The user's folder, with a project in it, and databases elsewhere: names that no form writes as they are."""
    user, databases = tmp_path / "users" / "zoë_müller & co", tmp_path / "disk_2" / "[licensed] $data_{1}"
    for folder in (user / "my_project" / "notebooks", databases):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv("MERLIB_HOME", str(user / "my_project"))
    return {"user": user, "project": user / "my_project", "data_root": databases}


def outputs(machine):
    """Of a cell: every form in which a kernel tells a path."""
    data, module = machine["data_root"] / "CASME2" / "sub01", machine["project"] / "merlib" / "data" / "clips.py"
    frame = pd.DataFrame({"frames": [str(data / "img1.jpg")], "file": [f"see {module}:12"]})
    shown = {"text/plain": repr(data), "text/html": frame._repr_html_(), "text/markdown": f"`{module}`"}
    return [
        nbf.new_output("stream", name="stderr", text=f"first line\n{module}:3: UserWarning\n\t{data}\nfile://{data}\n"),
        nbf.new_output("display_data", shown),
        nbf.new_output(
            "error", ename="E", evalue=f"no {data}", traceback=[f"File \x1b[32m{module}:12\x1b[39m, in read"]
        ),
    ]


def notebook(machine, run):
    parameters = {"profile": "demo", "data_root": str(machine["data_root"])}
    cells = [
        nbf.new_code_cell(f"# Parameters\ndata_root = {str(machine['data_root'])!r}\n"),
        nbf.new_code_cell("read()", outputs=outputs(machine)),
    ]
    made = nbf.new_notebook(cells=cells, metadata={"papermill": {"parameters": parameters, "input_path": "x.ipynb"}})
    run.mkdir(parents=True, exist_ok=True)
    (run / "notebook.ipynb").write_text(json.dumps(made), encoding="utf-8")


@pytest.fixture
def run(machine):
    """A run of two notebooks, of which one failed; both tell of the machine wherever they can."""
    run = machine["project"] / "papermill_runs" / "demo"
    record = Record("mmnet", run / "04_mmnet")
    texts = [f"no folder {machine['data_root']}/CASME2", f"{machine['user']}", f'"{machine["project"]}"; 50 %']
    record.table("own", Table(pd.DataFrame({"reason": texts}), tuple(texts)), f"Of {texts[0]}.", kind="counted")
    figure, ax = plt.subplots(figsize=(1, 1))
    ax.plot([0, 1])
    record.figure("figure_3", figure, f"Drawn in {machine['project']}")
    notebook(machine, run / "04_mmnet")
    recorded_runs.finish(record, "demo", "04_mmnet", data_root=str(machine["data_root"]), weights="/w/resnet.pt")
    notebook(machine, run / "01_sma_stn")
    return run


def texts_of(file):
    """All texts of a file, whatever it is: as it is, without the escapes of its form, and what is compressed in it."""
    data = file.read_bytes()
    found = [data.decode("utf-8", errors="replace")]
    if file.suffix == ".parquet":
        found.append(pd.read_parquet(io.BytesIO(data)).to_csv())
    if file.suffix == ".png":
        found.append(str(Image.open(io.BytesIO(data)).info))
    if file.suffix == ".pdf":
        streams = re.findall(rb"stream\r?\n(.*?)endstream", data, flags=re.DOTALL)
        found += [zlib.decompressobj().decompress(stream).decode("latin-1") for stream in streams if stream[:1] == b"x"]
    if file.suffix in (".ipynb", ".json"):
        found.append(str(json.loads(data)))
    plain = [html.unescape(text) for text in found]
    return [*found, *plain, *(re.sub(r"\\\\?(?=[^\w\s])|\{\}", "", text) for text in plain)]


def named(folder, machine):
    """(file, folder of this machine) wherever one is named."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= {".html", ".ipynb", ".csv", ".md", ".tex", ".png", ".pdf"}
    forms = [
        form(str(place)) for place in machine.values() for form in (str, html.escape, latex, markdown, repr, ascii)
    ]
    forms += [form.strip("'") for form in forms] + ["my_project", "disk_2", "licensed", "zoë"]
    return {
        (file.relative_to(folder).as_posix(), form)
        for file in files
        for form in forms
        if any(form in text for text in texts_of(file))
    }


def test_a_public_copy_names_no_folder_of_this_machine_in_any_file(run, machine):
    gallery.build(run)
    written = {file for file, _ in named(run, machine)}
    assert {Path(file).suffix for file in written} >= {".html", ".ipynb", ".csv", ".md", ".tex", ".json"}
    public = gallery.build(run, faces=False).parent
    assert named(public, machine) == set()


def test_what_stands_in_their_place_can_be_read(run):
    public = gallery.build(run, faces=False).parent
    reasons = pd.read_csv(public / "04_mmnet" / "tables" / "own.csv")["reason"].tolist()
    assert reasons == ["no folder DATA_ROOT/CASME2", "~", '"PROJECT"; 50 %']
    for name in ("04_mmnet", "01_sma_stn"):
        cells = json.loads((public / name / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
        assert "".join(cells[0]["source"]) == "# Parameters\ndata_root = 'DATA_ROOT'\n"
        stream, shown, error = cells[1]["outputs"]
        assert "".join(stream["text"]).splitlines()[1:] == [
            "PROJECT/merlib/data/clips.py:3: UserWarning", "\tDATA_ROOT/CASME2/sub01", "file://DATA_ROOT/CASME2/sub01",
        ]  # fmt: skip
        assert "".join(shown["data"]["text/plain"]) == "PosixPath('DATA_ROOT/CASME2/sub01')"
        assert error["traceback"] == ["File \x1b[32mPROJECT/merlib/data/clips.py:12\x1b[39m, in read"]
    page = html.unescape((public / "04_mmnet" / "index.html").read_text(encoding="utf-8"))
    assert '"data_root": "DATA_ROOT"' in page and '"weights": "WEIGHTS"' in page


def test_a_picture_that_names_a_folder_of_this_machine_is_refused_and_the_copy_before_stays(run, machine):
    public = gallery.build(run, faces=False).parent
    before = {file: file.read_bytes() for file in public.rglob("*") if file.is_file()}
    about = PngImagePlugin.PngInfo()
    about.add_text("Source", f"{machine['data_root']}/x.jpg", zip=False)
    picture = run / "04_mmnet" / "figures" / "figure_3.png"
    Image.open(picture).save(picture, pnginfo=about)
    path = run / "04_mmnet" / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["sha256"]["figures/figure_3.png"] = hashlib.sha256(picture.read_bytes()).hexdigest()  # as the run left it
    path.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(places.PlaceNamed, match=r"- 04_mmnet/figures/figure_3\.png names .*licensed"):
        gallery.build(run, faces=False)
    assert {file: file.read_bytes() for file in public.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    "text", ["merlib/data/x.py", "https://host/data/x", "/database", "/data-2/x", "a.b/data", "~/data"]
)
def test_a_word_that_only_contains_the_name_of_a_folder_stays(text, home):
    assert places.cut(text, [{"data_root": "/data"}]) == text


def test_a_run_without_folders_of_its_own_is_copied_byte_for_byte(home):
    folder = recorded_runs.mmnet(home / "papermill_runs")
    executed_run.write(folder / "notebook.ipynb", nbf.new_markdown_cell("# MMNet"))
    public = gallery.build(folder.parent, faces=False).parent
    copied = [
        file for file in public.rglob("*") if file.is_file() and file.suffix in (".csv", ".md", ".tex", ".png", ".pdf")
    ]
    assert len(copied) > 5
    assert all(file.read_bytes() == (folder.parent / file.relative_to(public)).read_bytes() for file in copied)
