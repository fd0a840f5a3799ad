"""The door: who gets in, to pages and to routes, with which settings; and that a wrong setting opens nothing.

Cookies are made by Streamlit's own functions: should a new Streamlit make or read them otherwise, these tests fail.
"""

from __future__ import annotations

import hashlib
import json
import runpy
import time

import geopandas as gpd
import numpy as np
import pytest
import shapely
from itsdangerous import timed
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import config
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import AUTH_COOKIE_MAX_AGE_SECONDS, USER_COOKIE_NAME

from data.catalog import text
from tests.ui.access_samples import (
    AUTH,
    CLOSED,
    EDITOR,
    HOUSE,
    NAMED,
    ORIGIN,
    PROVIDER,
    PUBLIC,
    READER,
    STRANGER,
    asked,
    rules_of,
    settings_for,
    streamlits_cookies,
    without,
)
from tests.ui.conftest import ROOT
from ui import access, access_rules
from ui.base_tiles import TileSources, base_routes
from ui.server import Guard, map_script_seal, routes
from ui.store import MapStore


@pytest.fixture
def settings(monkeypatch):
    yield from settings_for(monkeypatch)


@pytest.fixture(scope="module")
def own_routes():
    return [*routes(MapStore()), *base_routes(TileSources())]


@pytest.fixture(scope="module")
def client(own_routes):
    def answer(_):
        return PlainTextResponse("reached", headers={"Vary": "Accept-Encoding"})

    rest = Route("/{path:path}", answer, methods=["GET", "PUT", "POST"])
    guard = Middleware(Guard, routes=own_routes)
    with TestClient(Starlette(routes=[*own_routes, rest], middleware=[guard])) as made:
        yield made


def get(client, path, cookies=None):
    return client.get(path, headers={"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())})


def example(route):
    return route.path.format(key="0" * 40, z=1, x=1, y=1, seal="0", path="x")


@pytest.mark.parametrize("groups", [0, 200])
def test_the_cookie_that_streamlit_sets_is_read_as_streamlit_reads_it(settings, groups):
    settings(auth=AUTH, nuanguang=HOUSE)
    claims = {**EDITOR, "groups": [hashlib.sha256(bytes([number])).hexdigest() for number in range(groups)]}
    cookies = streamlits_cookies(claims)
    assert (f"{USER_COOKIE_NAME}_2" in cookies) is bool(groups), "a long one comes in parts"
    found = access.claims_of(cookies, ORIGIN)
    assert found.items() >= {**claims, "is_logged_in": True}.items()
    packed = starlette_websocket._get_signed_cookie_with_chunks(cookies, USER_COOKIE_NAME)
    user = starlette_websocket._parse_decoded_user_cookie(packed, ORIGIN)
    assert user == {name: value for name, value in found.items() if name != "origin"}, "st.user has the same claims"
    assert access.standing(user, rules_of()) == access.admission(asked(cookies)) == "editor"


def test_a_forged_cookie_is_none(settings):
    settings(auth=AUTH, nuanguang=HOUSE)
    cookies = streamlits_cookies(EDITOR)
    good = cookies[USER_COOKIE_NAME]
    payload, stamp, seal = good.rsplit(".", 2)
    claims = json.dumps({**EDITOR, "origin": ORIGIN, "is_logged_in": True})
    forged = [
        "",
        "x",
        good[:-2],
        f"{payload}.{stamp}",
        f"{payload}x.{stamp}.{seal}",
        f"{payload}.{stamp}x.{seal}",
        claims,
        "é\udc80",
        create_signed_value("another secret, as long as the first one", USER_COOKIE_NAME, claims).decode(),
        create_signed_value("", USER_COOKIE_NAME, claims).decode(),
        create_signed_value(AUTH["cookie_secret"], "another cookie", claims).decode(),
        create_signed_value(AUTH["cookie_secret"], USER_COOKIE_NAME, "[1]").decode(),
        create_signed_value(AUTH["cookie_secret"], USER_COOKIE_NAME, "{").decode(),
        create_signed_value(AUTH["cookie_secret"], USER_COOKIE_NAME, "chunks-3").decode(),
        streamlits_cookies(EDITOR, origin="http://127.0.0.1:8502")[USER_COOKIE_NAME],
        streamlits_cookies(EDITOR, is_logged_in=False)[USER_COOKIE_NAME],
        streamlits_cookies(EDITOR, is_logged_in="yes")[USER_COOKIE_NAME],
    ]
    assert access.admission(asked({USER_COOKIE_NAME: good})) == "editor"
    for said in forged:
        assert access.admission(asked({USER_COOKIE_NAME: said})) == "away", said
    assert access.admission(asked({})) == "away"


def test_another_secret_in_the_settings_ends_every_sign_in(settings):
    settings(auth=AUTH, nuanguang=HOUSE)
    cookies = streamlits_cookies(EDITOR)
    settings(auth={**AUTH, "cookie_secret": AUTH["cookie_secret"][::-1]}, nuanguang=HOUSE)
    assert access.admission(asked(cookies)) == "away"


def test_a_cookie_expires(settings, monkeypatch):
    settings(auth=AUTH, nuanguang=HOUSE)
    cookies = streamlits_cookies(EDITOR)
    day = 24 * 3600
    for age, found in ((AUTH_COOKIE_MAX_AGE_SECONDS - day, "editor"), (AUTH_COOKIE_MAX_AGE_SECONDS + 2 * day, "away")):
        later = time.time() + age
        monkeypatch.setattr(timed.time, "time", lambda later=later: later)
        assert access.admission(asked(cookies)) == found
        monkeypatch.undo()
        settings(auth=AUTH, nuanguang=HOUSE)


@pytest.mark.parametrize(
    ("claims", "house", "found"),
    [
        ({"email": "zhang@example.cn"}, {}, "editor"),
        ({"email": " ZHANG@example.CN "}, {}, "editor"),
        ({"email": "li@example.cn"}, {}, "reader"),
        ({"email": "wang@example.cn"}, {}, "unlisted"),
        ({"email": "wang@example.cn"}, {"readers": "*"}, "reader"),
        ({"email": "wang@example.cn"}, {"editors": "*"}, "editor"),
        ({"email": "zhang@example.cn", "email_verified": False}, {}, "unlisted"),
        ({"email": "zhang@example.cn", "email_verified": True}, {}, "editor"),
        ({"email": "zhang@example.cn.evil.com"}, {}, "unlisted"),
        ({"email": "x zhang@example.cn"}, {}, "unlisted"),
        ({"email": None}, {}, "unlisted"),
        ({"email": ""}, {}, "unlisted"),
        ({"email": {"zhang@example.cn": 1}}, {}, "unlisted"),
        ({"sub": "zhang@example.cn"}, {}, "unlisted"),
        ({"sub": "U-1"}, {"claim": "sub", "editors": ["u-1"]}, "unlisted"),
        ({"sub": "u-1"}, {"claim": "sub", "editors": ["u-1"]}, "editor"),
        ({"groups": ["all", "heating"]}, {"claim": "groups", "editors": ["heating"], "readers": ["all"]}, "editor"),
        ({"groups": ["all"]}, {"claim": "groups", "editors": ["heating"], "readers": ["all"]}, "reader"),
        ({"groups": [3, None]}, {"claim": "groups"}, "unlisted"),
        ({"email": "*"}, {}, "unlisted"),
    ],
)
def test_the_lists_decide(claims, house, found):
    assert access.standing({"is_logged_in": True, "sub": "s", **claims}, rules_of(**house)) == found


def test_nobody_is_listed_before_signing_in():
    everyone = rules_of(editors="*", readers="*")
    for claims in ({}, EDITOR, {**EDITOR, "is_logged_in": False}, {**EDITOR, "is_logged_in": "true"}):
        assert access.standing(claims, everyone) == "away"


def test_a_sign_in_ages_where_hours_are_set():
    def aged(hours, **claims):
        return access.standing({**EDITOR, "is_logged_in": True, **claims}, rules_of(hours=hours))

    assert aged(2, iat=time.time() - 3600) == "editor"
    assert aged(0.5, iat=time.time() - 3600) == "away"
    assert aged(2, iat=None) == aged(2, iat="now") == aged(2, iat=True) == "away"


def test_editors_may_come_from_the_environment(settings, monkeypatch):
    settings(auth=AUTH)
    monkeypatch.setenv(access_rules.EDITORS_VARIABLE, "chen@example.cn， Zhao@example.cn")
    rules = access_rules.door().rules
    assert rules.editors == {"chen@example.cn", "zhao@example.cn"}
    assert rules.readers == frozenset()


def test_every_route_with_data_asks_who_is_there(settings, client, own_routes):
    settings(auth=AUTH, nuanguang=HOUSE)
    closed = [example(route) for route in own_routes if not route.path.startswith("/assets/")]
    assert len(closed) >= 6
    for path in (*closed, *CLOSED):
        answer = get(client, path)
        assert answer.status_code == 401, path
        assert answer.headers["cache-control"] == "no-store"
        assert get(client, path, streamlits_cookies(STRANGER)).status_code == 403, path
        for claims in (EDITOR, READER):
            answer = get(client, path, streamlits_cookies(claims))
            assert answer.status_code not in (401, 503), path
            assert answer.text != "sign in first"
            assert "Cookie" in answer.headers["vary"], "a browser's cache must not outlive the sign-in"
    assert client.put("/_stcore/upload_file/s/f").status_code == 401


def test_a_tile_comes_with_the_cookie_only(settings):
    settings(auth=AUTH, nuanguang=HOUSE)
    store = MapStore()
    store.set_buildings("city", gpd.GeoDataFrame({"building_id": ["B1"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326))
    path = f"/tiles/{store.paint('city', np.ones(1, np.uint8), ('black', '#1b7837'))}/6/32/31.png"
    own = routes(store)
    client = TestClient(Starlette(routes=own, middleware=[Middleware(Guard, routes=own)]))
    answer = get(client, path, streamlits_cookies(READER))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert "immutable" in answer.headers["cache-control"]
    assert get(client, path).status_code == 401
    assert get(client, path, {USER_COOKIE_NAME: "x"}).status_code == 401


def test_the_app_is_composed_with_the_guard_over_its_own_routes(monkeypatch):
    monkeypatch.setattr(config, "_main_script_path", None)
    monkeypatch.setattr("ui.memory.share_arenas", lambda: None)
    made = runpy.run_path(str(ROOT / "app.py"))["app"]
    (guard,) = [one for one in made._user_middleware if one.cls is Guard]
    assert guard.kwargs["routes"] == made._user_routes
    assert {route.path.split("/")[1] for route in made._user_routes} >= {"tiles", "vectors", "api", "base", "assets"}


def test_what_the_sign_in_page_needs_is_public(settings, client):
    settings(auth=AUTH, nuanguang=HOUSE)
    for path in (*PUBLIC, "/assets/app/map.css", f"/assets/script/{map_script_seal()}.js"):
        assert get(client, path).status_code == 200, path


def test_without_a_log_in_nothing_changes(settings, client, own_routes):
    settings()
    for path in (*PUBLIC, *CLOSED):
        assert get(client, path).text == "reached"
        assert "Cookie" not in get(client, path).headers["vary"]
    for route in own_routes:
        assert get(client, example(route)).status_code in (200, 400, 403, 404), route.path


def test_wrong_settings_shut_the_routes(settings, client):
    settings(auth=AUTH, nuanguang=HOUSE)
    cookies = streamlits_cookies(EDITOR)
    settings(auth=without(AUTH, "client_secret"), nuanguang=HOUSE)
    for path in (f"/tiles/{'0' * 40}/1/1/1.png", "/media/abc.csv"):
        assert get(client, path, cookies).status_code == 503


def test_the_guard_knows_the_base_path_and_a_mounted_app():
    guard = Guard(None, [*routes(MapStore(), base="heat")], base="heat")
    for path in ("/heat/tiles/k/1/1/1.png", "/heat/media/x", "/heat/_stcore/upload_file/a/b", "/heat/api/search"):
        assert guard.guards(path), path
    for path in ("/heat/assets/app/map.js", "/heat/_stcore/stream", "/heat/boilers", "/media/x"):
        assert not guard.guards(path), path


def test_a_mounted_app_is_guarded(settings, own_routes):
    settings(auth=AUTH, nuanguang=HOUSE)
    inner = Starlette(routes=own_routes)
    client = TestClient(Guard(inner, own_routes), root_path="/heat")
    for path in ("/heat/tiles/k/1/1/1.png", "/tiles/k/1/1/1.png"):
        assert client.get(path).status_code == 401


def test_a_city_of_tiles_reads_the_settings_once(settings, client, monkeypatch):
    settings(auth=AUTH, nuanguang=HOUSE)
    reads = []
    read = access_rules._read_door
    monkeypatch.setattr(access_rules, "_read_door", lambda: reads.append(1) or read())
    monkeypatch.setattr(access_rules.time, "monotonic", lambda: 1000.0)
    for _ in range(20):
        assert get(client, "/media/abc.csv").status_code == 401
    assert len(reads) == 1
    monkeypatch.setattr(access_rules.time, "monotonic", lambda: 1000.0 + access_rules.REREAD_S)
    get(client, "/media/abc.csv")
    assert len(reads) == 2


ASK = """
import streamlit as st
from ui import access
st.session_state["told"] = (access.role(), access.may_edit(), access.person())
access.show_person()
access.require_editor()
st.header("for editors")
"""


def asks(tmp_path, user, language="zh"):
    script = tmp_path / "ask.py"
    script.write_text(ASK, encoding="utf-8")
    page = AppTest.from_file(str(script), default_timeout=30)
    page.query_params["lang"] = language
    page.user = user
    return page.run()


def test_without_a_log_in_everyone_is_the_local_editor(settings, tmp_path):
    settings()
    page = asks(tmp_path, {})
    assert page.session_state["told"] == ("editor", True, "本机用户")
    assert [one.value for one in page.header] == ["for editors"]
    assert not page.button
    assert asks(tmp_path, {}, "en").session_state["told"][2] == "local user"


def test_a_page_knows_the_role_and_the_name(settings, tmp_path):
    settings(auth=AUTH, nuanguang=HOUSE)
    page = asks(tmp_path, {**EDITOR, "is_logged_in": True})
    assert page.session_state["told"] == ("editor", True, "张三（Zhang@Example.cn）")
    assert [one.value for one in page.header] == ["for editors"]
    assert page.button(key="sign_out").label == text("access.sign_out")
    page = asks(tmp_path, {**READER, "is_logged_in": True})
    assert page.session_state["told"][:2] == ("reader", False)
    assert not page.header
    assert "li\\@example\\.cn" in page.error[0].value
    for user in ({**STRANGER, "is_logged_in": True}, EDITOR, {}):
        page = asks(tmp_path, user)
        assert page.session_state["told"][:2] == (None, False)
        assert not page.header


def test_a_name_cannot_break_a_log_line(settings, tmp_path):
    settings(auth=AUTH, nuanguang=HOUSE)
    name = "张三\r\n2026-01-01 管理员\x1b[2J\u202e " + "长" * 500
    told = asks(tmp_path, {**EDITOR, "name": name, "is_logged_in": True}).session_state["told"][2]
    assert told.isprintable()
    assert len(told) < 300


def test_sign_out_ends_the_sign_in_for_every_tab_and_route(settings, tmp_path):
    settings(auth=AUTH, nuanguang=HOUSE)
    user, cookies = {**EDITOR, "is_logged_in": True}, streamlits_cookies(EDITOR)
    one, other = asks(tmp_path, user), asks(tmp_path, user)
    assert access.admission(asked(cookies)) == "editor"
    one.button(key="sign_out").click().run()
    assert not one.header
    assert not other.run().header, "another tab of the same sign-in"
    assert access.admission(asked(cookies)) == "away"
    again = {**user, "nonce": "n-2"}
    assert asks(tmp_path, again).session_state["told"][0] == "editor", "signing in anew is another sign-in"


def opened(user, language="zh"):
    app = AppTest.from_file(str(ROOT / "ui" / "main.py"), default_timeout=60)
    app.query_params["lang"] = language
    app.user = user
    app.run()
    assert not app.exception, [problem.message for problem in app.exception]
    return app


def shown(app):
    kinds = (app.title, app.markdown, app.error, app.warning, app.text, app.caption)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_app_shows_the_way_in_and_nothing_else(settings, language):
    settings(auth=AUTH, nuanguang=HOUSE)
    app = opened({}, language=language)
    said = shown(app)
    assert text("app.name", language) in said
    assert text("access.lead", language) in said
    assert text("app.synthetic", language) not in said
    assert [one.label for one in app.button] == [text("access.sign_in", language)]
    assert not app.sidebar.children
    assert not app.dataframe


def test_each_provider_has_its_button(settings):
    settings(auth={**NAMED, "bureau": PROVIDER, "city": PROVIDER}, nuanguang=HOUSE)
    assert [one.key for one in opened({}).button] == ["sign_in_bureau", "sign_in_city"]


def test_somebody_in_no_list_is_told_the_own_address(settings):
    settings(auth=AUTH, nuanguang=HOUSE)
    app = opened({**STRANGER, "is_logged_in": True}, language="en")
    assert "wang\\@example\\.cn" in shown(app)
    assert [one.label for one in app.button] == [text("access.sign_out", "en")]
    app = opened({**EDITOR, "email_verified": False, "is_logged_in": True})
    assert "Zhang\\@Example\\.cn" in shown(app)
    assert not app.dataframe


def test_a_wrong_setting_is_told_by_its_key_and_never_by_its_value(settings):
    settings(auth={**without(AUTH, "client_id"), "cookie_secret": "s3cr3t"}, nuanguang=HOUSE)
    app = opened({**EDITOR, "is_logged_in": True})
    said = shown(app)
    assert "[auth] client_id" in said
    assert text("access.mend.missing") in said
    assert "s3cr3t" not in said
    assert "hidden-words" not in said
    assert not app.button
