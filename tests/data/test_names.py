import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merlib.data import names
from merlib.data.names import person, plain

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f\u034f"
BLANKS = " \u00a0\u2003\u3000\t"
text = st.text(max_size=8)


@given(st.integers(0, 999), st.sampled_from(["", "s", "S", "sub", "Sub", "subject", "spNO."]), st.integers(1, 4))
def test_a_person_is_one_however_the_number_is_written(number, prefix, width):
    assert person(f"{prefix}{number:0{width}d}") == f"{number:03d}"


@given(st.integers(0, 999), st.integers(0, 999))
def test_two_persons_are_two(a, b):
    assert (person(f"s{a}") == person(f"sub{b:02d}")) == (a == b)


def test_names_stay_names():
    written = ("Anna", "anna2", "p1", "q1", "anna k", "anna_k", "¹x")
    assert [person(name) for name in written] == ["anna", "anna2", "p1", "q1", "anna k", "anna_k", "1x"]


@pytest.mark.parametrize(
    "spellings",
    [
        ("Zo\u00eb", "Zoe\u0308"), ("anna", "an\u200bna", "\ufeffanna"), ("anna k", "anna  k", "anna\u00a0k", "anna k "),
        ("strauß", "STRAUSS"), ("\uff11", "1", "s01", "\u0661"), ("\uff53\uff10\uff11", "s1", "sub\u00a01"),
        ("anna-k", "anna\u2011k", "anna\u2013k"), ("o'neil", "O\u2019Neil"),
    ],
)  # fmt: skip
def test_one_person_in_several_spellings_is_one(spellings):
    assert len({person(name) for name in spellings}) == 1


@given(text, st.data())
def test_a_name_is_the_same_in_any_form_case_and_blanks(name, data):
    words = [name, "b"]
    expected = plain(" ".join(words))
    blank = data.draw(st.text(BLANKS, min_size=1, max_size=3))
    form = data.draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
    assert plain(unicodedata.normalize(form, blank.join(words))) == expected
    assert plain(f"{blank}{blank.join(words)}{blank}") == expected
    assert plain(" ".join(words).casefold()) == plain(" ".join(words).lower()) == expected


@given(text, text, st.text(ZERO_WIDTH, min_size=1, max_size=3))
def test_what_cannot_be_seen_does_not_count(start, end, hidden):
    assert plain(start + hidden + end) == plain(start + end)


@given(text)
def test_a_plain_name_stays_as_it_is(name):
    assert plain(plain(name)) == plain(name)
    assert person(person(name)) == person(name)


@given(st.from_regex(r"\w+", fullmatch=True))
def test_a_name_of_letters_is_never_empty_and_has_only_ascii_digits(name):
    hidden = all(names.INVISIBLE.match(character) for character in unicodedata.normalize("NFKD", name))
    assert hidden or plain(name)
    assert all(character.isascii() for character in plain(name) if character.isdecimal())


@st.composite
def spellings(draw, name: str) -> str:
    """One of the ways in which a name comes out of spreadsheets: form, case, blanks, digits, invisible characters."""
    if name.isdigit():
        name = draw(st.sampled_from(["", "s", "sub", "Subject "])) + name.zfill(draw(st.integers(1, 4)))
    name = name.replace(" ", draw(st.text(BLANKS, min_size=1, max_size=2)))
    name = draw(st.sampled_from([str.upper, str.lower, str.title, str]))(name)
    name = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), name)
    if draw(st.booleans()):
        name = name.translate({ord("0") + i: chr(0xFF10 + i) for i in range(10)})
    place = draw(st.integers(0, len(name)))
    return name[:place] + draw(st.text(ZERO_WIDTH, max_size=2)) + name[place:]


PEOPLE = [
    "zo\u00eb k",
    "zoe k",
    "strauß",
    "5",
    "50",
    "anna2",
    "\u0130pek",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
]


@given(st.lists(st.sampled_from(PEOPLE).flatmap(lambda name: st.tuples(st.just(name), spellings(name))), min_size=1))
def test_people_are_as_many_as_there_are_however_each_row_writes_them(written):
    expected, subjects = zip(*written, strict=True)
    keys = names.people(rows(*subjects))
    assert len(set(zip(expected, keys, strict=True))) == len(set(keys)) == len(set(expected))
    assert len(list(names.merged(rows(*subjects)))) == sum(
        len({subject for name, subject in written if name == one}) > 1 for one in set(expected)
    )


def rows(*subjects: str, **columns) -> pd.DataFrame:
    return pd.DataFrame({"database": "own", "subject": subjects, **columns})


def test_the_column_person_says_who_a_subject_is():
    assert names.people(rows("anna", "Anna K", "s1")) == ["own/anna", "own/anna k", "own/001"]
    said = rows("anna", "Anna K", "s1", "ben", person=["P1", "p1", "", None])
    assert names.people(said) == ["own/p1", "own/p1", "own/001", "own/ben"]


def test_names_that_become_one_are_said_so_that_the_difference_shows():
    said = list(names.merged(rows("Anna", "anna", "ben", "Zo\u00eb", "Zoe\u0308", "s1", "s01", "Anna", "an\u200bna")))
    assert said == [
        r"own: subject 'Anna', 'anna', 'an\u200bna' are read as one person, anna",
        r"own: subject 'Zo\xeb', 'Zoe\u0308' are read as one person, zoë",
        "own: subject 's1', 's01' are read as one person, 001",
    ]
    assert list(names.merged(rows("a", "b", person=["X", "x"]))) == ["own: person 'X', 'x' are read as one person, x"]
    assert not list(names.merged(rows("a", "b", "a", person=["", "", ""])))
