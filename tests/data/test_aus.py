import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merlib.data import aus
from merlib.data.aus import AU

# every quirk known from the sheets of CASME II, SAMM, MMEW and DFME
QUIRKS = {
    "": (),
    "?": (),
    "none": (),
    "4+7": (AU(4), AU(7)),
    "L10": (AU(10, side="L"),),
    "12L": (AU(12, side="L"),),
    "4R+7": (AU(4, side="R"), AU(7)),
    "4+L10": (AU(4), AU(10, side="L")),
    "T23": (AU(23, side="T"),),
    "L12A": (AU(12, side="L", intensity="A"),),
    "10A/B": (AU(10, intensity="A", up_to="B"),),
    "A1B+A2C": (AU(1, side="A", intensity="B"), AU(2, side="A", intensity="C")),
    "AU6+AU7+AU12": (AU(6), AU(7), AU(12)),
    "(R6 or R12)+R15": (AU(6, side="R", choice=0), AU(12, side="R", choice=0), AU(15, side="R")),
    "4/7": (AU(4, choice=0), AU(7, choice=0)),
    "7B+ ref(43)": (AU(7, intensity="B"),),
    "ref(7B)+43": (AU(43),),
    "ref(7B)+43C": (AU(43, intensity="C"),),
    "ref(L10)+A12B": (AU(12, side="A", intensity="B"),),
    "A/L12": (AU(12, side="A/L"),),
    "1+2+5+AD38+M58": (AU(1), AU(2), AU(5), AU(38), AU(58)),
    "R14+17+soft focus": (AU(14, side="R"), AU(17)),
    "4?+7": (AU(4, doubtful=True), AU(7)),
    "1 or 2+L14 or R14": (AU(1, choice=0), AU(2, choice=0), AU(14, side="L", choice=1), AU(14, side="R", choice=1)),
}


@pytest.mark.parametrize(("text", "units"), QUIRKS.items())
def test_a_quirk_of_the_sheets_is_understood(text, units):
    assert aus.parse(text) == units


REAL = {  # sheets, the column of action units, and how many clips they annotate
    "QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files/CASME2/CASME2-coding-20140508.xlsx": ("Action Units", 255),
    "QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files/SAMM/SAMM.xlsx": ("Action Units", 159),
    "QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files/CASME3/casme3_table.xlsx": ("AU", 860),
    "QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files/DFME/training_full_with_AU.xlsx": ("AU", 1856),
    "QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files/DFME/testA_full_with_AU.xlsx": ("AU", 474),
    "QqXuyujie+Micro-Expression-Datasets/Onset_Apex_Files/DFME/testB_full_with_AU.xlsx": ("AU", 299),
}


@pytest.mark.parametrize(("file", "column", "num_clips"), [(file, *held) for file, held in REAL.items()])
def test_every_annotation_of_the_real_sheets_is_understood(shared, file, column, num_clips):
    annotated = pd.read_excel(shared / "real" / file, dtype=str)[column].fillna("")
    assert len(annotated) == num_clips
    named = [aus.numbers(text) for text in annotated]
    assert all(numbers or not any(map(str.isdigit, text)) for numbers, text in zip(named, annotated, strict=True))


def test_numbers_count_every_alternative_and_no_remark():
    assert aus.numbers("(R6 or R12)+R15+7B+ ref(43)") == {6, 7, 12, 15}


@pytest.mark.parametrize(
    ("text", "position"),
    [("4++7", 3), ("4+", 3), ("4 7", 3), ("123", 1), ("4+$", 3), ("F4", 1), ("(4+7", 3), ("4.5", 2), ("L", 1)],
)
def test_what_is_no_annotation_is_refused_with_its_text_and_the_position(text, position):
    with pytest.raises(ValueError) as error:
        aus.parse(text)
    assert repr(text) in str(error.value)
    assert f"position {position}," in str(error.value)


letters = st.sampled_from("ABCDE")
units = st.builds(
    AU,
    number=st.integers(1, 99),
    side=st.sampled_from([None, *"LRTBAU", "A/L"]),
    intensity=st.none() | letters,
    doubtful=st.booleans(),
)
ranges = st.builds(lambda unit, low, high: AU(unit.number, unit.side, low, high), units, letters, letters)
groups = st.lists(st.lists(units | ranges, min_size=1, max_size=3), min_size=1, max_size=5)


@st.composite
def spellings(draw, unit: AU) -> str:
    """One of the ways in which annotators write a unit, put together without the library's own text of it."""
    number = f"{unit.number:02d}" if draw(st.booleans()) else str(unit.number)
    if unit.side in ("L", "R") and draw(st.booleans()):
        sided = number + unit.side
    else:
        sided = (unit.side or "") + draw(st.sampled_from(["", " "])) + number
    intensity = "/".join(letter for letter in (unit.intensity, unit.up_to) if letter)
    text = draw(st.sampled_from(["", "AU"])) + sided + intensity + ("?" if unit.doubtful else "")
    return text.lower() if draw(st.booleans()) else text


@given(groups, st.data())
def test_whatever_is_written_comes_back(groups, data):
    texts, expected, choices = [], [], 0
    for group in groups:
        written = [data.draw(spellings(unit)) for unit in group]
        if len(group) == 1:
            texts += written
            expected += group
        else:
            texts.append("(" + " or ".join(written) + ")")
            expected += [AU(u.number, u.side, u.intensity, u.up_to, u.doubtful, choice=choices) for u in group]
            choices += 1
    text = data.draw(st.sampled_from(["+", " + ", ", "])).join(texts)
    assert aus.parse(text) == tuple(expected)
    assert aus.numbers(text) == {unit.number for unit in expected}


@given(st.lists(units | ranges, min_size=1, max_size=5))
def test_the_text_of_units_is_read_back_as_the_same_units(units):
    assert aus.parse("+".join(map(str, units))) == tuple(units)


@given(st.text(max_size=12) | st.text("AULRTB0123456789+/()? or", max_size=12))
def test_any_other_text_gives_units_or_a_value_error(text):
    try:
        units = aus.parse(text)
    except ValueError as error:
        assert repr(text) in str(error)
    else:
        assert all(0 <= unit.number < 100 for unit in units)


annotations = st.lists(
    st.sampled_from(
        [
            *"ABCDELRTU?/+,() ",
            "AU",
            "or",
            "4",
            "07",
            "12",
            "123",
            "none",
            "ref(43)",
            "ref(L10)",
            "AD",
            "M",
            "A/L",
            "soft focus",
            "\uff14",
            "\u0664",
        ]
    ),
    max_size=12,
).map("".join)


def outcome(text: str) -> tuple[AU, ...] | None:
    """The units of a text; None if it is refused, which only a ValueError may do."""
    try:
        return aus.parse(text)
    except ValueError:
        return None


def written(units: tuple[AU, ...]) -> str:
    """An annotation of these units, alternatives in brackets."""
    groups: dict[object, list[str]] = {}
    for place, unit in enumerate(units):
        groups.setdefault(("alone", place) if unit.choice is None else unit.choice, []).append(str(unit))
    return "+".join(f"({' or '.join(group)})" if len(group) > 1 else group[0] for group in groups.values())


@given(annotations | st.text(max_size=30))
def test_whatever_is_understood_can_be_written_and_read_again(text):
    if units := outcome(text):
        assert aus.parse(written(units)) == units


@given(annotations)
def test_case_and_blanks_around_it_do_not_change_an_annotation(text):
    assert outcome(text) == outcome(text.lower()) == outcome(text.upper()) == outcome(f"  {text}\t")


@pytest.mark.parametrize("text", ["4" * 5000, "(" * 5000, "4+" * 5000, "\x00", "\ud800"])
def test_a_monstrous_annotation_is_refused_like_any_other(text):
    with pytest.raises(ValueError, match="not understood at position"):
        aus.parse(text)
