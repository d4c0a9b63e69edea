import csv
import html
import io
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from helpers.made_predictions import made
from hypothesis import example, given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from merlib.data.source import Source
from merlib.results import tables
from merlib.results.pages import AUTHORS, MAJORITY, OURS
from merlib.results.rendering import BELOW, BEST, GROUP, Link, Page, Table

LAST = OURS["last"]
ROW = ("MMNet (Ours)", "CASME II", 5)
TWO_SEEDS = {0: [[5, 3], [4, 5]], 1: [[5, 0], [2, 3]]}


@pytest.fixture
def table():
    return tables.compare("mmnet", "table_6", {"MMNet (Ours)": made(TWO_SEEDS)})


def test_csv_holds_what_is_shown(table):
    read = pd.read_csv(io.StringIO(table.to_csv()), dtype=str).set_index(["method", "database", "classes"])
    assert read.loc[("AU-GACN", "CASME II", "3"), "published: F1"] == "0.3550"
    assert read.loc[("MMNet (Ours)", "CASME II", "5"), f"{LAST}: Acc. (%)"] == table.frame.loc[ROW, (LAST, "Acc. (%)")]
    assert len(read) == 16


def test_markdown_is_one_table_of_even_rows_and_a_list(table):
    lines = table.to_markdown().splitlines()
    rows, notes = [line for line in lines if line.startswith("|")], [line for line in lines if line.startswith("- ")]
    assert len(rows) == 2 + 16 + 2 and len({row.count("|") for row in rows}) == 1  # two groups: 5 and 3 classes
    assert [note[2:] for note in notes] == table.lines("Italic")
    assert "0.7000" not in rows[2] and any("0.6700" in row for row in rows)  # numbers keep their zeros


def test_latex_is_a_booktabs_table(table):
    text = table.to_latex("Methods, 50 % & more", "tab:mmnet_table_6")
    body = text.split(r"\begin{tabular}")[1].split(r"\end{tabular}")[0]
    columns = re.match(r"\{([lr]+)\}", body)[1]
    assert columns == "l" + "r" * 9
    for line in [line for line in body.splitlines() if line.endswith(r"\\")]:
        spans = sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line))
        assert len(re.findall(r"(?<!\\)&", line)) + spans == len(columns) - 1, line
    for command in (r"\toprule", r"\midrule", r"\bottomrule", r"\caption{Methods, 50 \% \& more}", r"\label{tab:mmnet"):
        assert command in text
    assert text.count(r"MiNet\&MaNet") == 1 and r"$\pm$" in text
    assert [line for line in text.splitlines() if re.search(r"(?<!\\)%", line)] == [r"\resizebox{\linewidth}{!}{%"]


def test_a_table_longer_than_a_page_breaks_over_pages_and_repeats_its_header():
    frame = pd.DataFrame(
        {"check": [f"check {i}" for i in range(61)], "verdict": ["so long " * 10] * 61, "n": range(61)}
    )
    assert r"\begin{table}" in Table(frame[:60]).to_latex("Checks", "tab:checks")
    text = Table(frame, ("50 %",)).to_latex("Checks & more", "tab:checks")
    assert r"\begin{xltabular}{\linewidth}{l>{\raggedright\arraybackslash}Xr}" in text
    assert text.count(r"check & verdict & n \\") == 2 and text.index(r"\endhead") < text.index("check 0 &")
    assert text.count(r"\caption") == 2 and text.count(r"\label{tab:checks}") == 1
    for command in (r"\resizebox", r"\begin{table}", "{longtable}"):
        assert command not in text
    opened = re.findall(r"\\(begingroup|begin\{\w+\}|endgroup|end\{\w+\})", text)
    assert opened == ["begingroup", "begin{xltabular}", "end{xltabular}", "endgroup"]
    assert text.index(r"50 \%") > text.index(r"\end{xltabular}")


@given(st.text(alphabet="ab &%$#_{}~^\\—±<>", max_size=20))
def test_no_text_breaks_a_form(text):
    table = Table(pd.DataFrame({"name": [text], "value": [1.5]}), notes=(text,))
    latex = table.to_latex(text, "tab:x")
    escaped = re.sub(r"\\[&%$#_{}]", "", latex)
    assert escaped.count("{") == escaped.count("}") and escaped.count("$") % 2 == 0
    row = next(line for line in latex.splitlines() if line.endswith(r"1.5000 \\"))
    assert len(re.findall(r"(?<!\\)&", row)) == 1
    assert next(csv.DictReader(io.StringIO(table.to_csv(), newline="")))["name"] == text
    assert table._repr_html_().replace("±&nbsp;", "± ").count(html.escape(text)) >= 2  # in its cell and in its note


def test_a_plain_frame():
    table = Table(pd.DataFrame({"module": ["conv1", "fc"], "loss": [1 / 3, np.nan], "n": [1, 2]}))
    assert table.to_csv().splitlines()[1] == f"conv1,{1 / 3!r},1"  # in full
    assert re.split(r"\s*\|\s*", table.to_markdown().splitlines()[2])[1:4] == ["conv1", "0.3333", "1"]
    assert "nan" not in table.to_markdown() + table.to_latex("", "") + table._repr_html_()
    assert table._repr_html_() == table._repr_html_()
    assert ">0</" not in table._repr_html_()  # the plain index is not shown


def test_only_a_column_with_sentences_is_broken_into_lines():
    page = Table(pd.DataFrame({"name": ["a" * 60], "what": ["so long " * 10]}))._repr_html_()
    assert re.findall(r'<td class="sentence"[^>]*>(so long|a)', page) == ["so long"]


# --- the page of a table of results ---


def marked(table, mark):
    """(row's name, score, head) of every cell with a mark."""
    rows, columns = np.nonzero(table.page.marks == mark)
    cells = table.page.cells
    return [(cells.iat[row, 0], *cells.columns[column]) for row, column in zip(rows, columns, strict=True)]


def test_a_page_shows_each_score_published_last_best_and_majority_side_by_side(table):
    heads = {
        "Acc. (%)": ["published", "last epoch", "best test epoch†", "majority"],
        "F1": ["published", "last epoch", "best test epoch†", "authors' F1†", "majority"],
    }
    assert list(table.page.cells.columns[1:]) == [(score, head) for score in heads for head in heads[score]]
    frame = table.frame.loc[ROW]
    groups = ["published", *OURS.values(), AUTHORS, MAJORITY]
    assert table.page.cells.iloc[-1].tolist()[1:] == [
        frame[group, score] for score in heads for group in groups if (group, score) != (AUTHORS, "Acc. (%)")
    ]


def test_rows_stand_in_groups_below_the_name_of_their_database(table):
    names = [name for name, *_ in marked(table, GROUP)]
    assert names == ["CASME II, 3 classes", "CASME II, 5 classes"]
    rows = table.page.cells.iloc[:, 0].tolist()
    of_five = table.frame.xs(5, level="classes").index.get_level_values("method").tolist()
    assert rows[rows.index("CASME II, 5 classes") + 1 :] == of_five
    page = table._repr_html_()
    assert re.findall(r'<th colspan="10" scope="rowgroup"[^>]*><span>([^<]*)<', page) == names


def real(right, **about):
    return made(right, source=Source("the user's copy"), **about)


def test_what_is_not_above_the_majority_guess_is_marked_in_every_form():
    """The guess is right for one of five: so many is not above it, two of five are."""
    table = tables.compare("mmnet", "table_6", {"MMNet (Ours)": real({0: [[1], [2]]})})
    assert [head for _, score, head in marked(table, BELOW) if score == "Acc. (%)"] == []
    low = tables.compare("mmnet", "table_6", {"MMNet (Ours)": real({0: [[2], [1]]})})
    assert ("MMNet (Ours)", "Acc. (%)", "last epoch") in marked(low, BELOW)
    assert ("MMNet (Ours)", "Acc. (%)", "best test epoch†") not in marked(low, BELOW)
    assert (
        '<td class="number below"><em>20.00</em></td>' in low._repr_html_()
        and r"\textcolor{gray}{20.00}" in low.to_latex("", "")
    )
    assert "*20.00*" in low.to_markdown() and "Italic: not above the majority guess." in low.to_markdown()
    assert "Grey italics: not above the majority guess." in low._repr_html_()


def test_the_best_of_ours_is_marked_on_real_data_only_and_never_at_the_best_test_epoch():
    def methods(source):
        names = {"MMNet (Ours)": [[4, 4], [5, 5]], "STSTNet": [[3, 3], [4, 4]]}
        return {name: made({0: right}, experiment=name, source=source) for name, right in names.items()}

    of_real = marked(tables.compare("mmnet", "table_6", methods(Source("the user's copy"))), BEST)
    drawn = marked(tables.compare("mmnet", "table_6", methods(Source("drawn", True))), BEST)
    assert ("MMNet (Ours)", "Acc. (%)", "last epoch") in of_real
    assert {head for *_, head in of_real} == {"published", "last epoch"} and {head for *_, head in drawn} == {
        "published"
    }
    assert ("MMNet (Ours)", "Acc. (%)", "published") in drawn  # 88.35 of five classes


def test_results_on_other_clips_are_not_ranked():
    shown = {"accuracy": "Acc."}
    same = tables.by_epoch_rule({"a": real({0: [[1], [1]]}), "b": real({0: [[5], [5]]})}, shown)
    other = tables.by_epoch_rule({"a": real({0: [[1], [1]]}), "b": real({0: [[5, 5], [5, 5]]})}, shown)
    assert marked(same, BEST) == [("b", "Acc.", "last epoch")] and marked(other, BEST) == []


def test_a_spread_or_a_count_is_neither_good_nor_bad():
    table = tables.by_epoch_rule(
        {"a": real({0: [[1], [1]]}), "b": real({0: [[5], [5]]})}, {"accuracy": "SD of it", "n": "frames"}
    )
    assert marked(table, BEST) == marked(table, BELOW) == []


@given(st.lists(st.lists(st.text(alphabet="ab<&|1.", max_size=5), min_size=2, max_size=2), min_size=1, max_size=4))
def test_marks_change_no_text(rows):
    cells = pd.DataFrame(rows, columns=["name", "value"])
    marks = np.full(cells.shape, BELOW, dtype=object)
    page = Table(cells, page=Page(cells, marks))._repr_html_()
    texts = [html.unescape(text) for text in re.findall(r"<td[^>]*>(?:<em>)?([^<]*)(?:</em>)?</td>", page)]
    assert texts == [text for row in rows for text in row]


# --- any text comes back from every form ---


class Shown(HTMLParser):
    """What a page shows: the cells of its tables' heads and bodies, the items of its lists, and the tags that it has."""

    def __init__(self, page):
        super().__init__()
        self.th, self.td, self.li, self.tags, self._open = [], [], [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in ("th", "td", "li"):
            self._open.append(getattr(self, tag))
            self._open[-1].append("")

    def handle_endtag(self, tag):
        if tag in ("th", "td", "li"):
            self._open.pop()

    def handle_data(self, data):
        if self._open:
            self._open[-1][-1] += data


def plain(text):
    """With one blank for any white space, as a page shows it."""
    return " ".join(text.split())


MARKUP = [
    "|", "`", "```", "*", "**", "_", "__", "~", "~~~", "[", "](", ")", "![", "<", ">", "<b>", "</td>", "<script>alert(1)</script>",
    "&", "&lt;", "&#124;", "\\", "\\|", "\\(", "\\[", "\\begin{a}", "$", "$$", "#", "- ", "+", "1. ", "2)", "---", "===", ": ", '"', "'",
    "\n", "\r", "\t", "\n\n", "{", "}", "%", "@", "=1+1", "a", "b_c", "7", "0.70", " ", "é", "\u202e", "<!--", "-->", "[x](javascript:1)",
]  # fmt: skip
letters = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4)
hostile = st.lists(st.sampled_from(MARKUP) | letters, max_size=8).map("".join)


def one(cell, note="", head="name", mark=""):
    """A table of one row: the cell, with a mark, and a number."""
    cells = pd.DataFrame([[cell, "1.5"]], columns=[head, "value"], dtype=object)
    return Table(cells, notes=(note,), page=Page(cells, np.array([[mark, ""]], dtype=object)))


@given(hostile, hostile, hostile)
@example("a|b", "# a heading", "<script>alert(1)</script>")
@example("[x](javascript:alert(1))", "1. one", "`code`")
@example("<img src=x onerror=alert(1)>", "- item", "two\nlines")
@example("a\\", "", "$a$ and $b$")
def test_markdown_shows_any_text_as_it_is(cell, note, head):
    table = one(cell, note, head)
    shown = Shown(markdown2html(table.to_markdown()))
    assert [plain(text) for text in shown.th] == [plain(head), "value"]
    assert [plain(text) for text in shown.td] == [plain(cell), "1.5"]
    assert [plain(text) for text in shown.li] == [plain(line) for line in table.lines("Italic")]
    assert shown.tags <= {"table", "thead", "tbody", "tr", "th", "td", "ul", "li", "span"}


@given(hostile.filter(plain), st.sampled_from([BEST, BELOW]))
@example("*", BEST)
@example("_", BELOW)
def test_marks_work_on_any_text(cell, mark):
    shown = Shown(markdown2html(one(cell, mark=mark).to_markdown()))
    assert plain(shown.td[0]) == plain(cell)
    assert {"strong", "em"} & shown.tags == {{BEST: "strong", BELOW: "em"}[mark]}


@given(hostile.filter(plain))
def test_a_link_leads_to_its_file_and_shows_its_text(text):
    page = markdown2html(one(Link(text, "04_mmnet/tables/table_6.md")).to_markdown())
    assert plain(Shown(page).td[0]) == plain(text)
    assert re.findall(r'href="([^"]*)"', page) == ["04_mmnet/tables/table_6.md"]


@given(hostile, hostile, hostile)
def test_html_shows_any_text_as_it_is(cell, note, head):
    shown = Shown(one(cell, note, head)._repr_html_())
    assert [plain(text) for text in shown.th] == [plain(head), "value"]
    assert [plain(text) for text in shown.td] == [plain(cell), "1.5"]
    assert shown.tags <= {"style", "div", "table", "thead", "tbody", "tr", "th", "td", "p", "small", "br"}


@given(hostile, hostile)
@example("a\rb", "name")
def test_csv_gives_any_text_back(cell, head):
    rows = list(csv.reader(io.StringIO(one(cell, head=head).to_csv(), newline="")))
    assert rows == [[text.replace("\r\n", "\n"), number] for text, number in ((head, "value"), (cell, "1.5"))]


@given(hostile, hostile)
@example("[2pt] a", "*")
@example("* a", "[b]")
def test_no_cell_of_latex_is_taken_for_an_option_of_the_command_before_it(cell, head):
    text = one(cell, head=head).to_latex("Caption", "tab:x")
    assert not re.search(r"(\\\\|\\(top|mid|bottom)rule)\s*[*\[]", text)


def test_latex_prints_signs_that_its_fonts_have_elsewhere():
    assert r"\textless{}b\textgreater{} \textbar{}" in one("<b> |").to_latex("", "")
