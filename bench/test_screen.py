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
from tests.ui.conftest import ROOT, MapPage, app_server, chromium  # noqa: F401 - fixtures

BUILDINGS = int(os.environ.get("NUANGUANG_BENCH_BUILDINGS", "200000"))
FIRST_MS = 900_000
BROWSERS, ROUNDS = 20, 5
LON, LAT = 106.376, 39.017

pytestmark = pytest.mark.browser


def memory_mb(pid, field="VmRSS", file="status"):
    lines = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def own_memory_mb(pid):
    """Return what a process takes, with its part of what it shares with others."""
    return memory_mb(pid, "Pss:", "smaps_rollup")


def process_with(word):
    """Return the process whose command line holds a word."""
    for folder in Path("/proc").iterdir():
        try:
            said = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode() if folder.name.isdigit() else ""
        except OSError:
            continue
        if word in said:
            return int(folder.name)
    raise LookupError(word)


def browser_mb(chromium):  # noqa: F811
    """Return the memory of the page that takes most."""
    known = chromium.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return max(own_memory_mb(process["id"]) for process in known if process["type"] == "renderer")


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


@pytest.fixture
def fresh(chromium):  # noqa: F811
    """Give a function that opens a page of a browser which has never been here; nothing stands between it and us."""
    contexts = []

    def page():
        contexts.append(chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN"))
        return contexts[-1].new_page()

    yield page
    for context in contexts:
        context.close()  # once more costs nothing


def opened(page, url):
    page.goto(url, wait_until="commit")
    loaded = page.frame_locator("iframe").first.locator(".ng-tiles img.leaflet-tile-loaded").first
    loaded.wait_for(state="attached", timeout=FIRST_MS)
    return MapPage(page)


@pytest.fixture(scope="module")
def bare(app_server, tmp_path_factory):  # noqa: F811
    """Give the address of a page with one line of text: what Streamlit itself takes."""
    script = tmp_path_factory.mktemp("bare") / "bare.py"
    script.write_text("import streamlit as st\nst.write('bare')\n", encoding="utf-8")
    return app_server(script)


def first_line(page, url):
    page.goto(url, wait_until="commit")
    page.get_by_text("bare", exact=True).wait_for()


def visit(fresh, go, to):
    page = fresh()
    spent = seconds(lambda: go(page, to))
    page.context.close()
    return spent


@pytest.fixture(scope="module")
def url(app_server, tmp_path_factory):  # noqa: F811
    cache = os.environ.get("NUANGUANG_CACHE") or str(tmp_path_factory.mktemp("cache"))
    return app_server(ROOT / "app.py", env={"NUANGUANG_DEMO_BUILDINGS": str(BUILDINGS), "NUANGUANG_CACHE": cache})


def view(shown, zoom, lon=LON, lat=LAT):
    return seconds(
        lambda: (
            # `void`, since the driver would copy the whole map that Leaflet gives back
            shown.inner.evaluate(f"void map.setView([{lat}, {lon}], {zoom}, {{ animate: false }})"),
            tiles_loaded(shown),
        )
    )


def panned(shown):
    return seconds(lambda: (shown.inner.evaluate("void map.panBy([220, 0], { animate: false })"), tiles_loaded(shown)))


WATCH = """([event, settled]) => {
  window.begun = window.ended = 0;
  const now = () => performance.timeOrigin + performance.now();
  const done = new Function(`return ${settled}`);
  document.addEventListener(event, () => { window.begun = now(); }, { capture: true });
  const look = setInterval(() => { if (done()) { window.ended = now(); clearInterval(look); } }, 20);
}"""


def answered(here, there, event, settled, act):
    """Return the time [s], to 20 ms, from an event in one frame until something holds in another."""
    here.evaluate(WATCH, [event, "false"])
    there.evaluate(WATCH, [event, settled])
    act()
    there.wait_for_function("() => window.ended > 0", polling=20)
    return (there.evaluate("window.ended") - here.evaluate("window.begun")) / 1e3


def clicked(shown, lon, lat, name):
    heading = text("ui.building", name=name)
    settled = f"[...document.querySelectorAll('h3')].some(h => h.innerText === {json.dumps(heading)})"
    return answered(shown.inner, shown.page.main_frame, "click", settled, lambda: shown.click(lon, lat))


def hovered(shown, lon, lat):
    settled = "document.querySelector('.ng-tip') !== null"
    return answered(shown.inner, shown.inner, "mousemove", settled, lambda: shown.hover(lon, lat))


def restyled(shown, label):
    """Return the time from the choice of a colouring until its tiles stand alone on the map."""
    page = shown.page
    before = shown.inner.evaluate("document.querySelector('.ng-tiles img').src.split('/tiles/')[1].slice(0, 40)")
    page.get_by_test_id("stSelectbox").first.click()
    option = page.get_by_role("option", name=label, exact=True)
    option.wait_for()
    settled = (
        "(() => { const all = [...document.querySelectorAll('.ng-tiles')];"
        " const tiles = [...document.querySelectorAll('.ng-tiles img')];"
        f" return all.length === 1 && tiles.length > 0 && tiles.every(i => i.complete && !i.src.includes('{before}'));"
        " })()"
    )
    return answered(page.main_frame, shown.inner, "click", settled, option.click)


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


def test_a_city_of_many_buildings(benchmark, url, bare, fresh, chromium):  # noqa: F811
    begin = time.perf_counter()
    first = opened(fresh(), url)
    told = {"buildings": BUILDINGS, "cold_start_s": time.perf_counter() - begin}
    first.page.context.close()
    rounds = [[visit(fresh, go, to) for go, to in ((first_line, bare), (opened, url))] for _ in range(ROUNDS)]
    told["bare_streamlit_s"], told["first_map_s"] = (statistics.median(some) for some in zip(*rounds, strict=True))
    page = fresh()
    shown = opened(page, url)
    again = page.context.new_page()
    told["first_map_second_visit_s"] = seconds(lambda: opened(again, url))
    again.close()
    page.bring_to_front()
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
        waits.append(hovered(shown, lon, lat))
        page.wait_for_timeout(300)
        clicks.append(clicked(shown, lon, lat, name))
    told["hover_s"], told["click_to_panel_s"] = statistics.median(waits), statistics.median(clicks)
    told["browser_mb"] = browser_mb(chromium)
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    told["browser_without_garbage_mb"] = browser_mb(chromium)
    server = process_with(f"--server.port {urlsplit(url).port} ")
    told["server_mb"], told["server_peak_mb"] = memory_mb(server), memory_mb(server, "VmHWM")
    told["wrong_answers_of_20_browsers"], told["wait_of_20_browsers_ms"] = tile_requests(source)
    told["kept_connection_ms"] = kept_connection_ms(source)
    benchmark.group = "the screen"
    benchmark.extra_info |= told
    benchmark.pedantic(lambda: urllib.request.urlopen(source).read(), rounds=3)  # noqa: S310 - our own loopback
    print("\n".join(f"{name:32} {value:,.3f}" for name, value in told.items()))  # noqa: T201
