"""The routes beside Streamlit's own: tiles, features, the building under a point, and scripts.

Plain functions, so that Starlette runs them in its threads and drawing never blocks the event loop.
Streamlit reserves ``/_stcore``, ``/media``, ``/component`` and ``/static``; its own middleware refuses
unsafe paths before they come here. What the routes give needs an unguessable key, and `Guard` asks who is there.
"""

from __future__ import annotations

import hashlib
import json
import math
import socket
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from xstatic.pkg import leaflet

from data.catalog import LANGUAGES, text
from ui.access import Admission, admission
from ui.gazetteer import LONGEST, as_json
from ui.store import MapStore

ASSETS: Final = Path(__file__).parent / "assets"
_SCRIPTS: Final = ("features", "tools", "map")
_DIGITS: Final = 8
_FOREVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
_KINDS: dict[str, str] = {"building": "map.building", "place": "map.place", "boilers": "map.layer_boilers"}
_KINDS.update({name: f"map.layer_{name}" for name in ("villages", "plants", "counties")}, networks="map.networks")
_NEVER: Final = {"Cache-Control": "no-store"}
_PUBLIC: Final = ("assets/",)
_STREAMLITS_GUARDED: Final = ("media/", "app/static/", "_stcore/")
_STREAMLITS_PUBLIC: Final = (
    *("_stcore/health", "_stcore/host-config", "_stcore/script-health-check"),
    *("_stcore/stream", "_stcore/bidi-components/"),
)
"""What the sign-in page itself is made of: none of it holds data."""
_REFUSALS: Final[dict[Admission, tuple[int, str]]] = {
    "away": (401, "sign in first"),
    "unlisted": (403, "not on the list of users"),
    "shut": (503, "the log-in settings are wrong"),
}


@cache
def map_script() -> bytes:
    """Return Leaflet and the scripts of the map as one: the frame would fetch them one after another."""
    files = [Path(leaflet.BASE_DIR) / "leaflet.js", *(ASSETS / f"{name}.js" for name in _SCRIPTS)]
    # the map of Leaflet's sources is not served
    parts = [file.read_text(encoding="utf-8").replace("//# sourceMappingURL=", "// ") for file in files]
    return "\n".join(parts).encode()


@cache
def map_script_seal() -> str:
    """Return a digest of `map_script`; it is part of its link, so that no browser runs an old one."""
    return hashlib.sha256(map_script()).hexdigest()[:12]


class NoDelay:
    """Switch Nagle's algorithm off: uvicorn leaves it on for sockets it did not open itself.

    Each response on a kept connection would wait some 40 ms for the browser's delayed acknowledgement
    (encode/uvicorn#3149). ASGI does not show the socket, so it is reached through uvicorn's own
    `receive`; under any other server nothing happens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            transport = getattr(getattr(receive, "__self__", None), "transport", None)
            link = transport.get_extra_info("socket") if transport is not None else None
            if link is not None and link.family in (socket.AF_INET, socket.AF_INET6):
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self.app(scope, receive, send)


class Guard:
    """Answer nothing that holds data to somebody who may not see it, where log-in is on (see `ui.access`).

    Guarded are the app's own routes but for scripts and pictures, and of Streamlit's: downloads (their links are
    digests of the content, no secret, and Streamlit gives them to anybody), uploads, and all of its core that the
    sign-in page does not need. Streamlit's socket stays open: the sign-in page is drawn over it, and pages ask
    `ui.access.role` before they show anything.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    routes : iterable of BaseRoute
        The app's own routes.
    base : str
        Value of ``server.baseUrlPath``.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute] = (), *, base: str = "") -> None:
        self.app = app
        root = f"/{base.strip('/')}/" if base.strip("/") else "/"
        public = tuple(root + one for one in _PUBLIC)
        own = {str(getattr(one, "path", "/")).split("{")[0] for one in routes}
        self._public = tuple(root + one for one in _STREAMLITS_PUBLIC)
        self._guarded = (
            *sorted(one for one in own if not f"{one}/".startswith(public)),
            *(root + one for one in _STREAMLITS_GUARDED),
        )

    def guards(self, path: str) -> bool:
        """Say whether a path, without the root path of the server, is guarded."""
        return path.startswith(self._guarded) and not path.startswith(self._public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        path, mounted = scope.get("path", ""), scope.get("root_path", "")
        if mounted and path.startswith(f"{mounted}/"):
            path = path[len(mounted) :]
        found: Admission = admission(HTTPConnection(scope)) if scope["type"] == "http" and self.guards(path) else "off"
        if found == "off":
            await self.app(scope, receive, send)
        elif found in _REFUSALS:
            status, said = _REFUSALS[found]
            await Response(said, status, headers=_NEVER, media_type="text/plain")(scope, receive, send)
        else:
            await self.app(scope, receive, _for_this_person(send))


def _for_this_person(send: Send) -> Send:
    """Let no browser show from its cache, after a sign-out, what it was given before."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).add_vary_header("Cookie")
        await send(message)

    return told


def _forbidden() -> Response:
    return Response("unknown key", 403, headers=_NEVER, media_type="text/plain")


def _json(content: object) -> Response:
    packed = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(packed.replace("<", "\\u003c"), headers=_NEVER, media_type="application/json")


def _degrees(request: Request, name: str, limit: float) -> float:
    number = float(request.query_params[name])
    if not math.isfinite(number) or abs(number) > limit:
        raise ValueError(name)
    return number


class _Endpoints:
    """The answers, bound to one store."""

    def __init__(self, store: MapStore) -> None:
        self.store = store

    def tile(self, request: Request) -> Response:
        """Answer with one tile."""
        place = request.path_params
        numbers = [place[name] for name in ("z", "x", "y")]
        if not all(number.isdecimal() and number.isascii() and len(number) <= _DIGITS for number in numbers):
            return Response(status_code=404, headers=_NEVER)
        try:
            png = self.store.tile(place["key"], *map(int, numbers))
        except KeyError:
            return _forbidden()
        if png is None:
            return Response(status_code=404, headers=_NEVER)
        return Response(png, headers=_FOREVER, media_type="image/png")

    def vectors(self, request: Request) -> Response:
        """Answer with a GeoJSON document, packed if the browser takes it."""
        try:
            found = self.store.vectors(request.path_params["key"])
        except KeyError:
            return _forbidden()
        headers = {**_FOREVER, "Vary": "Accept-Encoding"}
        packed = "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(found.packed if packed else found.plain, headers=headers, media_type="application/geo+json")

    def identify(self, request: Request) -> Response:
        """Answer with the building at a position, or with null."""
        key = request.query_params.get("key", "")
        if not self.store.knows(key):
            return _forbidden()
        language = request.query_params.get("language", LANGUAGES[0])
        try:
            lon, lat = _degrees(request, "lon", 180), _degrees(request, "lat", 90)
        except (KeyError, ValueError):
            return Response("lon and lat must be degrees", 400, headers=_NEVER, media_type="text/plain")
        if language not in LANGUAGES:
            return Response("unknown language", 400, headers=_NEVER, media_type="text/plain")
        try:
            return _json(self.store.identify(key, lon, lat, language=language))
        except KeyError:
            return _forbidden()

    def shown(self, request: Request) -> Response:
        """Note that a browser shows a painting."""
        try:
            self.store.shown(request.query_params.get("key", ""))
        except KeyError:
            return _forbidden()
        return Response(status_code=204, headers=_NEVER)

    def search(self, request: Request) -> Response:
        """Answer with the places that fit a query, the best first."""
        key, query = request.query_params.get("key", ""), request.query_params.get("q", "")
        language = request.query_params.get("language", LANGUAGES[0])
        if language not in LANGUAGES or len(query) > LONGEST:
            return Response("query too long, or unknown language", 400, headers=_NEVER, media_type="text/plain")
        try:
            hits = self.store.search(key, query)
            labels = {kind: text(words, language) for kind, words in _KINDS.items()}
            found = as_json(hits, labels)
            for hit in found:
                if hit["row"] is not None:
                    hit["outline"] = self.store.outline(key, hit["row"])
        except KeyError:
            return _forbidden()
        return _json(found)


def _map_script(request: Request) -> Response:
    known = request.path_params["seal"] == map_script_seal()
    return Response(map_script(), headers=_FOREVER if known else _NEVER, media_type="text/javascript")


def routes(store: MapStore, *, base: str = "") -> list[BaseRoute]:
    """Return the routes of a store.

    Parameters
    ----------
    store : MapStore
        What tiles, features and answers come from.
    base : str
        Value of ``server.baseUrlPath``, since Streamlit does not put it before routes of an app's own.
    """
    answers = _Endpoints(store)
    prefix = f"/{base.strip('/')}" if base.strip("/") else ""
    return [
        Route(f"{prefix}/tiles/{{key}}/{{z}}/{{x}}/{{y}}.png", answers.tile),
        Route(f"{prefix}/vectors/{{key}}.geojson", answers.vectors),
        Route(f"{prefix}/api/identify", answers.identify),
        Route(f"{prefix}/api/search", answers.search),
        Route(f"{prefix}/api/shown", answers.shown),
        Route(f"{prefix}/assets/script/{{seal}}.js", _map_script),
        Mount(f"{prefix}/assets/leaflet", StaticFiles(directory=leaflet.BASE_DIR)),
        Mount(f"{prefix}/assets/app", StaticFiles(directory=ASSETS)),
    ]
