"""The app: pages, tiles and the map's questions, served by one process on one port.

Start it with ``streamlit run app.py``.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from ui.base_tiles import SOURCES, base_routes
from ui.memory import share_arenas
from ui.server import Guard, NoDelay, routes
from ui.store import STORE

share_arenas()
BASE = st.get_option("server.baseUrlPath") or ""
ROUTES = [*routes(STORE, base=BASE), *base_routes(SOURCES, base=BASE)]
app = st.App(
    "ui/main.py",
    routes=ROUTES,
    middleware=[Middleware(NoDelay), Middleware(Guard, routes=ROUTES, base=BASE)],
)
