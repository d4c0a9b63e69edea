"""The sizes at which the notebooks run (`profiles.toml`), and what their settings may be."""

import ast
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

ALWAYS = dict.fromkeys(("profile", "data_root", "output_dir"))  # parameters that every notebook has
LISTS = {"databases": [None]}  # a list of anything, where a notebook has it: an edited cell does not show its default
BUILDS_ON = {"reference": "demo"}  # a profile that changes another one
PASSED = "# Parameters"  # how a cell begins that papermill adds below the parameters, with what it was given


class SettingError(ValueError):
    """Settings that are unknown, of the wrong type or out of range; the message lists all of them."""


def names() -> tuple[str, ...]:
    """The profiles, smallest first."""
    return tuple(_file()["accepted"]["profile"]["choices"])


def settings(paper: str, profile: str, variant: str = "", **overrides: Any) -> dict[str, Any]:
    """A paper's settings in a profile; `variant` names a table of changes to them ("three_classes").

    An override that is None leaves the profile's value. Raises SettingError for a profile, paper, variant or setting
    that does not exist and for a value that is not accepted.
    """
    # the paper's own settings, then what a smaller profile changes; a variant's changes come after all of them
    full = _file()["paper"]
    papers = [name for name in full if name != "synth"]
    tables = [full[_one_of("paper", paper, papers)], *(table.get(paper, {}) for table in _changes(profile))]
    values = {name: value for table in tables for name, value in table.items() if not isinstance(value, dict)}
    if variant:
        _one_of(f"variant of {paper}", variant, [name for name in full[paper] if name not in values])
        values |= {name: value for table in tables for name, value in table.get(variant, {}).items()}
    overrides = {name: value for name, value in overrides.items() if value is not None}
    if found := faults(paper, overrides, values):
        raise SettingError("\n".join([f"{paper} cannot run with these settings:", *found]))
    return values | overrides


def chosen(paper: str, notebook: Mapping[str, Any]) -> dict[str, Any]:
    """A notebook's settings: those of its profile, and what its parameters change of them.

    `notebook`: its `globals()` after the cell of parameters. All parameters are checked, those that are no settings too, and
    every name that papermill was given. Raises SettingError with the sentences of `merlib run`.
    """
    cells = [(_assigned(source), source.startswith(PASSED)) for source in notebook.get("In", [])]
    own = [cell for cell, is_passed in cells if ALWAYS.keys() <= cell.keys() and not is_passed]
    if not own:
        raise SettingError(f"{paper}: run the cell with the parameters ({', '.join(ALWAYS)}, ...) before this one")
    passed = [name for cell, is_passed in cells if is_passed for name in cell if not name.startswith("PAPERMILL_")]
    given = {name: notebook[name] for name in [*own[-1], *passed]}
    default = own[-1] | {name: example for name, example in LISTS.items() if name in own[-1]}
    # None means the profile's value, where it is the default
    given = {name: value for name, value in given.items() if value is not None or default.get(name, "") is not None}
    if found := faults(paper, given, examples(paper, notebook["profile"], default)):
        raise SettingError("\n".join([f"{paper} cannot run:", *(f"- {fault}" for fault in found)]))
    known = defaults(paper, notebook["profile"])
    return settings(paper, notebook["profile"], **{name: given[name] for name in known.keys() & given.keys()})


def synth(profile: str) -> dict[str, dict[str, int]]:
    """The look-alike databases of a profile: name -> subjects, clips, height and width (pixels).

    Raises SettingError for a profile that has none: `paper` is for the real databases.
    """
    having = [name for name in names() if "synth" in _file()[name]]
    sizes: dict[str, dict[str, int]] = {}
    for changed in _changes(_one_of("profile with look-alike databases", profile, having)):
        for database, size in changed["synth"].items():
            sizes[database] = sizes.get(database, {}) | size
    return sizes


def defaults(paper: str, profile: str) -> dict[str, Any]:
    """A paper's settings in a profile, or nothing for a notebook that has no table in `profiles.toml`."""
    return settings(paper, profile) if paper in _file()["paper"] else {}


def examples(paper: str, profile: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, each with a value of the right type: the profile's where it has one, else the default."""
    from_profile = defaults(paper, profile) if profile in names() else {}
    return {**parameters, **{name: value for name, value in from_profile.items() if name in parameters}}


def faults(paper: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """One sentence per fault of `given`. `known`: the names that exist, with a value of the right type.

    If a known value is None, any type is right. A known list has at least one item; it gives the items' type.
    """
    found = []
    for name, value in given.items():
        if name not in known:
            found.append(f"{name}: no such setting; there are {', '.join(known)}")
        elif not (_same_type(value, known[name]) and _in_range(value, _rule(paper, name))):
            found.append(f"{name} = {_shown(value)}: accepted is {accepted(paper, name, known[name])}")
        elif repeated := _repeated(value, _rule(paper, name)):
            found.append(f"{name} = {_shown(value)}: {repeated[0]!r} stands in it more than once")
    return found


def accepted(paper: str, name: str, example: Any) -> str:
    """What a setting may be, in words: "a whole number from 16 to 512"."""
    rule = _rule(paper, name)
    if isinstance(example, list):
        return f"a list, each item {accepted(paper, name, next(iter(example), None))}"
    words = [_TYPES.get(type(example), "a value")]
    if "choices" in rule:
        words = ["one of", ", ".join(map(str, rule["choices"]))]
    if "min" in rule:
        words.append(f"from {rule['min']} to {rule['max']}")
    if "step" in rule:
        words.append(f"that is a multiple of {rule['step']}")
    return " ".join(words)


_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def _assigned(source: str) -> dict[str, Any]:
    """The names that a cell assigns, with their values where these are plain, else with None."""
    try:
        statements = [statement for statement in ast.parse(source).body if isinstance(statement, ast.Assign)]
    except SyntaxError:  # it stopped there, and assigned nothing
        return {}
    return {
        target.id: _value(statement.value)
        for statement in statements
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _value(written: ast.expr) -> Any:
    try:
        return ast.literal_eval(written)
    except ValueError:
        return None


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(resources.files("merlib").joinpath("profiles.toml").read_text(encoding="utf-8"))


def _changes(profile: str) -> list[dict[str, Any]]:
    """The tables of a profile, after those of the one that it builds on."""
    table = _file()[_one_of("profile", profile, names())]
    return [*(_changes(BUILDS_ON[profile]) if profile in BUILDS_ON else []), table]


def _rule(paper: str, name: str) -> dict[str, Any]:
    rules = _file()["accepted"]
    return rules.get(paper, {}).get(name, rules.get(name, {}))


def _one_of(what: str, name: str, known: Any) -> str:
    if name not in known:
        raise SettingError(f"there is no {what} {name!r}; there are {', '.join(known)}")
    return name


def _repeated(value: Any, rule: Mapping[str, Any]) -> list[Any]:
    """Items that a list holds more than once, unless the rule of a setting lets them repeat."""
    listed = value if isinstance(value, list) and "repeats" not in rule else []
    return [item for item in listed if listed.count(item) > 1]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _same_type(value: Any, example: Any) -> bool:
    if example is None:
        return True
    if isinstance(example, list):
        first = next(iter(example), None)
        return isinstance(value, list) and value != [] and all(_same_type(item, first) for item in value)
    if isinstance(example, float):
        return type(value) in (int, float)
    return type(value) is type(example) and _is_utf8(value)


def _is_utf8(value: Any) -> bool:
    """A notebook is UTF-8; a text from the command line need not be, and Python then keeps its bytes as surrogates."""
    return not isinstance(value, str) or not any(
        character == "\0" or "\ud800" <= character <= "\udfff" for character in value
    )


def _in_range(value: Any, rule: Mapping[str, Any]) -> bool:
    if isinstance(value, list):
        return all(_in_range(item, rule) for item in value)
    if "choices" in rule:
        return value in rule["choices"]
    if "min" not in rule:
        return True
    # NaN compares with nothing, so it is out of every range
    return (
        isinstance(value, int | float)
        and rule["min"] <= value <= rule["max"]
        and ("step" not in rule or value % rule["step"] == 0)
    )
