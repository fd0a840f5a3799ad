"""The app: pages, tiles and the map's questions, served by one process on one port.

Start it with ``streamlit run app.py``.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from ui.server import NoDelay, routes
from ui.store import STORE

app = st.App(
    "ui/main.py",
    routes=routes(STORE, base=st.get_option("server.baseUrlPath") or ""),
    middleware=[Middleware(NoDelay)],
)
