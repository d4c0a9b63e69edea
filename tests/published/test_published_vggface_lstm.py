"""The two numbers of Bai 2020 against a second reading of the text."""

import re

import pytest

from merlib import published


@pytest.fixture(scope="module")
def text(shared):
    return (shared / "papers" / "bai_icmi2020.txt").read_text(encoding="utf-8")


def section(text, number):
    return re.split(rf"^#+ {re.escape(number)} .*$", text, flags=re.MULTILINE)[1].split("\n#")[0]


@pytest.mark.parametrize(("number", "table"), [("3.1", "section_3_1"), ("3.2", "section_3_2")])
def test_the_sections_agree_with_a_second_reading(text, number, table):
    cells = published.table("vggface_lstm", table)
    accuracy = cells[cells["metric"] == "accuracy %"]["printed"].tolist()
    assert accuracy == re.findall(r"([\d.]+)%", section(text, number))
    assert cells["n"].isna().all() and set(cells["database"]) == {"smic"}


def test_the_lengths_tried(text):
    frames = published.table("vggface_lstm", "section_3_2").query("metric == 'frames'")["printed"].tolist()
    assert [tuple(frames)] == re.findall(r"from (\d+) to (\d+)", section(text, "3.2"))
