"""The real app in a real browser with every outside host blocked: each page shows its tiles and no error."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from data.catalog import text
from tests.ui.conftest import ROOT
from ui.paint import CLEAN

pytestmark = pytest.mark.browser

PAGES = ("overview", "coverage", "boilers", "rooftops", "networks", "scenarios", "files", "sources", "help")
MAPS = ("overview", "coverage", "boilers", "rooftops", "networks")
FIRST_START_MS = 90_000
PHONE = 800


@pytest.fixture(scope="module")
def url(app_server, tmp_path_factory):
    env = {"NUANGUANG_DEMO_BUILDINGS": "3000", "NUANGUANG_CACHE": str(tmp_path_factory.mktemp("cache"))}
    return app_server(ROOT / "app.py", env=env)


def map_frame(page):
    """Wait until the map stands still with its tiles, and give its frame."""
    frame = page.frame_locator("iframe").first
    frame.locator("img.leaflet-tile-loaded").first.wait_for(state="attached")
    page.wait_for_timeout(700)
    page.locator("iframe").first.scroll_into_view_if_needed()
    return frame


def go(page, url, name):
    if page.url == "about:blank":
        page.goto(url)
        page.get_by_role("heading", name=text("page.overview"), exact=True).wait_for(timeout=FIRST_START_MS)
        map_frame(page)
    if name == "overview":
        return
    if page.viewport_size["width"] < PHONE:
        expand = page.get_by_test_id("stExpandSidebarButton")
        if expand.is_visible():
            expand.click()
            page.wait_for_timeout(500)
    page.get_by_role("link", name=text(f"page.{name}")).click()
    page.get_by_role("heading", name=text(f"page.{name}"), exact=True).wait_for()
    if name in MAPS:
        map_frame(page)


def choose_first_boiler(page):
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 52)
    page.get_by_text(text("ui.facts")).wait_for()


def test_choosing_a_roof_shows_its_horizon_and_waterfall(url, page):
    go(page, url, "rooftops")
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 52)
    page.get_by_text(text("roof.waterfall")).wait_for()
    page.get_by_text(text("roof.neighbours")).wait_for()
    page.wait_for_timeout(1500)
    assert page.locator("[data-testid=stVegaLiteChart]").count() >= 4
    clean(page)


def clean(page):
    assert page.outside_requests == []
    assert page.console_errors == []
    assert page.failed_requests == []


def walk(page, url):
    """Go from page to page by the navigation, as a person does, and give the name of each."""
    for name in PAGES:
        go(page, url, name)
        yield name


def test_each_page_opens_offline_without_an_error(url, page):
    for name in walk(page, url):
        assert page.get_by_text(text("app.synthetic")).first.is_visible(), name
        if name in MAPS:
            assert map_frame(page).locator("img.leaflet-tile-loaded").count() > 0, name
        clean(page)


def test_the_map_shows_buildings_in_the_colours_of_the_legend(url, page):
    go(page, url, "overview")
    map_frame(page)
    page.wait_for_timeout(1000)
    shot = Image.open(io.BytesIO(page.locator("iframe").first.screenshot())).convert("RGB")
    seen = {colour for _, colour in shot.getcolors(shot.width * shot.height)}
    wanted = tuple(int(CLEAN["clean"][at : at + 2], 16) for at in (1, 3, 5))
    assert wanted in seen


def test_choosing_a_boiler_in_the_table_shows_its_rules(url, page):
    go(page, url, "boilers")
    choose_first_boiler(page)
    assert page.get_by_text(text("rule.R4")).first.is_visible()
    clean(page)


def test_download_of_the_ledger_says_that_it_is_synthetic(url, page):
    go(page, url, "boilers")
    button = page.get_by_role("button", name=text("ui.download", format="csv"))
    button.scroll_into_view_if_needed()
    with page.expect_download() as waiting:
        button.click()
    download = waiting.value
    assert text("app.synthetic") in download.suggested_filename
    content = download.path().read_bytes().decode("utf-8-sig")
    rows = content.splitlines()
    assert text("column.data_note") in rows[0]
    assert all(text("app.synthetic") in row for row in rows[1:] if row.startswith("B"))


def test_english_by_the_switch(url, page):
    go(page, url, "overview")
    page.get_by_text("English", exact=True).click()
    page.get_by_role("heading", name=text("page.overview", "en"), exact=True).wait_for()
    assert page.get_by_text(text("app.synthetic", "en")).first.is_visible()
    clean(page)


def test_a_phone_sees_each_page_without_sideways_scrolling(url, new_page):
    page = new_page(width=390, height=844)
    for name in walk(page, url):
        page.wait_for_timeout(1000)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("element => element.scrollWidth <= element.clientWidth + 1"), name
        clean(page)


def drag_a_box(page):
    frame = page.frame_locator("iframe").first
    box = frame.locator("#map_div").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.8, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


def test_a_box_on_the_map_gives_figures_and_narrows_the_table(url, page):
    go(page, url, "boilers")
    whole = page.get_by_text(text("boilers.shown", count=180, total=180))
    whole.wait_for()
    drag_a_box(page)
    page.get_by_role("heading", name=text("box.title")).wait_for()
    whole.wait_for(state="detached")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=text("ui.download", format="csv")).first.click()
    assert text("app.synthetic") in waiting.value.suggested_filename
    page.get_by_role("button", name=text("box.clear")).click()
    whole.wait_for()
    clean(page)


def test_twin_maps_show_one_view(url, page):
    go(page, url, "scenarios")
    page.get_by_text(text("ui.scenario"), exact=True).click()
    page.get_by_text(text("ui.include_35"), exact=True).click()
    page.get_by_text(text("scenarios.class_same")).wait_for(timeout=FIRST_START_MS)
    page.wait_for_timeout(2500)
    left, right = [frame for frame in page.frames if "streamlit_folium" in frame.url]
    left.evaluate("map.setView([39.1, 106.5], 12, { animate: false })")
    page.wait_for_timeout(500)
    assert right.evaluate("[map.getCenter().lat, map.getCenter().lng, map.getZoom()]") == pytest.approx(
        [39.1, 106.5, 12], abs=1e-3
    )
    clean(page)


def test_a_constant_typed_into_the_editor_can_be_applied_and_reset(url, page):
    go(page, url, "sources")
    page.get_by_text(text("sources.unchanged")).wait_for()
    editor = page.get_by_test_id("stDataFrame").first
    pending = page.get_by_text(text("sources.pending", count=1))
    for _ in range(5):
        # the editor is painted late and may still be pushed down: what was typed beside it is typed again
        page.wait_for_timeout(1500)
        box = editor.bounding_box()
        page.mouse.dblclick(box["x"] + 260, box["y"] + 35 * 3 + 17)
        page.wait_for_timeout(400)
        page.keyboard.press("Control+a")
        page.keyboard.type("0.7")
        page.keyboard.press("Enter")
        page.wait_for_timeout(1500)
        if pending.count():
            break
    pending.wait_for()
    page.get_by_role("button", name=text("sources.apply")).click()
    page.get_by_text(text("sources.changed", count=1)).wait_for()
    page.get_by_role("button", name=text("sources.reset_all")).click()
    page.get_by_text(text("sources.unchanged")).wait_for()
    clean(page)
