"""A whole sign-in: our door, guard and map, a real browser, and a small OpenID provider of our own on loopback.

The city is a few houses, since the demo city would take longer than all the rest; tests/ui/test_access.py sees to it
that the app has the same door and guard.
"""

from __future__ import annotations

import secrets
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from data.catalog import text
from tests.ui.conftest import free_port

pytestmark = pytest.mark.browser

APP = """
import streamlit as st
from starlette.middleware import Middleware
from ui.server import Guard, NoDelay, routes
from ui.store import STORE

ROUTES = routes(STORE)
app = st.App("main.py", routes=ROUTES, middleware=[Middleware(NoDelay), Middleware(Guard, routes=ROUTES)])
"""

MAIN = """
import geopandas as gpd
import numpy as np
import shapely
import streamlit as st
from PIL import Image

from ui import access
from ui.map import city_map
from ui.server import ASSETS
from ui.store import STORE

LON, LAT = 106.3761, 39.0142


def city():
    st.text("the city")
    shapes = [shapely.box(LON, LAT, LON + 4e-4, LAT + 3e-4)]
    STORE.set_buildings("city", gpd.GeoDataFrame({"building_id": ["B1"]}, geometry=shapes, crs=4326))
    key = STORE.paint("city", np.ones(1, np.uint8), ("black", "#1b7837"))
    city_map(STORE, center=(LON, LAT), zoom=17, tile_key=key, height=400)


def pages(position):
    return st.navigation([st.Page(city, title="city", default=True)], position=position)


if access.role() is None:
    access.turn_away(lambda: pages("hidden"), icon=ASSETS / "icon.png")
st.logo(Image.open(ASSETS / "icon.png"))
page = pages("sidebar")
with st.sidebar:
    access.show_person()
page.run()
"""
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "{secret}"
client_id = "nuanguang"
client_secret = "x"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[nuanguang]
editors = ["zhang@example.cn"]
readers = ["li@example.cn"]
"""
PEOPLE = {
    "editor": {"sub": "u-1", "name": "张三", "email": "zhang@example.cn"},
    "stranger": {"sub": "u-3", "name": "王五", "email": "wang@example.cn"},
}


class Provider:
    """OpenID Connect, as far as a sign-in needs it: whoever comes is `who`, without being asked."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "k"}, private=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.who = "editor"
        self.codes = {}
        self.signed_out = 0
        names = {"authorization": self.authorize, "token": self.token, "end_session": self.end_session}
        found = {f"{name}_endpoint": f"{self.url}/{name}" for name in names}
        told = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            **found,
        }
        routes = [Route(f"/{name}", answer, methods=["GET", "POST"]) for name, answer in names.items()]
        routes += [
            Route("/.well-known/openid-configuration", lambda _: JSONResponse(told)),
            Route("/jwks", lambda _: JSONResponse({"keys": [self.key.as_dict(private=False)]})),
        ]
        port = int(self.url.rsplit(":", 1)[1])
        self.server = uvicorn.Server(
            uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error")
        )
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def authorize(self, request):
        asked = request.query_params
        code = secrets.token_hex(8)
        self.codes[code] = (asked["nonce"], asked["client_id"], self.who)
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def token(self, request):
        form = await request.form()
        nonce, client, who = self.codes.pop(form["code"])
        now = int(time.time())
        claims = {"iss": self.url, "aud": client, "iat": now, "exp": now + 300, "nonce": nonce, **PEOPLE[who]}
        signed = jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": signed})

    def end_session(self, request):
        self.signed_out += 1
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)


@pytest.fixture(scope="module")
def provider():
    made = Provider()
    made.thread.start()
    end = time.monotonic() + 10
    while not made.server.started and time.monotonic() < end:
        time.sleep(0.01)
    yield made
    made.server.should_exit = True
    made.thread.join(10)


@pytest.fixture(scope="module")
def url(app_server, provider, tmp_path_factory):
    folder = tmp_path_factory.mktemp("log_in")
    said = folder / "secrets.toml"
    said.write_text(SECRETS.format(secret=secrets.token_hex(32), provider=provider.url), encoding="utf-8")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    (folder / "main.py").write_text(MAIN, encoding="utf-8")
    return app_server(folder / "app.py", env={"STREAMLIT_SECRETS_FILES": str(said), "NO_PROXY": "127.0.0.1"})


def status(address, cookie=""):
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Cookie": cookie}), timeout=10) as answer:  # noqa: S310, our own loopback
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def button(page, key):
    return page.get_by_role("button", name=text(key))


def test_signing_in_opens_pages_and_tiles_and_signing_out_shuts_them(url, provider, new_page):
    page = new_page(own=True)
    page.goto(url)
    button(page, "access.sign_in").wait_for()
    assert page.get_by_text("the city").count() == 0
    assert page.failed_requests == []

    with page.expect_response(lambda answer: "/tiles/" in answer.url) as first:
        button(page, "access.sign_in").click()
    tile = first.value
    assert tile.status == 200
    assert "Cookie" in tile.headers["vary"]
    assert page.get_by_text("zhang@example.cn").first.is_visible()
    fetched = "address => fetch(address).then(answer => answer.status)"
    assert page.evaluate(fetched, tile.url) == 200
    held = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies(url))
    media = page.evaluate("document.querySelector('img[src*=\"/media/\"]').src")
    assert [status(tile.url), status(media)] == [401, 401]
    assert [status(tile.url, held), status(media, held)] == [200, 200]
    assert status(tile.url, held.replace("_streamlit_user=", "_streamlit_user=x")) == 401

    with page.expect_response(lambda answer: "/oauth2callback" in answer.url):
        button(page, "access.sign_out").click()
    button(page, "access.sign_in").wait_for()
    assert provider.signed_out == 1
    assert "_streamlit_user" not in {one["name"] for one in page.context.cookies(url)}
    assert page.evaluate(fetched, tile.url) == 401, "not even from the browser's cache"
    assert status(tile.url, held) == 401, "a copy of the cookie has ended too"

    provider.who = "stranger"
    button(page, "access.sign_in").click()
    page.get_by_text("wang@example.cn").wait_for()
    assert page.evaluate(fetched, tile.url) == 403
    assert page.locator("iframe").count() == 0
    assert page.get_by_text("the city").count() == 0
    assert page.outside_requests == []
