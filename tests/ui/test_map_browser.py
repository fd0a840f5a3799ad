"""The map in a real browser with every other host out of reach."""

from __future__ import annotations

import json
import math

import pytest
from streamlit.testing.v1 import AppTest

from ui import map as city
from ui.map import MapEvent, VectorLayer, city_map
from ui.store import MapStore

LON, LAT = 106.3761, 39.0142
GREEN, RED = (27, 120, 55), (215, 48, 39)
VIOLET = (123, 50, 148)

APP = """
import streamlit as st
from starlette.middleware import Middleware
from ui.server import NoDelay, routes
from ui.store import STORE

app = st.App(
    "main.py",
    routes=routes(STORE, base=st.get_option("server.baseUrlPath") or ""),
    middleware=[Middleware(NoDelay)],
)
"""

MAIN = """
import json

import geopandas as gpd
import numpy as np
import shapely
import streamlit as st

from ui.gazetteer import Gazetteer
from ui.map import MapOptions, VectorLayer, city_map, last_event
from ui.store import STORE

LON, LAT = 106.3761, 39.0142
PALETTE = ("black", "#1b7837", "#d73027", "#2166ac")


@st.cache_resource
def houses():
    across, up = np.meshgrid(np.arange(-10, 11), np.arange(-7, 8))
    x, y = LON + across.ravel() * 6e-4, LAT + up.ravel() * 5e-4
    shapes = shapely.box(x - 2e-4, y - 1.5e-4, x + 2e-4, y + 1.5e-4)
    names = [f"B{number}" for number in range(len(shapes))]
    return gpd.GeoDataFrame({"building_id": names}, geometry=shapes, crs=4326)


def record(row, language):
    return {"编号" if language == "zh" else "Number": f"B{row}", "名称": "<img src=x onerror=window.hurt=1>"}


def collection(feature_id, shape, **properties):
    feature = {
        "type": "Feature", "id": feature_id, "geometry": shapely.geometry.mapping(shape), "properties": properties
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def vectors():
    boiler = shapely.Point(LON + 3e-4, LAT + 2.5e-4)
    zone = shapely.box(LON - 0.02, LAT - 0.02, LON + 0.02, LAT + 0.02)
    ring = shapely.Point(LON, LAT).buffer(0.005)
    beside = shapely.Point(LON - 3e-4, LAT + 2.5e-4)
    told = [["锅炉", "<b>一号</b>"], ["容量", "10 蒸吨/小时"]]
    return (
        VectorLayer(name="zone", label_key="map.label", kind="area", shown=True,
                    key=STORE.put_vectors("zone", collection("Z1", zone, _fill="#2166ac", _fill_opacity=0.1))),
        VectorLayer(name="ring", label_key="map.zoom_out", kind="ring", shown=False,
                    key=STORE.put_vectors("ring", collection("R1", ring, _color="#c00", _dash="6 4"))),
        VectorLayer(name="boilers", label_key="map.zoom_in", kind="point", shown=True,
                    key=STORE.put_vectors("boilers", collection("K1", boiler, _fill="#7b3294", _tooltip=told))),
        VectorLayer(name="plants", label_key="map.north", kind="point", shown=True,
                    key=STORE.put_vectors("plants", collection("P1", beside, _fill="#1f2d3d"))),
    )


@st.fragment
def part():
    frame = houses()
    STORE.set_buildings("city", frame, record=record)
    STORE.set_places("city", lambda: Gazetteer([("building", frame, "building_id", None, None)]))
    red = st.checkbox("red")
    east = st.checkbox("east")
    classes = np.full(len(frame), 2 if red else 1, np.uint8)
    above = last_event()
    event = city_map(
        STORE, center=(LON + (0.02 if east else 0), LAT), zoom=17, tile_key=STORE.paint("city", classes, PALETTE),
        vectors=vectors(), height=500, options=MapOptions(source="测试 <i>数据</i>", select_box=True),
    )
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.text(f"runs={st.session_state['runs']}")
    st.text(f"event={event}")
    st.text(f"same={event == above}")
    if st.button("forget"):
        for number in range(80):
            STORE.paint("city", np.ones(len(frame), np.uint8), PALETTE, tag=str(number))
        st.text("forgotten")


def other():
    st.text("another page")


st.set_page_config(layout="wide")
st.navigation([st.Page(part, title="first", url_path="first"), st.Page(other, title="second", url_path="second")]).run()
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map_app")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    (folder / "main.py").write_text(MAIN, encoding="utf-8")
    return folder / "app.py"


@pytest.fixture
def url(app_server, script):
    return app_server(script)


@pytest.fixture
def shown(open_map, page, url):
    made = open_map(page, url)
    yield made
    assert page.outside_requests == []
    assert page.console_errors == []
    assert page.failed_requests == []


@pytest.mark.browser
def test_tiles_appear_in_their_colour(shown):
    colors = shown.colors(GREEN, RED, VIOLET)
    assert colors[GREEN] > 20_000
    assert colors[RED] == 0
    assert colors[VIOLET] > 0 or shown.frame.locator(".leaflet-ng-point-pane path").count() == 2


def told(shown, spot, words):
    """Move onto a place, as often as a person would, until its tooltip says this; return the tooltip.

    On a busy machine shapes may be drawn after the mouse has come to rest.
    """
    import playwright.sync_api as playwright  # noqa: PLC0415 - only where there is a browser

    for turn in range(6):
        tip = shown.hover(*spot)
        try:
            playwright.expect(tip.locator("dd")).to_have_text(words, timeout=10_000 if turn == 5 else 2_000)
        except AssertionError:
            if turn == 5:
                raise
            shown.page.mouse.move(2, 2)
        else:
            break
    return tip


@pytest.mark.browser
def test_hover_tells_the_building_without_a_rerun(shown):
    tip = told(shown, (LON, LAT), ["B157", "<img src=x onerror=window.hurt=1>"])
    assert tip.locator("dt").all_inner_texts() == ["编号", "名称"]
    assert tip.locator("img").count() == 0
    assert shown.inner.evaluate("window.hurt") is None
    assert shown.frame.locator(".leaflet-ng-mark-pane path").count() == 1
    assert shown.page.get_by_text("runs=1").count() == 1
    shown.page.mouse.move(2, 2)
    tip.wait_for(state="detached")


@pytest.mark.browser
def test_a_click_comes_back(shown):
    shown.click(LON, LAT)
    told = shown.event("B157")
    assert "layer='buildings', row=157" in told
    shown.page.get_by_text("same=True").wait_for()
    assert shown.frame.locator(".leaflet-ng-mark-pane path").count() == 1
    shown.click(LON + 6e-4, LAT)
    assert "row=158" in shown.event("B158")


@pytest.mark.browser
def test_a_feature_is_told_and_clicked(shown):
    spot = (LON + 3e-4, LAT + 2.5e-4)
    told(shown, spot, ["<b>一号</b>", "10 蒸吨/小时"])
    shown.click(*spot)
    assert "layer='boilers', row=None, id='K1'" in shown.event("K1")
    assert shown.frame.locator(".leaflet-ng-mark-pane path").count() == 1


@pytest.mark.browser
def test_an_area_is_clicked_where_no_building_stands(shown):
    shown.click(LON - 3e-4, LAT - 2.5e-4)
    assert "layer='zone', row=None, id='Z1'" in shown.event("Z1")


@pytest.mark.browser
def test_repainting_keeps_the_map(shown):
    shown.inner.evaluate("window.stamp = 7; void map.setZoom(16, { animate: false })")
    shown.page.get_by_text("red", exact=True).click()
    shown.page.get_by_text("runs=2").wait_for()
    shown.frame.locator(".ng-tiles").nth(1).wait_for(state="detached")
    shown.page.wait_for_timeout(1200)
    assert shown.inner.evaluate("window.stamp") == 7
    assert shown.view()[2] == 16
    assert shown.frame.locator(".ng-tiles").count() == 1
    colors = shown.colors(GREEN, RED, VIOLET)
    assert colors[RED] > 5_000
    assert colors[GREEN] == 0


@pytest.mark.browser
def test_a_new_centre_moves_the_map_without_mounting_it(shown):
    shown.inner.evaluate("window.stamp = 8")
    shown.page.get_by_text("east", exact=True).click()
    shown.page.get_by_text("runs=2").wait_for()
    shown.page.wait_for_timeout(1500)
    assert shown.view()[1] == pytest.approx(LON + 0.02, abs=1e-4)
    assert shown.inner.evaluate("window.stamp") == 8


@pytest.mark.browser
def test_layers_are_switched_by_their_labels(shown):
    switches = shown.frame.locator(".leaflet-control-layers-overlays label")
    assert [label.strip() for label in switches.all_inner_texts()] == ["地图", "缩小", "放大", "北"]
    ring = shown.frame.locator(".leaflet-ng-ring-pane path")
    assert ring.count() == 0
    switches.nth(1).click()
    ring.first.wait_for(state="attached")
    switches.nth(2).click()
    shown.frame.locator(".leaflet-ng-point-pane path").nth(1).wait_for(state="detached")
    # A choice outlives a repaint.
    shown.page.get_by_text("red", exact=True).click()
    shown.page.get_by_text("runs=2").wait_for()
    shown.page.wait_for_timeout(800)
    assert ring.count() == 1
    assert shown.frame.locator(".leaflet-ng-point-pane path").count() == 1


@pytest.mark.browser
def test_layers_lie_in_their_order_whichever_answer_comes_last(page, url):
    held, asked = [], []

    def hold(route):
        asked.append(route.request.url)
        # zone, boilers, plants: the boilers' answer is kept back
        if len(asked) == 2:
            held.append(route)
        else:
            route.fallback()

    page.route("**/vectors/*", hold)
    with page.expect_response("**/api/shown?*") as told:
        page.goto(url)
    assert told.value.status == 204
    points = page.frame_locator("iframe").first.locator(".leaflet-ng-point-pane path")
    points.first.wait_for(state="attached")
    assert points.evaluate_all("all => all.map(p => p.getAttribute('fill'))") == ["#1f2d3d"]
    held[0].continue_()
    points.nth(1).wait_for(state="attached")
    assert points.evaluate_all("all => all.map(p => p.getAttribute('fill'))") == ["#7b3294", "#1f2d3d"]


@pytest.mark.browser
def test_moving_the_map_reruns_nothing(shown):
    x, y = shown.at(LON, LAT)
    shown.page.mouse.move(x, y)
    shown.page.mouse.down()
    shown.page.mouse.move(x - 200, y - 50, steps=8)
    shown.page.mouse.up()
    shown.page.mouse.wheel(0, -300)
    shown.page.wait_for_timeout(1500)
    assert shown.page.get_by_text("runs=1").count() == 1


@pytest.mark.browser
def test_a_box_comes_back(shown):
    x, y = shown.at(LON, LAT)
    shown.page.keyboard.down("Shift")
    shown.page.mouse.move(x - 100, y - 80)
    shown.page.mouse.down()
    shown.page.mouse.move(x + 100, y + 80, steps=6)
    shown.page.mouse.up()
    shown.page.keyboard.up("Shift")
    told = shown.event("box=(106.")
    assert "row=None" in told


@pytest.mark.browser
def test_the_view_outlives_a_page_switch(shown):
    shown.inner.evaluate("void map.setView([39.0160, 106.3790], 16, { animate: false })")
    shown.page.get_by_role("link", name="second").click()
    shown.page.get_by_text("another page").wait_for()
    shown.page.get_by_role("link", name="first").click()
    shown.settle()
    lat, lon, zoom = shown.view()
    assert (lat, lon) == pytest.approx((39.0160, 106.3790), abs=1e-3)
    assert zoom == 16


@pytest.mark.browser
def test_a_forgotten_key_is_asked_for_again(open_map, new_page, url):
    page = new_page(own=True)
    shown = open_map(page, url)
    shown.click(LON, LAT)
    shown.event("B157")
    # 80 paintings of other people, made after the page had registered its own.
    page.get_by_text("forget", exact=True).click()
    page.get_by_text("forgotten").wait_for()
    shown.inner.evaluate(f"void map.setView([{LAT}, {LON}], 18, {{ animate: false }})")
    shown.frame.locator(".ng-tiles img.leaflet-tile-loaded").first.wait_for()
    page.wait_for_timeout(3000)
    assert any("/tiles/" in address for address in page.failed_requests), "nothing was forgotten: the test is void"
    assert shown.colors(GREEN, RED, VIOLET)[GREEN] > 50_000
    shown.event("B157")
    assert page.outside_requests == []


@pytest.mark.browser
def test_a_search_goes_to_the_building_and_tells_it(shown):
    field = shown.frame.locator(".ng-search input")
    field.fill("B31")
    shown.frame.locator(".ng-found li").nth(5).wait_for()
    assert shown.frame.locator(".ng-found li b").all_inner_texts()[:2] == ["B31", "B310"]
    field.press("ArrowDown")
    field.press("ArrowDown")
    field.press("Enter")
    assert "row=310" in shown.event("B310")
    lat, lon, zoom = shown.view()
    assert (lon, lat) == (pytest.approx(LON + 6 * 6e-4, abs=2e-5), pytest.approx(LAT + 7 * 5e-4, abs=2e-5))
    assert zoom == 18
    assert shown.frame.locator(".leaflet-ng-mark-pane path").count() == 1
    field.fill("没有这个")
    shown.frame.locator(".ng-found .ng-none").wait_for()


@pytest.mark.browser
def test_measuring_tells_metres_and_takes_no_click_for_itself(shown):
    spots = [(LON, LAT), (LON + 1.2e-3, LAT), (LON + 1.2e-3, LAT + 1e-3)]
    shown.frame.locator(".ng-tools a").nth(0).click()
    for spot in spots:
        shown.click(*spot)
    shown.page.keyboard.press("Enter")
    east, north = 1.2e-3 * math.cos(math.radians(LAT)) * 111195.08, 111.19508
    told = shown.frame.locator(".ng-measure").inner_text()
    assert float(told.removesuffix(" m")) == pytest.approx(east + north, rel=0.01)
    shown.frame.locator(".ng-tools a").nth(1).click()
    for spot in spots:
        shown.click(*spot)
    shown.page.keyboard.press("Enter")
    told = shown.frame.locator(".ng-measure").nth(1).inner_text()
    assert float(told.removesuffix(" m²")) == pytest.approx(east * north / 2, rel=0.02)
    assert shown.page.get_by_text("runs=1").count() == 1
    shown.frame.locator(".ng-tools a").nth(2).click()
    shown.frame.locator(".ng-measure").first.wait_for(state="detached")
    shown.click(LON, LAT)
    shown.event("B157")


@pytest.mark.browser
def test_the_address_brings_view_and_layers_back(shown, new_page, open_map):
    ring, points = (f".leaflet-ng-{kind}-pane path" for kind in ("ring", "point"))
    for nth in (1, 2):
        shown.frame.locator(".leaflet-control-layers-overlays label").nth(nth).click()
    shown.frame.locator(ring).first.wait_for(state="attached")
    shown.inner.evaluate(f"void map.setView([{LAT + 1e-3}, {LON}], 16, {{ animate: false }})")
    shown.page.wait_for_timeout(400)
    address = shown.page.url
    assert "view=" in address
    same = open_map(new_page(), address)
    assert same.view() == pytest.approx([LAT + 1e-3, LON, 16], abs=2e-5)
    same.frame.locator(ring).first.wait_for(state="attached")
    assert same.frame.locator(points).count() == 1
    assert same.page.url == address
    nonsense = "?view=%5B1e99%2C%22x%22%2C3%5D&layers=%7B%22ring%22%3A%22yes%22%2C%22__proto__%22%3A%7B%7D%7D"
    other = open_map(new_page(), address.split("?")[0] + nonsense)
    assert other.view() == pytest.approx([LAT, LON, 17], abs=2e-5)
    assert (other.frame.locator(ring).count(), other.frame.locator(points).count()) == (0, 2)


@pytest.mark.browser
def test_notes_stand_on_the_map_as_text(shown):
    notes = shown.frame.locator(".leaflet-control-attribution").inner_text()
    assert "示意图" in notes
    assert "测试 <i>数据</i>" in notes
    assert "Leaflet" not in notes
    assert shown.frame.locator(".leaflet-control-scale-line").inner_text().endswith("m")


@pytest.mark.browser
def test_it_fits_a_phone(open_map, new_page, url):
    page = new_page(390, 844, has_touch=True, is_mobile=True)
    shown = open_map(page, url)
    box = shown.box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert shown.inner.evaluate("document.scrollingElement.scrollHeight - window.innerHeight") <= 0
    assert not shown.frame.locator(".leaflet-control-layers-overlays").is_visible()
    page.touchscreen.tap(*shown.at(LON, LAT))
    shown.event("B157")
    assert page.outside_requests == page.console_errors == page.failed_requests == []


@pytest.mark.browser
def test_it_works_below_a_base_path(app_server, script, open_map, page):
    shown = open_map(page, app_server(script, base="warm/light"))
    assert shown.colors(GREEN, RED, VIOLET)[GREEN] > 20_000
    shown.click(LON, LAT)
    shown.event("B157")
    assert page.outside_requests == page.console_errors == page.failed_requests == []


SEEDED = """
import streamlit as st
from ui.map import last_event
st.text(repr(last_event("here")))
"""
UNSEEN = """
import streamlit as st
from ui.map import city_map
from ui.store import MapStore
st.text(repr(city_map(MapStore(), center=(106.4, 39.0), zoom=12, tile_key=None, map_id="here")))
"""


def seeded(event, script=SEEDED):
    test = AppTest.from_string(script)
    test.session_state["here"] = event
    test.run()
    assert not test.exception
    return test.text[0].value


def test_an_event_is_read_from_the_session():
    event = {"lon": 1.5, "lat": 2, "layer": "boilers", "id": 7, "row": None, "box": None, "serial": 3}
    assert seeded({"event": event}) == repr(MapEvent(lon=1.5, lat=2.0, layer="boilers", id="7", serial=3))


@pytest.mark.parametrize(
    "event",
    [None, {}, {"event": None}, {"event": {"lon": "a", "lat": 1}}, {"event": {"lon": float("nan"), "lat": 1}},
     {"event": {"lon": 1, "lat": 1, "box": [1, 2]}}, {"event": {"lon": 1, "lat": 1, "row": "x"}}, "text", [1]],
)  # fmt: skip
def test_what_is_no_event_is_none(event):
    assert seeded(event) == "None"


def test_the_map_runs_in_streamlits_own_tests():
    assert seeded({"event": {"lon": 1.0, "lat": 2.0}}, UNSEEN) == repr(MapEvent(lon=1.0, lat=2.0))


def test_unknown_keys_are_refused_before_the_browser_asks():
    layer = VectorLayer(name="pipes", label_key="map.label", key="0" * 40)
    for given in ({"tile_key": "0" * 40}, {"tile_key": None, "vectors": [layer]}):
        with pytest.raises(KeyError, match="0000"):
            city_map(MapStore(), center=(106.4, 39.0), zoom=12, **given)


def test_texts_cannot_leave_the_script():
    told = city._script_json({"note": "</script><script>alert(1)</script> & 石"})
    assert "<" not in told
    assert json.loads(told)["note"].startswith("</script>")


@pytest.mark.browser
def test_the_browser_of_these_tests_knows_no_host_but_loopback(page, url):
    page.goto(f"{url}/_stcore/health")
    known = {name: url.replace("127.0.0.1", name) for name in ("127.0.0.1", "localhost", "[::1]", "example.org")}
    ask = "a => fetch(a, { mode: 'no-cors' }).then(() => 'reached', error => error.name)"
    # `localhost` has the server too: it is the rule that keeps it out of reach
    assert {name: page.evaluate(ask, f"{address}/_stcore/health") for name, address in known.items()} == {
        "127.0.0.1": "reached", "localhost": "TypeError", "[::1]": "TypeError", "example.org": "TypeError"
    }  # fmt: skip
    assert len(page.outside_requests) == 3
