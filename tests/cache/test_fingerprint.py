import enum
import functools
import random
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from merlib.cache.fingerprint import Unhashable, fingerprint

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.frozensets(st.integers())
    ),
    max_leaves=8,
)

NOTEBOOK = '''
import torch
from torch import nn
from torch.nn import functional as F

SCALE = 2.0
TABLE = {"a": [1, 2], "b": "x"}

def helper(x):
    """Doubles."""
    return inner(x) * SCALE

def inner(x):
    return x + TABLE["a"][0]  # one more

class Block(nn.Module):
    width = 4
    def forward(self, x):
        return self.shift(F.relu(x))
    @staticmethod
    def shift(x):
        return x - 1

class Net(Block):
    def __init__(self, num_classes):
        super().__init__()
        self.parts = [Block() for _ in range(2)]
    def forward(self, x):
        if x in {"left", "right", "middle"}:
            return None
        return super().forward(helper(x))

unused = 7
'''


def notebook(old: str = "", new: str = "", what: str = "Net") -> str:
    """The hash of a class of the notebook, after one change to its text."""
    assert old in NOTEBOOK
    names = {"__name__": "__main__"}
    exec(NOTEBOOK.replace(old, new), names)
    return fingerprint(names[what])


def test_the_same_code_has_the_same_hash():
    assert notebook() == notebook()


@pytest.mark.parametrize(
    "old, new",
    [
        ("inner(x) * SCALE", "inner(x) / SCALE"),  # a function that forward calls
        ("x + TABLE", "x - TABLE"),  # a function that it calls
        ("SCALE = 2.0", "SCALE = 3.0"),
        ('"b": "x"', '"b": "y"'),
        ("F.relu", "F.gelu"),
        ("x - 1", "x - 2"),  # a static method of the base class
        ("width = 4", "width = 5"),
        ("range(2)", "range(3)"),
        ('"middle"', '"centre"'),
        ("class Net(Block)", "class Net(nn.Module)"),
        ("num_classes):", "num_classes=3):"),
    ],
)
def test_what_the_code_does_changes_the_hash(old, new):
    assert notebook(old, new) != notebook()


@pytest.mark.parametrize(
    "old, new",
    [
        ("  # one more", "  # another comment"),
        ('"""Doubles."""', '"""Twice."""'),
        ('    """Doubles."""\n', ""),
        ("(x) * SCALE", "(\n        x\n    ) * SCALE"),
        ("unused = 7", "unused = 8"),
        ("import torch\n", "import torch\n\n\n\n"),
    ],
)
def test_comments_layout_and_what_is_not_used_do_not(old, new):
    assert notebook(old, new) == notebook()


def test_a_function_keeps_its_hash_when_it_has_run():
    names = {"__name__": "__main__"}
    exec("def add(x):\n    return x + len([x])", names)
    before = fingerprint(names["add"])
    for value in range(1000):  # the interpreter has specialised the bytecode by now
        names["add"](value)
    assert fingerprint(names["add"]) == before


def test_code_in_other_modules_of_the_project_is_followed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    hashes = set()
    for constant in (1, 20):  # of other length: Python tells a changed file by its size and the second of its change
        (tmp_path / "mine.py").write_text(f"import torch\nK = {constant}\ndef shift(x):\n    return x + K\n")
        sys.modules.pop("mine", None)
        uses = "import mine\ndef f(x):\n    return mine.shift(x)"
        imports = "from mine import shift\ndef f(x):\n    return shift(x)"
        within = "def f(x):\n    import mine\n    return mine.shift(x)"
        for text in (uses, imports, within):
            names = {"__name__": "__main__"}
            exec(text, names)
            hashes.add(fingerprint(names["f"]))
    assert len(hashes) == 6


def test_lambdas_closures_partials_defaults_and_decorated_functions_count_by_content():
    def closure(k):
        return lambda x: x + k

    def default(k):
        def f(x, by=k, *, to=k):
            return x + by + to

        return f

    def cached(k):
        @functools.lru_cache
        def f(x):
            return x + k

        return f

    class Method:
        def __init__(self, k):
            self.k = k

        def call(self, x):
            return x + self.k

    for make in (closure, default, cached, lambda k: functools.partial(closure, k), lambda k: Method(k).call):
        assert fingerprint(make(1)) == fingerprint(make(1))
        assert fingerprint(make(1)) != fingerprint(make(2))
    assert fingerprint(lambda x: x + 1) != fingerprint(lambda x: x + 2)


def test_recursive_code_ends():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    class Tree(nn.Module):
        def grow(self):
            return Tree()

    loop = [1]
    loop.append(loop)
    assert len({fingerprint(even), fingerprint(Tree), fingerprint(loop), fingerprint([1])}) == 4


@given(plain, plain)
def test_plain_values_have_equal_hashes_when_they_are_equal(one, other):
    same = repr(one) == repr(other)
    assert (fingerprint(one) == fingerprint(other)) == same
    assert fingerprint(one) == fingerprint(one)


@pytest.mark.parametrize(
    "one, other",
    [
        (1, 1.0), (1, True), ("1", 1), ((1, 2), [1, 2]), (["ab"], ["a", "b"]), ([[1], 2], [1, [2]]),
        ({"a": 1}, {"a": 2}),
        (np.zeros(4), np.zeros((2, 2))), (np.zeros(4), np.zeros(4, np.float32)), (np.zeros(2), np.array([0, 1e-300])),
        (np.array(["a"]), np.array(["b"])), (np.array(["a", None]), np.array(["b", None])),
        (torch.zeros(2), torch.zeros(2, dtype=torch.bfloat16)), (torch.zeros(2), torch.tensor([0, 1e-30])),
        (torch.zeros(()), torch.ones(())), (torch.zeros(0), torch.zeros(0, 2)), (np.float32(1), np.float64(1)),
        (enum.Enum("E", "a b").a, enum.Enum("E", "a b").b), (Path("a"), Path("b")),
        (random.Random(0), random.Random(1)), (np.random.default_rng(0), np.random.default_rng(1)),
        (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.1)),
        (nn.CrossEntropyLoss(torch.ones(3)), nn.CrossEntropyLoss(torch.zeros(3))), (nn.ReLU, nn.GELU),
        (torch.relu, torch.tanh),
    ],
)  # fmt: skip
def test_different_things_have_different_hashes(one, other):
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


def test_arrays_count_by_content_not_by_layout_or_place(tmp_path):
    X = np.arange(24, dtype=np.uint8).reshape(4, 6)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert fingerprint(X) == fingerprint(np.asfortranarray(X)) == fingerprint(mapped) == fingerprint(X.copy())
    assert fingerprint(torch.tensor(X)) == fingerprint(torch.tensor(X.T.copy()).T)


def test_a_pretrained_model_counts_by_its_weights():
    def build(seed):
        torch.manual_seed(seed)
        pretrained = nn.Linear(3, 2)
        return lambda num_classes: nn.Sequential(pretrained, nn.Linear(2, num_classes))

    assert fingerprint(build(0)) == fingerprint(build(0)) != fingerprint(build(1))


class Described:
    """What it says it is made of, and a lock, which nobody could hash."""

    def __init__(self, content, name=""):
        self.content, self.name, self.lock = content, name, threading.Lock()

    def __fingerprint__(self):
        return self.content


def test_an_object_that_says_what_it_is_made_of_counts_by_that_alone():
    assert fingerprint(Described([1, 2], "a")) == fingerprint(Described([1, 2], "b"))
    assert fingerprint(Described([1, 2])) != fingerprint(Described([1, 3]))
    assert fingerprint(Described([1, 2])) != fingerprint([1, 2])
    with pytest.raises(Unhashable, match="lock"):
        fingerprint(Described(threading.Lock()))


def test_what_cannot_be_told_is_named_with_the_way_to_it():
    lock = threading.Lock()

    class Net(nn.Module):
        def forward(self, x):
            with lock:
                return x

    with pytest.raises(Unhashable, match=r"_thread.lock changes.*Net -> .*forward -> 'lock'"):
        fingerprint(functools.partial(Net))


def test_another_process_comes_to_the_same_hash():
    ask = "import sys; sys.path.insert(0, sys.argv[1]); import test_fingerprint as t; print(t.notebook())"
    command = [sys.executable, "-c", ask, str(Path(__file__).parent)]
    answer = subprocess.run(command, env={"PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == notebook()
