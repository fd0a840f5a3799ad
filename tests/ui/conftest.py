"""A real server on a free loopback port and a real Chromium that may speak to nobody else."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

with warnings.catch_warnings():
    # Imported once here, so that the tests can import it freely: it complains of httpx while httpx2 is not installed.
    warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient`")
    import starlette.testclient  # noqa: F401

ROOT = Path(__file__).parents[2]
START_LIMIT = 60
BUILDINGS = 1500
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ONLY_LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
# Chromium remarks on features of Streamlit's own frames; these are no fault of ours.
BENIGN = ("Unrecognized feature:", "An iframe which has both allow-scripts and allow-same-origin")


def free_port():
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        return link.getsockname()[1]


def wait_until_up(url, process, log):
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310, our own loopback
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text(encoding='utf-8')[-4000:]}")


def stop(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def app_server(tmp_path_factory):
    """Start ``streamlit run`` on a script or an app file and give its address; each is started once.

    Use it as ``url = app_server(path)``, with ``env`` for more environment variables and ``base`` for a base
    path. Files that stand beside the script can be imported by it, and so can the project's packages. The
    workspace is a fresh folder. All servers end with the session.
    """
    running = {}
    started = []

    def start(script, *, env=None, base=""):
        name = (str(script), tuple(sorted((env or {}).items())), base)
        if name in running:
            return running[name]
        folder = tmp_path_factory.mktemp("server")
        port = free_port()
        settings = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NUANGUANG_WORKSPACE": str(folder / "workspace"),
            "STREAMLIT_SERVER_BASE_URL_PATH": base,
            **(env or {}),
        }
        options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        log = folder / "log.txt"
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", str(script), *options],
                cwd=ROOT,
                env=settings,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        url = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
        wait_until_up(url, process, log)
        running[name] = url
        return url

    yield start
    ended = [process.returncode for process in started if process.poll() is not None]
    for process in started:
        stop(process)
    assert not ended, f"servers ended before the tests did, with {ended}"


@pytest.fixture(scope="session")
def chromium():
    """Give a headless Chromium, or skip the test if the machine has none."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None and os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("REQUIRE_BROWSER is set, and there is no Chromium")
    if path is None:
        pytest.skip(f"no Chromium on this machine: none of {', '.join(CHROMIUM_NAMES)} is on the path")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ONLY_LOOPBACK]
        )
        yield browser
        browser.close()


def is_outside(address):
    parts = urlsplit(address)
    return parts.hostname != "127.0.0.1" and parts.scheme not in ("data", "blob", "about", "file", "chrome-error")


@pytest.fixture(scope="session")
def shared_context(chromium):
    """Give the browser session of all desktop pages: what one has fetched, the others need not fetch again."""
    context = chromium.new_context(locale="zh-CN")
    yield context
    context.close()


@pytest.fixture
def new_page(chromium, shared_context):
    """Give a function that opens a page of a size; the browser knows no host but loopback.

    Pages share what the browser has fetched, but for those with ``own`` or with options of their own.
    ``page.outside_requests`` lists the addresses it tried to reach, ``page.console_errors`` what the browser
    complained of, ``page.failed_requests`` the loopback addresses that answered 400 or more.
    """
    contexts, pages = [], []

    def open_page(width=1440, height=900, *, own=False, **options):
        if own or options:
            context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **options)
            contexts.append(context)
            page = context.new_page()
        else:
            page = shared_context.new_page()
            page.set_viewport_size({"width": width, "height": height})
            pages.append(page)
        page.outside_requests, page.console_errors, page.failed_requests = [], [], []

        def heard(message):
            if message.type in ("error", "warning") and not message.text.startswith(BENIGN):
                page.console_errors.append(f"{message.type}: {message.text}")

        page.on("request", lambda asked: is_outside(asked.url) and page.outside_requests.append(asked.url))
        page.on("console", heard)
        page.on("pageerror", lambda problem: page.console_errors.append(f"pageerror: {problem}"))
        page.on("response", lambda answer: answer.status >= 400 and page.failed_requests.append(answer.url))
        page.set_default_timeout(30_000)
        return page

    yield open_page
    for opened in (*pages, *contexts):
        opened.close()


@pytest.fixture
def page(new_page):
    """Give a desktop page, 1440 × 900."""
    return new_page()


class MapPage:
    """What a person sees and does on the page with the map."""

    def __init__(self, page):
        self.page = page

    @property
    def frame(self):
        return self.page.frame_locator("iframe").first

    @property
    def inner(self):
        return next(frame for frame in self.page.frames if "streamlit_folium" in frame.url)

    def settle(self):
        """Wait for the tiles, and for fading and layers to be done."""
        self.frame.locator(".ng-tiles img.leaflet-tile-loaded").first.wait_for()
        self.inner.wait_for_function(
            "() => document.querySelectorAll('.ng-tiles').length === 1"
            " && [...document.querySelectorAll('.ng-tiles img')].every(i => i.complete)",
            polling=50,
        )
        self.page.wait_for_timeout(250)

    def box(self):
        return self.frame.locator("#map_div").bounding_box()

    def at(self, lon, lat):
        spot = self.inner.evaluate(
            f"(() => {{ const p = window.map.latLngToContainerPoint([{lat}, {lon}]);return [p.x, p.y]; }})()"
        )
        box = self.box()
        return box["x"] + spot[0], box["y"] + spot[1]

    def hover(self, lon, lat):
        x, y = self.at(lon, lat)
        self.page.mouse.move(x - 3, y - 3)
        self.page.mouse.move(x, y)
        return self.frame.locator(".ng-tip")

    def click(self, lon, lat):
        self.page.mouse.click(*self.at(lon, lat))

    def event(self, holding):
        text = self.page.get_by_text("event=").filter(has_text=holding)
        text.wait_for()
        return text.inner_text()

    def colors(self, *wanted):
        """Count the pixels of each colour on the map."""
        image = Image.open(io.BytesIO(self.frame.locator("#map_div").screenshot())).convert("RGB")
        return {color: int((np.asarray(image) == color).all(axis=-1).sum()) for color in wanted}

    def view(self):
        return self.inner.evaluate("[map.getCenter().lat, map.getCenter().lng, map.getZoom()]")


@pytest.fixture
def open_map():
    """Give a function that opens an address in a page and waits for its map."""

    def opened(page, url):
        page.goto(url)
        made = MapPage(page)
        made.settle()
        return made

    return opened


def pytest_collection_modifyitems(items):
    """Keep the browser tests on two workers: the walk through all pages, which takes long, and all others."""
    for item in items:
        if item.get_closest_marker("browser"):
            walk = item.path.stem == "test_pages_browser"
            item.add_marker(pytest.mark.xdist_group("walk" if walk else "browser"))


@pytest.fixture(scope="module", autouse=True)
def quick_audit(few_audited):
    """Spend the time of these tests on what they are about."""


@pytest.fixture(scope="session")
def city_cache(tmp_path_factory):
    """Give the folder in which the small city of these tests is built once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def small_city(city_cache, tmp_path_factory):
    """Let pages show a small demo city, and an empty workspace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUANGUANG_DEMO_BUILDINGS", str(BUILDINGS))
        patch.setenv("NUANGUANG_CACHE", str(city_cache))
        patch.setenv("NUANGUANG_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_browser_to_wait_for():
    """Pages run by AppTest have no browser that would show their maps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.citymap.PATIENCE_S", 0.0)
        yield
