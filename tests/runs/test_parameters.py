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


@pytest.mark.parametrize(
    "line",
    [
        "size = 2 * 32",
        "import os",
        "a = b = 3",
        "a, b = 1, 2",
        "x.y = 1",
        "print(3)",
        "a = {1}",
        "a = [(1,)]",
        "a = b'1'",
    ],
)
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no notebook that can be read: Expecting value"),
        ('{"cells": [', "no notebook that can be read: Expecting value"),
        (b"\xff\xfe", "no notebook that can be read: 'utf-8' codec"),
        *((text, "it has no list of cells") for text in ("[]", "null", "{}", '{"cells": 3}', '{"cells": [{}]}')),
    ],
)
def test_a_file_that_is_no_notebook_is_named(tmp_path, text, said):
    notebook = tmp_path / "01_toy.ipynb"
    notebook.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=said) as error:
        parameters.read(notebook)
    assert str(notebook) in str(error.value)


def test_a_parameters_cell_that_is_no_python_is_named_with_its_line(tmp_path, write_notebook):
    notebook = write_notebook(tmp_path / "01_toy.ipynb", 'profile = "demo"\nsize = (3')
    with pytest.raises(ValueError, match=r"01_toy.ipynb, parameters cell: .* in 'size = \(3', line 2"):
        parameters.read(notebook)
