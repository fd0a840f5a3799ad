"""The real app in a real browser with every outside host blocked: each page's main task, in Chinese and in English.

With ``NUANGUANG_SCREENSHOTS`` naming a folder, a small picture of each page is stored there after its task.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import cKDTree

from data.catalog import LANGUAGES, ZONES, label, text
from tests.ui.conftest import ROOT
from ui.paint import CLEAN

pytestmark = pytest.mark.browser

FIRST_START_MS = 180_000
PHONE = 800
COLOURS = 128
FITS = "element => element.scrollWidth <= element.clientWidth + 1"
VILLAGE = "骏马社区居委会"
CLAUSE = re.compile("石政发〔2022〕57号 三（.）(：|: )")
LIKE_FUEL = {"zh": "锅炉燃料的种类", "en": "现用燃料种类"}
LEDGER = """锅炉编号,单位名称,{fuel},额定蒸发量(蒸吨/小时),用途,经度,纬度
B1,<img src=x onerror=alert(1)>,煤,20,供热,106.40,39.01
B2,乙厂,煤,10,供热,,
"""


@pytest.fixture(scope="module")
def url(app_server, tmp_path_factory):
    wanted = os.environ.get("NUANGUANG_DEMO_BUILDINGS") if os.environ.get("NUANGUANG_SCREENSHOTS") else None
    cache = str(tmp_path_factory.mktemp("cache"))
    return app_server(ROOT / "app.py", env={"NUANGUANG_DEMO_BUILDINGS": wanted or "3000", "NUANGUANG_CACHE": cache})


def idle(page):
    """Wait until the server has nothing more to draw on the page."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=FIRST_START_MS)


def map_frame(page, nth=0):
    """Wait until a map stands still with all its tiles, and give its frame."""
    page.locator("iframe").nth(nth).scroll_into_view_if_needed()
    shown = page.frame_locator("iframe").nth(nth)
    shown.locator("img.leaflet-tile-loaded").first.wait_for(state="attached")
    frame = page.locator("iframe").nth(nth).element_handle().content_frame()
    frame.wait_for_function(
        "!map._animatingZoom && !document.querySelector('.leaflet-tile:not(.leaflet-tile-loaded)')"
        " && document.querySelectorAll('.ng-tiles').length === 1"
    )
    return frame


def go(page, name, language="zh"):
    """Go to a page by the navigation, as a person does."""
    if page.viewport_size["width"] < PHONE:
        expand = page.get_by_test_id("stExpandSidebarButton")
        if expand.is_visible():
            expand.click()
    heading = page.get_by_role("heading", name=text(f"page.{name}", language), exact=True)
    if not heading.is_visible():
        page.get_by_role("link", name=text(f"page.{name}", language), exact=True).click()
        heading.wait_for()
    idle(page)


def clean(page):
    assert page.outside_requests == []
    assert page.console_errors == []
    assert page.failed_requests == []


def table(page, nth=0):
    """Give a table of the page once it is painted."""
    idle(page)
    found = page.get_by_test_id("stDataFrame").nth(nth)
    found.scroll_into_view_if_needed()
    found.locator("tbody td").first.wait_for(state="attached")
    return found


def cells(found, words):
    """Give the cells of the table's first row that holds some words."""
    row = found.locator("tbody tr").filter(has_text=words).first
    row.wait_for(state="attached")
    return row.locator("td").all_inner_texts()


def pick_row(page, *, nth=0, row=0):
    table(page, nth).click(position={"x": 16, "y": 52 + 35 * row})


def choose(page, name, option):
    """Choose an option of a list; a list that closes because the page draws itself anew is opened again."""
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(10):
        page.get_by_role("combobox", name=name, exact=True).click()
        page.wait_for_timeout(500)
        if wanted.count():
            break
        page.keyboard.press("Escape")
    wanted.click()


def download(page, button):
    with page.expect_download() as waiting:
        button.click()
    return waiting.value


def spot(page, colour):
    """Give the place of a pixel on the map amid others of its colour, the nearest to the middle."""
    shot = Image.open(io.BytesIO(page.locator("iframe").first.screenshot())).convert("RGB")
    same = (np.asarray(shot) == [int(colour[at : at + 2], 16) for at in (1, 3, 5)]).all(axis=-1)
    core = same.copy()
    for axis in (0, 1):
        for shift in (-2, -1, 1, 2):
            core &= np.roll(same, shift, axis)
    rows, columns = np.nonzero(core)
    assert len(rows), f"nothing on the map is {colour}"
    nearest = np.hypot(rows - shot.height / 2, columns - shot.width / 2).argmin()
    box = page.locator("iframe").first.bounding_box()
    return box["x"] + float(columns[nearest]), box["y"] + float(rows[nearest])


def overview(page, language):
    """Read the cards, find a village by the search, click a building: its evidence is shown. Back to the city."""
    for zone in ZONES:
        assert page.get_by_text(label("zone", zone, language), exact=True).first.is_visible()
    colouring = page.get_by_role("combobox", name=text("ui.colour_by", language), exact=True)
    assert colouring.input_value() == label("column", "clean_heating", language)
    frame = map_frame(page)
    city = frame.evaluate("[map.getCenter(), map.getZoom()]")
    field = frame.locator(".ng-search input")
    field.fill(VILLAGE)
    frame.locator(".ng-found li").filter(has_text=VILLAGE).wait_for()
    field.press("Enter")
    page.get_by_role("heading", name=VILLAGE, exact=True).wait_for()
    frame.evaluate("void map.setZoom(17, { animate: false })")
    idle(page)
    map_frame(page)
    page.mouse.click(*spot(page, CLEAN["clean"]))
    page.get_by_role("heading", name=re.compile(text("ui.building", language, name=r"\d{6}-B"))).wait_for()
    assert cells(table(page), label("column", "clean_heating", language))[-1] == text("clean.clean", language)
    frame.evaluate("view => void map.setView(...view, { animate: false })", city)
    field.fill("")
    map_frame(page)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")


def coverage(page, language):
    """Go from the county to the town, the village and a building: its evidence is shown, and the map is there."""
    for _ in range(3):
        found = table(page)
        name = cells(found, "")[0]
        pick_row(page)
        page.get_by_role("button", name=name, exact=True).wait_for()
    name = cells(table(page), "")[0]
    pick_row(page)
    page.get_by_role("heading", name=text("ui.building", language, name=name), exact=True).wait_for()
    map_frame(page).wait_for_function("map.getZoom() >= 15")


def drag_a_box(page):
    map_frame(page)
    box = page.frame_locator("iframe").first.locator("#map_div").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.8, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


def boilers(page, language):
    """Narrow the ledger by a box and by the county, export it, choose a boiler: its rules, and the map is there."""
    synthetic = text("app.synthetic", language)
    csv = page.get_by_role("button", name=text("ui.download", language, format="csv"))
    whole = page.get_by_text(text("boilers.shown", language, count=180, total=180))
    whole.wait_for()
    drag_a_box(page)
    page.get_by_role("heading", name=text("box.title", language)).wait_for()
    whole.wait_for(state="detached")
    idle(page)
    assert synthetic in download(page, csv.first).suggested_filename
    page.get_by_role("button", name=text("box.clear", language)).click()
    whole.wait_for()
    county = cells(table(page), "")[2]
    choose(page, text("column.county", language), county)
    whole.wait_for(state="detached")
    idle(page)
    ledger = download(page, csv.first)
    assert synthetic in ledger.suggested_filename
    head, *rows = ledger.path().read_text(encoding="utf-8-sig").splitlines()
    assert text("column.data_note", language) in head
    assert all(synthetic in row and county in row for row in rows if row.startswith("B"))
    assert cells(table(page), "")[2] == county
    pick_row(page)
    page.get_by_text(text("ui.facts", language)).wait_for()
    assert page.get_by_text(text("rule.R4", language)).first.is_visible()
    assert page.get_by_text(CLAUSE).first.is_visible()
    pins = "document.querySelectorAll('.leaflet-ng-mark-pane path').length"
    map_frame(page).wait_for_function(f"map.getZoom() === 13 && {pins} === 1")


def rooftops(page, language):
    """Choose a roof: its horizon, its losses and its neighbours are drawn."""
    drawn = page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg)")
    drawn.first.wait_for(state="attached")
    before = drawn.count()
    pick_row(page)
    for part in ("horizon", "waterfall", "neighbours"):
        page.get_by_text(text(f"roof.{part}", language)).wait_for()
    idle(page)
    drawn.nth(before + 2).wait_for(state="attached")


def networks(page, language):
    """Choose the service areas and one of them: what it declares is shown, and the map is there."""
    kind = text("networks.kind_service_area", language)
    page.get_by_role("radio", name=kind).click()
    supplier = label("column", "supplier", language)
    page.locator("th").filter(has_text=supplier).first.wait_for(state="attached")
    name = cells(table(page), "")[0]
    pick_row(page)
    page.get_by_role("heading", name=name, exact=True).wait_for()
    assert cells(table(page, 1), supplier)[-1]
    map_frame(page)


def progress(page, language):
    """Choose a figure of the reported table: the buildings that it is made of are listed and can be taken away."""
    table(page).click(position={"x": 560, "y": 52})
    told = text("behind.sum", language, count=0, area=0, households=0, shown=0)
    behind = page.get_by_text(re.compile(re.escape(told[-7:]) + "$"))
    behind.wait_for()
    assert cells(table(page, 1), "")[0]
    rows = page.get_by_role("button", name=text("ui.download", language, format="csv")).first
    assert text("file.behind", language) in download(page, rows).suggested_filename


def checks(page, language):
    """Take the first of the queue, write down what was found: it is kept under its version, and the map is there."""
    name = cells(table(page), "")[0]
    pick_row(page)
    page.get_by_role("heading", name=text("checks.record", language, id=name), exact=True).wait_for()
    page.get_by_role("textbox", name=text("checks.who", language), exact=True).fill("王工")
    page.get_by_role("button", name=text("checks.save", language)).click()
    page.get_by_test_id("stToastText").get_by_text(text("checks.saved", language, id=name, version=1)).wait_for()
    map_frame(page)


def registers(page, language):
    """Ask for the old pipes: the figures stand over the rows, on the map are the old ones alone."""
    page.get_by_role("radio", name=text("registers.pipes", language), exact=True).click()
    page.get_by_text(text("registers.year", language), exact=True).wait_for()
    idle(page)
    old = page.get_by_role("button", name=re.compile("^" + label("pipe_age", "old", language) + r" \d+$"))
    old.click()
    idle(page)
    assert label("pipe_age", "old", language) in cells(table(page, 1), "")
    frame = page.locator("iframe").first
    frame.scroll_into_view_if_needed()
    page.frame_locator("iframe").first.locator("path.leaflet-interactive, canvas").first.wait_for(state="attached")


def scenarios(page, language):
    """Switch a reading, save it under a name, compare it with the Plan: what differs, and two maps of one view."""
    page.get_by_text(text("ui.scenario", language), exact=True).click()
    page.get_by_text(text("ui.include_35", language), exact=True).click()
    page.get_by_text(text("scenarios.figures", language)).wait_for(timeout=FIRST_START_MS)
    idle(page)
    name = text("ui.include_35", language)
    page.get_by_role("textbox", name=text("scenarios.name", language), exact=True).fill(name)
    page.get_by_role("button", name=text("scenarios.save", language)).click()
    page.get_by_test_id("stToastText").get_by_text(text("scenarios.kept", language, name=name)).wait_for()
    idle(page)
    choose(page, text("scenarios.b", language), text("scenarios.saved", language, name=name))
    page.get_by_text(text("scenarios.figures", language)).wait_for()
    idle(page)
    left, right = (map_frame(page, nth) for nth in (0, 1))
    left.evaluate("void map.setView([39.02, 106.37], 13, { animate: false })")
    right.wait_for_function(
        "Math.hypot(map.getCenter().lat - 39.02, map.getCenter().lng - 106.37) < 1e-3 && map.getZoom() === 13"
    )


def files(page, language):
    """Bring in a ledger with a header to confirm and a row without a place: it is checked, kept, and found again."""
    page.get_by_role("radio", name=text("gate.part_arriving", language)).click()
    idle(page)
    content = LEDGER.format(fuel=LIKE_FUEL[language]).encode("gb18030")
    given = {"name": "锅炉.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(given)
    page.get_by_role("combobox", name=re.compile(LIKE_FUEL[language])).wait_for()
    page.get_by_role("button", name=text("gate.read", language)).click()
    keep = page.get_by_role("button", name=text("gate.keep", language, layer=label("layer", "boilers", language)))
    replaces = page.get_by_text(text("gate.way_replace", language), exact=True)
    keep.or_(replaces).wait_for()
    if replaces.is_visible():  # another language kept the ledger before
        replaces.click()
    keep.wait_for()
    idle(page)
    page.get_by_test_id("stMetric").nth(2).wait_for()
    rows = [figure.inner_text().split()[-1] for figure in page.get_by_test_id("stMetric").all()]
    assert rows == ["2", "1", "1"]
    faults = table(page, 1).locator("td").all_inner_texts()
    assert text("fault.geometry_missing", language) in faults
    page.frame_locator("iframe").first.locator(".leaflet-interactive").first.wait_for(state="attached")
    keep.click()
    keep.wait_for(state="detached")
    idle(page)
    page.get_by_role("radio", name=text("gate.part_kept", language)).click()
    page.get_by_text(text("gate.versions", language), exact=True).wait_for()
    idle(page)
    assert cells(table(page), "锅炉.csv")[4:7] == ["2", "1", "1"]


def type_a_value(page, row, value):
    """Type a value of a constant into the editor; a click that comes while it draws itself anew is made again."""
    field = page.locator("#portal input:focus")
    for _ in range(10):
        table(page).click(position={"x": 260, "y": 35 * (row + 1) + 17})
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        if field.count():
            break
        page.keyboard.press("Escape")
    field.wait_for()
    page.keyboard.press("Control+a")
    page.keyboard.type(value)
    page.wait_for_timeout(300)  # the editor hands over what it knew when it last drew itself
    page.keyboard.press("Enter")


def sources(page, language):
    """Type another value of a constant and apply it: it is marked, until it is restored."""
    page.get_by_text(text("sources.unchanged", language)).wait_for()
    type_a_value(page, 2, "0.7")
    page.get_by_text(text("sources.pending", language, count=1)).wait_for()
    page.get_by_role("button", name=text("sources.apply", language)).click()
    page.get_by_text(text("sources.changed", language, count=1)).wait_for()
    idle(page)
    assert text("confidence.changed", language) in " ".join(table(page, 1).locator("td").all_inner_texts())


def restore(page, language):
    page.get_by_role("button", name=text("sources.reset_all", language)).click()
    page.get_by_text(text("sources.unchanged", language)).wait_for()


def help_(page, language):
    """Open a task of the help: its steps are told."""
    page.get_by_text(text("help.task_boiler", language), exact=True).click()
    page.get_by_text(text("help.task_boiler_3", language)).wait_for()


TASKS = {
    "overview": overview,
    "coverage": coverage,
    "progress": progress,
    "boilers": boilers,
    "checks": checks,
    "rooftops": rooftops,
    "networks": networks,
    "registers": registers,
    "scenarios": scenarios,
    "files": files,
    "sources": sources,
    "help": help_,
}
# Where the picture of a page begins; others begin with the page's title.
TOPS = {
    "overview": "zone.urban",
    "coverage": "coverage.drill",
    "boilers": "ui.colour_by",
    "rooftops": "box.hint",
    "networks": "ui.colour_by",
    "scenarios": "scenarios.maps",
}
NO_TILES = ("registers",)
"""Their maps show the rows of a table alone."""
UNDO = {"sources": restore}


def start(page, url, language="zh"):
    """Open the app, in English by its switch."""
    page.goto(url)
    page.get_by_role("heading", name=text("page.overview"), exact=True).wait_for(timeout=FIRST_START_MS)
    idle(page)
    if language == "en":
        page.get_by_text("English", exact=True).click()
        page.get_by_role("heading", name=text("page.overview", language), exact=True).wait_for()
        idle(page)


def few_colours(shot):
    """Give a picture of few colours: its commonest, and others spread over all that it has, rare as they may be."""
    colours, places, counts = np.unique(
        np.asarray(shot).reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    spread = shot.quantize(COLOURS // 2, method=Image.Quantize.MAXCOVERAGE).getpalette()
    kept = np.vstack([colours[np.argsort(counts)[-COLOURS // 2 :]], np.reshape(spread, (-1, 3))]).astype(np.uint8)
    nearest = cKDTree(kept).query(colours)[1].astype(np.uint8)
    made = Image.fromarray(nearest[places.ravel()].reshape(shot.height, shot.width), mode="P")
    made.putpalette(kept.tobytes())
    return made


def keep_picture(page, name, language):
    """Store a small picture of the page where the environment asks for it."""
    folder = os.environ.get("NUANGUANG_SCREENSHOTS")
    if not folder:
        return
    for nth in range(page.locator("iframe").count() if name not in NO_TILES else 0):
        map_frame(page, nth)
    top = page.get_by_text(text(TOPS[name], language), exact=True) if name in TOPS else page.locator("h2")
    top = top if top.count() else page.locator("h2")  # a page whose task was not done has less on it
    top.first.evaluate("element => element.scrollIntoView(true)")
    page.mouse.move(2, 2)
    page.wait_for_timeout(1000)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    Path(folder).mkdir(parents=True, exist_ok=True)
    few_colours(shot).save(Path(folder) / f"{name}.{language}.png", optimize=True)


def no_sideways_scrolling(page):
    """Hold that the page fits a phone, with all that its task has opened, and give it back its size."""
    before = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(f"({FITS})(document.querySelector('[data-testid=stMain]'))")
    page.set_viewport_size(before)


WORKED_IN_ENGLISH = ("coverage", "boilers")
"""The switch of language is the same for every task: the others are opened and looked at."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_does_its_main_task(url, page, language):
    start(page, url, language)
    for name, task in TASKS.items():
        go(page, name, language)
        assert page.get_by_text(text("app.synthetic", language)).first.is_visible(), name
        worked = language == "zh" or name in WORKED_IN_ENGLISH
        if worked:
            task(page, language)
        keep_picture(page, name, language)
        if worked and name in UNDO:
            UNDO[name](page, language)
        if language == "zh":
            no_sideways_scrolling(page)
        clean(page)


def test_a_phone_goes_from_page_to_page(url, new_page):
    page = new_page(width=390, height=844)
    start(page, url)
    for name in ("boilers", "help"):
        go(page, name)
        clean(page)
    assert page.get_by_test_id("stMain").evaluate(FITS)
