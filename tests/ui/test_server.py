"""The routes beside Streamlit's: who gets what, for how long, and who gets nothing."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from geo.tiles import empty_tile, unit_mercator
from ui.gazetteer import Gazetteer
from ui.server import ASSETS, NoDelay, map_script_seal, routes
from ui.store import DATA_SETS, PAINTINGS, MapStore

LON, LAT = 106.3761, 39.0142
PALETTE = ("black", "#1b7837", "#d73027")
COLLECTION = json.dumps({"type": "FeatureCollection", "features": [], "name": "供热管网"}, ensure_ascii=False).encode()


def frame(dx=0.0):
    houses = [shapely.box(LON + dx, LAT, LON + dx + 2e-4, LAT + 2e-4), shapely.box(LON + 1, LAT, LON + 1.1, LAT + 0.1)]
    return gpd.GeoDataFrame({"building_id": ["甲1", "甲2"]}, geometry=houses, crs=4326)


def record(row, language):
    return {"编号" if language == "zh" else "Number": f"<b>{row}</b>"}


@pytest.fixture
def store():
    made = MapStore()
    made.set_buildings("city", frame(), record=record)
    return made


@pytest.fixture
def key(store):
    return store.paint("city", np.array([1, 0], np.uint8), PALETTE)


@pytest.fixture
def client(store):
    with TestClient(Starlette(routes=routes(store))) as made:
        yield made


def place(z, lon=LON + 1e-4, lat=LAT + 1e-4):
    x, y = np.floor(unit_mercator(np.array([[lon, lat]]))[0] * 2**z).astype(int)
    return f"{z}/{x}/{y}"


def identify(client, key, lon=LON + 1e-4, lat=LAT + 1e-4, **more):
    return client.get("/api/identify", params={"key": key, "lon": lon, "lat": lat, **more})


def test_a_tile_is_a_png_that_may_be_kept_forever(client, key):
    answer = client.get(f"/tiles/{key}/16/{place(16).split('/', 1)[1]}.png")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    image = Image.open(io.BytesIO(answer.content))
    assert image.size == (512, 512)
    assert (27, 120, 55, 255) in {color for _, color in image.convert("RGBA").getcolors()}


def test_an_unknown_key_is_refused_everywhere(client):
    for url in (f"/tiles/{'0' * 40}/{place(16)}.png", f"/vectors/{'0' * 40}.geojson"):
        answer = client.get(url)
        assert answer.status_code == 403
        assert answer.headers["cache-control"] == "no-store"
    assert identify(client, "0" * 40).status_code == 403
    assert client.get("/api/identify", params={"lon": LON, "lat": LAT}).status_code == 403


@pytest.mark.parametrize("tile", ["3/1/1", "21/1/1", "10/1024/0", "10/0/1024", "99/0/0"])
def test_outside_the_grid_there_is_no_tile(client, key, tile):
    assert client.get(f"/tiles/{key}/{tile}.png").status_code == 404


@pytest.mark.parametrize("tile", ["10/-1/0", "10/a/0", "1e3/0/0", "10/0/0.5", "9" * 5000 + "/0/0", "１/0/0", "10/²/0"])
def test_what_is_no_tile_number_is_not_found(client, key, tile):
    assert client.get(f"/tiles/{key}/{tile}.png").status_code == 404


def test_an_empty_tile_is_transparent(client, key):
    assert client.get(f"/tiles/{key}/12/0/0.png").content == empty_tile()


def test_features_come_packed_to_who_takes_it(client, store):
    key = store.put_vectors("pipes", COLLECTION)
    for wanted, packed in (("gzip, br", True), ("identity", False)):
        answer = client.get(f"/vectors/{key}.geojson", headers={"Accept-Encoding": wanted})
        assert answer.status_code == 200
        assert answer.content == COLLECTION
        assert answer.headers["content-type"].startswith("application/geo+json")
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "immutable" in answer.headers["cache-control"]
        assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert gzip.decompress(store.vectors(key).packed) == COLLECTION


def test_identify_tells_the_building_in_plain_text(client, key):
    answer = identify(client, key)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert b"<" not in answer.content, "texts must be harmless even where somebody reads them as HTML"
    told = answer.json()
    assert told["row"] == 0
    assert told["id"] == "甲1"
    assert told["record"] == [["编号", "<b>0</b>"]]
    assert told["outline"]["type"] == "Polygon"
    assert identify(client, key, language="en").json()["record"] == [["Number", "<b>0</b>"]]


def test_identify_finds_nothing_where_nothing_is_drawn(client, key):
    assert identify(client, key, lon=LON - 0.1).json() is None
    assert identify(client, key, lon=LON + 1.05, lat=LAT + 0.05).json() is None, "class 0 is not on the map"


@pytest.mark.parametrize("lon", ["", "abc", "nan", "inf", "181", "1e999", "1,5"])
def test_identify_refuses_what_is_no_position(client, key, lon):
    assert identify(client, key, lon=lon).status_code == 400
    assert identify(client, key, lat="91").status_code == 400
    assert client.get("/api/identify", params={"key": key, "lon": 1}).status_code == 400
    assert identify(client, key, language="fr").status_code == 400


def searched(client, key, query, **more):
    return client.get("/api/search", params={"key": key, "q": query, **more})


def test_a_search_tells_name_kind_place_and_outline(store):
    store.set_places("city", lambda: Gazetteer([("building", frame(), "building_id", None, None)]))
    key = store.paint("city", np.array([1, 0], np.uint8), PALETTE)
    with TestClient(Starlette(routes=routes(store))) as client:
        answer = searched(client, key, "甲1")
        (hit,) = answer.json()
        assert (hit["name"], hit["kind"], hit["kind_label"], hit["row"]) == ("甲1", "building", "建筑", 0)
        assert LON <= hit["lon"] <= LON + 2e-4
        assert shapely.geometry.shape(hit["outline"]).bounds == pytest.approx(frame().geometry[0].bounds)
        assert answer.headers["cache-control"] == "no-store"
        assert searched(client, key, "甲1", language="en").json()[0]["kind_label"] == "Building"
        assert searched(client, key, "乙").json() == searched(client, key, "").json() == []


def test_a_search_needs_a_known_key_and_a_sane_query(client, key):
    assert searched(client, "0" * 40, "甲").status_code == 403
    assert client.get("/api/search", params={"q": "甲"}).status_code == 403
    assert searched(client, key, "甲").json() == []
    for wild in ("%", "\\", "\x00", "😀", "'; --", "<b>", "[" * 80):
        assert searched(client, key, wild).status_code == 200
    assert searched(client, key, "甲" * 81).status_code == 400
    assert searched(client, key, "甲", language="xx").status_code == 400
    assert client.post("/api/search", params={"key": key, "q": "甲"}).status_code == 405


def test_a_key_is_of_one_kind(client, store, key):
    vectors = store.put_vectors("pipes", COLLECTION)
    assert client.get(f"/vectors/{key}.geojson").status_code == 403
    assert client.get(f"/tiles/{vectors}/{place(16)}.png").status_code == 403
    assert identify(client, vectors).status_code == 403


def test_only_get_is_answered(client, key):
    assert client.post(f"/tiles/{key}/{place(16)}.png").status_code == 405


def test_scripts_come_from_installed_packages(client):
    for path in ("leaflet/leaflet.js", "leaflet/leaflet.css", "leaflet/images/layers.png", "app/map.js", "app/map.css"):
        assert client.get(f"/assets/{path}").status_code == 200, path


@pytest.mark.parametrize("mount", ["app", "leaflet"])
@pytest.mark.parametrize(
    "path",
    ["../server.py", "%2e%2e/server.py", "..%2fserver.py", "....//server.py", "/etc/passwd", "%2fetc%2fpasswd", ""],
)
def test_assets_give_nothing_from_outside_their_folder(client, mount, path):
    assert client.get(f"/assets/{mount}/{path}").status_code in (400, 404)


def test_the_assets_hold_no_foreign_script():
    assert {path.name for path in ASSETS.rglob("*") if path.suffix in (".js", ".css")} == {
        *(f"{name}.js" for name in ("features", "tools", "map", "standalone", "standalone_buildings")),
        *(f"{name}.css" for name in ("map", "standalone")),
    }


def test_the_scripts_of_the_map_come_as_one_and_may_be_kept_while_they_are_the_same(client):
    current = client.get(f"/assets/script/{map_script_seal()}.js")
    assert current.headers["content-type"].startswith("text/javascript")
    assert "immutable" in current.headers["cache-control"]
    said = current.text
    places = [said.index(mark) for mark in ("Leaflet 1.9", "NuanguangFeatures =", "NuanguangTools =", "Nuanguang =")]
    assert places == sorted(places)
    assert "sourceMappingURL" not in said
    older = client.get("/assets/script/000000000000.js")
    assert older.text == said
    assert older.headers["cache-control"] == "no-store"


def test_routes_respect_a_base_path(store, key):
    for base in ("heat", "/heat/"):
        client = TestClient(Starlette(routes=routes(store, base=base)))
        assert client.get(f"/heat/tiles/{key}/{place(16)}.png").status_code == 200
        assert client.get("/heat/assets/app/map.js").status_code == 200
        assert client.get(f"/tiles/{key}/{place(16)}.png").status_code == 404


def test_keys_carry_content_and_secret(store):
    classes = np.array([1, 2], np.uint8)
    key = store.paint("city", classes, PALETTE)
    assert len(key) >= 32
    assert store.paint("city", classes.copy(), list(PALETTE)) == key
    others = [
        store.paint("city", classes[::-1], PALETTE),
        store.paint("city", classes, ("black", "#1b7838", "#d73027")),
        store.paint("city", classes, PALETTE, tag="other"),
    ]
    other = MapStore()
    other.set_buildings("city", frame())
    assert len({key, *others, other.paint("city", classes, PALETTE)}) == 5


def test_a_painting_does_not_follow_its_array(store, client):
    classes = np.array([1, 0], np.uint8)
    key = store.paint("city", classes, PALETTE)
    classes[:] = 0
    assert identify(client, key).json()["row"] == 0


def test_data_sets_live_side_by_side(store, client, key):
    store.set_buildings("other", frame(dx=0.5), record=lambda row, _: {"其他": str(row)})
    other = store.paint("other", np.array([1, 1], np.uint8), PALETTE)
    assert identify(client, other).json() is None
    assert identify(client, other, lon=LON + 0.5001).json()["record"] == [["其他", "0"]]
    assert identify(client, key).json()["id"] == "甲1"
    store.forget("other")
    assert not store.has("other")
    assert identify(client, other, lon=LON + 0.5001).status_code == 200


def test_a_replaced_data_set_gets_new_keys_and_old_ones_go_on(store, client, key):
    store.set_buildings("city", frame(dx=0.5), record=record)
    new = store.paint("city", np.array([1, 0], np.uint8), PALETTE)
    assert new != key
    assert identify(client, new).json() is None
    assert identify(client, key).json()["row"] == 0


def test_the_data_sets_used_last_are_kept(store, key):
    city = store.buildings("city").frame
    for number in range(DATA_SETS + 3):
        store.set_buildings(f"other {number}", frame(number / 10))
        store.set_buildings("city", city)
    assert store.has("city")
    assert not store.has("other 0")
    assert sum(store.has(f"other {number}") for number in range(DATA_SETS + 3)) == DATA_SETS - 1
    assert store.knows(key)


def test_the_same_frame_is_indexed_once(store):
    known = store.buildings("city")
    store.set_buildings("city", known.frame, record=record)
    assert store.buildings("city").index is known.index


def test_data_sets_of_one_origin_share_their_index_and_others_do_not(store):
    origin = frame()
    for name, outlines in (("one", origin), ("two", origin), ("three", frame())):
        store.set_buildings(name, origin.assign(more=name), outlines=outlines)
    indexes = [store.buildings(name).index for name in ("one", "two", "three")]
    assert indexes[0] is indexes[1]
    assert indexes[2] is not indexes[0]
    assert store.buildings("two").frame["more"].eq("two").all()


def test_a_page_waits_for_a_map_that_is_shown_from_now_on(store, client, key):
    other = store.paint("city", np.array([0, 1], np.uint8), PALETTE)
    before = time.monotonic()
    assert client.get("/api/shown", params={"key": key}).status_code == 204
    assert store.await_browser(key, 0.0, since=before)
    assert not store.await_browser(key, 0.02, since=time.monotonic())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.await_browser, key, 30.0, since=time.monotonic())
        client.get("/api/shown", params={"key": other})
        assert not waiting.done()
        while not waiting.done():
            assert client.get("/api/shown", params={"key": key}).status_code == 204
        assert waiting.result()
    assert client.get("/api/shown").status_code == 403
    assert client.get("/api/shown", params={"key": "0" * 40}).status_code == 403


def test_the_painting_used_last_survives(store):
    keys = []
    for number in range(PAINTINGS + 5):
        keys.append(store.paint("city", np.array([1, 0], np.uint8), PALETTE, tag=str(number)))
        assert store.knows(keys[0])
    assert sum(map(store.knows, keys)) == PAINTINGS


def test_what_does_not_fit_is_refused(store):
    with pytest.raises(ValueError, match="3 classes for 2 rows"):
        store.paint("city", np.ones(3, np.uint8), PALETTE)
    with pytest.raises(ValueError, match="class 3 has no colour"):
        store.paint("city", np.full(2, 3, np.uint8), PALETTE)
    with pytest.raises(KeyError):
        store.paint("nowhere", np.ones(2, np.uint8), PALETTE)


def test_many_threads_see_one_picture(store, key):
    z, x, y = map(int, place(16).split("/"))
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: store.tile(key, z, x, y), range(64)))
    assert len(set(drawn)) == 1


def test_nagles_algorithm_is_switched_off_on_each_connection():
    with socket.socket() as listening, socket.socket() as link:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        link.connect(listening.getsockname())

        class Cycle:
            """Uvicorn's own, as far as the middleware looks at it."""

            transport = SimpleNamespace(get_extra_info={"socket": link}.get)

            async def receive(self):
                raise NotImplementedError

        async def inner(scope, receive, send):
            scope["reached"] = True

        scope = {"type": "http"}
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
        with ThreadPoolExecutor(1) as pool:  # Playwright keeps a loop running in this thread
            pool.submit(lambda: asyncio.run(NoDelay(inner)(scope, Cycle().receive, None))).result()
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert scope["reached"]


def test_other_servers_are_left_alone(store, key):
    app = Starlette(routes=routes(store), middleware=[Middleware(NoDelay)])
    assert identify(TestClient(app), key).status_code == 200
