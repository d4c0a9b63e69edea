import pytest

from merlib.runs import parameters

CELL = """\
profile = "demo"  # sizes: smoke, demo or paper
seeds = [0, 1]  # one training a seed # each
lr = None
shift = -0.5  # may be negative
names = [
    "casme2",
]  # a list over several lines
text = "a # b"  # not the one in the text
"""


def test_names_defaults_and_comments_are_read_in_order(tmp_path, write_notebook):
    found = parameters.read(write_notebook(tmp_path / "01_toy.ipynb", CELL, "size = 3"))
    assert [(item.name, item.default, item.comment) for item in found.values()] == [
        ("profile", "demo", "sizes: smoke, demo or paper"),
        ("seeds", [0, 1], "one training a seed # each"),
        ("lr", None, ""),
        ("shift", -0.5, "may be negative"),
        ("names", ["casme2"], "a list over several lines"),
        ("text", "a # b", "not the one in the text"),
    ]


@pytest.mark.parametrize("line", ["size = 2 * 32", "import os", "a = b = 3", "a, b = 1, 2", "x.y = 1", "print(3)"])
def test_a_line_that_is_not_a_plain_assignment_is_named(tmp_path, write_notebook, line):
    notebook = write_notebook(tmp_path / "01_toy.ipynb", f'profile = "demo"\n{line}')
    with pytest.raises(ValueError, match=r"01_toy.ipynb, parameters cell: ") as error:
        parameters.read(notebook)
    assert line in str(error.value)


def test_a_notebook_without_parameters_cell_is_named(tmp_path, write_notebook):
    notebook = write_notebook(tmp_path / "01_toy.ipynb", "a = 1")
    notebook.write_text(notebook.read_text().replace('"parameters"', '"other"'))
    with pytest.raises(ValueError, match=r"01_toy.ipynb has 0 cells tagged 'parameters'"):
        parameters.read(notebook)
