import ast
import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from helpers import plumbing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from merlib import paths, profiles
from merlib.runs import parameters

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIRED = [Requirement(text) for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXPORTS = sorted(path for path in (ROOT / "merlib" / "papers").glob("*.py") if path.name != "__init__.py")
OF_PAPERS = [path for path in NOTEBOOKS if paths.paper_of(path) in {export.stem for export in EXPORTS}]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_export = pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def pinned():
    lines = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#"]
    return {canonicalize_name(line.name): str(line.specifier).removeprefix("==") for line in lines}


def test_every_dependency_is_pinned_to_a_version_that_it_allows():
    versions = pinned()
    for requirement in REQUIRED:
        assert versions[canonicalize_name(requirement.name)] in requirement.specifier


def test_conda_installs_the_same_python_and_packages():
    python, _, pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert python == f"python{PROJECT['requires-python']}"
    assert pip == {"pip": ["-c constraints.txt", "-e .[dev]"]}


def test_the_exports_are_the_notebooks(tmp_path):
    """Also finds a module without a notebook, and a notebook that was not exported."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("merlib", "merlib/papers"):
        (tmp_path / package).mkdir()
        shutil.copy(ROOT / package / "__init__.py", tmp_path / package)
    subprocess.run([Path(sys.executable).with_name("nbdev-export")], cwd=tmp_path, check=True)
    fresh = {path.name: path.read_text() for path in (tmp_path / "merlib" / "papers").glob("*.py")}
    kept = {path.name: path.read_text() for path in (ROOT / "merlib" / "papers").glob("*.py")}
    assert kept == fresh, "run `make export`"


@each_export
def test_exports_hold_imports_constants_functions_and_classes_each_name_once(path):
    body = ast.parse(path.read_text()).body
    docstring = body[:1] if isinstance(body[0], ast.Expr) else []
    statements = [statement for statement in body if statement not in docstring]
    defined = [statement.name for statement in statements if isinstance(statement, ast.FunctionDef | ast.ClassDef)]
    for statement in statements:
        assert isinstance(statement, ast.Import | ast.ImportFrom | ast.Assign | ast.FunctionDef | ast.ClassDef)
        if isinstance(statement, ast.Assign):
            names = [node for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)]
            defined += [name.id for name in names]
    assert [name for name, times in Counter(defined).items() if times > 1] == []


@each_notebook
def test_notebooks_are_stored_without_outputs(path):
    for cell in cells(path):
        assert cell["metadata"].keys() <= {"tags", "jupyter"}
        assert cell["metadata"].get("jupyter", {"source_hidden": True}) == {"source_hidden": True}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, "run `make export`"


@pytest.mark.parametrize("path", OF_PAPERS, ids=lambda path: path.stem)
def test_what_a_reader_sees_of_a_paper_is_the_paper(path):
    cells = plumbing.visible(path)
    assert plumbing.share(cells) <= 0.25
    assert [(cell.number, len(cell.lines)) for cell in cells if len(cell.lines) > 25 and not cell.has_class] == []


def test_plumbing_is_what_imports_records_and_draws(tmp_path):
    def cell(source, **metadata):
        return {"cell_type": "code", "metadata": metadata, "source": source.splitlines(keepends=True)}

    folded = cell("record.table(0)", jupyter={"source_hidden": True})
    seen = cell("import cv2\n# a comment\nx = cv2.flip(y)\n\nrecord.table(\n    x\n)")
    kept = [cell("#| export\nimport cv2"), cell("profiles = 1", tags=["parameters"]), cell("class A:\n    b = 1")]
    (tmp_path / "nb.ipynb").write_text(json.dumps({"cells": [folded, seen, *kept]}))
    cells = plumbing.visible(tmp_path / "nb.ipynb")
    assert [(c.number, c.lines, c.plumbing, c.has_class) for c in cells] == [
        (1, {1, 3, 5, 6, 7}, {1, 5, 6, 7}, False), (2, {2}, set(), False), (3, {1}, set(), False), (4, {1, 2}, set(), True),
    ]  # fmt: skip
    assert plumbing.share(cells) == 4 / 9


@each_notebook
def test_notebooks_have_one_parameters_cell_with_a_comment_on_each(path):
    found = parameters.read(path)
    assert {"profile", "data_root", "output_dir"} <= found.keys()
    assert [parameter.name for parameter in found.values() if not parameter.comment] == []
    assert [found[name].default for name in ("profile", "data_root", "output_dir")] == ["demo", "", ""]


@each_notebook
def test_default_parameters_are_accepted(path):
    given = {name: item.default for name, item in parameters.read(path).items() if item.default is not None}
    assert profiles.faults(paths.paper_of(path), given, given) == []


@each_notebook
def test_the_setup_of_a_notebook_checks_all_its_parameters(path):
    sources = ["".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code"]
    paper = paths.paper_of(path)
    setups = [source for source in sources if f'\nchosen = profiles.chosen("{paper}", globals())\n' in source]
    assert len(setups) == 1
    above = sources[: sources.index(setups[0])]
    assert [
        source for source in above if "profiles." in source or "data_root," in source
    ] == []  # nothing is read before
    names = {"In": ["", *above, 'profile = "smoke"\nsize = 64']}
    exec(next(source for source in above if source.startswith("profile = ")), names)
    assert profiles.chosen(paper, names) == profiles.settings(paper, "demo")


def test_what_starts_notebooks_imports_nothing_that_they_import():
    heavy = "{'torch', 'pandas', 'numpy', 'cv2', 'matplotlib', 'sklearn'}"
    ask = f"import sys, merlib.cli; print(*({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True).stdout.strip() == ""


def imported(*folders):
    """Top-level packages, other than Python's and ours, that the modules in these folders import."""
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module)
    ours = {"merlib", "helpers", "faults"}
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - ours


@pytest.mark.parametrize(("folders", "allowed"), [(["merlib"], PROJECT["dependencies"]), (["tests"], REQUIRED)])
def test_everything_imported_is_a_declared_dependency(folders, allowed):
    declared = {canonicalize_name(Requirement(str(requirement)).name) for requirement in allowed}
    made_by = packages_distributions()
    undeclared = {
        name
        for name in imported(*folders)
        if not declared & {canonicalize_name(dist) for dist in made_by.get(name, [])}
    }
    assert undeclared == set()
