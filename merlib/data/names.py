"""Names of people, clips and emotions: two spellings that a reader takes for one are one, and it is said."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import pandas as pd

# drawn as nothing, though Unicode does not call them format characters: joiners, fillers, variation selectors
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
APOSTROPHES = "\u2018\u2019\u02bc"  # what word processors make of '


@lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """The one form of all spellings of a name: `Zoë` composed or not, `STRAUSS` and `strauß`, `１` and `1`.

    Case and compatible forms (NFKC) do not count. Digits of every script, hyphens and apostrophes become ASCII.
    Invisible characters are removed, and any blanks between words become one. The result may be empty.
    """
    text = " ".join(unicodedata.normalize("NFKD", text).casefold().split())
    return " ".join(unicodedata.normalize("NFKC", "".join(map(_plain, text))).split())


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Cf") or INVISIBLE.match(character):
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if category == "Pd":
        return "-"
    return "'" if character in APOSTROPHES else character


def person(subject: str) -> str:
    """One text for one person however the subject is written: `s1`, `s01`, `sub01`, `S01` and `1` all give `001`.

    Only the databases' own prefixes are dropped; a name such as `anna2` stays itself, in its `plain` form.
    """
    text = plain(subject)
    match = re.fullmatch(r"(?:s|sub|subject|spno\.)?[ _-]?0*([0-9]+)", text)
    return match[1].zfill(3) if match else text


def people(rows: pd.DataFrame) -> list[str]:
    """One key per row, the same for all clips of one person: `smic/001` for `s1` and `s01`.

    An entry in the column `person`, if there is such a column, says who the subject is.
    """
    said = rows["person"].fillna("").astype(str) if "person" in rows else [""] * len(rows)
    triples = zip(rows["database"], rows["subject"], said, strict=True)
    return [f"{database}/{person(name) or person(subject)}" for database, subject, name in triples]


def clips(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """One key per row, the same for all spellings of one clip: its person (`people`) and its name."""
    return list(zip(people(rows), map(plain, rows["clip"]), strict=True))


def contradictions(rows: pd.DataFrame) -> Iterator[tuple[dict, str]]:
    """Rows in which the column `person` makes another person of a subject than in its first row, and the fault."""
    if "person" not in rows:
        return
    rows = rows.assign(person=rows["person"].fillna(""))
    subjects = people(rows[["database", "subject"]])
    first: dict[str, tuple[str, dict]] = {}
    for subject, who, row in zip(subjects, people(rows), rows.to_dict("records"), strict=True):
        known, other = first.setdefault(subject, (who, row))
        if known != who:
            said = f"the person {row['person']!r} here and {other['person']!r} in {place(other)}"
            yield row, f"subject {row['subject']} has {said} (accepted: one person in all rows of a subject)"


def place(row: Mapping) -> str:
    """Where a clip is annotated: `list.csv, row 3`; "another row" if the table does not say."""
    number = row.get("row")
    return (row.get("file") or "another row") + ("" if pd.isna(number) else f", row {number}")


def merged(rows: pd.DataFrame) -> Iterator[str]:
    """One sentence per name that is written in several ways and read as one."""
    for column in ("subject", "person"):
        if column in rows:
            yield from _merged(rows[["database", column]].fillna(""), column, person)


def _merged(rows: pd.DataFrame, column: str, key: Callable[[str], str]) -> Iterator[str]:
    for (database, name), group in rows.groupby(["database", rows[column].map(key)], sort=False):
        spellings = list(dict.fromkeys(group[column]))
        if name and len(spellings) > 1:
            # composed and decomposed letters look alike in quotation marks too
            alike = len({unicodedata.normalize("NFC", text) for text in spellings}) < len(spellings)
            shown = ", ".join(map(ascii if alike else repr, spellings))
            yield f"{database}: {column} {shown} are read as one person, {name}"
