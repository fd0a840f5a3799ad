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
from PIL import Image
from streamlit.testing.v1 import AppTest

from data.catalog import text
from geo.tiles import TileIndex, empty_tile, unit_mercator
from heating.assessment import assess
from heating.layers import demo_layers
from heating.scenario import Scenario
from ui.paint import CLEAN, METRICS
from ui.standalone import standalone_html

LAYERS = ("counties", "service_areas", "rings", "pipes", "villages", "plants", "boilers")
EVIL = ("</script><script>window.hit=1</script>", "<img src=x onerror=window.hit=2>", "<!--<script>", "&lt;b&gt; {x}")
DAY = dt.date(2026, 3, 1)


@pytest.fixture(scope="module", autouse=True)
def small_city(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUANGUANG_DEMO_BUILDINGS", "1500")
        patch.setenv("NUANGUANG_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NUANGUANG_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))
        yield


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
    assert page.count("</script>") == 4
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
        box.uncheck()
    sole = evil.buildings[evil.buildings["clean_heating"] == "clean"]
    middle = sole.geometry.iloc[int(np.argmax(sole.to_crs(evil.crs).area))].representative_point()
    page.evaluate(f"Nuanguang.map.setView([{middle.y}, {middle.x}], 15, {{animate: false}})")
    page.wait_for_timeout(800)
    colours = _colours(page)
    assert colours[_rgb(CLEAN["clean"])] > 20
    page.get_by_label(text("standalone.no_colour")).check()
    page.wait_for_timeout(400)
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
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not page.locator("#building-legend").is_visible()
    plant = done.plants[done.plants["status"] == "operating"].iloc[0]
    spot = plant.geometry.representative_point()
    page.evaluate(f"Nuanguang.map.setView([{spot.y}, {spot.x}], 12, {{animate: false}})")
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert str(plant["name"]) in page.locator(".tip").inner_text()
    assert page.console_errors == []
    assert page.outside_requests == []


def _rgb(colour):
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _colours(page):
    image = Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")
    return {shade: count for count, shade in image.getcolors(2**24)}
