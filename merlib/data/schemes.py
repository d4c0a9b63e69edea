"""The class schemes of the papers: which class each annotated emotion, objective class or combination falls into."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from merlib.data import aus, objective


def _groups(**emotions_of: str) -> dict[str, str]:
    return {emotion: name for name, emotions in emotions_of.items() for emotion in emotions.split()}


def _each(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


_POSITIVE_NEGATIVE_SURPRISE = _each("positive negative surprise")
_SAMM_3 = _groups(positive="happiness", negative="anger contempt disgust fear sadness", surprise="surprise")
_OBJECTIVE_5 = {"I": "happiness", "II": "surprise", "III": "anger", "IV": "disgust", "V": "sadness"}
_OBJECTIVE_7 = _OBJECTIVE_5 | {"VI": "fear", "VII": "others"}

_MACRO_5 = _each("happiness surprise anger disgust sadness")
# the one combination of Davison's table 2 (there in class III) that PSN's Table 2 does not have
NOT_IN_PSN = aus.numbers("4+5")
_PSN_4 = _groups(positive="I", negative="III IV V VI", surprise="II", others="VII")

_CAS_ME_3 = _groups(positive="happy", negative="anger disgust fear sad", surprise="surprise")

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
    # four and seven: Li et al., CAS(ME)3 (TPAMI 2023); three, without others: Nguyen et al., Micron-BERT (CVPR 2023)
    "cas_me_3-3": {"cas_me_3": _CAS_ME_3},
    "cas_me_3-4": {"cas_me_3": _CAS_ME_3 | _each("others")},
    "cas_me_3-7": {"cas_me_3": _each("happy anger disgust fear sad surprise others")},
    "dfme-7": {
        "dfme": _each("happiness anger contempt disgust fear sadness surprise")
    },  # Zhao et al., DFME (TAFFC 2024)
    "megc2019-3": {
        "casme2": _POSITIVE_NEGATIVE_SURPRISE
        | _groups(positive="happiness", negative="disgust repression", surprise="surprise"),
        "samm": _POSITIVE_NEGATIVE_SURPRISE | _SAMM_3,
        "smic": _POSITIVE_NEGATIVE_SURPRISE,
    },
    "objective-5": dict.fromkeys(("casme2", "samm", "cas_me_3"), _OBJECTIVE_5),
    "objective-7": dict.fromkeys(("casme2", "samm", "cas_me_3"), _OBJECTIVE_7),  # Micro-Attention, Table 1
    # what a network learns before it learns the objective classes: the same five, in the same order
    "macro-5": {"ckplus": _MACRO_5, "oulu_casia": _MACRO_5, "jaffe": _MACRO_5, "mug": _MACRO_5},
    "psn-4": dict.fromkeys(("casme", "casme2", "cas_me_2", "samm"), _PSN_4),
}
ACCEPTED = (*SCHEMES, "own")


def column(scheme: str) -> str:
    """The column of the clip table that a scheme goes by."""
    family = scheme.rpartition("-")[0]
    return {"objective": "objective", "psn": "aus"}.get(family, "emotion")


class Classified(NamedTuple):
    """What a scheme makes of clips: a class each (None: in no class) and, for those, why; class names; what to say."""

    labels: pd.Series
    reasons: pd.Series
    names: tuple[str, ...]
    notes: tuple[str, ...]


def classified(scheme: str, table: pd.DataFrame) -> Classified:
    """The classes of the clips in a clip table; the notes name classes without a clip, and sources that differ.

    Raises ValueError for an unknown scheme, one that does not know a database, and one that leaves a database no clip.
    """
    databases = table["database"]
    class_of = _class_of(scheme, databases.unique(), sorted(table["emotion"].unique()))
    by = column(scheme)
    annotated = table[by].fillna("") if by in table else pd.Series("", table.index, dtype=object)
    unread = annotated.map(aus.fault if by == "aus" else lambda _: "")
    entries = annotated.where(unread.eq(""), "").map(psn_category) if by == "aus" else annotated
    labels = [
        None if fault else class_of[database].get(entry)
        for database, entry, fault in zip(databases, entries, unread, strict=True)
    ]
    found = pd.Series(labels, table.index, dtype=object)
    if empty := list(_empty(scheme, databases, annotated, found)):
        raise ValueError("\n".join(empty))
    names = tuple(dict.fromkeys(name for classes in class_of.values() for name in classes.values()))
    missing = [name for name in names if name not in labels]
    note = f"{scheme}: no clip of {', '.join(databases.unique())} is in class {', '.join(missing)}"
    reasons = unread.where(unread.ne(""), f"{by} '" + annotated + f"' is in no class of {scheme}")
    notes = objective.differing(table) if by == "objective" else ()
    return Classified(found, reasons, names, (*notes, *([note] if missing else [])))


def _empty(scheme: str, databases: pd.Series, annotated: pd.Series, labels: pd.Series) -> Iterator[str]:
    """One sentence per database without a clip in any class."""
    by = column(scheme)
    for database, classes in labels.groupby(databases, sort=False):
        texts = annotated[classes.index]
        if texts.eq("").all():
            rule = '; objective.by(clips, "rule") gives them by the action units' if by == "objective" else ""
            yield f"the annotations of {database} have no {by} classes{rule}"
        elif classes.isna().all():
            shown = ", ".join(map(repr, sorted(texts.unique())[:8]))
            accepted = ", ".join(map(repr, SCHEMES[scheme][database]))
            yield (
                f"{scheme} leaves none of the {len(texts)} clips of {database}: the column {by} holds {shown} "
                f"(accepted: {accepted})"
            )


def psn_category(units: str) -> str:
    """PSN's category I to VII of an annotation of action units, such as `4+L10` (PSN, Table 2).

    PSN's categories are the objective classes (`objective.COMBINATIONS`) with one difference: `NOT_IN_PSN` is in VII.
    Sides and intensities do not count; every one of several alternatives does. Table 3 asks for "at least" AU6 or AU12
    (positive) and AU1+AU2, AU25 or AU2 (surprise). Read as rules of their own, these contradict Table 2, where 4+6+7 is
    anger. They are taken as a summary of Table 2. Raises ValueError like `aus.parse`.
    """
    numbers = aus.numbers(units)
    return "VII" if numbers == NOT_IN_PSN else objective.of(numbers)


def _class_of(scheme: str, databases: Collection[str], emotions: Collection[str]) -> Mapping[str, Mapping[str, str]]:
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
