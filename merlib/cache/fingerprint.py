"""What a result depends on, as one hash: data by content, code by what it does.

Code of this project and of notebooks is followed: a function's bytecode, its defaults, its closure and every global it
reads, in turn, wherever those are defined. Library code counts by name and version. A function's docstring, comments
and layout do not count, nor does the name of the module it is in: a notebook and its export have the same hash.

An object whose class has a method `__fingerprint__` says itself what counts: that method's return value, and nothing
else of it. `Weights`, a file, returns the hash of its content, so the file may lie anywhere.
"""

import dis
import functools
import hashlib
import importlib
import sys
import types
from enum import Enum
from pathlib import PurePath

import numpy as np
import torch

LEAVES = (
    type(None), bool, int, float, complex, str, bytes, type(...), range, slice, PurePath, np.generic, np.dtype,
    torch.dtype, torch.device, torch.layout, torch.memory_format,
)  # fmt: skip
# wrappers that are nothing but their parts
PARTS = {
    functools.partial: ("func", "args", "keywords"),
    functools.cached_property: ("func",),
    types.MethodType: ("__func__", "__self__"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget", "fset"),
}
CODE = (
    "co_code", "co_exceptiontable", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags", "co_argcount",
    "co_posonlyargcount",
)  # fmt: skip


class Unhashable(TypeError):
    """Something whose content cannot be told, so that nobody could say whether it changed."""


def fingerprint(*things: object) -> str:
    """32 hexadecimal digits that change when the content of `things` does.

    Takes plain values, arrays, tensors, containers, functions (also lambdas, partials, closures), classes, objects with
    `__fingerprint__`, and any object that can be pickled. Raises Unhashable with the way to what is none of these.
    """
    return _Walk().digest(things)


class _Walk:
    """One way through things and all they refer to, in an order that depends on nothing but them."""

    def __init__(self):
        self.hash = hashlib.blake2b(digest_size=16)
        self.definitions: dict[int, int] = {}  # id of a function or class -> its place in the order of visits
        self.within: list[int] = []  # ids of what is being visited, outermost first
        self.way: list[str] = []

    def digest(self, thing: object) -> str:
        self.visit(thing)
        return self.hash.hexdigest()

    def tell(self, *words: object) -> None:
        self.hash.update(repr(words).encode())

    def visit(self, thing: object, step: str = "") -> None:
        """Any thing: leaves at once, the rest by kind; what is already being visited, by its place."""
        if isinstance(thing, LEAVES) and not isinstance(thing, Enum):
            return self.tell(type(thing).__name__, thing)
        if id(thing) in self.within:
            return self.tell("within", len(self.within) - self.within.index(id(thing)))
        self.within.append(id(thing))
        self.way.append(step)
        self._branch(thing)
        self.within.pop()
        self.way.pop()

    def _branch(self, thing: object) -> None:
        if isinstance(thing, (np.ndarray, torch.Tensor)):
            self._array(thing)
        elif isinstance(thing, (list, tuple, dict, set, frozenset)):
            self._container(thing)
        elif isinstance(thing, (types.FunctionType, type)):
            self._definition(thing)
        elif isinstance(thing, types.CodeType):
            self._code(thing)
        elif type(thing) in PARTS:
            self.tell(type(thing).__name__)
            for part in PARTS[type(thing)]:
                self.visit(getattr(thing, part), part)
        elif made_of := getattr(type(thing), "__fingerprint__", None):
            self.tell("made of")
            self.visit(made_of(thing), "__fingerprint__")
        else:
            self._object(thing)

    def _array(self, thing: np.ndarray | torch.Tensor) -> None:
        if isinstance(thing, torch.Tensor):
            self.tell("tensor", thing.dtype, tuple(thing.shape), thing.requires_grad)
            thing = thing.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        self.tell("array", thing.dtype, thing.shape)
        if thing.dtype.hasobject:
            self.visit(thing.tolist())
        else:
            self.hash.update(np.ascontiguousarray(thing).reshape(-1).view(np.uint8).data)

    def _container(self, thing) -> None:
        self.tell(type(thing).__name__, len(thing))
        if isinstance(thing, dict):
            for key, value in thing.items():
                self.visit(key)
                self.visit(value, str(key))
        elif isinstance(thing, (set, frozenset)):
            self.tell(sorted(fingerprint(item) for item in thing))
        else:
            for place, item in enumerate(thing):
                self.visit(item, str(place))

    def _definition(self, thing: types.FunctionType | type) -> None:
        if library := _library(thing.__module__):
            return self.tell("library", library, thing.__module__, thing.__qualname__)
        if id(thing) in self.definitions:
            return self.tell("definition", self.definitions[id(thing)])
        self.definitions[id(thing)] = len(self.definitions)
        self.way[-1] = thing.__qualname__
        self._class(thing) if isinstance(thing, type) else self._function(thing)

    def _class(self, thing: type) -> None:
        self.tell("class")
        for base in thing.__bases__:
            self.visit(base, "base class")
        for name, member in sorted(vars(thing).items()):
            is_special = name.startswith("__") and name.endswith("__")
            if name != "_abc_impl" and (not is_special or isinstance(member, (*PARTS, types.FunctionType))):
                self.tell(name)
                self.visit(member, name)

    def _function(self, thing: types.FunctionType) -> None:
        self._code(thing.__code__, thing.__doc__)
        self.visit(thing.__defaults__, "default")
        self.visit(thing.__kwdefaults__, "default")
        names, attributes, modules = _references(thing.__code__)
        read = {name: thing.__globals__[name] for name in names if name in thing.__globals__}
        read |= {name: importlib.import_module(name) for name in modules}
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            read[name] = cell.cell_contents
        for name in sorted(read):
            self.tell(name)
            self._read(read[name], name, attributes)

    def _read(self, value: object, name: str, attributes: set[str]) -> None:
        """A value that a function reads; of a module, what the function may read from it."""
        if not isinstance(value, types.ModuleType):
            return self.visit(value, f"{name!r}")
        if library := _library(value.__name__):
            return self.tell("library", library, value.__name__)
        for attribute in sorted(attributes & set(vars(value))):
            self.tell(attribute)
            self._read(getattr(value, attribute), attribute, attributes)

    def _code(self, code: types.CodeType, doc: str | None = None) -> None:
        self.tell(*(getattr(code, name) for name in CODE))
        for constant in code.co_consts:
            self.visit(None if constant == doc else constant)

    def _object(self, thing: object) -> None:
        """By what pickle would keep of it, and by what it wraps (functools.lru_cache keeps only a name)."""
        try:
            kept = thing.__reduce_ex__(4)
        except Exception as error:
            raise Unhashable(
                f"cannot tell whether a {type(thing).__module__}.{type(thing).__qualname__} changes, reached by "
                f"{' -> '.join(filter(None, self.way))}: pass what it is made from instead ({error})"
            ) from error
        self.tell("object")
        if isinstance(kept, str):
            self.tell(kept)
        else:
            self.visit([list(part) if hasattr(part, "__next__") else part for part in kept])
        if hasattr(thing, "__wrapped__"):
            self.visit(thing.__wrapped__, "wrapped")


def _references(code: types.CodeType) -> tuple[set[str], set[str], set[str]]:
    """The globals, the attributes and the imported modules that code and the code within it name."""
    names, attributes, modules = set(), set(), set()
    for instruction in dis.get_instructions(code):
        if "GLOBAL" in instruction.opname or instruction.opname == "LOAD_NAME":
            names.add(instruction.argval)
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            attributes.add(instruction.argval)
        elif instruction.opname == "IMPORT_NAME":
            modules.add(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            for found, inner in zip((names, attributes, modules), _references(constant), strict=True):
                found |= inner
    return names, attributes, modules


def _library(module: str | None) -> str | None:
    """The package and version that a module belongs to; None for this project's and the reader's own, notebooks too."""
    top = (module or "__main__").partition(".")[0]
    package = sys.modules.get(top)
    if top in ("__main__", "merlib"):  # whatever started the kernel, or wherever the project is installed
        return None
    if top in sys.stdlib_module_names:
        return f"{top} of Python {sys.version_info.major}.{sys.version_info.minor}"
    installed = "site-packages" in (getattr(package, "__file__", None) or "")
    return f"{top} {getattr(package, '__version__', '')}" if installed else None
