"""The gallery as a person meets it: opened from disk in headless Chromium, by mouse, by keyboard and on a phone."""

from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers import executed_run
from helpers.made_predictions import made
from playwright.sync_api import sync_playwright

from merlib.results import tables
from merlib.runs import machine
from merlib.site import gallery

BROWSER = machine.browser()
PAGES = ["index.html", "04_mmnet/index.html", "04_mmnet/notebook.html", "01_sma_stn/index.html"]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
OPEN = "document.querySelectorAll('details').forEach(one => one.open = true)"
STOPS = "a[href], summary, [tabindex='0']"

pytestmark = pytest.mark.skipif(not BROWSER, reason="no Chromium is installed to open the pages in")
each_page = pytest.mark.parametrize("name", PAGES)
each_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    home = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(home))
        run = executed_run.make(home)
    gallery.build(run)
    gallery.build(run, faces=False)
    return run


@pytest.fixture(scope="module", params=["with faces", "without"])
def site(run, request):
    return run if request.param == "with faces" else run / "public"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, site):
    """Opens a page of the site; afterwards nothing may have been complained about, or asked of anywhere else."""
    opened, said, asked, failed = [], [], [], []

    def visit(name, scheme="light", viewport=DESKTOP):
        page = browser.new_page(color_scheme=scheme, viewport=viewport)
        opened.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto((site / name).as_uri())
        return page

    yield visit
    for page in opened:
        page.close()
    assert said == [] and failed == []
    assert [url for url in asked if not url.startswith((f"{site.as_uri()}/", "data:"))] == []


@pytest.fixture(scope="module")
def wide_tables(tmp_path_factory):
    """A page of the two kinds of tables, each as wide as they come: four scores, with deviations."""
    about = {"classes": ("negative", "positive", "surprise", "others"), "database": "casme+casme2+cas_me_2+samm"}
    predictions = made({0: [[3], [2]], 1: [[2], [1]]}, scheme="psn-4", **about)
    shown = {"uf1": "UF1", "uar": "UAR", "accuracy": "Acc.", "uf1_fold_mean": "UF1, folds"}
    results = [
        tables.compare("psn", "table_5", {"PSN": predictions, ("PSN", "grouped by person"): predictions}),
        tables.by_epoch_rule({"PSN": predictions, "PSN, permuted labels": predictions}, shown),
    ]
    body = "".join(table._repr_html_() for table in results)
    style = gallery.TEMPLATES.get_template("style.css").render()
    page = tmp_path_factory.mktemp("tables") / "tables.html"
    page.write_text(f"<!doctype html><meta name=viewport content='width=device-width'><style>{style}</style>{body}")
    return page


def test_a_table_with_four_scores_fits_a_wide_page(browser, wide_tables):
    page = browser.new_page(viewport=DESKTOP)
    page.goto(wide_tables.as_uri())
    widths = page.eval_on_selector_all(".table", "all => all.map(one => [one.scrollWidth, one.clientWidth])")
    assert len(widths) == 2 and all(needed <= there for needed, there in widths)


def test_on_a_phone_the_first_column_and_the_names_of_groups_stay_in_sight(browser, wide_tables):
    page = browser.new_page(viewport=PHONE)
    page.goto(wide_tables.as_uri())
    box = page.locator(".table").first
    assert box.evaluate("one => one.scrollWidth > one.clientWidth")
    places = []
    for _ in range(2):
        cells = [box.locator(f"tbody {cell}").first.bounding_box()["x"] for cell in ("td", ".group span")]
        places.append([*cells, box.locator("tbody td:last-child").first.bounding_box()["x"]])
        box.evaluate("one => one.scrollLeft = 200")
    before, after = places
    assert after[0] == before[0] and after[1] >= 0 and after[2] == pytest.approx(before[2] - 200)


def test_every_link_leads_to_a_file_and_to_a_place_in_it(visit, site):
    found, open_ = {}, ["index.html"]
    while open_:
        name = open_.pop()
        page = visit(name)
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        found[name] = (page.eval_on_selector_all("[id]", "all => all.map(one => one.id)"), links)
        targets = {urlsplit(link).path for link in links if link.endswith(".html")}
        names = {str((site / unquote(path)).relative_to(site)) for path in targets}
        open_ += sorted(names - found.keys() - set(open_))
    assert set(PAGES) <= found.keys()
    for name, (ids, links) in found.items():
        assert len(ids) == len(set(ids)), name
        for link in map(urlsplit, links):
            assert link.scheme == "file"
            target = (site / unquote(link.path)).relative_to(site)  # ValueError: it leads out of the site
            assert (site / target).is_file(), f"{name} links to {target}"
            assert not link.fragment or link.fragment in found[str(target)][0], f"{name} links to {link.fragment}"


@each_page
def test_every_image_is_there_and_has_a_text(visit, name):
    page = visit(name)
    load = """async images => { for (const one of images) { one.loading = "eager"; await one.decode() } }"""
    page.eval_on_selector_all("img", load)
    images = page.eval_on_selector_all("img", "all => all.map(one => [one.naturalWidth, one.alt])")
    assert all(width > 0 and len(text) > 3 for width, text in images)
    assert images or "sma_stn" in name


@each_page
def test_tab_reaches_every_link_and_box_that_scrolls_in_their_order(visit, name):
    page = visit(name)
    page.evaluate(OPEN)
    number = page.eval_on_selector_all(
        STOPS, "all => { all.forEach((one, i) => one.dataset.stop = i); return all.length }"
    )
    reached = []
    for _ in range(number):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.stop"))
    assert reached == [str(i) for i in range(number)]


@each_page
def test_the_page_fits_a_phone(visit, name):
    page = visit(name, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("document.body.innerText.length") > 100


@each_page
def test_dark_is_dark_and_light_is_light(visit, name):
    ask = """[document.body, document.querySelector("h1")].map(one => getComputedStyle(one)).map(
        (style, i) => (i ? style.color : style.backgroundColor).match(/\\d+/g).slice(0, 3).map(Number))"""
    (light_page, light_ink), (dark_page, dark_ink) = (visit(name, scheme).evaluate(ask) for scheme in ("light", "dark"))
    assert min(light_page) > 200 and max(light_ink) < 80
    assert max(dark_page) < 50 and min(dark_ink) > 180


@each_scheme
@each_page
def test_axe_finds_nothing_serious(visit, name, scheme):
    page = visit(name, scheme)
    page.evaluate(OPEN)
    found = Axe().run(page).response["violations"]
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in serious] == []
