"""The screen with a city of 200,000 buildings, as a person at a browser meets it.

Start it with ``pytest bench/test_screen.py --benchmark-only -s``; the city takes minutes to assess before the first
figure. The figures stand in the benchmark's extra information.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from data.catalog import text
from tests.ui.conftest import ROOT, MapPage, app_server, chromium, new_page  # noqa: F401 - fixtures

BUILDINGS = int(os.environ.get("NUANGUANG_BENCH_BUILDINGS", "200000"))
FIRST_MS = 900_000
BROWSERS, ROUNDS = 20, 5
LON, LAT = 106.376, 39.017

pytestmark = pytest.mark.browser


def memory_mb(pid, field="VmRSS"):
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def processes(word, but=""):
    found = []
    for folder in Path("/proc").iterdir():
        try:
            said = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode() if folder.name.isdigit() else ""
        except OSError:
            continue
        if word in said and (not but or but not in said):
            found.append(int(folder.name))
    return found


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def tiles_loaded(shown):
    shown.inner.wait_for_function(
        "() => { const t = [...document.querySelectorAll('.ng-tiles img')]; return t.length > 0 && "
        "document.querySelectorAll('.ng-tiles').length === 1 && t.every(i => i.complete && i.naturalWidth > 0); }",
        polling=10,
    )


def opened(page, url):
    page.goto(url)
    loaded = page.frame_locator("iframe").first.locator(".ng-tiles img.leaflet-tile-loaded").first
    loaded.wait_for(state="attached", timeout=FIRST_MS)
    return MapPage(page)


@pytest.fixture(scope="module")
def url(app_server, tmp_path_factory):  # noqa: F811
    cache = os.environ.get("NUANGUANG_CACHE") or str(tmp_path_factory.mktemp("cache"))
    return app_server(ROOT / "app.py", env={"NUANGUANG_DEMO_BUILDINGS": str(BUILDINGS), "NUANGUANG_CACHE": cache})


def view(shown, zoom, lon=LON, lat=LAT):
    return seconds(
        lambda: (
            shown.inner.evaluate(f"map.setView([{lat}, {lon}], {zoom}, {{ animate: false }})"),
            tiles_loaded(shown),
        )
    )


def panned(shown):
    return seconds(lambda: (shown.inner.evaluate("map.panBy([220, 0], { animate: false })"), tiles_loaded(shown)))


def panel_of(page, name):
    page.get_by_role("heading", name=text("ui.building", name=name), exact=True).wait_for()


def restyled(shown, label):
    page = shown.page
    before = shown.inner.evaluate("document.querySelector('.ng-tiles img').src")
    page.get_by_test_id("stSelectbox").first.click()
    option = page.get_by_role("option", name=label, exact=True)
    option.wait_for()

    def work():
        option.click()
        shown.inner.wait_for_function(
            "before => { const i = [...document.querySelectorAll('.ng-tiles img')].at(-1);"
            " return i && i.src !== before && i.src.split('/tiles/')[1].slice(0, 40)"
            " !== before.split('/tiles/')[1].slice(0, 40) && i.complete; }",
            arg=before,
            polling=10,
        )
        tiles_loaded(shown)

    return seconds(work)


def houses(source):
    """Return places of some buildings that the search knows."""
    root, key = source.split("/tiles/")[0], source.split("/tiles/")[1].split("/")[0]
    with urllib.request.urlopen(f"{root}/api/search?key={key}&q=640202-B") as answer:  # noqa: S310 - our own loopback
        hits = [hit for hit in json.load(answer) if hit["kind"] == "building"]
    return [(hit["lon"], hit["lat"], hit["id"]) for hit in hits[:ROUNDS]]


def tile_requests(source):
    """Ask for the tiles that a browser shows, as twenty browsers at once; return errors and the middle wait [ms]."""
    parts = urlsplit(source)

    def one(_):
        waits, wrong = [], 0
        base, z, x, y = parts.path.rsplit("/", 3)
        with closing(http.client.HTTPConnection(parts.hostname, parts.port)) as link:
            for dx in range(-2, 3):
                for dy in range(-2, 3):
                    begin = time.perf_counter()
                    link.request("GET", f"{base}/{z}/{int(x) + dx}/{int(y.removesuffix('.png')) + dy}.png")
                    answer = link.getresponse()
                    answer.read()
                    wrong += answer.status != 200
                    waits.append(time.perf_counter() - begin)
        return wrong, waits

    with ThreadPoolExecutor(BROWSERS) as pool:
        answers = list(pool.map(one, range(BROWSERS)))
    return sum(wrong for wrong, _ in answers), statistics.median(w for _, waits in answers for w in waits) * 1e3


def kept_connection_ms(source):
    parts = urlsplit(source)
    waits = []
    with closing(http.client.HTTPConnection(parts.hostname, parts.port)) as link:
        for _ in range(60):
            begin = time.perf_counter()
            link.request("GET", parts.path)
            link.getresponse().read()
            waits.append(time.perf_counter() - begin)
    return statistics.median(waits) * 1e3


def test_a_city_of_many_buildings(benchmark, url, new_page):  # noqa: F811
    begin = time.perf_counter()
    first = opened(new_page(), url)
    told = {"buildings": BUILDINGS, "cold_start_s": time.perf_counter() - begin}
    first.page.close()
    page = new_page()
    told["first_map_s"] = seconds(lambda: opened(page, url))
    shown = MapPage(page)
    page.locator("iframe").first.scroll_into_view_if_needed()
    tiles_loaded(shown)
    told["zoom_in_cold_tiles_s"] = view(shown, 15)
    told["pan_s"] = statistics.median(panned(shown) for _ in range(ROUNDS))
    told["zoom_out_cold_tiles_s"] = view(shown, 12)
    view(shown, 16)
    metrics = [text(f"column.{name}") for name in ("zone", "use", "heat_source", "yield_kwh", "clean_heating")]
    told["restyle_s"] = statistics.median(restyled(shown, label) for label in metrics)
    source = shown.inner.evaluate("document.querySelector('.ng-tiles img').src")
    waits, clicks = [], []
    for lon, lat, name in houses(source):
        view(shown, 17, lon, lat)
        page.mouse.move(5, 5)
        page.wait_for_timeout(400)
        waits.append(seconds(lambda lon=lon, lat=lat: shown.hover(lon, lat).wait_for()))
        page.wait_for_timeout(300)
        clicks.append(seconds(lambda lon=lon, lat=lat, name=name: (shown.click(lon, lat), panel_of(page, name))))
    told["hover_s"], told["click_to_panel_s"] = statistics.median(waits), statistics.median(clicks)
    renderers = processes("--type=renderer")
    told["browser_mb"] = max(memory_mb(pid) for pid in renderers)
    server = processes("streamlit run", but="pytest")[0]
    told["server_mb"], told["server_peak_mb"] = memory_mb(server), memory_mb(server, "VmHWM")
    told["wrong_answers_of_20_browsers"], told["wait_of_20_browsers_ms"] = tile_requests(source)
    told["kept_connection_ms"] = kept_connection_ms(source)
    benchmark.group = "the screen"
    benchmark.extra_info |= told
    benchmark.pedantic(lambda: urllib.request.urlopen(source).read(), rounds=3)  # noqa: S310 - our own loopback
    print("\n".join(f"{name:32} {value:,.3f}" for name, value in told.items()))  # noqa: T201
