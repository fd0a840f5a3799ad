"""People, settings and cookies for the tests of the door; the cookies are made by Streamlit's own functions."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from types import SimpleNamespace

from starlette.responses import Response
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette import starlette_auth_routes

from ui import access, access_rules

ORIGIN = "http://127.0.0.1:8501"
AUTH = {
    "redirect_uri": f"{ORIGIN}/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef-secret",
    "client_id": "nuanguang",
    "client_secret": "hidden-words",
    "server_metadata_url": "http://127.0.0.1:9/.well-known/openid-configuration",
}
HOUSE = {"editors": ["zhang@example.cn"], "readers": ["li@example.cn"]}
CLAIMS = {"iss": "http://127.0.0.1:9", "sub": "u-1", "iat": 1_700_000_000, "nonce": "n-1", "name": "张三"}
EDITOR = {**CLAIMS, "email": "Zhang@Example.cn"}
READER = {**CLAIMS, "email": "li@example.cn", "sub": "u-2"}
STRANGER = {**CLAIMS, "email": "wang@example.cn", "sub": "u-3"}
PUBLIC = ("/_stcore/health", "/_stcore/host-config", "/component/x.js", "/static/x.js", "/", "/boilers", "/auth/login")
CLOSED = ("/media/abc.csv", "/_stcore/upload_file/s/f", "/_stcore/metrics", "/_stcore/agent/mcp", "/app/static/a")


def forget():
    access_rules._KEPT.clear()
    access_rules._STAMPS.clear()
    access_rules._SEEN_ON.clear()
    access._ENDED.clear()


def settings_for(monkeypatch):
    """Give a function that sets what the secrets file says, as Streamlit keeps it once it has read the file."""
    forget()
    monkeypatch.delenv(access_rules.EDITORS_VARIABLE, raising=False)

    def say(**sections):
        access_rules._KEPT.clear()
        monkeypatch.setattr(secrets_singleton, "_secrets", sections)

    yield say
    forget()


def streamlits_cookies(claims, *, origin=ORIGIN, secret_of=None, is_logged_in=True):
    """Return the cookies that Streamlit sets at the end of a log-in, with the settings as they are."""

    async def made():
        response = Response()
        info = dict(claims, origin=origin, is_logged_in=is_logged_in, provider="default")
        await starlette_auth_routes._set_auth_cookie(response, info, {"id_token": "x"})
        return response

    with ThreadPoolExecutor(1) as pool:  # Playwright keeps a loop running in this thread
        response = pool.submit(lambda: asyncio.run(made())).result()
    jar = SimpleCookie()
    for said in response.headers.getlist("set-cookie"):
        jar.load(said)
    return {name: part.value for name, part in jar.items()}


def asked(cookies):
    return SimpleNamespace(cookies=cookies)


def rules_of(**house):
    return access_rules._rules(AUTH, {**HOUSE, **house}, ())


def without(table, key):
    return {name: value for name, value in table.items() if name != key}


NAMED = {**{key: AUTH[key] for key in ("redirect_uri", "cookie_secret")}, "bureau": {}}
PROVIDER = without(without(AUTH, "redirect_uri"), "cookie_secret")
