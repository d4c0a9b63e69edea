"""The class schemes of the papers: which annotated emotions, or objective classes, fall into which class."""

from collections.abc import Collection, Mapping


def _groups(**emotions_of: str) -> dict[str, str]:
    return {emotion: name for name, emotions in emotions_of.items() for emotion in emotions.split()}


def _each(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


_POSITIVE_NEGATIVE_SURPRISE = _each("positive negative surprise")
_SAMM_3 = _groups(positive="happiness", negative="anger contempt disgust fear sadness", surprise="surprise")
# Davison et al. 2018: I-VI are happiness, surprise, anger, disgust, sadness and fear, VII is everything else
_OBJECTIVE_5 = {"I": "happiness", "II": "surprise", "III": "anger", "IV": "disgust", "V": "sadness"}
_OBJECTIVE_7 = _OBJECTIVE_5 | {"VI": "fear", "VII": "others"}

_MACRO_5 = _each("happiness surprise anger disgust sadness")

# scheme -> database -> as annotated -> class, in class order. MMNet, Tables 1 and 2; Micro-Attention, section 4.1. MEGC 2019
# takes CASME II's sadness and fear out of negative; its flow maps are labelled with the class already.
SCHEMES: dict[str, dict[str, dict[str, str]]] = {
    "casme2-5": {"casme2": _each("happiness disgust repression surprise others")},
    "casme2-3": {
        "casme2": _groups(positive="happiness", negative="disgust repression sadness fear", surprise="surprise")
    },
    "samm-5": {"samm": _each("happiness anger contempt surprise") | _groups(others="other others")},
    "samm-3": {"samm": _SAMM_3},
    "smic-3": {"smic": _POSITIVE_NEGATIVE_SURPRISE},
    "mmew-4": {"mmew": _each("happiness surprise disgust others")},
    "megc2019-3": {
        "casme2": _POSITIVE_NEGATIVE_SURPRISE
        | _groups(positive="happiness", negative="disgust repression", surprise="surprise"),
        "samm": _POSITIVE_NEGATIVE_SURPRISE | _SAMM_3,
        "smic": _POSITIVE_NEGATIVE_SURPRISE,
    },
    "objective-5": {"casme2": _OBJECTIVE_5, "samm": _OBJECTIVE_5},
    "objective-7": {"casme2": _OBJECTIVE_7, "samm": _OBJECTIVE_7},  # Micro-Attention, Table 1
    # what a network learns before it learns the objective classes: the same five, in the same order
    "macro-5": {"ckplus": _MACRO_5, "oulu_casia": _MACRO_5, "jaffe": _MACRO_5, "mug": _MACRO_5},
}
ACCEPTED = (*SCHEMES, "own")


def column(scheme: str) -> str:
    """The column of the clip table that a scheme goes by."""
    return "objective" if scheme.startswith("objective") else "emotion"


def class_of(scheme: str, databases: Collection[str], emotions: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """database -> as annotated -> class, in class order; `own` makes a class of each of `emotions`, in their order.

    Raises ValueError for an unknown scheme, or one that does not know one of the databases.
    """
    if scheme == "own":
        return {database: {emotion: emotion for emotion in emotions} for database in databases}
    if scheme not in SCHEMES:
        raise ValueError(f"no class scheme {scheme!r}; accepted: {', '.join(ACCEPTED)}")
    if unknown := [database for database in databases if database not in SCHEMES[scheme]]:
        fitting = [name for name, known in SCHEMES.items() if set(databases) <= known.keys()] + ["own"]
        raise ValueError(f"{scheme} has no classes for {', '.join(unknown)}; accepted here: {', '.join(fitting)}")
    return SCHEMES[scheme]
