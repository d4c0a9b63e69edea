"""Every promise of `docs/promises.md` names a test, and that test is there."""

import ast
import re

import pytest

from merlib import paths

ROWS = re.findall(r"^\| (.+?) \| (.+?) \|$", (paths.home() / "docs" / "promises.md").read_text(encoding="utf-8"), re.M)
PROMISES = [(promise, test.strip("`")) for promise, test in ROWS if promise != "promise"]


def test_there_are_promises():
    assert len(PROMISES) > 20


@pytest.mark.parametrize("promise, test", PROMISES, ids=[test.rpartition("::")[2] for _, test in PROMISES])
def test_a_promise_has_its_test(promise, test):
    file, _, name = test.partition("::")
    tree = ast.parse((paths.home() / file).read_text(encoding="utf-8"))
    assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], promise
