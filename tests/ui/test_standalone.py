"""The stand-alone map: one file with everything inside, true tiles, and texts that stay texts."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import io
import json
import re

import numpy as np
import pytest
import shapely
from PIL import Image
from streamlit.testing.v1 import AppTest

from data.catalog import text
from geo.tiles import TileIndex, empty_tile, unit_mercator
from heating.assessment import assess
from heating.layers import demo_layers
from heating.scenario import Scenario
from ui.building_tip import recorder
from ui.paint import CLEAN, METRICS
from ui.standalone import standalone_html

pytestmark = pytest.mark.usefixtures("small_city")

LAYERS = ("counties", "service_areas", "rings", "pipes", "villages", "plants", "boilers")
EVIL = ("</script><script>window.hit=1</script>", "<img src=x onerror=window.hit=2>", "<!--<script>", "&lt;b&gt; {x}")
DAY = dt.date(2026, 3, 1)


@pytest.fixture(scope="module")
def done(small_city):
    return assess(demo_layers(buildings=1500), Scenario())


@pytest.fixture(scope="module")
def evil(done):
    boilers = done.boilers.assign(name=[EVIL[at % len(EVIL)] for at in range(len(done.boilers))])
    villages = done.villages.assign(name=[EVIL[at % len(EVIL)] for at in range(len(done.villages))])
    return dataclasses.replace(done, boilers=boilers, villages=villages)


@pytest.fixture(scope="module")
def page_of(done):
    return standalone_html(done, metrics=("clean_heating", "yield_kwh"), layers=LAYERS, language="zh", day=DAY).decode()


def content(page):
    return json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>', page, re.DOTALL)[1])


def test_every_tile_is_as_it_is_drawn_and_none_is_missing(done, page_of):
    index = TileIndex(done.buildings.geometry)
    west, south, east, north = done.buildings.total_bounds
    corners = unit_mercator(np.array([[west, north], [east, south]]))
    for painted in content(page_of)["paints"]:
        paint = METRICS[painted["name"]](done.buildings, "zh")
        inside = dict(painted["tiles"])
        for z in range(10, 15):
            (left, top), (right, low) = np.floor(corners * 2**z).astype(int) + np.array([[-1, -1], [1, 1]])
            for x in range(left, right + 1):
                for y in range(top, low + 1):
                    drawn = index.render(paint.classes, paint.palette, z, x, y)
                    given = inside.pop(f"{z}/{x}/{y}", None)
                    if given is not None:
                        assert base64.b64decode(given) == drawn
                    else:
                        assert not np.asarray(Image.open(io.BytesIO(drawn)).convert("RGBA"))[..., 3].any()
        assert not inside
        assert base64.b64encode(empty_tile()).decode() not in painted["tiles"].values()


def test_the_page_asks_for_nothing_and_says_what_it_is(page_of):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page_of)[1]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"<(?:link|img|iframe|script[^>]+src)", page_of)
    assert not re.search(r"url\((?!data:|#)", page_of)
    said = content(page_of)
    assert said["synthetic"][0] == text("app.synthetic")
    assert "2026-03-01" in said["made"]
    assert text("map.note") in said["notes"]
    assert [layer["name"] for layer in said["layers"]] == list(LAYERS)


def test_a_layer_that_is_missing_is_left_out_and_real_data_bears_no_mark(done):
    frames = {name: frame for name, frame in done.layers.frames.items() if name != "networks"}
    real = dataclasses.replace(done, layers=dataclasses.replace(done.layers, frames=frames, synthetic=False))
    said = content(standalone_html(real, metrics=(), layers=LAYERS, language="en", max_zoom=10, day=DAY).decode())
    assert said["synthetic"] is None
    assert not {"pipes", "service_areas"} & {layer["name"] for layer in said["layers"]}
    assert said["paints"] == []


def test_the_same_wish_makes_the_same_file_and_progress_grows_to_the_end(done):
    told = []
    wish = {"metrics": ("zone", "use"), "layers": ("villages",), "language": "en", "max_zoom": 11, "day": DAY}
    assert standalone_html(done, **wish, progress=told.append) == standalone_html(done, **wish)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0


def test_only_villages_boilers_and_plants_shown_can_be_found(done):
    wish = {"metrics": (), "language": "zh", "max_zoom": 10}
    assert content(standalone_html(done, layers=("counties",), **wish).decode())["places"] == []
    found = content(standalone_html(done, layers=("villages", "boilers"), **wish).decode())["places"]
    assert {place[0] for place in found} == {"villages", "boilers"}
    assert len(found) == len(done.villages) + len(done.boilers)


def test_hostile_names_end_no_script(evil):
    page = standalone_html(evil, metrics=(), layers=LAYERS, language="zh", max_zoom=10).decode()
    assert page.count("</script>") == 5
    assert "<img" not in page
    names = {place[3] for place in content(page)["places"] if place[0] == "boilers"}
    assert names == set(EVIL)


OFFER = """
from ui.standalone_offer import offer
from ui.state import current

offer(current(), metrics=("clean_heating", "use"), layers=("villages", "boilers"))
"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_offer_generates_then_downloads_and_knows_when_it_is_stale(tmp_path, language):
    script = tmp_path / "offer.py"
    script.write_text(OFFER, encoding="utf-8")
    app = AppTest.from_file(str(script), default_timeout=120)
    app.query_params["lang"] = language
    app.run()
    assert not app.exception
    assert not app.get("download_button")
    app.button(key="standalone_make").click().run()
    assert not app.exception
    assert not app.error
    assert len(app.get("download_button")) == 1
    assert "MB" in app.caption[-1].value
    app.button_group(key="standalone_metrics").set_value(["clean_heating", "use"]).run()
    assert not app.get("download_button")
    assert app.info[0].value == text("standalone.stale", language)
    app.button_group(key="standalone_metrics").set_value([]).run()
    assert app.info[0].value == text("standalone.choose", language)


@pytest.mark.browser
def test_opened_from_disk_it_shows_tiles_tooltips_and_legend_without_any_network(evil, new_page, tmp_path):
    path = tmp_path / "离线地图.html"
    path.write_bytes(standalone_html(evil, metrics=("clean_heating", "use"), layers=LAYERS, language="zh"))
    page = new_page()
    page.goto(path.as_uri())
    page.locator(".building-tiles img.leaflet-tile-loaded").first.wait_for(state="attached")
    assert page.get_by_text(text("app.synthetic"), exact=True).is_visible()
    assert page.locator("#building-legend li").count() >= 3
    for box in page.locator("#panel input[type=checkbox]").all():
        if box.get_attribute("value") != "service_areas":
            box.uncheck()
    served = evil.buildings.intersects(_service_areas(evil).union_all())
    sole = np.flatnonzero((evil.buildings["clean_heating"] == "clean") & served)
    row = int(sole[np.argmax(evil.buildings.iloc[sole].to_crs(evil.crs).area)])
    middle = evil.buildings.geometry.iloc[row].representative_point()
    page.evaluate(f"void Nuanguang.map.setView([{middle.y}, {middle.x}], 15, {{animate: false}})")
    page.get_by_text(text("standalone.ask")).wait_for()
    _building_speaks_and_its_area_where_there_is_none(page, evil, row)
    _same_buildings_are_found_as_on_the_live_map(page, evil)
    page.locator("#panel input[value=service_areas]").uncheck()
    page.wait_for_timeout(400)
    colours = _colours(page)
    assert colours[_rgb(CLEAN["clean"])] > 20
    page.get_by_label(text("standalone.no_colour")).check()
    page.wait_for_timeout(400)
    _hover(page, middle)
    page.wait_for_timeout(100)
    assert page.locator(".tip").count() == 0
    assert _rgb(CLEAN["clean"]) not in {shade for shade, count in _colours(page).items() if count > 300}
    # Search for a hostile name: it is text in the list and in the tooltip of the feature.
    page.get_by_label(text("standalone.search")).fill("onerror")
    first = page.locator("#finder li button").first
    assert EVIL[1] in first.inner_text()
    first.click()
    tip = page.locator(".tip")
    tip.wait_for()
    assert EVIL[1] in tip.inner_text()
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src='x']").count() == 0
    assert page.console_errors == []
    assert page.outside_requests == []


@pytest.mark.browser
def test_a_phone_shows_it_without_scrolling_sideways_and_a_pointer_opens_a_tooltip(done, new_page, tmp_path):
    path = tmp_path / "map.html"
    path.write_bytes(standalone_html(done, metrics=("zone",), layers=("plants",), language="en", max_zoom=11))
    page = new_page(390, 844)
    page.add_init_script("delete window.DecompressionStream")
    page.goto(path.as_uri())
    page.get_by_text(text("standalone.ask_not_here", "en")).wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not page.locator("#building-legend").is_visible()
    plant = done.plants[done.plants["status"] == "operating"].iloc[0]
    spot = plant.geometry.representative_point()
    page.evaluate(f"void Nuanguang.map.setView([{spot.y}, {spot.x}], 12, {{animate: false}})")
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert str(plant["name"]) in page.locator(".tip").inner_text()
    assert page.console_errors == []
    assert page.outside_requests == []


def _building_speaks_and_its_area_where_there_is_none(page, done, row):
    """The outline and tooltip of a building replace those of the area around it."""
    tip = page.locator(".tip")
    middle = done.buildings.geometry.iloc[row].representative_point()
    _hover(page, middle)
    tip.wait_for()
    told = list(zip(tip.locator("dt").all_inner_texts(), tip.locator("dd").all_inner_texts(), strict=True))
    assert told == list(recorder(done.buildings)(row, "zh").items())
    outlines = page.locator(".leaflet-ng-mark-pane path")
    assert outlines.count() == 1
    bare = _bare_spot(done, middle)
    areas = _service_areas(done)
    _hover(page, bare)
    tip.get_by_text(str(areas["name"][areas.intersects(bare)].iloc[-1])).wait_for()
    assert tip.count() == 1
    assert outlines.count() == 0


def _same_buildings_are_found_as_on_the_live_map(page, done):
    """Ask the script of the page, and the index of the live map, about places in and around buildings."""
    rng = np.random.default_rng(5)
    index, record = TileIndex(done.buildings.geometry), recorder(done.buildings)
    boxes = done.buildings.bounds.to_numpy()[rng.integers(len(done.buildings), size=400)]
    spots = boxes[:, :2] + rng.random((400, 2)) * (boxes[:, 2:] - boxes[:, :2])
    edges = shapely.STRtree(shapely.boundary(done.buildings.geometry.to_numpy()))
    rounded = edges.query(shapely.points(spots), predicate="dwithin", distance=1e-6)[0]
    spots = np.delete(spots, np.unique(rounded), axis=0)
    rows = [index.identify(*spot) for spot in spots]
    assert len({type(row) for row in rows}) == 2
    found = page.evaluate(
        """async (spots) => {
          const head = JSON.parse(document.getElementById("content").textContent).buildings;
          const asked = await NuanguangBuildings.open(document.getElementById("buildings").textContent, head);
          const rows = spots.map(([lon, lat]) => asked.find(lon, lat, "use"));
          return rows.map((row) => (row < 0 ? null : asked.told(row)));
        }""",
        spots.tolist(),
    )
    assert found == [None if row is None else [[*pair] for pair in record(row, "zh").items()] for row in rows]


def _bare_spot(done, middle):
    """Return a place in a service area and in sight, with no building near."""
    near = shapely.box(middle.x - 5e-3, middle.y - 5e-3, middle.x + 5e-3, middle.y + 5e-3)
    rest = _service_areas(done).union_all().intersection(near).buffer(-1e-4)
    taken = done.buildings.geometry[done.buildings.intersects(near)].union_all()
    return rest.difference(taken.buffer(2e-4)).representative_point()


def _service_areas(done):
    networks = done.layers.frames["networks"]
    return networks[networks["kind"] == "service_area"]


def _hover(page, spot):
    at = page.evaluate(
        f"(() => {{ const p = Nuanguang.map.latLngToContainerPoint([{spot.y}, {spot.x}]); return [p.x, p.y]; }})()"
    )
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + at[0] - 2, box["y"] + at[1] - 2)
    page.mouse.move(box["x"] + at[0], box["y"] + at[1])


def _rgb(colour):
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _colours(page):
    image = Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")
    return {shade: count for count, shade in image.getcolors(2**24)}
