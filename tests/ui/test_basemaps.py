"""Base maps: none unless chosen, never a misaligned one, and local tiles by key only."""

from __future__ import annotations

import io
import sqlite3
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from data.catalog import text
from ui import basemaps
from ui.base_tiles import TileSources, base_routes
from ui.basemaps import OSM_URL, Choice, base_map, refusal

TK = "0123456789abcdef0123456789abcdef"
OWN = "https://tiles.example.gov.cn/chinamap/{z}/{x}/{y}.png"


def picture(kind="PNG", colour=(10, 20, 30)):
    file = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(file, kind)
    return file.getvalue()


def mbtiles(path, tiles, **metadata):
    link = sqlite3.connect(path)
    link.execute("CREATE TABLE metadata (name text, value text)")
    link.execute("CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
    link.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
    link.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", tiles)
    link.commit()
    link.close()
    return path


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "basemaps"
    (folder / "city" / "12" / "3258").mkdir(parents=True)
    (folder / "city" / "12" / "3258" / "1560.png").write_bytes(picture())
    (folder / "city" / "12" / "3258" / "1561.jpg").write_bytes(picture("JPEG"))
    (folder / "city" / "12" / "3258" / "1562.webp").write_bytes(picture("WEBP"))
    (folder / "city" / "12" / "3258" / "1563.png").write_bytes(b"<script>alert(1)</script>")
    (tmp_path / "secret.png").write_bytes(picture())
    (folder / "city" / "12" / "3258" / "1564.png").symlink_to(tmp_path / "secret.png")
    mbtiles(folder / "region.mbtiles", [(12, 3258, 2**12 - 1 - 1560, picture("JPEG"))], format="jpg", name="影像")
    monkeypatch.setenv("NUANGUANG_BASEMAPS", str(folder))
    return folder


@pytest.fixture
def sources():
    return TileSources()


@pytest.fixture
def client(sources):
    with TestClient(Starlette(routes=base_routes(sources))) as made:
        yield made


@pytest.mark.parametrize(
    ("y", "kind"), [(1560, "image/png"), (1561, "image/jpeg"), (1562, "image/webp"), (1563, None), (1564, None)]
)
def test_a_folder_gives_pictures_and_nothing_else(place, sources, client, y, kind):
    answer = client.get(f"/base/{sources.put(place / 'city')}/12/3258/{y}")
    assert answer.status_code == (200 if kind else 404)
    if kind:
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "private" in answer.headers["cache-control"]


def test_rows_of_mbtiles_are_counted_from_the_south(place, sources, client):
    key = sources.put(place / "region.mbtiles")
    assert client.get(f"/base/{key}/12/3258/1560").content == picture("JPEG")
    assert client.get(f"/base/{key}/12/3258/{2**12 - 1 - 1560}").status_code == 404


def test_an_mbtiles_file_is_never_written(place, sources, client):
    path = place / "region.mbtiles"
    before = path.read_bytes(), sorted(place.iterdir())
    client.get(f"/base/{sources.put(path)}/12/3258/1560")
    assert (path.read_bytes(), sorted(place.iterdir())) == before


def test_an_unknown_key_is_refused_and_a_key_stays(place, sources, client):
    key = sources.put(place / "city")
    assert sources.put(place / "city") == key
    assert len(key) == 40
    assert TileSources().put(place / "city") != key
    assert client.get(f"/base/{'0' * 40}/12/3258/1560").status_code == 403


@pytest.mark.parametrize("source", ["city", "region.mbtiles"])
@pytest.mark.parametrize(
    "rest",
    [
        "12/3258/-1560",
        "12/3258/1e3",
        "12/3258/1560.png",
        "12/3258/..%2f..%2fsecret",
        "12/%2e%2e/secret",
        "٣/1/1",
        "99999999/0/0",
        "12/4096/0",
        "12/0/4096",
        f"12/{'9' * 5000}/0",
        "12/3258/1560%00",
        "12/3258/%27 OR 1=1 --",
        "nan/inf/0",
    ],
)
def test_hostile_places_find_nothing(place, sources, client, source, rest):
    assert client.get(f"/base/{sources.put(place / source)}/{rest}").status_code == 404


def test_a_broken_or_vanished_file_has_no_tiles(place, sources, client):
    broken = place / "broken.mbtiles"
    broken.write_bytes(b"no database" * 100)
    key = sources.put(broken)
    assert client.get(f"/base/{key}/1/0/0").status_code == 404
    broken.unlink()
    assert client.get(f"/base/{key}/1/0/0").status_code == 404
    assert not broken.exists()


def test_routes_stand_under_a_base_path(place, sources):
    with TestClient(Starlette(routes=base_routes(sources, base="/heat/"))) as client:
        assert client.get(f"/heat/base/{sources.put(place / 'city')}/12/3258/1560").status_code == 200


@pytest.mark.parametrize(
    "link",
    [
        "https://webrd0{s}.is.autonavi.com/appmaptile?style=8&x={x}&y={y}&z={z}",
        "https://WPRD01.IS.AUTONAVI.COM./appmaptile?x={x}&y={y}&z={z}",
        "https://user:x@webst01.is.autonavi.com:443/?x={x}&y={y}&z={z}",
        "http://www.google.cn/maps/vt?lyrs=s&gl=cn&x={x}&y={y}&z={z}",
        "https://mt1.google.com/vt/lyrs=m&x={x}&y={y}&z={z}",
        "https://rt0.map.gtimg.com/tile?z={z}&x={x}&y={-y}",
        "https://online1.map.bdimg.com/tile/?qt=tile&x={x}&y={y}&z={z}",
        "https://proxy.example.cn/appmaptile?x={x}&y={y}&z={z}",
        "https://tiles.example.cn/gcj02/{z}/{x}/{y}.png",
    ],
)
def test_a_shifted_service_is_refused_whatever_is_declared(sources, link):
    choice = Choice(kind="xyz", source=link, datum="wgs84")
    assert refusal(choice) == "basemaps.shifted"
    assert base_map(choice, sources, "zh") is None


@pytest.mark.parametrize("datum", ["", "unknown", "gcj02"])
@pytest.mark.parametrize("choice", [{"kind": "xyz", "source": OWN}, {"kind": "local", "source": "city"}])
def test_a_source_is_shown_only_once_its_coordinates_are_declared(place, sources, choice, datum):
    assert base_map(Choice(**choice, datum=datum), sources, "zh") is None
    assert base_map(Choice(**choice, datum="wgs84"), sources, "zh") is not None
    assert (refusal(Choice(**choice, datum=datum)) == "basemaps.shifted") == (datum == "gcj02")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert({x}{y}{z})",
        "file:///{z}/{x}/{y}.png",
        "https://a/{z}/{x}.png",
        "https://a/{z}/{x}/{y}/{token}",
        "https://a/{z}/{x}/{y}/{",
        'https://a/{z}/{x}/{y}"><img>',
        "https://[::1/{z}/{x}/{y}",
        "https:///{z}/{x}/{y}",
        f"https://a/{{z}}/{{x}}/{{y}}?{'a' * 2000}",
    ],
)
def test_a_link_that_is_none_is_refused(link):
    assert refusal(Choice(kind="xyz", source=link, datum="wgs84")) == "basemaps.bad_link"


def test_lon_lat_tiles_are_refused():
    link = "https://t0.tianditu.gov.cn/vec_c/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=1"
    assert refusal(Choice(kind="xyz", source=link, datum="wgs84")) == "basemaps.not_mercator"


def test_local_files_that_do_not_fit_are_refused(place):
    mbtiles(place / "a.mbtiles", [(3, 1, 1, picture())], format="png", attribution="© 高德地图")
    mbtiles(place / "b.mbtiles", [(3, 1, 1, b"\x1f\x8b")], format="pbf")
    mbtiles(place / "c.mbtiles", [], format="png")
    mbtiles(place / "d.mbtiles", [(3, 1, 1, picture())], format="png", crs="EPSG:4326")
    (place / "e.mbtiles").write_bytes(b"nothing")
    (place / "empty").mkdir()
    said = {
        name: refusal(Choice(kind="local", source=name, datum="wgs84")) for name in (*basemaps.local_names(), "../x")
    }
    assert said == {
        "a.mbtiles": "basemaps.shifted",
        "b.mbtiles": "basemaps.no_pictures",
        "c.mbtiles": "basemaps.no_pictures",
        "d.mbtiles": "basemaps.not_mercator",
        "e.mbtiles": "basemaps.unreadable",
        "empty": "basemaps.no_pictures",
        "city": None,
        "region.mbtiles": None,
        "../x": "basemaps.unreadable",
    }


def test_a_local_source_is_named_by_key_and_never_by_path(place, sources, client):
    made = base_map(Choice(kind="local", source="region.mbtiles", datum="wgs84"), sources, "zh")
    assert made.max_zoom == 12
    assert len(made.urls) == 1
    assert str(place) not in made.urls[0]
    link = made.urls[0].removeprefix("../..").format(z=12, x=3258, y=1560)
    assert client.get(link).status_code == 200


@pytest.mark.parametrize(("kind", "layers"), [("tianditu", ("vec", "cva")), ("tianditu_image", ("img", "cia"))])
def test_tianditu_has_names_above_and_its_token_in_the_links_and_nowhere_else(sources, kind, layers):
    choice = Choice(kind=kind, source=TK)
    made = base_map(choice, sources, "zh")
    assert [urlsplit(url.format(s=7, z=1, x=2, y=3)).hostname for url in made.urls] == ["t7.tianditu.gov.cn"] * 2
    for url, layer in zip(made.urls, layers, strict=True):
        asked = parse_qs(urlsplit(url.format(s=0, z=15, x=26000, y=12000)).query)
        assert f"/{layer}_w/" in url
        assert {name: asked[name] for name in ("LAYER", "TILEMATRIX", "TILECOL", "TILEROW", "tk")} == {
            "LAYER": [layer],
            "TILEMATRIX": ["15"],
            "TILECOL": ["26000"],
            "TILEROW": ["12000"],
            "tk": [TK],
        }
    assert made.subdomains == "01234567"
    assert TK not in repr(choice)
    assert TK not in made.attribution
    assert refusal(Choice(kind=kind, source="a&b=c" * 5)) == "basemaps.bad_token"


PAGE = """
import streamlit as st
from ui.basemaps import basemap_choice, chosen_base

with st.sidebar:
    basemap_choice()
made = chosen_base()
st.text(" ".join(made.urls) if made else "none")
"""


def shown(tmp_path, language="zh"):
    script = tmp_path / "base.py"
    script.write_text(PAGE, encoding="utf-8")
    app = AppTest.from_file(str(script), default_timeout=60)
    app.query_params["lang"] = language
    app.run()
    assert not app.exception
    return app


def test_no_base_map_until_one_is_chosen_and_the_choice_warns(tmp_path, place):
    app = shown(tmp_path)
    assert app.text[0].value == "none"
    assert not app.warning
    app.radio(key="basemap_kind").set_value("osm").run()
    assert app.text[0].value == OSM_URL
    assert "审图号" in app.warning[0].value
    app.radio(key="basemap_kind").set_value("none").run()
    assert app.text[0].value == "none"


def test_the_token_stays_out_of_the_address_of_the_page(tmp_path, place):
    app = shown(tmp_path)
    app.radio(key="basemap_kind").set_value("tianditu").run()
    assert app.text[0].value == "none"
    app.text_input(key="basemap_token").set_value(TK).run()
    assert TK in app.text[0].value
    assert TK not in str(app.query_params)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and TK.encode() in path.read_bytes()]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_was_declared_of_one_source_says_nothing_of_another(tmp_path, place, language):
    app = shown(tmp_path, language)
    app.radio(key="basemap_kind").set_value("local").run()
    assert app.text[0].value == "none"
    app.radio[1].set_value("wgs84").run()
    assert app.text[0].value.startswith("../../base/")
    app.selectbox(key="basemap_local").set_value("region.mbtiles").run()
    assert app.text[0].value == "none"
    app.radio[1].set_value("gcj02").run()
    assert app.error[0].value == text("basemaps.shifted", language)
    assert app.text[0].value == "none"


def test_without_local_tiles_the_page_says_where_they_go(tmp_path, monkeypatch):
    monkeypatch.setenv("NUANGUANG_BASEMAPS", str(tmp_path / "nothing"))
    app = shown(tmp_path)
    app.radio(key="basemap_kind").set_value("local").run()
    assert "nothing" in app.info[0].value
    assert app.text[0].value == "none"
